// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fraunhofer's library.

use fdk_aac::enc::{
    AudioObjectType, BitRate, ChannelMode, Encoder, EncoderError, EncoderParams, Transport,
};
use frame::AudioCodec;

use super::CoderError;
use crate::encoder::AudioFormat;

/// Longest packet: 6144 bits a channel. Spec: ISO/IEC 14496-3 §4.5.3.
const MAX_PACKET_BYTES: usize = 768 * 2;

/// One stream.
#[derive(Debug)]
pub(crate) struct Coder {
    library: Encoder,
    frame_samples: usize,
    delay_samples: usize,
    specific_config: Vec<u8>,
}

impl Coder {
    pub(crate) fn new(format: &AudioFormat) -> Result<Self, CoderError> {
        let library = Encoder::new(EncoderParams {
            bit_rate: BitRate::Cbr(format.bitrate_bps),
            sample_rate: format.sample_rate_hz,
            transport: Transport::Raw,
            channels: if format.channels == 1 { ChannelMode::Mono } else { ChannelMode::Stereo },
            audio_object_type: match format.codec {
                AudioCodec::AacLc => AudioObjectType::Mpeg4LowComplexity,
                AudioCodec::AacEld => AudioObjectType::Mpeg4EnhancedLowDelay,
            },
        })
        .map_err(refused)?;
        let info = library.info().map_err(refused)?;
        let size = |value| usize::try_from(value).expect("a 32-bit number");
        let specific_config = info.confBuf.iter().take(size(info.confSize)).copied().collect();
        let (frame_samples, delay_samples) = (size(info.frameLength), size(info.nDelay));
        Ok(Self { library, frame_samples, delay_samples, specific_config })
    }

    /// Samples a channel in one packet.
    pub(crate) fn frame_samples(&self) -> usize {
        self.frame_samples
    }

    /// Samples a channel that a decoder gives out before those of the first packet's input.
    pub(crate) fn delay_samples(&self) -> usize {
        self.delay_samples
    }

    pub(crate) fn specific_config(&self) -> &[u8] {
        &self.specific_config
    }

    /// Takes one frame of interleaved samples; gives a packet, or none while the library gathers.
    pub(crate) fn encode(&mut self, frame: &[i16]) -> Result<Option<Vec<u8>>, CoderError> {
        let mut packet = vec![0; MAX_PACKET_BYTES];
        let done = self.library.encode(frame, &mut packet).map_err(refused)?;
        packet.truncate(done.output_size);
        Ok((!packet.is_empty()).then_some(packet))
    }
}

fn refused(error: EncoderError) -> CoderError {
    // the library's words are not exported as an enum
    CoderError::Library(error.to_string())
}
