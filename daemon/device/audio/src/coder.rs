// SPDX-License-Identifier: MIT OR Apache-2.0
//! The codec libraries, behind the few words we need of them. Nothing else knows which they are.

#[cfg(not(feature = "fdk-aac"))]
mod absent;
#[cfg(feature = "fdk-aac")]
mod fdk;
mod opus;

#[cfg(not(feature = "fdk-aac"))]
use absent as aac;
#[cfg(feature = "fdk-aac")]
use fdk as aac;

use crate::encoder::AudioFormat;
use crate::live::{ELD_SAMPLES, LiveCodec, LiveFormat};

/// Why a library does not encode or decode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoderError {
    /// Built without the feature `fdk-aac`.
    #[error("this build has no AAC")]
    Absent,
    /// In the library's words.
    #[error("{0}")]
    Library(String),
}

/// One stream to be encoded.
#[derive(Debug)]
pub(crate) enum Coder {
    Aac(aac::Coder),
    Opus(opus::Coder),
}

impl Coder {
    /// AAC for recordings.
    pub(crate) fn recorded(format: &AudioFormat) -> Result<Self, CoderError> {
        aac::Coder::new(format, None).map(Self::Aac)
    }

    pub(crate) fn live(format: LiveFormat) -> Result<Self, CoderError> {
        match format.codec {
            LiveCodec::AacEld => {
                let wanted = AudioFormat {
                    codec: format.audio_codec(),
                    sample_rate_hz: format.rate.hz(),
                    channels: 1,
                    bitrate_bps: format.encoder_bps(),
                };
                aac::Coder::new(&wanted, Some(ELD_SAMPLES)).map(Self::Aac)
            }
            LiveCodec::Opus(_) => opus::Coder::new(format).map(Self::Opus),
        }
    }

    /// Samples a channel in one packet.
    pub(crate) fn frame_samples(&self) -> usize {
        match self {
            Self::Aac(coder) => coder.frame_samples(),
            Self::Opus(coder) => coder.frame_samples(),
        }
    }

    /// Samples a channel that a decoder gives out before those of the first packet's input.
    pub(crate) fn delay_samples(&self) -> usize {
        match self {
            Self::Aac(coder) => coder.delay_samples(),
            Self::Opus(coder) => coder.delay_samples(),
        }
    }

    /// Empty where the codec has none.
    pub(crate) fn specific_config(&self) -> &[u8] {
        match self {
            Self::Aac(coder) => coder.specific_config(),
            Self::Opus(_) => &[],
        }
    }

    /// Takes one frame of interleaved samples; gives a packet, or none while the library gathers.
    pub(crate) fn encode(&mut self, frame: &[i16]) -> Result<Option<Vec<u8>>, CoderError> {
        match self {
            Self::Aac(coder) => coder.encode(frame),
            Self::Opus(coder) => coder.encode(frame).map(Some),
        }
    }
}

/// One stream to be decoded to one channel.
#[derive(Debug)]
pub(crate) enum Decoding {
    Aac(aac::Decoding),
    Opus(opus::Decoding),
}

impl Decoding {
    pub(crate) fn new(format: LiveFormat) -> Result<Self, CoderError> {
        match format.codec {
            LiveCodec::AacEld => aac::Decoding::new(format.rate).map(Self::Aac),
            LiveCodec::Opus(_) => opus::Decoding::new(format.rate).map(Self::Opus),
        }
    }

    /// Fills the front of `samples`, which holds [`crate::decoder::MAX_SAMPLES`]; gives how many.
    pub(crate) fn decode(
        &mut self,
        packet: &[u8],
        samples: &mut [i16],
    ) -> Result<usize, CoderError> {
        match self {
            Self::Aac(decoding) => decoding.decode(packet, samples),
            Self::Opus(decoding) => decoding.decode(packet, samples),
        }
    }

    /// Makes up what a lost packet of `samples.len()` samples would have sounded like.
    pub(crate) fn conceal(&mut self, samples: &mut [i16]) -> Result<usize, CoderError> {
        match self {
            Self::Aac(decoding) => decoding.conceal(samples),
            Self::Opus(decoding) => decoding.conceal(samples),
        }
    }
}
