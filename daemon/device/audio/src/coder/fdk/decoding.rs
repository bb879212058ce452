// SPDX-License-Identifier: MIT OR Apache-2.0
//! The decoder: AAC-ELD of 480 samples without SBR, one channel, raw packets.

use std::ffi::c_int;

use fdk_aac_sys as sys;

use super::check;
use crate::coder::CoderError;
use crate::live::LiveRate;

/// Longest packet, in bytes: 6144 bits. Spec: ISO/IEC 14496-3 §4.5.3.
const MAX_PACKET_BYTES: usize = 768;
const MONO: c_int = 1;
const OFF: c_int = 0;

/// One stream.
#[derive(Debug)]
pub(crate) struct Decoding(Handle);

impl Decoding {
    pub(crate) fn new(rate: LiveRate) -> Result<Self, CoderError> {
        let handle = Handle::open()?;
        handle.configure(&specific_config(rate))?;
        handle.set(sys::AACDEC_PARAM_AAC_PCM_MIN_OUTPUT_CHANNELS, MONO)?;
        handle.set(sys::AACDEC_PARAM_AAC_PCM_MAX_OUTPUT_CHANNELS, MONO)?;
        // it would only add to the delay
        handle.set(sys::AACDEC_PARAM_AAC_PCM_LIMITER_ENABLE, OFF)?;
        Ok(Self(handle))
    }

    pub(crate) fn decode(
        &mut self,
        packet: &[u8],
        samples: &mut [i16],
    ) -> Result<usize, CoderError> {
        if packet.is_empty() || packet.len() > MAX_PACKET_BYTES {
            return Err(CoderError::Library(format!("a packet of {} bytes", packet.len())));
        }
        self.0.fill(packet)?;
        self.0.decode(samples, 0)
    }

    pub(crate) fn conceal(&mut self, samples: &mut [i16]) -> Result<usize, CoderError> {
        self.0.decode(samples, sys::AACDEC_CONCEAL)
    }
}

/// AudioSpecificConfig of what we decode. Spec: ISO/IEC 14496-3 §1.6.2.
fn specific_config(rate: LiveRate) -> [u8; 4] {
    let frequency = match rate {
        LiveRate::Hz16000 => 8,
        LiveRate::Hz24000 => 6,
    };
    // value, bits: the object type 39 escaped, frequency, channels, 480 samples, no resilience
    // tools, no SBR, end of extensions, no error protection, padding
    let fields: [(u32, u32); 9] =
        [(31, 5), (7, 6), (frequency, 4), (1, 4), (1, 1), (0, 3), (0, 1), (0, 4), (0, 4)];
    fields.iter().fold(0, |all, &(value, bits)| all << bits | value).to_be_bytes()
}

/// The library's decoder, closed when dropped.
#[derive(Debug)]
struct Handle(sys::HANDLE_AACDECODER);

// SAFETY: the library keeps everything in the handle and nothing by thread; we own it alone.
unsafe impl Send for Handle {}

impl Handle {
    fn open() -> Result<Self, CoderError> {
        // SAFETY: no preconditions; the result is checked.
        let handle = unsafe { sys::aacDecoder_Open(sys::TRANSPORT_TYPE_TT_MP4_RAW, 1) };
        if handle.is_null() {
            return Err(CoderError::Library("no memory for a decoder".to_owned()));
        }
        Ok(Self(handle))
    }

    fn configure(&self, config: &[u8]) -> Result<(), CoderError> {
        let mut bytes = config.as_ptr().cast_mut();
        let len = u32::try_from(config.len()).expect("four bytes");
        // SAFETY: the handle is open, of one layer; bytes and length are valid and only read.
        check(unsafe { sys::aacDecoder_ConfigRaw(self.0, &raw mut bytes, &raw const len) })
    }

    fn set(&self, parameter: sys::AACDEC_PARAM, value: c_int) -> Result<(), CoderError> {
        // SAFETY: the handle is open; unknown parameters and values are refused by the library.
        check(unsafe { sys::aacDecoder_SetParam(self.0, parameter, value) })
    }

    /// Gives one packet to the library, which copies it.
    fn fill(&mut self, packet: &[u8]) -> Result<(), CoderError> {
        let mut bytes = packet.as_ptr().cast_mut();
        let len = u32::try_from(packet.len()).expect("at most 768 bytes");
        let mut left = len;
        // SAFETY: the handle is open, of one layer; the packet has `len` bytes and is only read.
        check(unsafe {
            sys::aacDecoder_Fill(self.0, &raw mut bytes, &raw const len, &raw mut left)
        })
    }

    fn decode(&mut self, samples: &mut [i16], flags: u32) -> Result<usize, CoderError> {
        let room = c_int::try_from(samples.len()).expect("a frame");
        // SAFETY: the handle is open; the library writes at most `room` samples.
        check(unsafe { sys::aacDecoder_DecodeFrame(self.0, samples.as_mut_ptr(), room, flags) })?;
        // SAFETY: the handle is open; the structure lives as long as it and is not written now.
        let info = unsafe { sys::aacDecoder_GetStreamInfo(self.0).as_ref() };
        let count = info.map_or(0, |info| info.frameSize * info.numChannels);
        Ok(usize::try_from(count).unwrap_or(0).min(samples.len()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used afterwards.
        unsafe { sys::aacDecoder_Close(self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coder::fdk::Coder;
    use crate::encoder::AudioFormat;
    use frame::AudioCodec;

    #[test]
    fn the_configuration_is_that_of_our_own_encoder() {
        for rate in [LiveRate::Hz16000, LiveRate::Hz24000] {
            let format = AudioFormat {
                codec: AudioCodec::AacEld,
                sample_rate_hz: rate.hz(),
                channels: 1,
                bitrate_bps: 24_000,
            };
            let coder = Coder::new(&format, Some(480)).unwrap();
            assert_eq!(coder.frame_samples(), 480);
            assert_eq!(coder.specific_config(), specific_config(rate), "{rate:?}");
        }
    }
}
