// SPDX-License-Identifier: MIT OR Apache-2.0
//! H.264 access units and their parameter sets. Spec: ITU-T H.264 §7.3, ISO/IEC 14496-15 §5.3.

use std::sync::Arc;

use crate::{Coded, Pts, Size};

/// Sequence and picture parameter set of a stream, without start codes, with emulation prevention.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AvcConfig {
    sps: Vec<u8>,
    pps: Vec<u8>,
    size: Size,
}

/// Bytes that are no parameter set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an H.264 sequence and picture parameter set")]
pub struct ParameterSetError;

impl AvcConfig {
    /// `size` is the picture's after cropping, as the encoder was told.
    ///
    /// # Errors
    /// [`ParameterSetError`] when the NAL unit types are not 7 and 8 or the SPS is cut off.
    pub fn new(sps: Vec<u8>, pps: Vec<u8>, size: Size) -> Result<Self, ParameterSetError> {
        let is = |nal: &[u8], kind: u8| nal.first().is_some_and(|header| header & 0x1f == kind);
        if is(&sps, 7) && sps.len() >= 4 && is(&pps, 8) {
            Ok(Self { sps, pps, size })
        } else {
            Err(ParameterSetError)
        }
    }

    /// The sequence parameter set.
    pub fn sps(&self) -> &[u8] {
        &self.sps
    }

    /// The picture parameter set.
    pub fn pps(&self) -> &[u8] {
        &self.pps
    }

    /// The picture size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// `profile_idc`, constraint flags and `level_idc`, as `avcC` repeats them.
    pub fn profile_compatibility_level(&self) -> [u8; 3] {
        [self.sps[1], self.sps[2], self.sps[3]]
    }
}

/// One access unit. Cloning copies the handle, not the bytes.
#[derive(Debug, Clone)]
pub struct EncodedFrame {
    /// When the picture was captured.
    pub pts: Pts,
    /// Decoding can begin here.
    pub is_idr: bool,
    /// Slice NAL units, each after its length in four bytes, big endian; no parameter sets, no
    /// delimiters, no SEI: those travel in `config`.
    pub data: Coded,
    /// The parameter sets it was encoded with. A change of value means a new encoder.
    pub config: Arc<AvcConfig>,
}

/// A NAL unit without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nal<'a>(pub &'a [u8]);

impl Nal<'_> {
    /// `nal_unit_type`: 1 slice, 5 IDR slice, 6 SEI, 7 SPS, 8 PPS, 9 delimiter. Zero when empty.
    pub fn kind(&self) -> u8 {
        self.0.first().map_or(0, |header| header & 0x1f)
    }
}

/// The NAL units of length-prefixed `data`, as in [`EncodedFrame::data`]; ends at a cut-off one.
pub fn nals(mut data: &[u8]) -> impl Iterator<Item = Nal<'_>> {
    std::iter::from_fn(move || {
        let (len, rest) = data.split_first_chunk::<4>()?;
        let (nal, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
        data = rest;
        Some(Nal(nal))
    })
}
