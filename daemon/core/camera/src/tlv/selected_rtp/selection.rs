// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a live session runs with: made whole by a start, altered by reconfigurations.

use super::{Request, Video};
use crate::tlv::live::{AudioCodec, LiveOffer, SampleRate};
use crate::tlv::recording::{Level, Profile, Resolution};

/// Picture and sound of a running session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// The picture.
    pub video: VideoSelection,
    /// The sound; `None` where the viewer selected none.
    pub audio: Option<AudioSelection>,
}

/// The picture of a running session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoSelection {
    /// H.264 profile.
    pub profile: Profile,
    /// H.264 level.
    pub level: Level,
    /// Size and rate.
    pub resolution: Resolution,
    /// RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// The viewer's own SSRC, if it told one.
    pub ssrc: Option<u32>,
    /// The most bits a second, in thousands; never 0.
    pub max_bitrate_kbps: u16,
    /// Between RTCP reports, in seconds; `None` leaves it to us.
    pub rtcp_interval_s: Option<f32>,
    /// Bytes of a whole protected packet; `None` means the IP version's usual.
    pub mtu: Option<u16>,
}

/// The sound of a running session; always one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AudioSelection {
    /// The codec.
    pub codec: AudioCodec,
    /// Samples a second.
    pub sample_rate: SampleRate,
    /// Sound in one packet, in milliseconds.
    pub packet_time_ms: u8,
    /// RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// The viewer's own SSRC, if it told one: talkback has it.
    pub ssrc: Option<u32>,
    /// The most bits a second, in thousands; never 0.
    pub max_bitrate_kbps: u16,
    /// Between RTCP reports, in seconds; `None` leaves it to us.
    pub rtcp_interval_s: Option<f32>,
    /// RTP payload type of comfort noise, if the viewer told one.
    pub comfort_noise: Option<u8>,
}

/// A start leaves out what nothing stands in for. The viewer is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a start needs size, payload type and bit rate of the picture, payload type of the sound")]
pub struct Incomplete;

/// What a codec of sound sends in a packet unless told otherwise, in milliseconds.
const PACKET_TIME_MS: u8 = 20;
/// Enough for speech, in thousands of bits a second.
const AUDIO_KBPS: u16 = 24;

impl Selection {
    /// The selection of a start. Profile, level, codec and rate that it does not name are the
    /// first on `offer`.
    ///
    /// # Errors
    /// [`Incomplete`]; the write then gets -70410.
    pub fn new(start: &Request, offer: &LiveOffer) -> Result<Self, Incomplete> {
        let Video { profile, level, resolution, rtp } = start.video;
        let video = VideoSelection {
            profile: profile.or(offer.profiles.first().copied()).ok_or(Incomplete)?,
            level: level.or(offer.levels.first().copied()).ok_or(Incomplete)?,
            resolution: resolution.ok_or(Incomplete)?,
            payload_type: rtp.payload_type.ok_or(Incomplete)?,
            ssrc: rtp.ssrc,
            max_bitrate_kbps: rtp.max_bitrate_kbps.ok_or(Incomplete)?,
            rtcp_interval_s: rtp.rtcp_interval_s,
            mtu: rtp.mtu,
        };
        let offered = offer.audio.first();
        let rate = offered.and_then(|audio| audio.sample_rates.first());
        let sound = |audio: super::Audio| {
            Some(AudioSelection {
                codec: audio.codec.or(offered.map(|offered| offered.codec))?,
                sample_rate: audio.sample_rate.or(rate.copied())?,
                packet_time_ms: audio.packet_time_ms.unwrap_or(PACKET_TIME_MS),
                payload_type: audio.rtp.payload_type?,
                ssrc: audio.rtp.ssrc,
                max_bitrate_kbps: audio.rtp.max_bitrate_kbps.unwrap_or(AUDIO_KBPS),
                rtcp_interval_s: audio.rtp.rtcp_interval_s,
                comfort_noise: audio.rtp.comfort_noise,
            })
        };
        let audio = start.audio.map(|audio| sound(audio).ok_or(Incomplete)).transpose()?;
        Ok(Self { video, audio })
    }

    /// This selection with what `change` names. Sound that was not selected at the start stays
    /// away, and SSRCs and payload types stay what they were.
    #[must_use]
    pub fn merged(self, change: &Request) -> Self {
        let Video { profile, level, resolution, rtp } = change.video;
        let video = VideoSelection {
            profile: profile.unwrap_or(self.video.profile),
            level: level.unwrap_or(self.video.level),
            resolution: resolution.unwrap_or(self.video.resolution),
            max_bitrate_kbps: rtp.max_bitrate_kbps.unwrap_or(self.video.max_bitrate_kbps),
            rtcp_interval_s: rtp.rtcp_interval_s.or(self.video.rtcp_interval_s),
            mtu: rtp.mtu.or(self.video.mtu),
            ..self.video
        };
        let merged = |ours: AudioSelection| {
            let Some(named) = change.audio else { return ours };
            AudioSelection {
                codec: named.codec.unwrap_or(ours.codec),
                sample_rate: named.sample_rate.unwrap_or(ours.sample_rate),
                packet_time_ms: named.packet_time_ms.unwrap_or(ours.packet_time_ms),
                max_bitrate_kbps: named.rtp.max_bitrate_kbps.unwrap_or(ours.max_bitrate_kbps),
                rtcp_interval_s: named.rtp.rtcp_interval_s.or(ours.rtcp_interval_s),
                ..ours
            }
        };
        Self { video, audio: self.audio.map(merged) }
    }
}
