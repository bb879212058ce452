// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an encoder is to make, and the library's names for it.

use std::ffi::CStr;

use frame::{Chroma, Colour};
use rkmpp_sys::{
    MPP_ENC_RC_DROP_FRM_DISABLED, MPP_ENC_RC_MODE_CBR, MPP_FMT_YUV420P, MPP_FMT_YUV420SP,
    MPP_FRAME_PRI_BT709, MPP_FRAME_RANGE_JPEG, MPP_FRAME_RANGE_MPEG, MPP_FRAME_SPC_BT709,
    MPP_FRAME_SPC_SMPTE170M, MPP_FRAME_TRC_BT709, MPP_VIDEO_CodingAVC, MPP_VIDEO_CodingMJPEG,
    MppCodingType, MppFrameFormat,
};

use crate::Error;

/// What an encoder gets and what it is to make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Pixels: even, 16 to 4096.
    pub width: u32,
    /// Pixels: even, 16 to 4096.
    pub height: u32,
    /// How pictures lie in memory.
    pub layout: Layout,
    /// How colour is written, for those who show it.
    pub colour: Colour,
    /// What to make.
    pub codec: Codec,
}

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// H.264 at a constant bit rate, one slice a picture, no B pictures, an IDR only when asked.
    H264 {
        /// 66 (which is made constrained), 77 or 100. Spec: ITU-T H.264 §A.2.
        profile_idc: u8,
        /// Ten times the level.
        level_idc: u8,
        /// Pictures a second, for the rate control.
        fps: u32,
        /// Bits a second to aim at.
        bitrate_bps: u32,
    },
    /// One JPEG a picture.
    Jpeg {
        /// 1 to 99.
        quality: u8,
    },
}

/// How a 4:2:0 picture of eight bits a sample lies in memory: rows of luma, then chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The order of chroma samples.
    pub chroma: Chroma,
    /// Bytes from one row of luma to the next: a multiple of 16, at least the width.
    pub stride: u32,
    /// Rows of luma before chroma begins: even, at least the height.
    pub lines: u32,
}

impl Layout {
    /// The shortest one for pictures of `width` by `height`.
    pub fn packed(chroma: Chroma, width: u32, height: u32) -> Self {
        let (stride, lines) = (width.next_multiple_of(STRIDE_BYTES), height.next_multiple_of(2));
        Self { chroma, stride, lines }
    }

    /// Bytes of a picture.
    pub fn picture_len(&self) -> usize {
        let number = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        number(self.stride).saturating_mul(number(self.lines)).saturating_mul(3) / 2
    }

    pub(crate) fn format(&self) -> MppFrameFormat {
        match self.chroma {
            Chroma::Pairs => MPP_FMT_YUV420SP,
            Chroma::Planes => MPP_FMT_YUV420P,
        }
    }
}

impl EncoderConfig {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Self { width, height, layout: Layout { stride, lines, .. }, .. } = *self;
        let is_side = |side: u32| (16..=MAX_SIDE).contains(&side) && side.is_multiple_of(2);
        if !is_side(width) || !is_side(height) {
            return Err(Error::Unsupported { width, height });
        }
        let is_row = stride.is_multiple_of(STRIDE_BYTES) && (width..=MAX_STRIDE).contains(&stride);
        if !is_row || !(height..=MAX_STRIDE).contains(&lines) || !lines.is_multiple_of(2) {
            return Err(Error::Layout { stride, lines });
        }
        Ok(())
    }

    pub(crate) fn coding(&self) -> MppCodingType {
        match self.codec {
            Codec::H264 { .. } => MPP_VIDEO_CodingAVC,
            Codec::Jpeg { .. } => MPP_VIDEO_CodingMJPEG,
        }
    }

    pub(crate) fn settings(&self) -> Vec<Setting> {
        let format = self.layout.format();
        let matrix =
            if self.colour.is_bt709 { MPP_FRAME_SPC_BT709 } else { MPP_FRAME_SPC_SMPTE170M };
        let range =
            if self.colour.is_full_range { MPP_FRAME_RANGE_JPEG } else { MPP_FRAME_RANGE_MPEG };
        let mut settings = vec![
            s32(c"codec:type", self.coding()),
            s32(c"prep:width", self.width),
            s32(c"prep:height", self.height),
            s32(c"prep:hor_stride", self.layout.stride),
            s32(c"prep:ver_stride", self.layout.lines),
            s32(c"prep:format", format),
            s32(c"prep:colorspace", matrix),
            s32(c"prep:colorprim", MPP_FRAME_PRI_BT709),
            s32(c"prep:colortrc", MPP_FRAME_TRC_BT709),
            s32(c"prep:range", range),
            s32(c"prep:rotation", 0u8),
        ];
        match self.codec {
            Codec::H264 { profile_idc, level_idc, fps, bitrate_bps } => {
                settings.extend([
                    s32(c"rc:mode", MPP_ENC_RC_MODE_CBR),
                    s32(c"rc:gop", 0u8), // an IDR when asked, and no other
                    s32(c"rc:fps_in_flex", 0u8),
                    s32(c"rc:fps_in_num", fps),
                    s32(c"rc:fps_in_denom", 1u8),
                    s32(c"rc:fps_out_flex", 0u8),
                    s32(c"rc:fps_out_num", fps),
                    s32(c"rc:fps_out_denom", 1u8),
                    // hubs want a steady cadence
                    Setting {
                        name: c"rc:drop_mode",
                        value: Value::U32(MPP_ENC_RC_DROP_FRM_DISABLED),
                    },
                    s32(c"h264:profile", profile_idc),
                    s32(c"h264:level", level_idc),
                    s32(c"h264:cabac_en", u8::from(profile_idc > BASELINE)),
                    s32(c"h264:cabac_idc", 0u8),
                    s32(c"h264:trans8x8", u8::from(profile_idc >= HIGH)),
                ]);
                settings.extend(bitrate(bitrate_bps));
            }
            Codec::Jpeg { quality } => settings.extend([
                s32(c"jpeg:q_factor", quality),
                s32(c"jpeg:qf_max", 99u8),
                s32(c"jpeg:qf_min", 1u8),
            ]),
        }
        settings
    }
}

/// A sixteenth to either side, as narrow as the library's own examples have it.
pub(crate) fn bitrate(bitrate_bps: u32) -> [Setting; 3] {
    let bitrate_bps = bitrate_bps.min(MAX_BITRATE_BPS);
    [
        s32(c"rc:bps_target", bitrate_bps),
        s32(c"rc:bps_max", bitrate_bps + bitrate_bps / 16),
        s32(c"rc:bps_min", bitrate_bps - bitrate_bps / 16),
    ]
}

/// One setting with its type in the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting {
    pub name: &'static CStr,
    pub value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    S32(i32),
    U32(u32),
}

fn s32(name: &'static CStr, value: impl Into<u32>) -> Setting {
    Setting { name, value: Value::S32(i32::try_from(value.into()).unwrap_or(i32::MAX)) }
}

const BASELINE: u8 = 66;
const HIGH: u8 = 100;
/// What the hardware's rows must be a multiple of.
const STRIDE_BYTES: u32 = 16;
/// More than any camera here; the older encoders end at 1920 or 4096 pixels themselves.
const MAX_SIDE: u32 = 4096;
/// Twice that, so that a picture's length is bounded.
const MAX_STRIDE: u32 = 8192;
/// The library's own bound.
const MAX_BITRATE_BPS: u32 = 200 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn config(width: u32, height: u32, stride: u32, lines: u32) -> EncoderConfig {
        let layout = Layout { chroma: Chroma::Pairs, stride, lines };
        let colour = Colour { is_bt709: true, is_full_range: false };
        EncoderConfig { width, height, layout, colour, codec: Codec::Jpeg { quality: 80 } }
    }

    #[test]
    fn sizes_and_layouts_are_checked_before_the_library_sees_them() {
        let table = [
            (320, 180, 320, 180, true),
            (362, 202, 368, 202, true),
            (1920, 1080, 1920, 1088, true),
            (321, 180, 336, 180, false),
            (320, 180, 324, 180, false),
            (320, 180, 304, 180, false),
            (320, 180, 320, 178, false),
            (320, 180, 320, 181, false),
            (14, 180, 16, 180, false),
            (4098, 16, 4112, 16, false),
            (320, 180, !15, 180, false),
        ];
        for (width, height, stride, lines, is_good) in table {
            let checked = config(width, height, stride, lines).check();
            assert_eq!(checked.is_ok(), is_good, "{width}x{height} in {stride}x{lines}");
        }
    }

    #[test]
    fn a_packed_layout_is_one_that_is_taken() {
        for (width, height) in [(16, 16), (362, 202), (1920, 1080), (4096, 2160)] {
            let layout = Layout::packed(Chroma::Planes, width, height);
            assert_eq!(config(width, height, layout.stride, layout.lines).check(), Ok(()));
        }
        assert_eq!(Layout::packed(Chroma::Planes, 362, 202).picture_len(), 368 * 202 * 3 / 2);
    }

    #[test]
    fn baseline_has_neither_cabac_nor_large_transforms() {
        for (profile_idc, cabac, large) in [(66, 0, 0), (77, 1, 0), (100, 1, 1)] {
            let codec = Codec::H264 { profile_idc, level_idc: 31, fps: 30, bitrate_bps: u32::MAX };
            let settings = EncoderConfig { codec, ..config(320, 180, 320, 180) }.settings();
            let value = |name| settings.iter().find(|setting| setting.name == name).unwrap().value;
            assert_eq!(value(c"h264:cabac_en"), Value::S32(cabac), "{profile_idc}");
            assert_eq!(value(c"h264:trans8x8"), Value::S32(large), "{profile_idc}");
            assert_eq!(value(c"rc:bps_target"), Value::S32(200 << 20));
        }
    }
}
