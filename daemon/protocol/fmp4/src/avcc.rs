// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `avcC` record. Spec: ISO/IEC 14496-15 §5.3.3.1; H.264 §7.3.2.1.1 for the SPS's first fields.

use frame::AvcConfig;

use crate::boxes::Writer;

/// Longest parameter set taken, in bytes; real ones have under 100.
const MAX_PARAMETER_SET: usize = 1024;

/// Profiles whose `avcC` also tells chroma format and bit depths.
const HIGH_PROFILES: [u8; 4] = [100, 110, 122, 144];

/// A parameter set that cannot be described in `avcC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpsError {
    /// Longer than any encoder makes it.
    #[error("a parameter set of {0} bytes")]
    TooLong(usize),
    /// The SPS of a High profile ends before its bit depths, or they are out of range.
    #[error("the sequence parameter set is cut off or tells impossible bit depths")]
    Malformed,
}

/// What the High profiles add to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct SampleFormat {
    chroma_format: u8,
    bit_depth_luma_minus8: u8,
    bit_depth_chroma_minus8: u8,
}

/// A checked `avcC` body.
#[derive(Debug)]
pub(crate) struct Avcc<'a> {
    config: &'a AvcConfig,
    format: Option<SampleFormat>,
}

impl<'a> Avcc<'a> {
    pub(crate) fn new(config: &'a AvcConfig) -> Result<Self, SpsError> {
        let longest = config.sps().len().max(config.pps().len());
        if longest > MAX_PARAMETER_SET {
            return Err(SpsError::TooLong(longest));
        }
        let [profile, ..] = config.profile_compatibility_level();
        let format = if HIGH_PROFILES.contains(&profile) {
            Some(sample_format(config.sps()).ok_or(SpsError::Malformed)?)
        } else {
            None
        };
        Ok(Self { config, format })
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.u8(1);
        out.bytes(&self.config.profile_compatibility_level());
        out.u8(0b1111_1100 | 3); // lengths of NAL units have four bytes
        out.u8(0b1110_0000 | 1);
        parameter_set(out, self.config.sps());
        out.u8(1);
        parameter_set(out, self.config.pps());
        if let Some(format) = self.format {
            out.u8(0b1111_1100 | format.chroma_format);
            out.u8(0b1111_1000 | format.bit_depth_luma_minus8);
            out.u8(0b1111_1000 | format.bit_depth_chroma_minus8);
            out.u8(0); // no SPS extensions
        }
    }
}

fn parameter_set(out: &mut Writer, nal: &[u8]) {
    out.u16(u16::try_from(nal.len()).expect("checked against MAX_PARAMETER_SET"));
    out.bytes(nal);
}

/// Reads as far as the bit depths of a High profile's SPS.
fn sample_format(sps: &[u8]) -> Option<SampleFormat> {
    let mut bits = Bits::after_level(sps);
    bits.exp_golomb()?; // seq_parameter_set_id
    let chroma_format = bits.exp_golomb()?;
    if chroma_format == 3 {
        bits.bit()?; // separate_colour_plane_flag
    }
    let (luma, chroma) = (bits.exp_golomb()?, bits.exp_golomb()?);
    let within = |value: u32, max: u32| u8::try_from(value).ok().filter(|_| value <= max);
    Some(SampleFormat {
        chroma_format: within(chroma_format, 3)?,
        bit_depth_luma_minus8: within(luma, 6)?,
        bit_depth_chroma_minus8: within(chroma, 6)?,
    })
}

/// The bits of an SPS from `seq_parameter_set_id` on, without emulation prevention.
struct Bits {
    bytes: Vec<u8>,
    position: usize,
}

impl Bits {
    fn after_level(sps: &[u8]) -> Self {
        let mut zeros = 0;
        let mut bytes = Vec::with_capacity(sps.len());
        for &byte in sps {
            if zeros >= 2 && byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            bytes.push(byte);
        }
        Self { bytes, position: 4 * 8 }
    }

    fn bit(&mut self) -> Option<u32> {
        let byte = *self.bytes.get(self.position / 8)?;
        let bit = byte >> (7 - self.position % 8) & 1;
        self.position += 1;
        Some(bit.into())
    }

    /// `ue(v)` of at most 31 bits. Spec: H.264 §9.1.
    fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 15 {
                return None;
            }
        }
        let mut value = 1;
        for _ in 0..zeros {
            value = value << 1 | self.bit()?;
        }
        Some(value - 1)
    }
}

#[cfg(test)]
mod tests {
    use frame::Size;

    use super::*;

    fn config(sps: &[u8]) -> AvcConfig {
        AvcConfig::new(sps.to_vec(), vec![0x68, 0xce], Size::new(64, 64)).unwrap()
    }

    fn body(sps: &[u8]) -> Vec<u8> {
        let mut out = Writer::with_capacity(64);
        Avcc::new(&config(sps)).unwrap().write(&mut out);
        out.finish()
    }

    #[test]
    fn main_profile_has_no_extension() {
        let expected = [1, 77, 0, 41, 0xff, 0xe1, 0, 5, 0x67, 77, 0, 41, 0x9a, 1, 0, 2, 0x68, 0xce];
        assert_eq!(body(&[0x67, 77, 0, 41, 0x9a]), expected);
    }

    #[test]
    fn high_profile_tells_its_sample_format() {
        // seq_parameter_set_id 0, chroma_format_idc 1, both depths 8: 1 010 1 1
        assert!(body(&[0x67, 100, 0, 41, 0b1010_1110]).ends_with(&[0xfd, 0xf8, 0xf8, 0]));
        // 4:4:4 with a colour plane flag, 10 and 9 bits: 1 00100 0 011 010
        let high444 = [0x67, 100, 0, 41, 0b1001_0000, 0b1101_0000];
        assert!(body(&high444).ends_with(&[0xff, 0xfa, 0xf9, 0]));
    }

    #[test]
    fn emulation_prevention_is_taken_out() {
        // level 0 after no constraints: the encoder had to put a 3 behind the two zeros
        let sps = [0x67, 100, 0, 0, 3, 0b1010_1110];
        assert!(body(&sps).ends_with(&[0xfd, 0xf8, 0xf8, 0]));
    }

    #[test]
    fn a_high_sps_that_ends_too_soon_is_refused() {
        for sps in [&[0x67, 100, 0, 41][..], &[0x67, 100, 0, 41, 0], &[0x67, 100, 0, 41, 0, 0, 0]] {
            assert_eq!(Avcc::new(&config(sps)).unwrap_err(), SpsError::Malformed, "{sps:02x?}");
        }
        let long = vec![0x67; MAX_PARAMETER_SET + 1];
        assert_eq!(Avcc::new(&config(&long)).unwrap_err(), SpsError::TooLong(1025));
    }
}
