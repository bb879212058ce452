// SPDX-License-Identifier: MIT OR Apache-2.0
//! From what a camera delivers to our pictures: I420, BT.709 limited, of the configured size.

use frame::{Colour, Size, YuvPicture};
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

#[cfg(feature = "libcamera")]
impl UnusableFormat {
    pub(super) fn of(format: Format) -> Self {
        Self(format)
    }
}

/// A picture is shorter than its format, or no JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// How pictures of `format` write colour.
pub(crate) fn colour_of(format: Format) -> Colour {
    Colour { is_bt709: format.matrix == Matrix::Bt709, is_full_range: format.range == Range::Full }
}

/// Converts pictures of one format.
pub(crate) struct Converter {
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
    pub(crate) fn new(format: Format, wanted: Size) -> Result<Self, UnusableFormat> {
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
        let from = YCbCr::from(colour_of(format));
        let colour =
            (from != YCbCr::BT709_LIMITED).then(|| Conversion::between(from, YCbCr::BT709_LIMITED));
        let unscaled = (size != wanted).then(|| YuvPicture::black(size));
        Ok(Self { format, size, colour, unscaled, scaler: Scaler::default(), pixels: Vec::new() })
    }

    /// Converts `bytes` into `picture`, which is of the wanted size.
    pub(crate) fn convert(
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
mod tests;
