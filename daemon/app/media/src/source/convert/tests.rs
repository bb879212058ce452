// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every format against pictures whose samples are known.

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
    let mut converter = Converter::new(format(FourCc::YUYV, 12, 6, 24), Size::new(24, 24)).unwrap();
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
