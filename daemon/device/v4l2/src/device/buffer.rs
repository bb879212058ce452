// SPDX-License-Identifier: MIT OR Apache-2.0
//! One buffer in a call of the kernel, by the single- or the multi-planar call.
//! Kernel: media/v4l/buffer.

use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use v4l::v4l_sys as sys;

use crate::raw::Plain;
use crate::{Dequeued, Filled, Memory, Queue};

/// A `v4l2_buffer` and the plane that it may point to.
pub(super) struct Argument {
    buffer: sys::v4l2_buffer,
    plane: sys::v4l2_plane,
    is_multi: bool,
}

impl Argument {
    pub(super) fn new(queue: Queue, memory: Memory, index: u32) -> Self {
        let (type_, memory, is_multi) = (queue.raw(), memory.raw(), queue.is_multi());
        let buffer = sys::v4l2_buffer { index, type_, memory, ..Plain::zeroed() };
        Self { buffer, plane: Plain::zeroed(), is_multi }
    }

    pub(super) fn fill(&mut self, filled: &Filled<'_>) {
        let fd = filled.dma_buf.map(|fd| fd.as_raw_fd());
        if self.is_multi {
            self.plane.bytesused = filled.bytes_used;
            self.plane.length = filled.length;
            self.plane.m = fd.map_or(self.plane.m, |fd| sys::v4l2_plane__bindgen_ty_1 { fd });
        } else {
            self.buffer.bytesused = filled.bytes_used;
            self.buffer.length = filled.length;
            self.buffer.m = fd.map_or(self.buffer.m, |fd| sys::v4l2_buffer__bindgen_ty_1 { fd });
        }
        // time_t and suseconds_t are of different widths on different targets
        self.buffer.timestamp.tv_sec = filled.timestamp.as_secs().try_into().unwrap_or_default();
        self.buffer.timestamp.tv_usec = filled.timestamp.subsec_micros().into();
        self.buffer.field = sys::v4l2_field_V4L2_FIELD_NONE;
    }

    /// For a call of the kernel. It points into `self`, which must not move until that returned.
    pub(super) fn raw(&mut self) -> &mut sys::v4l2_buffer {
        if self.is_multi {
            self.buffer.length = 1;
            self.buffer.m.planes = &raw mut self.plane;
        }
        &mut self.buffer
    }

    /// After VIDIOC_QUERYBUF: length and offset for mmap.
    pub(super) fn place(&self) -> (usize, u64) {
        let (length, offset) = if self.is_multi {
            // SAFETY: for mapped memory the kernel writes `mem_offset`.
            (self.plane.length, unsafe { self.plane.m.mem_offset })
        } else {
            // SAFETY: for mapped memory the kernel writes `offset`.
            (self.buffer.length, unsafe { self.buffer.m.offset })
        };
        (usize::try_from(length).unwrap_or(0), offset.into())
    }

    /// After VIDIOC_DQBUF.
    pub(super) fn dequeued(&self) -> Dequeued {
        let buffer = &self.buffer;
        let seconds = u64::try_from(buffer.timestamp.tv_sec).ok();
        let micros = u64::try_from(buffer.timestamp.tv_usec).ok();
        let time = seconds
            .zip(micros)
            .map(|(s, us)| Duration::from_secs(s).saturating_add(Duration::from_micros(us)));
        let clock = buffer.flags & sys::V4L2_BUF_FLAG_TIMESTAMP_MASK;
        let bytes_used = if self.is_multi { self.plane.bytesused } else { buffer.bytesused };
        // What begins elsewhere than at the beginning we would show shifted.
        let is_shifted = self.is_multi && self.plane.data_offset != 0;
        Dequeued {
            index: buffer.index,
            bytes_used,
            is_damaged: is_shifted || buffer.flags & sys::V4L2_BUF_FLAG_ERROR != 0,
            is_key: buffer.flags & sys::V4L2_BUF_FLAG_KEYFRAME != 0,
            is_last: buffer.flags & sys::V4L2_BUF_FLAG_LAST != 0,
            sequence: buffer.sequence,
            timestamp: time.filter(|_| clock == sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC),
            copied: time.filter(|_| clock == sys::V4L2_BUF_FLAG_TIMESTAMP_COPY),
        }
    }
}

impl Memory {
    pub(super) fn raw(self) -> u32 {
        match self {
            Self::Mapped => sys::v4l2_memory_V4L2_MEMORY_MMAP,
            Self::Imported => sys::v4l2_memory_V4L2_MEMORY_DMABUF,
        }
    }
}

/// What VIDIOC_EXPBUF takes.
pub(super) fn export(queue: Queue, index: u32) -> sys::v4l2_exportbuffer {
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::CLOEXEC;
    let (type_, fd): (u32, RawFd) = (queue.raw(), -1);
    sys::v4l2_exportbuffer { type_, index, flags: flags.bits(), fd, ..Plain::zeroed() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Direction, Planes};

    #[test]
    fn damaged_and_foreign_time_is_seen() {
        let mut raw = Argument::new(Queue::capture(Planes::Single), Memory::Mapped, 3);
        raw.buffer.flags = sys::V4L2_BUF_FLAG_ERROR | sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        raw.buffer.timestamp.tv_sec = 12;
        raw.buffer.timestamp.tv_usec = 345_678;
        let full = raw.dequeued();
        assert!(full.is_damaged && !full.is_last && !full.is_key);
        assert_eq!(full.timestamp, Some(Duration::from_micros(12_345_678)));
        assert_eq!(full.copied, None);
        raw.buffer.timestamp.tv_sec = -1;
        assert_eq!(raw.dequeued().timestamp, None);
        raw.buffer.flags = 0;
        raw.buffer.timestamp.tv_sec = 1;
        assert_eq!(raw.dequeued().timestamp, None);
    }

    #[test]
    fn a_picture_goes_in_by_either_call() {
        let timestamp = Duration::from_micros(7_000_001);
        let filled = Filled { dma_buf: None, length: 100, bytes_used: 60, timestamp };
        for planes in [Planes::Single, Planes::Multi] {
            let queue = Queue { direction: Direction::Output, planes };
            let mut argument = Argument::new(queue, Memory::Mapped, 1);
            argument.fill(&filled);
            let is_multi = queue.is_multi();
            let raw = argument.raw();
            assert_eq!(raw.length, if is_multi { 1 } else { 100 });
            assert_eq!(raw.type_, queue.raw());
            argument.buffer.flags = sys::V4L2_BUF_FLAG_TIMESTAMP_COPY;
            let full = argument.dequeued();
            assert_eq!((full.bytes_used, full.copied), (60, Some(timestamp)), "{planes:?}");
            assert_eq!(full.timestamp, None, "another program's clock");
        }
    }
}
