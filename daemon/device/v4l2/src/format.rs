// SPDX-License-Identifier: MIT OR Apache-2.0
//! Picture formats in V4L2's words. Kernel: media/v4l/pixfmt-v4l2, media/v4l/colorspaces.

use std::{fmt, io};

use rustix::io::Errno;
use v4l::v4l_sys as sys;

use crate::Direction;
use crate::raw::Plain;

/// A pixel format's four characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// Y plane, then Cb and Cr interleaved, both halved both ways.
    pub const NV12: Self = Self(*b"NV12");
    /// Y Cb Y Cr, chroma halved in width.
    pub const YUYV: Self = Self(*b"YUYV");
    /// Three planes, chroma halved both ways.
    pub const YUV420: Self = Self(*b"YU12");
    /// H.264 as a byte stream.
    pub const H264: Self = Self(*b"H264");
    /// The kernel's own codec for tests, Fast Walsh-Hadamard Transform.
    pub const FWHT: Self = Self(*b"FWHT");
    /// A JPEG a picture.
    pub const MJPEG: Self = Self(*b"MJPG");

    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw.to_le_bytes())
    }

    pub(crate) const fn raw(self) -> u32 {
        u32::from_le_bytes(self.0)
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// The weights of Y, Cb and Cr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// BT.601
    Bt601,
    /// BT.709
    Bt709,
}

impl Matrix {
    /// Colour space and encoding.
    fn raw(self) -> (u32, u32) {
        match self {
            Self::Bt601 => (
                sys::v4l2_colorspace_V4L2_COLORSPACE_SMPTE170M,
                sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_601,
            ),
            Self::Bt709 => (
                sys::v4l2_colorspace_V4L2_COLORSPACE_REC709,
                sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709,
            ),
        }
    }
}

impl Range {
    fn raw(self) -> u32 {
        match self {
            Self::Full => sys::v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE,
            Self::Limited => sys::v4l2_quantization_V4L2_QUANTIZATION_LIM_RANGE,
        }
    }
}

/// Which values samples use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// 0 to 255.
    Full,
    /// 16 to 235, chroma to 240.
    Limited,
}

/// What a device delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Pixel format.
    pub fourcc: FourCc,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row of the first plane to the next; zero for compressed formats.
    pub bytes_per_line: u32,
    /// Longest picture in bytes.
    pub size_image: u32,
    /// How colour is written.
    pub matrix: Matrix,
    /// Which values are used.
    pub range: Range,
}

impl Format {
    /// A wish for pictures of a size, whatever else they are like.
    pub const fn of(fourcc: FourCc, width: u32, height: u32) -> Self {
        let (matrix, range) = (Matrix::Bt709, Range::Limited);
        Self { fourcc, width, height, bytes_per_line: 0, size_image: 0, matrix, range }
    }

    pub(crate) fn to_raw(self, direction: Direction) -> sys::v4l2_pix_format {
        let mut pix = sys::v4l2_pix_format {
            width: self.width,
            height: self.height,
            pixelformat: self.fourcc.raw(),
            field: sys::v4l2_field_V4L2_FIELD_NONE,
            bytesperline: self.bytes_per_line,
            sizeimage: self.size_image,
            ..Plain::zeroed()
        };
        // A camera's colour is the driver's choice.
        if direction == Direction::Output {
            let (colorspace, ycbcr_enc) = self.matrix.raw();
            pix.colorspace = colorspace;
            pix.__bindgen_anon_1 = sys::v4l2_pix_format__bindgen_ty_1 { ycbcr_enc };
            pix.quantization = self.range.raw();
        }
        pix
    }

    pub(crate) fn to_raw_mplane(self, direction: Direction) -> sys::v4l2_pix_format_mplane {
        let pix = self.to_raw(direction);
        // SAFETY: both members of the union are a u32, every value of which is valid.
        let encoding = unsafe { pix.__bindgen_anon_1.ycbcr_enc };
        let small = |value: u32| u8::try_from(value).unwrap_or_default();
        let mut planes = sys::v4l2_pix_format_mplane {
            width: pix.width,
            height: pix.height,
            pixelformat: pix.pixelformat,
            field: pix.field,
            colorspace: pix.colorspace,
            num_planes: 1,
            __bindgen_anon_1: sys::v4l2_pix_format_mplane__bindgen_ty_1 {
                ycbcr_enc: small(encoding),
            },
            quantization: small(pix.quantization),
            ..Plain::zeroed()
        };
        let plane = sys::v4l2_plane_pix_format {
            sizeimage: pix.sizeimage,
            bytesperline: pix.bytesperline,
            reserved: [0; 6],
        };
        planes.plane_fmt[0] = plane;
        planes
    }

    /// # Errors
    /// EINVAL when the picture lies in several pieces of memory, which we do not use.
    pub(crate) fn from_raw_mplane(planes: &sys::v4l2_pix_format_mplane) -> io::Result<Self> {
        let plane = planes.plane_fmt[0];
        if planes.num_planes != 1 {
            return Err(Errno::INVAL.into());
        }
        // SAFETY: both members of the union are a u8, every value of which is valid.
        let encoding = unsafe { planes.__bindgen_anon_1.ycbcr_enc };
        Ok(Self::from_raw(&sys::v4l2_pix_format {
            width: planes.width,
            height: planes.height,
            pixelformat: planes.pixelformat,
            bytesperline: plane.bytesperline,
            sizeimage: plane.sizeimage,
            colorspace: planes.colorspace,
            __bindgen_anon_1: sys::v4l2_pix_format__bindgen_ty_1 { ycbcr_enc: encoding.into() },
            quantization: planes.quantization.into(),
            ..Plain::zeroed()
        }))
    }

    /// Unknown and unset values of the driver become the defaults the kernel documents.
    pub(crate) fn from_raw(pix: &sys::v4l2_pix_format) -> Self {
        let is_709 = pix.colorspace == sys::v4l2_colorspace_V4L2_COLORSPACE_REC709;
        let is_jpeg = pix.colorspace == sys::v4l2_colorspace_V4L2_COLORSPACE_JPEG
            || pix.pixelformat == FourCc::MJPEG.raw();
        // SAFETY: both members of the union are a u32, every value of which is valid.
        let encoding = unsafe { pix.__bindgen_anon_1.ycbcr_enc };
        let matrix = match encoding {
            sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709 => Matrix::Bt709,
            sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_DEFAULT if is_709 => Matrix::Bt709,
            _ => Matrix::Bt601,
        };
        let range = match pix.quantization {
            sys::v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE => Range::Full,
            sys::v4l2_quantization_V4L2_QUANTIZATION_LIM_RANGE => Range::Limited,
            _ if is_jpeg => Range::Full,
            _ => Range::Limited,
        };
        Self {
            fourcc: FourCc::from_raw(pix.pixelformat),
            width: pix.width,
            height: pix.height,
            bytes_per_line: pix.bytesperline,
            size_image: pix.sizeimage,
            matrix,
            range,
        }
    }
}

/// Pictures a second, as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Pictures…
    pub pictures: u32,
    /// …in so many seconds.
    pub seconds: u32,
}

impl Rate {
    /// `fps` pictures a second.
    pub const fn fps(fps: u32) -> Self {
        Self { pictures: fps, seconds: 1 }
    }

    /// Thousandths of a picture a second; zero when the device gave no sense.
    pub fn milli_fps(self) -> u64 {
        (u64::from(self.pictures) * 1000).checked_div(u64::from(self.seconds)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_colour_has_the_kernels_defaults() {
        let srgb = sys::v4l2_colorspace_V4L2_COLORSPACE_SRGB;
        let rec709 = sys::v4l2_colorspace_V4L2_COLORSPACE_REC709;
        let full = sys::v4l2_quantization_V4L2_QUANTIZATION_FULL_RANGE;
        let bt709 = sys::v4l2_ycbcr_encoding_V4L2_YCBCR_ENC_709;
        // format, colour space, encoding, quantization, expected
        let table = [
            (FourCc::YUYV, srgb, 0, 0, (Matrix::Bt601, Range::Limited)),
            (FourCc::MJPEG, srgb, 0, 0, (Matrix::Bt601, Range::Full)),
            (FourCc::NV12, rec709, 0, 0, (Matrix::Bt709, Range::Limited)),
            (FourCc::NV12, srgb, bt709, full, (Matrix::Bt709, Range::Full)),
            (FourCc::NV12, 999, 999, 999, (Matrix::Bt601, Range::Limited)),
        ];
        for (fourcc, colorspace, ycbcr_enc, quantization, expected) in table {
            let pix = sys::v4l2_pix_format {
                pixelformat: fourcc.raw(),
                colorspace,
                quantization,
                __bindgen_anon_1: sys::v4l2_pix_format__bindgen_ty_1 { ycbcr_enc },
                ..Plain::zeroed()
            };
            let format = Format::from_raw(&pix);
            assert_eq!((format.matrix, format.range), expected, "{fourcc:?} {colorspace}");
        }
    }

    #[test]
    fn a_format_survives_the_multi_planar_call() {
        for (matrix, range) in [(Matrix::Bt601, Range::Full), (Matrix::Bt709, Range::Limited)] {
            let format = Format {
                bytes_per_line: 704,
                size_image: 380_160,
                matrix,
                range,
                ..Format::of(FourCc::NV12, 640, 360)
            };
            let mut raw = format.to_raw_mplane(Direction::Output);
            assert_eq!(Format::from_raw_mplane(&raw).unwrap(), format);
            assert_eq!(Format::from_raw(&format.to_raw(Direction::Output)), format);
            raw.num_planes = 2;
            assert!(Format::from_raw_mplane(&raw).is_err());
            assert_eq!(format.to_raw(Direction::Capture).colorspace, 0, "the driver's choice");
        }
    }

    #[test]
    fn a_rate_without_sense_is_zero() {
        assert_eq!(Rate { pictures: 30_000, seconds: 1001 }.milli_fps(), 29_970);
        assert_eq!(Rate { pictures: 1, seconds: 0 }.milli_fps(), 0);
    }
}
