// SPDX-License-Identifier: MIT OR Apache-2.0
//! Samples in, packets with capture times out.

use std::sync::Arc;

use frame::{AudioCodec, AudioConfig, AudioPacket, Pts};

use crate::anchor::{Anchor, Continuity};
use crate::coder::{Coder, CoderError};
use crate::live::LiveFormat;

/// What to encode to for recordings; live sessions have [`LiveFormat`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AudioFormat {
    /// One of AAC's.
    pub codec: AudioCodec,
    /// 8000, 16000, 24000, 32000, 44100 or 48000: what HomeKit knows.
    pub sample_rate_hz: u32,
    /// 1 or 2.
    pub channels: u8,
    /// Constant, in bits per second.
    pub bitrate_bps: u32,
}

impl AudioFormat {
    /// The sample rates that HomeKit has a number for.
    pub const SAMPLE_RATES_HZ: [u32; 6] = [8_000, 16_000, 24_000, 32_000, 44_100, 48_000];
}

/// Why sound cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Not AAC, not one of [`AudioFormat::SAMPLE_RATES_HZ`], or not one or two channels.
    #[error("no encoder for {} channels at {} Hz", .0.channels, .0.sample_rate_hz)]
    Format(AudioFormat),
    /// The library refused the format, mostly the bit rate, or failed.
    #[error("the sound cannot be encoded")]
    Library(#[from] CoderError),
    /// A push of a number of samples that is no multiple of the channels.
    #[error("half a sample: {0} values do not divide by the channels")]
    Odd(usize),
}

/// An encoder that takes any number of samples at a time.
#[derive(Debug)]
pub struct Encoder {
    coder: Coder,
    config: Arc<AudioConfig>,
    anchor: Anchor,
    /// Interleaved, less than a frame of them.
    pending: Vec<i16>,
    last_pts: Option<Pts>,
}

impl Encoder {
    /// An encoder for recordings.
    ///
    /// # Errors
    /// [`EncodeError::Format`] and [`EncodeError::Library`].
    pub fn new(format: AudioFormat) -> Result<Self, EncodeError> {
        let known = AudioFormat::SAMPLE_RATES_HZ.contains(&format.sample_rate_hz);
        let is_aac = format.codec != AudioCodec::Opus;
        if !known || !is_aac || !(1..=2).contains(&format.channels) {
            return Err(EncodeError::Format(format));
        }
        Ok(Self::with(Coder::recorded(&format)?, format))
    }

    /// An encoder for a live session, of one channel.
    ///
    /// # Errors
    /// [`EncodeError::Library`].
    pub fn live(format: LiveFormat) -> Result<Self, EncodeError> {
        let coder = Coder::live(format)?;
        let format = AudioFormat {
            codec: format.audio_codec(),
            sample_rate_hz: format.rate.hz(),
            channels: 1,
            bitrate_bps: format.encoder_bps(),
        };
        Ok(Self::with(coder, format))
    }

    fn with(coder: Coder, format: AudioFormat) -> Self {
        let config = Arc::new(AudioConfig {
            codec: format.codec,
            sample_rate_hz: format.sample_rate_hz,
            channels: format.channels,
            bitrate_bps: format.bitrate_bps,
            specific_config: coder.specific_config().to_vec(),
        });
        let anchor = Anchor::new(format.sample_rate_hz);
        Self { coder, config, anchor, pending: Vec::new(), last_pts: None }
    }

    /// What a decoder must know; also in every packet.
    pub fn config(&self) -> Arc<AudioConfig> {
        Arc::clone(&self.config)
    }

    /// Takes interleaved samples, the first of which was captured at `pts`; gives the packets that
    /// they complete.
    ///
    /// Small differences between `pts` and the number of samples are smoothed. After a gap the
    /// begun frame is filled up with silence and time begins anew at `pts`; samples that overlap
    /// those before are left out. Packets' times only grow.
    ///
    /// # Errors
    /// [`EncodeError::Odd`] and [`EncodeError::Library`].
    pub fn push(&mut self, pts: Pts, samples: &[i16]) -> Result<Vec<AudioPacket>, EncodeError> {
        let channels = usize::from(self.config.channels);
        if !samples.len().is_multiple_of(channels) {
            return Err(EncodeError::Odd(samples.len()));
        }
        let mut packets = Vec::new();
        let before = self.anchor;
        let mut samples = samples;
        match self.anchor.observe(pts) {
            Continuity::Continues => {}
            Continuity::Begins => {
                let anchor = std::mem::replace(&mut self.anchor, before);
                self.fill_up(&mut packets)?;
                self.anchor = anchor;
            }
            Continuity::Overlaps(old) => {
                let old = old.saturating_mul(channels).min(samples.len());
                samples = &samples[old..];
            }
        }
        self.take(samples, &mut packets)?;
        Ok(packets)
    }

    /// Encodes a begun frame, with silence behind it.
    fn fill_up(&mut self, packets: &mut Vec<AudioPacket>) -> Result<(), EncodeError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let channels = usize::from(self.config.channels);
        let missing = self.coder.frame_samples() * channels - self.pending.len();
        self.take(&vec![0; missing], packets)
    }

    fn take(&mut self, samples: &[i16], packets: &mut Vec<AudioPacket>) -> Result<(), EncodeError> {
        let channels = usize::from(self.config.channels);
        let frame_samples = self.coder.frame_samples();
        let frame_len = frame_samples * channels;
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(frame_len - self.pending.len()));
            self.pending.extend_from_slice(now);
            self.anchor.advance(now.len() / channels);
            rest = later;
            if self.pending.len() < frame_len {
                break;
            }
            let coded = self.coder.encode(&self.pending);
            self.pending.clear();
            let Some(data) = coded? else { continue };
            let pts = self.anchor.before_next(frame_samples + self.coder.delay_samples());
            // a frame that was filled up may reach over the next one's start
            if self.last_pts.is_some_and(|last| pts <= last) {
                continue;
            }
            self.last_pts = Some(pts);
            packets.push(AudioPacket {
                pts,
                samples: u32::try_from(frame_samples).expect("at most 60 ms"),
                data: data.into(),
                config: Arc::clone(&self.config),
            });
        }
        Ok(())
    }
}
