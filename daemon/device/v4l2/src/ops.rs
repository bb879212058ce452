// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`crate::Capture`] needs of a device: one method a call of the kernel.

use std::io;
use std::ops::Deref;
use std::time::Duration;

use crate::{Format, FourCc, Rate};

/// The calls for capture into mapped buffers. An error is the kernel's errno.
pub trait Ops {
    /// A mapped buffer.
    type Mapping: Deref<Target = [u8]>;

    /// Whether the device captures single-planar pictures and streams. Kernel: VIDIOC_QUERYCAP.
    fn is_capture(&self) -> io::Result<bool>;
    /// What the device can deliver. Kernel: VIDIOC_ENUM_FMT.
    fn formats(&self) -> io::Result<Vec<FourCc>>;
    /// Asks for a format; returns what the device chose. Kernel: VIDIOC_S_FMT.
    fn set_format(&self, fourcc: FourCc, width: u32, height: u32) -> io::Result<Format>;
    /// Asks for a rate; returns what the device chose. Kernel: VIDIOC_S_PARM.
    fn set_rate(&self, rate: Rate) -> io::Result<Rate>;
    /// Asks for buffers, or frees them with zero; returns how many there are. Kernel:
    /// VIDIOC_REQBUFS.
    fn request_buffers(&self, count: u32) -> io::Result<u32>;
    /// Maps a buffer. Kernel: VIDIOC_QUERYBUF, mmap.
    fn map(&self, index: u32) -> io::Result<Self::Mapping>;
    /// Gives a buffer to the device. Kernel: VIDIOC_QBUF.
    fn queue(&self, index: u32) -> io::Result<()>;
    /// Waits until [`Ops::dequeue`] has something to say; `false` when `timeout` passed. Kernel:
    /// poll.
    fn wait(&self, timeout: Duration) -> io::Result<bool>;
    /// Takes a filled buffer; `None` when there is none yet. Kernel: VIDIOC_DQBUF.
    fn dequeue(&self) -> io::Result<Option<Dequeued>>;
    /// Starts the device. Kernel: VIDIOC_STREAMON.
    fn stream_on(&self) -> io::Result<()>;
    /// Stops it; all buffers are ours again. Kernel: VIDIOC_STREAMOFF.
    fn stream_off(&self) -> io::Result<()>;
}

/// A filled buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dequeued {
    /// Which.
    pub index: u32,
    /// Bytes the device wrote.
    pub bytes_used: u32,
    /// The device says the content is damaged.
    pub is_damaged: bool,
    /// Counts the device's pictures, lost ones too.
    pub sequence: u32,
    /// When it was taken, on the monotonic clock; `None` when the device uses another.
    pub timestamp: Option<Duration>,
}
