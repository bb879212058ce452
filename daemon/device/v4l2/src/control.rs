// SPDX-License-Identifier: MIT OR Apache-2.0
//! Controls of cameras and encoders. Kernel: media/v4l/control, ext-ctrls-camera, ext-ctrls-codec.

use v4l::v4l_sys as sys;

use crate::FourCc;

/// A control's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Control(pub u32);

impl Control {
    /// The picture is mirrored.
    pub const HORIZONTAL_FLIP: Self = Self(sys::V4L2_CID_HFLIP);
    /// The picture stands on its head.
    pub const VERTICAL_FLIP: Self = Self(sys::V4L2_CID_VFLIP);
    /// Who sets exposure time and iris: 1 is nobody.
    pub const EXPOSURE_AUTO: Self = Self(sys::V4L2_CID_EXPOSURE_AUTO);
    /// In steps of 100 µs.
    pub const EXPOSURE_ABSOLUTE: Self = Self(sys::V4L2_CID_EXPOSURE_ABSOLUTE);
    /// The camera sets its gain by itself (1).
    pub const AUTOGAIN: Self = Self(sys::V4L2_CID_AUTOGAIN);
    /// In the camera's own unit.
    pub const GAIN: Self = Self(sys::V4L2_CID_GAIN);
    /// The camera sets its white balance by itself (1).
    pub const AUTO_WHITE_BALANCE: Self = Self(sys::V4L2_CID_AUTO_WHITE_BALANCE);
    /// In kelvin.
    pub const WHITE_BALANCE_TEMPERATURE: Self = Self(sys::V4L2_CID_WHITE_BALANCE_TEMPERATURE);
    /// Bits a second.
    pub const BITRATE: Self = Self(sys::V4L2_CID_MPEG_VIDEO_BITRATE);
    /// Variable (0) or constant (1).
    pub const BITRATE_MODE: Self = Self(sys::V4L2_CID_MPEG_VIDEO_BITRATE_MODE);
    /// The rate control works on frames.
    pub const FRAME_RATE_CONTROL: Self = Self(sys::V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE);
    /// B frames between others.
    pub const B_FRAMES: Self = Self(sys::V4L2_CID_MPEG_VIDEO_B_FRAMES);
    /// Pictures from one IDR to the next.
    pub const GOP_SIZE: Self = Self(sys::V4L2_CID_MPEG_VIDEO_GOP_SIZE);
    /// The same in other drivers' words.
    pub const I_PERIOD: Self = Self(sys::V4L2_CID_MPEG_VIDEO_H264_I_PERIOD);
    /// Parameter sets come in a buffer of their own (0) or with the first picture (1).
    pub const HEADER_MODE: Self = Self(sys::V4L2_CID_MPEG_VIDEO_HEADER_MODE);
    /// Parameter sets come with each IDR.
    pub const REPEAT_HEADERS: Self = Self(sys::V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER);
    /// The next picture becomes an IDR.
    pub const FORCE_KEY_FRAME: Self = Self(sys::V4L2_CID_MPEG_VIDEO_FORCE_KEY_FRAME);
    /// See [`Profile`].
    pub const H264_PROFILE: Self = Self(sys::V4L2_CID_MPEG_VIDEO_H264_PROFILE);
    /// An index into the levels that H.264 numbers.
    pub const H264_LEVEL: Self = Self(sys::V4L2_CID_MPEG_VIDEO_H264_LEVEL);
}

/// What an encoder makes of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// H.264 in Annex B's byte stream.
    H264 {
        /// Its profile.
        profile: Profile,
        /// Its level in the standard's number, such as 31.
        level_idc: u8,
    },
    /// What the kernel's own driver without hardware codes. Kernel: media/drivers/vicodec-codec.
    Fwht,
}

/// H.264 profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Constrained Baseline.
    ConstrainedBaseline,
    /// Main.
    Main,
    /// High.
    High,
}

impl Codec {
    pub(crate) const fn fourcc(self) -> FourCc {
        match self {
            Self::H264 { .. } => FourCc::H264,
            Self::Fwht => FourCc::FWHT,
        }
    }
}

impl Profile {
    pub(crate) fn value(self) -> i32 {
        match self {
            Self::ConstrainedBaseline => 1,
            Self::Main => 2,
            Self::High => 4,
        }
    }
}

/// The control's value for a level in H.264's own number, such as 31; `None` for what is no level.
pub(crate) fn level(level_idc: u8) -> Option<i32> {
    const LEVELS: [u8; 16] = [10, 9, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51];
    let index = LEVELS.iter().position(|&level| level == level_idc)?;
    i32::try_from(index).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kernel: include/uapi/linux/v4l2-controls.h.
    #[test]
    fn values_are_the_kernels() {
        let profiles = [
            (Profile::ConstrainedBaseline, "CONSTRAINED_BASELINE", 1),
            (
                Profile::Main,
                "MAIN",
                sys::v4l2_mpeg_video_h264_profile_V4L2_MPEG_VIDEO_H264_PROFILE_MAIN,
            ),
            (
                Profile::High,
                "HIGH",
                sys::v4l2_mpeg_video_h264_profile_V4L2_MPEG_VIDEO_H264_PROFILE_HIGH,
            ),
        ];
        for (profile, name, value) in profiles {
            assert_eq!(u32::try_from(profile.value()), Ok(value), "{name}");
        }
        let levels = [
            (31, sys::v4l2_mpeg_video_h264_level_V4L2_MPEG_VIDEO_H264_LEVEL_3_1),
            (40, sys::v4l2_mpeg_video_h264_level_V4L2_MPEG_VIDEO_H264_LEVEL_4_0),
            (51, sys::v4l2_mpeg_video_h264_level_V4L2_MPEG_VIDEO_H264_LEVEL_5_1),
        ];
        for (idc, value) in levels {
            assert_eq!(level(idc).map(i32::cast_unsigned), Some(value), "{idc}");
        }
        assert_eq!(level(33), None);
    }
}
