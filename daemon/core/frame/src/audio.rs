// SPDX-License-Identifier: MIT OR Apache-2.0
//! Encoded sound.

use std::sync::Arc;

use crate::{Coded, Pts};

/// How sound is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// AAC low complexity, 1024 samples a packet.
    AacLc,
    /// AAC enhanced low delay, 480 or 512 samples a packet.
    AacEld,
    /// Opus, 20 to 60 ms a packet; in live sessions only.
    Opus,
}

/// What a decoder must know before the first packet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AudioConfig {
    /// The codec.
    pub codec: AudioCodec,
    /// Samples per second and channel.
    pub sample_rate_hz: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Bits per second the encoder aims at.
    pub bitrate_bps: u32,
    /// The encoder's own AudioSpecificConfig; empty for Opus. Spec: ISO/IEC 14496-3 §1.6.2.
    pub specific_config: Vec<u8>,
}

/// One coded packet. Cloning copies the handle, not the bytes.
#[derive(Debug, Clone)]
pub struct AudioPacket {
    /// When its first sample was captured; encoder delay is already taken off.
    pub pts: Pts,
    /// Samples per channel that it decodes to.
    pub samples: u32,
    /// The raw access unit, without ADTS or LATM.
    pub data: Coded,
    /// What it was encoded with.
    pub config: Arc<AudioConfig>,
}
