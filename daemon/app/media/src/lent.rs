// SPDX-License-Identifier: MIT OR Apache-2.0
//! A picture that stays in the memory of a camera or a scaler.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};

use frame::{Chroma, DeviceLayout, DevicePicture, Size, YuvPicture};
use v4l2::{Format, FourCc, Lent, Ops};

use crate::source::{Converter, colour_of};
use crate::video::Counter;

/// How pictures of `format` lie; `None` when they cannot be used as they are.
pub(crate) fn layout(format: Format, wanted: Size) -> Option<DeviceLayout> {
    let chroma = match format.fourcc {
        FourCc::NV12 => Chroma::Pairs,
        FourCc::YUV420 => Chroma::Planes,
        _ => return None,
    };
    let is_wanted = (format.width, format.height) == (wanted.width.into(), wanted.height.into());
    let colour = colour_of(format);
    let stride = usize::try_from(format.bytes_per_line).ok()?;
    let lines = usize::from(wanted.height);
    (is_wanted && stride >= wanted.width.into()).then_some(DeviceLayout {
        chroma,
        stride,
        lines,
        buffer_len: 0,
        colour,
    })
}

/// Memory of a device that holds a picture, and goes back when it is dropped.
pub(crate) trait Memory: fmt::Debug + Send + Sync {
    /// What the device wrote.
    fn bytes(&self) -> &[u8];

    /// How many bytes that is, without a look at them: the kernel is told of looks.
    fn used(&self) -> usize;

    /// For other devices; `None` when it cannot be lent to them.
    fn dma_buf(&self) -> Option<BorrowedFd<'_>>;
}

impl<O: Ops> Memory for Lent<O> {
    fn bytes(&self) -> &[u8] {
        self.bytes()
    }

    fn used(&self) -> usize {
        self.used()
    }

    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.dma_buf()
    }
}

pub(crate) struct LentPicture<M> {
    pub layout: DeviceLayout,
    pub size: Size,
    pub lent: M,
    pub converter: Arc<Mutex<Converter>>,
    pub copied: Arc<Counter>,
}

impl<M: Memory> LentPicture<M> {
    pub(crate) fn is_whole(&self) -> bool {
        self.lent.used() >= self.layout.stride * self.layout.lines * 3 / 2
    }
}

impl<M: Memory> fmt::Debug for LentPicture<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lent.fmt(f)
    }
}

impl<M: Memory> DevicePicture for LentPicture<M> {
    fn layout(&self) -> DeviceLayout {
        self.layout
    }

    fn bytes(&self) -> &[u8] {
        self.lent.bytes()
    }

    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.lent.dma_buf()
    }

    fn copy_out(&self) -> Vec<u8> {
        let mut picture = YuvPicture::black(self.size);
        let mut converter = self.converter.lock().unwrap_or_else(PoisonError::into_inner);
        converter
            .convert(self.lent.bytes(), &mut picture)
            .expect("only whole pictures are lent, and no JPEGs");
        self.copied.add(u64::try_from(self.size.i420_len()).unwrap_or(u64::MAX));
        picture.into_bytes()
    }
}
