// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw pictures in memory.

use std::sync::Arc;

use crate::Pts;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YuvPicture {
    size: Size,
    data: Vec<u8>,
}

impl YuvPicture {
    /// A black picture.
    pub fn black(size: Size) -> Self {
        let mut data = vec![128; size.i420_len()];
        data[..size.area()].fill(16);
        Self { size, data }
    }

    /// Takes Y, U and V planes that stand one after the other; `None` when the length is not that
    /// of `size`.
    pub fn from_i420(size: Size, data: Vec<u8>) -> Option<Self> {
        (data.len() == size.i420_len()).then_some(Self { size, data })
    }

    /// The picture's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// All three planes in order.
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// The luma plane.
    pub fn y(&self) -> Plane<'_> {
        let (width, height) = (self.size.width.into(), self.size.height.into());
        Plane { samples: &self.data[..self.size.area()], width, height }
    }

    /// The first chroma plane (blue difference), half as wide and high.
    pub fn u(&self) -> Plane<'_> {
        self.chroma(0)
    }

    /// The second chroma plane (red difference).
    pub fn v(&self) -> Plane<'_> {
        self.chroma(1)
    }

    /// The planes Y, U, V for drawing.
    pub fn planes_mut(&mut self) -> [&mut [u8]; 3] {
        let (y, chroma) = self.data.split_at_mut(self.size.area());
        let half = chroma.len() / 2;
        let (u, v) = chroma.split_at_mut(half);
        [y, u, v]
    }

    fn chroma(&self, index: usize) -> Plane<'_> {
        let width = usize::from(self.size.width).div_ceil(2);
        let height = usize::from(self.size.height).div_ceil(2);
        let start = self.size.area() + index * width * height;
        Plane { samples: &self.data[start..start + width * height], width, height }
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
