// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw pictures in memory.

use std::sync::{Arc, OnceLock};

use crate::wiped::Wiped;
use crate::{DevicePicture, Pts};

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// Pixels per row; even for 4:2:0.
    pub width: u16,
    /// Rows; even for 4:2:0.
    pub height: u16,
}

impl Size {
    /// `width` by `height` pixels.
    pub const fn new(width: u16, height: u16) -> Self {
        Self { width, height }
    }

    /// Pixels in the picture.
    pub fn area(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }

    /// Bytes of a 4:2:0 picture of eight bits a sample without padding.
    pub fn i420_len(self) -> usize {
        let chroma = usize::from(self.width).div_ceil(2) * usize::from(self.height).div_ceil(2);
        self.area() + 2 * chroma
    }
}

/// One plane of a picture.
#[derive(Debug, Clone, Copy)]
pub struct Plane<'a> {
    /// Rows of `width` samples, without padding.
    pub samples: &'a [u8],
    /// Samples per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

/// A planar 4:2:0 picture (I420), BT.709 limited range, planes without padding, in one allocation.
/// It may still lie in a device's memory: then the first look at its planes copies it.
#[derive(Debug, Clone)]
pub struct YuvPicture {
    size: Size,
    pixels: Pixels,
}

#[derive(Debug, Clone)]
enum Pixels {
    Here(Wiped),
    Device { picture: Arc<dyn DevicePicture>, copy: OnceLock<Wiped> },
}

impl PartialEq for YuvPicture {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size && self.bytes() == other.bytes()
    }
}

impl Eq for YuvPicture {}

impl YuvPicture {
    /// A black picture.
    pub fn black(size: Size) -> Self {
        let mut data = vec![128; size.i420_len()];
        data[..size.area()].fill(16);
        Self { size, pixels: Pixels::Here(Wiped::new(data)) }
    }

    /// A picture in a device's memory.
    pub fn in_device(size: Size, picture: Arc<dyn DevicePicture>) -> Self {
        Self { size, pixels: Pixels::Device { picture, copy: OnceLock::new() } }
    }

    /// The device's memory, when it still lies there.
    pub fn device(&self) -> Option<&dyn DevicePicture> {
        match &self.pixels {
            Pixels::Here(_) => None,
            Pixels::Device { picture, .. } => Some(picture.as_ref()),
        }
    }

    /// Takes Y, U and V planes that stand one after the other; `None` when the length is not that
    /// of `size`.
    pub fn from_i420(size: Size, data: Vec<u8>) -> Option<Self> {
        (data.len() == size.i420_len())
            .then(|| Self { size, pixels: Pixels::Here(Wiped::new(data)) })
    }

    /// The picture's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// All three planes in order.
    pub fn bytes(&self) -> &[u8] {
        match &self.pixels {
            Pixels::Here(data) => data,
            Pixels::Device { picture, copy } => copy.get_or_init(|| {
                let data = picture.copy_out();
                debug_assert_eq!(data.len(), self.size.i420_len());
                Wiped::new(data)
            }),
        }
    }

    /// The same, as owner.
    pub fn into_bytes(self) -> Vec<u8> {
        match self.pixels {
            Pixels::Here(data) => data.into_vec(),
            Pixels::Device { picture, copy } => {
                copy.into_inner().map_or_else(|| picture.copy_out(), Wiped::into_vec)
            }
        }
    }

    /// The luma plane.
    pub fn y(&self) -> Plane<'_> {
        let (width, height) = (self.size.width.into(), self.size.height.into());
        Plane { samples: &self.bytes()[..self.size.area()], width, height }
    }

    /// The first chroma plane (blue difference), half as wide and high.
    pub fn u(&self) -> Plane<'_> {
        self.chroma(0)
    }

    /// The second chroma plane (red difference).
    pub fn v(&self) -> Plane<'_> {
        self.chroma(1)
    }

    /// The planes Y, U, V for drawing. A picture in a device's memory leaves it.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        if let Pixels::Device { .. } = self.pixels {
            self.pixels = Pixels::Here(Wiped::new(self.bytes().to_vec()));
        }
        let Pixels::Here(data) = &mut self.pixels else { unreachable!("made so above") };
        let (y, chroma) = data.split_at_mut(self.size.area());
        let half = chroma.len() / 2;
        let (u, v) = chroma.split_at_mut(half);
        [y, u, v]
    }

    fn chroma(&self, index: usize) -> Plane<'_> {
        let width = usize::from(self.size.width).div_ceil(2);
        let height = usize::from(self.size.height).div_ceil(2);
        let start = self.size.area() + index * width * height;
        Plane { samples: &self.bytes()[start..start + width * height], width, height }
    }
}

/// A captured picture on its way to encoder, motion detection and snapshots. Cloning copies the
/// handle, not the pixels.
#[derive(Debug, Clone)]
pub struct RawFrame {
    /// Counts every picture the source delivered, so that a loss can be seen.
    pub number: u64,
    /// When it was captured.
    pub pts: Pts,
    /// The pixels.
    pub picture: Arc<YuvPicture>,
}

#[cfg(test)]
mod tests {
    use std::os::fd::BorrowedFd;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::{Chroma, Colour, DeviceLayout};

    #[derive(Debug, Default)]
    struct Grey(AtomicU32);

    impl DevicePicture for Grey {
        fn layout(&self) -> DeviceLayout {
            let colour = Colour { is_bt709: true, is_full_range: false };
            let (chroma, stride, lines, buffer_len) = (Chroma::Pairs, 4, 2, 12);
            DeviceLayout { chroma, stride, lines, buffer_len, colour }
        }
        fn bytes(&self) -> &[u8] {
            &[9; 12]
        }
        fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
            None
        }
        fn copy_out(&self) -> Vec<u8> {
            self.0.fetch_add(1, Ordering::Relaxed);
            vec![9; 12]
        }
    }

    #[test]
    fn a_picture_in_a_device_is_copied_at_the_first_look_and_once() {
        let device = Arc::new(Grey::default());
        let mut picture = YuvPicture::in_device(Size::new(4, 2), Arc::clone(&device) as _);
        assert_eq!(picture.size(), Size::new(4, 2));
        assert!(picture.device().is_some());
        assert_eq!(device.0.load(Ordering::Relaxed), 0, "nobody looked");
        assert_eq!((picture.y().samples, picture.v().samples), (&[9; 8][..], &[9; 2][..]));
        assert_eq!(device.0.load(Ordering::Relaxed), 1);
        picture.planes_mut()[0].fill(1);
        assert!(picture.device().is_none(), "it is ours now");
        assert_eq!(Arc::strong_count(&device), 1, "the device has its memory back");
        assert_eq!(picture.bytes(), [1, 1, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9]);
    }
}
