// SPDX-License-Identifier: MIT OR Apache-2.0
//! JPEG from planes, without a detour through RGB.

use frame::YuvPicture;
use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};

use crate::colour::{Conversion, YCbCr};

/// Encodes `picture`; `quality` is 1 to 100.
pub(super) fn encode(picture: &YuvPicture, quality: u8) -> Result<Vec<u8>, EncodingError> {
    // It does not grow, which would leave what it was in memory: a JPEG is smaller than its pixels.
    let mut jpeg = Vec::with_capacity(picture.size().area() * 3 / 2 + HEADERS);
    let mut encoder = Encoder::new(&mut jpeg, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    let conversion = Conversion::between(YCbCr::BT709_LIMITED, YCbCr::BT601_FULL);
    encoder.encode_image(Rows { picture, conversion })?;
    Ok(jpeg)
}

/// The tables and markers of a baseline file, in bytes; less in truth.
const HEADERS: usize = 2048;

struct Rows<'a> {
    picture: &'a YuvPicture,
    conversion: Conversion,
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        self.picture.size().width
    }

    fn height(&self) -> u16 {
        self.picture.size().height
    }

    /// Every chroma sample stands for two columns and two rows; the encoder takes one of four.
    fn fill_buffers(&self, row: u16, buffers: &mut [Vec<u8>; 4]) {
        let (y, u, v) = (self.picture.y(), self.picture.u(), self.picture.v());
        let row = usize::from(row);
        let luma = &y.samples[row * y.width..][..y.width];
        let chroma = row / 2 * u.width;
        let (cb, cr) = (&u.samples[chroma..][..u.width], &v.samples[chroma..][..v.width]);
        let [out_y, out_cb, out_cr, _] = buffers;
        for ((pair, &cb), &cr) in luma.chunks(2).zip(cb).zip(cr) {
            let (new_cb, new_cr) = self.conversion.chroma(cb, cr);
            let offset = self.conversion.offset(cb, cr);
            for &y in pair {
                out_y.push(self.conversion.luma(y, offset));
                out_cb.push(new_cb);
                out_cr.push(new_cr);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use frame::Size;
    use zune_core::bytestream::ZCursor;
    use zune_core::colorspace::ColorSpace;
    use zune_core::options::DecoderOptions;
    use zune_jpeg::JpegDecoder;

    use super::*;
    use crate::pattern::{Drawn, Moment, Scene, TestPattern};

    #[test]
    fn bars_come_back_in_their_colours() {
        let size = Size::new(322, 182);
        let mut picture = YuvPicture::black(size);
        let moment = Moment { number: 0, elapsed: Duration::ZERO, unix_s: 0 };
        TestPattern::new(Scene::Still, size).draw(&moment, &mut picture, &mut Drawn::default());
        let jpeg = encode(&picture, 85).unwrap();

        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&jpeg), options);
        let rgb = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        assert_eq!((info.width, info.height), (size.width, size.height));
        let on = 191; // 75 % of full range
        let bars = [
            [on, on, on],
            [on, on, 0],
            [0, on, on],
            [0, on, 0],
            [on, 0, on],
            [on, 0, 0],
            [0, 0, on],
        ];
        for (n, expected) in bars.into_iter().enumerate() {
            let (x, y) = (322 * (2 * n + 1) / 14, 80);
            let pixel = &rgb[(y * 322 + x) * 3..][..3];
            for (got, expected) in pixel.iter().zip(expected) {
                assert!(got.abs_diff(expected) <= 6, "bar {n}: {pixel:?}");
            }
        }
    }
}
