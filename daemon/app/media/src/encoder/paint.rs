// SPDX-License-Identifier: MIT OR Apache-2.0
//! Copies of pictures into an encoder's buffers, whose rows may be longer and more.

use frame::{Chroma, DeviceLayout, Size, YuvPicture};

/// How an encoder's buffers want pictures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input {
    pub chroma: Chroma,
    /// Bytes from one row of luma to the next.
    pub stride: usize,
    /// Rows of luma before chroma begins.
    pub lines: usize,
}

/// Copies a picture that lies as `layout` says; the encoder has the same order of chroma.
pub(super) fn rows(from: &[u8], layout: DeviceLayout, size: Size, input: Input, to: &mut [u8]) {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let Input { stride, lines, .. } = input;
    let (luma, chroma) = to.split_at_mut(stride * lines);
    Rows { stride, lines, sample: 1 }.take(from, layout.stride, (width, height), luma);
    let from = &from[layout.stride * layout.lines..];
    if input.chroma == Chroma::Pairs {
        let pairs = Rows { stride, lines: lines / 2, sample: 2 };
        pairs.take(from, layout.stride, (width, height / 2), chroma);
        return;
    }
    let half = Rows { stride: stride / 2, lines: lines / 2, sample: 1 };
    let (u, v) = chroma.split_at_mut(half.stride * half.lines);
    let from_stride = layout.stride / 2;
    half.take(from, from_stride, (width / 2, height / 2), u);
    half.take(&from[from_stride * layout.lines / 2..], from_stride, (width / 2, height / 2), v);
}

/// Copies a picture in our memory.
pub(super) fn planes(from: &YuvPicture, input: Input, to: &mut [u8]) {
    let Input { stride, lines, .. } = input;
    let (y, u, v) = (from.y(), from.u(), from.v());
    let (luma, chroma) = to.split_at_mut(stride * lines);
    Rows { stride, lines, sample: 1 }.take(y.samples, y.width, (y.width, y.height), luma);
    if input.chroma == Chroma::Planes {
        let half = Rows { stride: stride / 2, lines: lines / 2, sample: 1 };
        let (to_u, to_v) = chroma.split_at_mut(half.stride * half.lines);
        half.take(u.samples, u.width, (u.width, u.height), to_u);
        half.take(v.samples, v.width, (v.width, v.height), to_v);
        return;
    }
    let pairs = Rows { stride, lines: lines / 2, sample: 2 };
    let rows = u.samples.chunks_exact(u.width).zip(v.samples.chunks_exact(v.width));
    for ((u, v), to) in rows.zip(chroma.chunks_mut(stride)) {
        for ((u, v), pair) in u.iter().zip(v).zip(to.as_chunks_mut::<2>().0) {
            *pair = [*u, *v];
        }
        pairs.pad_row(to, u.len() * 2);
    }
    pairs.pad_below(u.height, chroma);
}

/// A plane of the encoder. What it has beyond the picture is cut off again, but shares blocks with
/// the picture: the edge goes on there, which costs the fewest bits.
#[derive(Debug, Clone, Copy)]
struct Rows {
    stride: usize,
    lines: usize,
    /// Bytes.
    sample: usize,
}

impl Rows {
    /// `width` in bytes.
    fn take(self, from: &[u8], from_stride: usize, (width, height): (usize, usize), to: &mut [u8]) {
        let rows = from.chunks(from_stride).zip(to.chunks_mut(self.stride)).take(height);
        for (from, to) in rows {
            to[..width].copy_from_slice(&from[..width]);
            self.pad_row(to, width);
        }
        self.pad_below(height, to);
    }

    fn pad_row(self, row: &mut [u8], width: usize) {
        let (picture, padding) = row.split_at_mut(width);
        let Some(last) = picture.last_chunk::<2>().copied() else { return };
        let last = &last[2 - self.sample..];
        padding.chunks_mut(self.sample).for_each(|to| to.copy_from_slice(&last[..to.len()]));
    }

    fn pad_below(self, height: usize, to: &mut [u8]) {
        let (picture, below) = to.split_at_mut(self.stride * height);
        let Some(last) = picture.rchunks(self.stride).next() else { return };
        let rows = below.chunks_exact_mut(self.stride).take(self.lines.saturating_sub(height));
        rows.for_each(|row| row.copy_from_slice(last));
    }
}

#[cfg(test)]
mod tests {
    use frame::Colour;

    use super::*;

    const SIZE: Size = Size::new(4, 2);

    fn input(chroma: Chroma) -> Input {
        // two bytes and two rows more than the picture
        Input { chroma, stride: 6, lines: 4 }
    }

    fn luma_and(chroma: &[u8]) -> Vec<u8> {
        let luma = [1, 2, 3, 4, 4, 4, 5, 6, 7, 8, 8, 8, 5, 6, 7, 8, 8, 8, 5, 6, 7, 8, 8, 8];
        [&luma[..], chroma].concat()
    }

    const PAIRS: [u8; 12] = [10, 20, 11, 21, 11, 21, 10, 20, 11, 21, 11, 21];
    const PLANES: [u8; 12] = [10, 11, 11, 10, 11, 11, 20, 21, 21, 20, 21, 21];

    #[test]
    fn planes_go_to_the_encoders_rows() {
        let data = vec![1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 20, 21];
        let picture = YuvPicture::from_i420(SIZE, data).unwrap();
        for (chroma, expected) in [(Chroma::Pairs, PAIRS), (Chroma::Planes, PLANES)] {
            let mut to = vec![0; 36];
            planes(&picture, input(chroma), &mut to);
            assert_eq!(to, luma_and(&expected), "{chroma:?}");
        }
    }

    #[test]
    fn a_devices_rows_go_to_the_encoders_rows() {
        let luma = [1, 2, 3, 4, 99, 99, 99, 99, 5, 6, 7, 8, 99, 99, 99, 99];
        let pairs = [10, 20, 11, 21, 99, 99, 99, 99];
        let planes = [10, 11, 99, 99, 20, 21, 99, 99];
        let table = [(Chroma::Pairs, pairs, PAIRS), (Chroma::Planes, planes, PLANES)];
        for (chroma, samples, expected) in table {
            let colour = Colour { is_bt709: true, is_full_range: false };
            let (stride, lines, buffer_len) = (8, 2, 24);
            let layout = DeviceLayout { chroma, stride, lines, buffer_len, colour };
            let mut to = vec![0; 36];
            rows(&[&luma[..], &samples].concat(), layout, SIZE, input(chroma), &mut to);
            assert_eq!(to, luma_and(&expected), "{chroma:?}");
        }
    }
}
