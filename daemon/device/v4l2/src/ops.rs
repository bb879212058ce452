// SPDX-License-Identifier: MIT OR Apache-2.0
//! What [`crate::Capture`] and [`crate::Encoder`] need of a device: one method a call of the
//! kernel.

use std::io;
use std::ops::DerefMut;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use dmabuf::DeviceMemory;
use rustix::io::Errno;

use crate::{Capabilities, Control, Format, FourCc, Queue, Rate, Rect, Target};

/// The calls that every queue of buffers needs. An error is the kernel's errno.
pub trait Ops: Send + Sync + 'static {
    /// A mapped buffer, for reading.
    type Mapping: DeviceMemory;

    /// What the device is. Kernel: VIDIOC_QUERYCAP.
    fn capabilities(&self) -> io::Result<Capabilities>;
    /// What the queue can carry. Kernel: VIDIOC_ENUM_FMT.
    fn formats(&self, queue: Queue) -> io::Result<Vec<FourCc>>;
    /// Asks for a format; returns what the device chose. Zero is "as you like" for the length of
    /// rows and pictures; colour is told to an output queue only. Kernel: VIDIOC_S_FMT.
    fn set_format(&self, queue: Queue, wish: &Format) -> io::Result<Format>;
    /// Asks for a rate; returns what the device chose. Kernel: VIDIOC_S_PARM.
    fn set_rate(&self, queue: Queue, rate: Rate) -> io::Result<Rate>;
    /// Sets a control. Kernel: VIDIOC_S_EXT_CTRLS.
    fn set_control(&self, control: Control, value: i32) -> io::Result<()>;
    /// What a control is before anybody sets it. Kernel: VIDIOC_QUERYCTRL.
    fn default_of(&self, control: Control) -> io::Result<i32> {
        let _ = control;
        Err(Errno::INVAL.into())
    }
    /// A part of the pictures that go in or of what the sensor sees. Kernel: VIDIOC_G_SELECTION.
    fn selection(&self, queue: Queue, target: Target) -> io::Result<Rect> {
        let _ = (queue, target);
        Err(Errno::NOTTY.into())
    }
    /// Asks which part of them is to be used, and of what a sensor sees for no more than that;
    /// returns what the device chose. Kernel: VIDIOC_S_SELECTION, V4L2_SEL_FLAG_LE.
    fn set_crop(&self, queue: Queue, crop: Rect) -> io::Result<Rect> {
        let _ = (queue, crop);
        Err(Errno::NOTTY.into())
    }
    /// Asks for buffers, or frees them with zero; returns how many there are. Kernel:
    /// VIDIOC_REQBUFS.
    fn request_buffers(&self, queue: Queue, memory: Memory, count: u32) -> io::Result<u32>;
    /// Maps a buffer, as a DMABUF where the device exports it. Kernel: VIDIOC_QUERYBUF,
    /// VIDIOC_EXPBUF, mmap.
    fn map(&self, queue: Queue, index: u32) -> io::Result<Self::Mapping>;
    /// Gives an empty buffer to the device. Kernel: VIDIOC_QBUF.
    fn queue(&self, queue: Queue, index: u32) -> io::Result<()>;
    /// Waits until [`Ops::dequeue`] of a capture queue has something to say; `false` when
    /// `timeout` passed or `alarm` became readable. Kernel: poll.
    fn wait(&self, timeout: Duration, alarm: Option<BorrowedFd<'_>>) -> io::Result<bool>;
    /// Takes a buffer that the device is done with; `None` when there is none yet. Kernel:
    /// VIDIOC_DQBUF.
    fn dequeue(&self, queue: Queue, memory: Memory) -> io::Result<Option<Dequeued>>;
    /// Starts the queue. Kernel: VIDIOC_STREAMON.
    fn stream_on(&self, queue: Queue) -> io::Result<()>;
    /// Stops it; all its buffers are ours again. Kernel: VIDIOC_STREAMOFF.
    fn stream_off(&self, queue: Queue) -> io::Result<()>;
}

/// The calls that an encoder needs besides.
pub trait M2mOps: Ops {
    /// A mapped buffer, for writing.
    type MappingMut: DerefMut<Target = [u8]> + Send + 'static;

    /// The device's number, the same for all who open it. Kernel: stat, st_rdev.
    fn number(&self) -> io::Result<u64>;
    /// Maps a buffer of an output queue. Kernel: VIDIOC_QUERYBUF, mmap.
    fn map_mut(&self, queue: Queue, index: u32) -> io::Result<Self::MappingMut>;
    /// Gives a buffer with a picture to the device. Kernel: VIDIOC_QBUF.
    fn queue_filled(&self, queue: Queue, index: u32, filled: &Filled<'_>) -> io::Result<()>;
    /// Asks to be told of an event. Kernel: VIDIOC_SUBSCRIBE_EVENT.
    fn subscribe(&self, event: Event) -> io::Result<()>;
    /// The next event; `None` when there is none, or of a kind that was not asked for. Kernel:
    /// VIDIOC_DQEVENT.
    fn next_event(&self) -> io::Result<Option<Event>>;
    /// Codes what was queued and ends the stream. Kernel: VIDIOC_ENCODER_CMD, STOP.
    fn stop_encoder(&self) -> io::Result<()>;
    /// Waits until a buffer of either queue or an event is there, or `alarm` is readable; nothing
    /// is set when `timeout` passed. Kernel: poll.
    fn wait_any(&self, timeout: Duration, alarm: Option<BorrowedFd<'_>>) -> io::Result<Ready>;
}

/// Where a queue's buffers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// In memory of the device, mapped into ours. Kernel: V4L2_MEMORY_MMAP.
    Mapped,
    /// In another device's. Kernel: V4L2_MEMORY_DMABUF.
    Imported,
}

/// A picture on its way into a device.
#[derive(Debug, Clone, Copy)]
pub struct Filled<'a> {
    /// For [`Memory::Imported`].
    pub dma_buf: Option<BorrowedFd<'a>>,
    /// The buffer's length in bytes.
    pub length: u32,
    /// Bytes of the picture.
    pub bytes_used: u32,
    /// Comes back with the result, to the microsecond.
    pub timestamp: Duration,
}

/// A buffer that the device is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dequeued {
    /// Which.
    pub index: u32,
    /// Bytes the device wrote.
    pub bytes_used: u32,
    /// The device says the content is damaged.
    pub is_damaged: bool,
    /// Decoding can begin here.
    pub is_key: bool,
    /// No other comes after it.
    pub is_last: bool,
    /// Counts the device's pictures, lost ones too.
    pub sequence: u32,
    /// When it was taken, on the monotonic clock; `None` when the device uses another.
    pub timestamp: Option<Duration>,
    /// The time stamp that its picture was queued with; `None` when it is the device's own.
    pub copied: Option<Duration>,
}

/// What an encoder tells besides its buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The last buffer of a stream is there. Kernel: V4L2_EVENT_EOS.
    EndOfStream,
    /// Formats changed by themselves. Kernel: V4L2_EVENT_SOURCE_CHANGE.
    SourceChange,
}

/// What a device with two queues has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ready {
    /// A buffer of either queue.
    pub has_buffer: bool,
    /// An event.
    pub has_event: bool,
    /// The device gave up, or has nothing to work on.
    pub has_failed: bool,
    /// The caller's alarm.
    pub is_called: bool,
}
