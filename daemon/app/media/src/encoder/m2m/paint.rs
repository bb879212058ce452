// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies of pictures into an encoder's buffers, whose rows may be longer and more.

use frame::{DeviceLayout, Size, YuvPicture};
use v4l2::{Format, FourCc};

/// Copies a picture that lies as `layout` says; the encoder has the same order of chroma.
pub(super) fn rows(from: &[u8], layout: DeviceLayout, size: Size, input: Format, to: &mut [u8]) {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let (to_stride, to_lines) = shape(input);
    copy(from, layout.stride, &mut to[..], to_stride, (width, height));
    let (from, to) = (&from[layout.stride * layout.lines..], &mut to[to_stride * to_lines..]);
    if input.fourcc == FourCc::NV12 {
        copy(from, layout.stride, to, to_stride, (width, height / 2));
        return;
    }
    let (from_stride, to_stride) = (layout.stride / 2, to_stride / 2);
    let half = (width / 2, height / 2);
    copy(from, from_stride, to, to_stride, half);
    let from = &from[from_stride * layout.lines / 2..];
    copy(from, from_stride, &mut to[to_stride * to_lines / 2..], to_stride, half);
}

/// Copies a picture in our memory.
pub(super) fn planes(from: &YuvPicture, input: Format, to: &mut [u8]) {
    let (stride, lines) = shape(input);
    let (y, u, v) = (from.y(), from.u(), from.v());
    copy(y.samples, y.width, to, stride, (y.width, y.height));
    let to = &mut to[stride * lines..];
    if input.fourcc != FourCc::NV12 {
        copy(u.samples, u.width, to, stride / 2, (u.width, u.height));
        copy(
            v.samples,
            v.width,
            &mut to[stride / 2 * lines / 2..],
            stride / 2,
            (v.width, v.height),
        );
        return;
    }
    let chroma = u.samples.chunks_exact(u.width).zip(v.samples.chunks_exact(v.width));
    for ((u, v), to) in chroma.zip(to.chunks_mut(stride)) {
        for ((u, v), pair) in u.iter().zip(v).zip(to.as_chunks_mut::<2>().0) {
            *pair = [*u, *v];
        }
    }
}

fn shape(input: Format) -> (usize, usize) {
    let number = |count: u32| usize::try_from(count).unwrap_or(0);
    (number(input.bytes_per_line), number(input.height))
}

fn copy(
    from: &[u8],
    from_stride: usize,
    to: &mut [u8],
    to_stride: usize,
    (width, height): (usize, usize),
) {
    let rows = from.chunks(from_stride).zip(to.chunks_mut(to_stride)).take(height);
    rows.for_each(|(from, to)| to[..width].copy_from_slice(&from[..width]));
}

#[cfg(test)]
mod tests {
    use frame::{Chroma, Colour};

    use super::*;

    const SIZE: Size = Size::new(4, 2);

    fn input(fourcc: FourCc) -> Format {
        // two bytes and two rows more than the picture
        Format { bytes_per_line: 6, size_image: 36, ..Format::of(fourcc, 4, 4) }
    }

    fn luma_and(chroma: &[u8]) -> Vec<u8> {
        let luma = [1, 2, 3, 4, 0, 0, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        [&luma[..], chroma].concat()
    }

    const PAIRS: [u8; 12] = [10, 20, 11, 21, 0, 0, 0, 0, 0, 0, 0, 0];
    const PLANES: [u8; 12] = [10, 11, 0, 0, 0, 0, 20, 21, 0, 0, 0, 0];

    #[test]
    fn planes_go_to_the_encoders_rows() {
        let data = vec![1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 20, 21];
        let picture = YuvPicture::from_i420(SIZE, data).unwrap();
        for (fourcc, chroma) in [(FourCc::NV12, PAIRS), (FourCc::YUV420, PLANES)] {
            let mut to = vec![0; 36];
            planes(&picture, input(fourcc), &mut to);
            assert_eq!(to, luma_and(&chroma), "{fourcc:?}");
        }
    }

    #[test]
    fn a_devices_rows_go_to_the_encoders_rows() {
        let luma = [1, 2, 3, 4, 99, 99, 99, 99, 5, 6, 7, 8, 99, 99, 99, 99];
        let pairs = [10, 20, 11, 21, 99, 99, 99, 99];
        let planes = [10, 11, 99, 99, 20, 21, 99, 99];
        let table = [
            (FourCc::NV12, Chroma::Pairs, pairs, PAIRS),
            (FourCc::YUV420, Chroma::Planes, planes, PLANES),
        ];
        for (fourcc, chroma, samples, expected) in table {
            let colour = Colour { is_bt709: true, is_full_range: false };
            let (stride, lines, buffer_len) = (8, 2, 24);
            let layout = DeviceLayout { chroma, stride, lines, buffer_len, colour };
            let mut to = vec![0; 36];
            rows(&[&luma[..], &samples].concat(), layout, SIZE, input(fourcc), &mut to);
            assert_eq!(to, luma_and(&expected), "{fourcc:?}");
        }
    }
}
