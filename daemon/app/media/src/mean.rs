// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mean of a picture: how bright it is, and of what colour.

use frame::{Chroma, Colour, DevicePicture, Plane, Size, YuvPicture};

use crate::colour::{Conversion, YCbCr};

/// Mean of a picture's samples, BT.709 limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mean {
    /// Of luma, black is 16.
    pub luma: u8,
    /// Of the blue difference, 128 is grey.
    pub cb: u8,
    /// Of the red difference, 128 is grey.
    pub cr: u8,
}

/// Of each plane's samples one in so many is looked at, both ways.
const SPARSE: usize = 8;

impl Mean {
    /// Of `picture`. One in a device's memory is read where it lies.
    pub fn of(picture: &YuvPicture) -> Self {
        match picture.device() {
            Some(device) => Self::of_device(device, picture.size()),
            None => {
                let of = |Plane { samples, width, height }| {
                    Samples { bytes: samples, stride: width, width, height, apart: 1 }.mean()
                };
                Self { luma: of(picture.y()), cb: of(picture.u()), cr: of(picture.v()) }
            }
        }
    }

    fn of_device(device: &dyn DevicePicture, size: Size) -> Self {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        let layout = device.layout();
        let bytes = device.bytes();
        let luma = Samples { bytes, stride: layout.stride, width, height, apart: 1 };
        let (_, chroma) = bytes.split_at_checked(layout.stride * layout.lines).unwrap_or_default();
        let [width, height] = [width.div_ceil(2), height.div_ceil(2)];
        // Where the second plane begins, how long rows are, how far apart samples stand
        let (second, stride, apart) = match layout.chroma {
            Chroma::Pairs => (1, layout.stride, 2),
            Chroma::Planes => (layout.stride / 2 * (layout.lines / 2), layout.stride / 2, 1),
        };
        let of = |begin: usize| {
            let bytes = chroma.get(begin..).unwrap_or_default();
            Samples { bytes, stride, width, height, apart }.mean()
        };
        Self { luma: luma.mean(), cb: of(0), cr: of(second) }.mapped_from(layout.colour)
    }

    /// The map is linear, so the mean of mapped samples is the mapped mean.
    fn mapped_from(self, colour: Colour) -> Self {
        let from = YCbCr::from(colour);
        if from == YCbCr::BT709_LIMITED {
            return self;
        }
        let map = Conversion::between(from, YCbCr::BT709_LIMITED);
        let (cb, cr) = map.chroma(self.cb, self.cr);
        Self { luma: map.luma(self.luma, map.offset(self.cb, self.cr)), cb, cr }
    }
}

/// Samples of one plane, in rows of `stride` bytes, `apart` bytes from one to the next.
#[derive(Debug, Clone, Copy)]
struct Samples<'a> {
    bytes: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
    apart: usize,
}

impl Samples<'_> {
    /// A picture without samples is black.
    fn mean(self) -> u8 {
        let used = (self.width * self.apart).min(self.stride);
        let rows = self.bytes.chunks(self.stride.max(1)).take(self.height).step_by(SPARSE);
        let samples =
            rows.flat_map(|row| row[..used.min(row.len())].iter().step_by(self.apart * SPARSE));
        let (sum, count) = samples
            .fold((0u64, 0u64), |(sum, count), sample| (sum + u64::from(*sample), count + 1));
        u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::BorrowedFd;
    use std::sync::Arc;

    use frame::DeviceLayout;

    use super::*;

    #[test]
    fn the_mean_of_a_picture() {
        let mut picture = YuvPicture::black(Size::new(64, 32));
        assert_eq!(Mean::of(&picture), Mean { luma: 16, cb: 128, cr: 128 });
        let [y, u, _] = picture.planes_mut();
        y.fill(200);
        u.fill(90);
        assert_eq!(Mean::of(&picture), Mean { luma: 200, cb: 90, cr: 128 });
    }

    #[derive(Debug)]
    struct Lent(DeviceLayout, Vec<u8>);

    impl DevicePicture for Lent {
        fn layout(&self) -> DeviceLayout {
            self.0
        }
        fn bytes(&self) -> &[u8] {
            &self.1
        }
        fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
            None
        }
        fn copy_out(&self) -> Vec<u8> {
            panic!("the mean needs no copy")
        }
    }

    /// 64 by 32 with rows of 80 and 36 lines: luma 200 and 100 by halves, blue 90, red 150, and
    /// 255 wherever nothing is to be looked at.
    fn lent(chroma: Chroma, colour: Colour) -> YuvPicture {
        let layout = DeviceLayout { chroma, stride: 80, lines: 36, buffer_len: 0, colour };
        let row = |parts: &[(usize, u8)]| -> Vec<u8> {
            parts.iter().flat_map(|&(count, sample)| vec![sample; count]).collect()
        };
        let mut bytes = row(&[(32, 200), (32, 100), (16, 255)]).repeat(32);
        bytes.resize(80 * 36, 255);
        bytes.extend(match chroma {
            Chroma::Pairs => [[90, 150].repeat(32), vec![255; 16]].concat().repeat(18),
            Chroma::Planes => {
                let plane = |sample| row(&[(32, sample), (8, 255)]).repeat(18);
                [plane(90), plane(150)].concat()
            }
        });
        YuvPicture::in_device(Size::new(64, 32), Arc::new(Lent(layout, bytes)))
    }

    #[test]
    fn a_lent_picture_is_read_where_it_lies() {
        let limited = Colour { is_bt709: true, is_full_range: false };
        let full = Colour { is_full_range: true, ..limited };
        for chroma in [Chroma::Pairs, Chroma::Planes] {
            let mean = Mean::of(&lent(chroma, limited));
            assert_eq!(mean, Mean { luma: 150, cb: 90, cr: 150 }, "{chroma:?}");
            // 16 + 150 * 219 / 255, 128 - 38 * 224 / 255, 128 + 22 * 224 / 255
            let mean = Mean::of(&lent(chroma, full));
            assert_eq!(mean, Mean { luma: 145, cb: 95, cr: 147 }, "{chroma:?}");
        }
    }

    #[test]
    fn memory_that_is_too_short_is_no_panic() {
        let colour = Colour { is_bt709: false, is_full_range: false };
        for (chroma, len) in [(Chroma::Pairs, 0), (Chroma::Planes, 10), (Chroma::Planes, 3000)] {
            let layout = DeviceLayout { chroma, stride: 80, lines: 36, buffer_len: 0, colour };
            let device = Arc::new(Lent(layout, vec![128; len]));
            let _any = Mean::of(&YuvPicture::in_device(Size::new(64, 32), device));
        }
    }
}
