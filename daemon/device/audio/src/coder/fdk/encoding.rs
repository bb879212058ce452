// SPDX-License-Identifier: MIT OR Apache-2.0
//! The encoder: AAC-LC and AAC-ELD with constant bit rate, without SBR, raw packets.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use fdk_aac_sys as sys;
use frame::AudioCodec;

use super::check;
use crate::coder::CoderError;
use crate::encoder::AudioFormat;

/// Longest packet: 6144 bits a channel. Spec: ISO/IEC 14496-3 §4.5.3.
const MAX_PACKET_BYTES: usize = 768 * 2;
const MAX_CHANNELS: u32 = 2;
/// `AACENC_BITRATEMODE` of constant bit rate.
const CONSTANT: u32 = 0;
/// `AACENC_TRANSMUX` of packets without any header.
const RAW: u32 = 0;
const OFF: u32 = 0;

/// One stream.
#[derive(Debug)]
pub(crate) struct Coder {
    handle: Handle,
    frame_samples: usize,
    delay_samples: usize,
    specific_config: Vec<u8>,
}

impl Coder {
    /// `frame_samples` is 480 or 512 and for AAC-ELD only; the library's own choice otherwise.
    pub(crate) fn new(
        format: &AudioFormat,
        frame_samples: Option<u32>,
    ) -> Result<Self, CoderError> {
        let handle = Handle::open()?;
        let object_type = match format.codec {
            AudioCodec::AacLc => sys::AUDIO_OBJECT_TYPE_AOT_AAC_LC,
            AudioCodec::AacEld => sys::AUDIO_OBJECT_TYPE_AOT_ER_AAC_ELD,
            AudioCodec::Opus => return Err(CoderError::Library("Opus is not AAC".to_owned())),
        };
        handle.set(sys::AACENC_PARAM_AACENC_AOT, object_type.cast_unsigned())?;
        handle.set(sys::AACENC_PARAM_AACENC_BITRATE, format.bitrate_bps)?;
        handle.set(sys::AACENC_PARAM_AACENC_BITRATEMODE, CONSTANT)?;
        handle.set(sys::AACENC_PARAM_AACENC_SAMPLERATE, format.sample_rate_hz)?;
        handle.set(sys::AACENC_PARAM_AACENC_TRANSMUX, RAW)?;
        handle.set(sys::AACENC_PARAM_AACENC_SBR_MODE, OFF)?;
        handle.set(sys::AACENC_PARAM_AACENC_CHANNELMODE, format.channels.into())?;
        if let Some(samples) = frame_samples {
            handle.set(sys::AACENC_PARAM_AACENC_GRANULE_LENGTH, samples)?;
        }
        handle.begin()?;
        let info = handle.info()?;
        let size = |value| usize::try_from(value).expect("a 32-bit number");
        let specific_config = info.confBuf.iter().take(size(info.confSize)).copied().collect();
        let (frame_samples, delay_samples) = (size(info.frameLength), size(info.nDelay));
        Ok(Self { handle, frame_samples, delay_samples, specific_config })
    }

    pub(crate) fn frame_samples(&self) -> usize {
        self.frame_samples
    }

    pub(crate) fn delay_samples(&self) -> usize {
        self.delay_samples
    }

    pub(crate) fn specific_config(&self) -> &[u8] {
        &self.specific_config
    }

    pub(crate) fn encode(&mut self, frame: &[i16]) -> Result<Option<Vec<u8>>, CoderError> {
        let mut packet = vec![0; MAX_PACKET_BYTES];
        let len = self.handle.encode(frame, &mut packet)?;
        packet.truncate(len);
        Ok((!packet.is_empty()).then_some(packet))
    }
}

/// The library's encoder, closed when dropped.
#[derive(Debug)]
struct Handle(sys::HANDLE_AACENCODER);

// SAFETY: the library keeps everything in the handle and nothing by thread; we own it alone.
unsafe impl Send for Handle {}

impl Handle {
    fn open() -> Result<Self, CoderError> {
        let mut handle = ptr::null_mut();
        // SAFETY: the library writes the new handle to the pointer, which is valid for the call.
        check(unsafe { sys::aacEncOpen(&raw mut handle, 0, MAX_CHANNELS) })?;
        Ok(Self(handle))
    }

    fn set(&self, parameter: sys::AACENC_PARAM, value: u32) -> Result<(), CoderError> {
        // SAFETY: the handle is open; unknown parameters and values are refused by the library.
        check(unsafe { sys::aacEncoder_SetParam(self.0, parameter, value) })
    }

    /// Takes over the parameters.
    fn begin(&self) -> Result<(), CoderError> {
        let none = ptr::null;
        // SAFETY: the handle is open; all others null is the documented call after parameters.
        check(unsafe { sys::aacEncEncode(self.0, none(), none(), ptr::null(), ptr::null_mut()) })
    }

    fn info(&self) -> Result<sys::AACENC_InfoStruct, CoderError> {
        let mut info = MaybeUninit::zeroed();
        // SAFETY: the handle is open; the library fills the structure, which is valid for the call.
        check(unsafe { sys::aacEncInfo(self.0, info.as_mut_ptr()) })?;
        // SAFETY: numbers and bytes only, all zero before and filled above.
        Ok(unsafe { info.assume_init() })
    }

    /// Gives how many bytes of `packet` were written.
    fn encode(&mut self, frame: &[i16], packet: &mut [u8]) -> Result<usize, CoderError> {
        let c_len = |len: usize| c_int::try_from(len).expect("a frame or a packet");
        // the library reads the samples, though the structure is not made for constants
        let mut input = frame.as_ptr().cast_mut().cast::<c_void>();
        let mut input_kind = sys::AACENC_BufferIdentifier_IN_AUDIO_DATA.cast_signed();
        let (mut input_bytes, mut input_size) = (c_len(size_of_val(frame)), 2);
        let input = sys::AACENC_BufDesc {
            numBufs: 1,
            bufs: &raw mut input,
            bufferIdentifiers: &raw mut input_kind,
            bufSizes: &raw mut input_bytes,
            bufElSizes: &raw mut input_size,
        };
        let mut output = packet.as_mut_ptr().cast::<c_void>();
        let mut output_kind = sys::AACENC_BufferIdentifier_OUT_BITSTREAM_DATA.cast_signed();
        let (mut output_bytes, mut output_size) = (c_len(packet.len()), 1);
        let output = sys::AACENC_BufDesc {
            numBufs: 1,
            bufs: &raw mut output,
            bufferIdentifiers: &raw mut output_kind,
            bufSizes: &raw mut output_bytes,
            bufElSizes: &raw mut output_size,
        };
        let given = sys::AACENC_InArgs { numInSamples: c_len(frame.len()), numAncBytes: 0 };
        let mut done = MaybeUninit::<sys::AACENC_OutArgs>::zeroed();
        // SAFETY: the handle is open; both descriptions name one buffer each with its true length,
        // and they, the buffers and the arguments outlive the call; the input is not written.
        let code = unsafe {
            let (input, output) = (&raw const input, &raw const output);
            sys::aacEncEncode(self.0, input, output, &raw const given, done.as_mut_ptr())
        };
        check(code)?;
        // SAFETY: numbers only, all zero before and filled above.
        let done = unsafe { done.assume_init() };
        Ok(usize::try_from(done.numOutBytes).unwrap_or(0))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used afterwards.
        let code = unsafe { sys::aacEncClose(&raw mut self.0) };
        debug_assert_eq!(code, 0, "closing an open encoder");
    }
}
