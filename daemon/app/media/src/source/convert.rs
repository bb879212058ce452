// SPDX-License-Identifier: MIT OR Apache-2.0
//! From what a camera delivers to our pictures: I420, BT.709 limited, of the configured size.

use frame::{Size, YuvPicture};
use v4l2::{Format, FourCc, Matrix, Range};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::colour::{Conversion, YCbCr};
use crate::scale::Scaler;

/// Formats we read, the cheapest first.
pub(super) const FORMATS: [FourCc; 4] = [FourCc::YUV420, FourCc::NV12, FourCc::YUYV, FourCc::MJPEG];

/// The device chose a format that we cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("device chose {0:?}, which cannot be used")]
pub struct UnusableFormat(Format);

/// A picture is shorter than its format, or no JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Converts pictures of one format.
pub(super) struct Converter {
    format: Format,
    size: Size,
    colour: Option<Conversion>,
    /// The picture before scaling, when the sizes differ.
    unscaled: Option<YuvPicture>,
    scaler: Scaler,
    /// A decoded JPEG: Y, Cb, Cr of every pixel.
    pixels: Vec<u8>,
}

impl Converter {
    pub(super) fn new(format: Format, wanted: Size) -> Result<Self, UnusableFormat> {
        let side =
            |side: u32| u16::try_from(side).ok().filter(|s| s % 2 == 0 && (2..=4096).contains(s));
        let (Some(width), Some(height)) = (side(format.width), side(format.height)) else {
            return Err(UnusableFormat(format));
        };
        let row = match format.fourcc {
            FourCc::YUYV => 2 * format.width,
            FourCc::MJPEG => 0,
            _ => format.width,
        };
        let stride = 2 * 4 * 4096;
        if !FORMATS.contains(&format.fourcc) || !(row..=stride).contains(&format.bytes_per_line) {
            return Err(UnusableFormat(format));
        }
        let size = Size::new(width, height);
        let from = match (format.matrix, format.range) {
            (Matrix::Bt601, Range::Limited) => YCbCr::BT601_LIMITED,
            (Matrix::Bt601, Range::Full) => YCbCr::BT601_FULL,
            (Matrix::Bt709, Range::Limited) => YCbCr::BT709_LIMITED,
            (Matrix::Bt709, Range::Full) => YCbCr::BT709_FULL,
        };
        let colour =
            (from != YCbCr::BT709_LIMITED).then(|| Conversion::between(from, YCbCr::BT709_LIMITED));
        let unscaled = (size != wanted).then(|| YuvPicture::black(size));
        Ok(Self { format, size, colour, unscaled, scaler: Scaler::default(), pixels: Vec::new() })
    }

    /// Converts `bytes` into `picture`, which is of the wanted size.
    pub(super) fn convert(
        &mut self,
        bytes: &[u8],
        picture: &mut YuvPicture,
    ) -> Result<(), Damaged> {
        match self.unscaled.take() {
            Some(mut unscaled) => {
                let read = self.read(bytes, &mut unscaled);
                if read.is_ok() {
                    self.scaler.letterbox(&unscaled, picture);
                }
                self.unscaled = Some(unscaled);
                read
            }
            None => self.read(bytes, picture),
        }
    }

    fn read(&mut self, bytes: &[u8], picture: &mut YuvPicture) -> Result<(), Damaged> {
        match self.format.fourcc {
            FourCc::YUYV => self.read_yuyv(bytes, picture)?,
            FourCc::MJPEG => self.read_jpeg(bytes, picture)?,
            _ => self.read_420(bytes, picture)?,
        }
        if let Some(colour) = &self.colour {
            recolour(picture, colour);
        }
        Ok(())
    }

    fn read_420(&self, bytes: &[u8], picture: &mut YuvPicture) -> Result<(), Damaged> {
        let (width, height) = (usize::from(self.size.width), usize::from(self.size.height));
        let stride = usize::try_from(self.format.bytes_per_line).map_err(|_| Damaged)?;
        let (luma, chroma) = bytes.split_at_checked(stride * height).ok_or(Damaged)?;
        let [y, u, v] = picture.planes_mut();
        for (to, from) in y.chunks_exact_mut(width).zip(luma.chunks_exact(stride)) {
            to.copy_from_slice(&from[..width]);
        }
        if self.format.fourcc == FourCc::NV12 {
            let rows = chroma.get(..stride * height / 2).ok_or(Damaged)?.chunks_exact(stride);
            let planes = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
            for (row, (u, v)) in rows.zip(planes) {
                let pairs = row[..width].as_chunks::<2>().0;
                for ((&[cb, cr], u), v) in pairs.iter().zip(u).zip(v) {
                    (*u, *v) = (cb, cr);
                }
            }
            return Ok(());
        }
        let stride = stride / 2;
        for (plane, from) in [u, v].into_iter().zip(chroma.chunks(stride * height / 2)) {
            let from = from.get(..stride * height / 2).ok_or(Damaged)?;
            for (to, from) in plane.chunks_exact_mut(width / 2).zip(from.chunks_exact(stride)) {
                to.copy_from_slice(&from[..width / 2]);
            }
        }
        if chroma.len() < stride * height { Err(Damaged) } else { Ok(()) }
    }

    /// Chroma of two rows is averaged.
    fn read_yuyv(&self, bytes: &[u8], picture: &mut YuvPicture) -> Result<(), Damaged> {
        let (width, height) = (usize::from(self.size.width), usize::from(self.size.height));
        let stride = usize::try_from(self.format.bytes_per_line).map_err(|_| Damaged)?;
        let bytes = bytes.get(..stride * height).ok_or(Damaged)?;
        let [y, u, v] = picture.planes_mut();
        let rows = bytes.chunks_exact(2 * stride).zip(y.chunks_exact_mut(2 * width));
        let chroma = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
        for ((from, luma), (u, v)) in rows.zip(chroma) {
            let (upper, lower) = from.split_at(stride);
            let (upper, lower) =
                (upper[..2 * width].as_chunks::<4>().0, lower[..2 * width].as_chunks::<4>().0);
            let (luma_upper, luma_lower) = luma.split_at_mut(width);
            let luma = luma_upper.as_chunks_mut::<2>().0.iter_mut();
            let luma = luma.zip(luma_lower.as_chunks_mut::<2>().0);
            let chroma = u.iter_mut().zip(v);
            for (((a, b), (y_a, y_b)), (u, v)) in upper.iter().zip(lower).zip(luma).zip(chroma) {
                (*y_a, *y_b) = ([a[0], a[2]], [b[0], b[2]]);
                (*u, *v) = (a[1].midpoint(b[1]), a[3].midpoint(b[3]));
            }
        }
        Ok(())
    }

    fn read_jpeg(&mut self, bytes: &[u8], picture: &mut YuvPicture) -> Result<(), Damaged> {
        let (width, height) = (usize::from(self.size.width), usize::from(self.size.height));
        let options = DecoderOptions::default()
            .set_max_width(width)
            .set_max_height(height)
            .jpeg_set_out_colorspace(ColorSpace::YCbCr);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().map_err(|_| Damaged)?;
        let dimensions = decoder.info().map(|info| (info.width, info.height));
        let len = width * height * 3;
        if dimensions != Some((self.size.width, self.size.height))
            || decoder.output_buffer_size() != Some(len)
        {
            return Err(Damaged);
        }
        self.pixels.resize(len, 0);
        decoder.decode_into(&mut self.pixels).map_err(|_| Damaged)?;
        let [y, u, v] = picture.planes_mut();
        let pixels = self.pixels.as_chunks::<3>().0;
        for (to, from) in y.iter_mut().zip(pixels) {
            *to = from[0];
        }
        // The decoder has doubled chroma of 4:2:0 and 4:2:2, so one of four is enough for those.
        let chroma = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
        for (rows, (u, v)) in pixels.chunks_exact(2 * width).zip(chroma) {
            let (upper, lower) = rows.split_at(width);
            let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            for (((a, b), u), v) in pairs.zip(u).zip(v) {
                *u = average([a[0][1], a[1][1], b[0][1], b[1][1]]);
                *v = average([a[0][2], a[1][2], b[0][2], b[1][2]]);
            }
        }
        Ok(())
    }
}

fn average(samples: [u8; 4]) -> u8 {
    let sum: u16 = samples.into_iter().map(u16::from).sum();
    u8::try_from((sum + 2) / 4).expect("an average of bytes")
}

fn recolour(picture: &mut YuvPicture, colour: &Conversion) {
    let width = usize::from(picture.size().width);
    let [y, u, v] = picture.planes_mut();
    let chroma = u.chunks_exact_mut(width / 2).zip(v.chunks_exact_mut(width / 2));
    for (rows, (u, v)) in y.chunks_exact_mut(2 * width).zip(chroma) {
        let (upper, lower) = rows.split_at_mut(width);
        let luma = upper.as_chunks_mut::<2>().0.iter_mut().zip(lower.as_chunks_mut::<2>().0);
        for (((a, b), u), v) in luma.zip(u).zip(v) {
            let offset = colour.offset(*u, *v);
            for sample in a.iter_mut().chain(b) {
                *sample = colour.luma(*sample, offset);
            }
            (*u, *v) = colour.chroma(*u, *v);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, prop, prop_assert_eq, proptest};

    use super::*;

    fn format(fourcc: FourCc, width: u32, height: u32, bytes_per_line: u32) -> Format {
        let (matrix, range) = (Matrix::Bt709, Range::Limited);
        Format { fourcc, width, height, bytes_per_line, size_image: 0, matrix, range }
    }

    /// A picture whose samples tell where they are.
    fn picture(size: Size) -> YuvPicture {
        let bytes = (0..size.i420_len()).map(|n| u8::try_from(n * 7 % 199 + 20).unwrap()).collect();
        YuvPicture::from_i420(size, bytes).unwrap()
    }

    const SIZE: Size = Size::new(12, 6);

    /// `picture` as a camera would send it, rows padded to `stride`.
    fn sent(picture: &YuvPicture, fourcc: FourCc, stride: usize) -> Vec<u8> {
        let rows = |plane: frame::Plane<'_>, stride: usize| -> Vec<u8> {
            let pad = |row: &[u8]| [row, &vec![0xEE; stride - row.len()]].concat();
            plane.samples.chunks(plane.width).flat_map(pad).collect()
        };
        let (y, u, v) = (picture.y(), picture.u(), picture.v());
        match fourcc {
            FourCc::YUV420 => [rows(y, stride), rows(u, stride / 2), rows(v, stride / 2)].concat(),
            FourCc::NV12 => {
                let both: Vec<u8> =
                    u.samples.iter().zip(v.samples).flat_map(|(u, v)| [*u, *v]).collect();
                let both = frame::Plane { samples: &both, width: 2 * u.width, height: u.height };
                [rows(y, stride), rows(both, stride)].concat()
            }
            _ => {
                let sample = |x: usize, row: usize| match x % 4 {
                    1 => u.samples[row / 2 * u.width + x / 4],
                    3 => v.samples[row / 2 * v.width + x / 4],
                    _ => y.samples[row * y.width + x / 2],
                };
                let packed: Vec<u8> = (0..y.height)
                    .flat_map(|row| (0..2 * y.width).map(move |x| sample(x, row)))
                    .collect();
                let plane = frame::Plane { samples: &packed, width: 2 * y.width, height: y.height };
                rows(plane, stride)
            }
        }
    }

    #[test]
    fn uncompressed_formats_arrive_sample_by_sample() {
        let table = [
            (FourCc::YUV420, 12),
            (FourCc::YUV420, 16),
            (FourCc::NV12, 12),
            (FourCc::NV12, 32),
            (FourCc::YUYV, 24),
            (FourCc::YUYV, 40),
        ];
        for (fourcc, stride) in table {
            let original = picture(SIZE);
            let bytes = sent(&original, fourcc, stride);
            let format = format(fourcc, 12, 6, u32::try_from(stride).unwrap());
            let mut converter = Converter::new(format, SIZE).unwrap();
            let mut arrived = YuvPicture::black(SIZE);
            converter.convert(&bytes, &mut arrived).unwrap();
            assert_eq!(arrived, original, "{fourcc:?}, {stride} bytes a row");
            for cut in 0..bytes.len() {
                let result = converter.convert(&bytes[..cut], &mut arrived);
                assert_eq!(result, Err(Damaged), "{fourcc:?}, {stride} a row, cut at {cut}");
            }
        }
    }

    fn jpeg(size: Size, rgb: [u8; 3]) -> Vec<u8> {
        let pixels: Vec<u8> = std::iter::repeat_n(rgb, size.area()).flatten().collect();
        let mut jpeg = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut jpeg, 95);
        encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_1);
        encoder.encode(&pixels, size.width, size.height, jpeg_encoder::ColorType::Rgb).unwrap();
        jpeg
    }

    #[test]
    fn a_jpeg_becomes_bt709_limited() {
        let size = Size::new(32, 16);
        let (matrix, range) = (Matrix::Bt601, Range::Full);
        let format = Format { matrix, range, ..format(FourCc::MJPEG, 32, 16, 0) };
        let mut converter = Converter::new(format, size).unwrap();
        let mut picture = YuvPicture::black(size);
        converter.convert(&jpeg(size, [191, 0, 0]), &mut picture).unwrap();
        let got = [picture.y(), picture.u(), picture.v()].map(|plane| plane.samples[5]);
        for (got, red) in got.into_iter().zip([51, 109, 212]) {
            assert!(got.abs_diff(red) <= 2, "{got} is not {red}");
        }
        let other = jpeg(Size::new(16, 16), [1, 2, 3]);
        assert_eq!(converter.convert(&other, &mut picture), Err(Damaged), "of another size");
    }

    #[test]
    fn another_size_is_fitted() {
        let original = picture(SIZE);
        let mut converter =
            Converter::new(format(FourCc::YUYV, 12, 6, 24), Size::new(24, 24)).unwrap();
        let mut fitted = YuvPicture::black(Size::new(24, 24));
        converter.convert(&sent(&original, FourCc::YUYV, 24), &mut fitted).unwrap();
        assert_eq!(fitted.y().samples[0], 16, "a bar");
        assert_ne!(fitted.y().samples[12 * 24 + 12], 16, "the picture");
    }

    #[test]
    fn a_format_without_sense_is_refused() {
        let table = [
            format(FourCc::NV12, 13, 6, 13),
            format(FourCc::NV12, 0, 6, 12),
            format(FourCc::NV12, 12, 6, 11),
            format(FourCc::YUYV, 12, 6, 12),
            format(FourCc::NV12, 12, 6, u32::MAX),
            format(FourCc::NV12, 70_000, 6, 70_000),
            format(FourCc(*b"BA81"), 12, 6, 12),
        ];
        for format in table {
            assert!(Converter::new(format, SIZE).is_err(), "{format:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_broken_jpeg_does_no_harm(
            cut in 0usize..900,
            flips in prop::collection::vec((0usize..900, any::<u8>()), 0..4),
        ) {
            let size = Size::new(32, 16);
            let mut bytes = jpeg(size, [10, 200, 90]);
            for (at, value) in flips {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            bytes.truncate(cut.max(1));
            let mut converter = Converter::new(format(FourCc::MJPEG, 32, 16, 0), size).unwrap();
            let mut picture = YuvPicture::black(size);
            let _either = converter.convert(&bytes, &mut picture);
            prop_assert_eq!(picture.size(), size);
        }
    }
}
