// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures that lie in a device's memory: another device can read them there, without a copy.

use std::fmt;
use std::os::fd::BorrowedFd;

/// A picture in a device's memory. Dropping it gives the memory back to the device.
pub trait DevicePicture: fmt::Debug + Send + Sync {
    /// How it lies there.
    fn layout(&self) -> DeviceLayout;

    /// The memory as the device wrote it, at least as long as the layout says.
    fn bytes(&self) -> &[u8];

    /// The memory for other devices; `None` when it cannot be lent.
    fn dma_buf(&self) -> Option<BorrowedFd<'_>>;

    /// A copy as I420, BT.709 limited range, planes without padding, of the picture's size.
    fn copy_out(&self) -> Vec<u8>;
}

/// How a 4:2:0 picture of eight bits a sample lies in memory: rows of luma, then chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceLayout {
    /// The order of chroma samples.
    pub chroma: Chroma,
    /// Bytes from one row of luma to the next, at least the width.
    pub stride: usize,
    /// Rows of luma before chroma begins, at least the height.
    pub lines: usize,
    /// Bytes of the whole buffer.
    pub buffer_len: usize,
    /// How colour is written.
    pub colour: Colour,
}

/// Where chroma samples stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// In pairs (NV12), rows as long as those of luma.
    Pairs,
    /// In two planes (I420), rows half as long.
    Planes,
}

/// Matrix and range of YCbCr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// BT.709 instead of BT.601.
    pub is_bt709: bool,
    /// 0 to 255 instead of 16 to 235.
    pub is_full_range: bool,
}
