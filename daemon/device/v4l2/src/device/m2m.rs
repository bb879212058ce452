// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's side of [`M2mOps`].

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use dmabuf::MapMut;
use rustix::event::PollFlags;
use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use super::buffer::Argument;
use super::{Device, Told};
use crate::raw::{self, Plain};
use crate::{Event, Filled, M2mOps, Memory, Queue, Ready};

impl M2mOps for Device {
    type MappingMut = MapMut;

    fn number(&self) -> io::Result<u64> {
        Ok(rustix::fs::fstat(&self.0)?.st_rdev)
    }

    fn map_mut(&self, queue: Queue, index: u32) -> io::Result<MapMut> {
        let (length, offset) = self.place(queue, index)?;
        // SAFETY: the kernel says that so many bytes are there. Each buffer is mapped once, and
        // looked at only while the device has given it back.
        unsafe { MapMut::new(self.0.as_fd(), length, offset) }
    }

    fn queue_filled(&self, queue: Queue, index: u32, filled: &Filled<'_>) -> io::Result<()> {
        let memory = if filled.dma_buf.is_some() { Memory::Imported } else { Memory::Mapped };
        let mut argument = Argument::new(queue, memory, index);
        argument.fill(filled);
        // SAFETY: QBUF takes a v4l2_buffer; it points into `argument`. The memory belongs to the
        // kernel or is a DMABUF, which the kernel holds from here on.
        unsafe { self.ioctl(vidioc::VIDIOC_QBUF, argument.raw()) }
    }

    fn subscribe(&self, event: Event) -> io::Result<()> {
        let type_ = match event {
            Event::EndOfStream => sys::V4L2_EVENT_EOS,
            Event::SourceChange => sys::V4L2_EVENT_SOURCE_CHANGE,
        };
        let mut subscription = sys::v4l2_event_subscription { type_, ..Plain::zeroed() };
        // SAFETY: SUBSCRIBE_EVENT takes a v4l2_event_subscription.
        unsafe { self.ioctl(raw::SUBSCRIBE_EVENT, &mut subscription) }
    }

    fn next_event(&self) -> io::Result<Option<Event>> {
        let mut event = sys::v4l2_event::zeroed();
        // SAFETY: DQEVENT takes a v4l2_event.
        match unsafe { self.ioctl(raw::DQEVENT, &mut event) } {
            Ok(()) => Ok(match event.type_ {
                sys::V4L2_EVENT_EOS => Some(Event::EndOfStream),
                sys::V4L2_EVENT_SOURCE_CHANGE => Some(Event::SourceChange),
                _ => None,
            }),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn stop_encoder(&self) -> io::Result<()> {
        let cmd = sys::V4L2_ENC_CMD_STOP;
        let mut command = sys::v4l2_encoder_cmd { cmd, ..Plain::zeroed() };
        // SAFETY: ENCODER_CMD takes a v4l2_encoder_cmd.
        unsafe { self.ioctl(vidioc::VIDIOC_ENCODER_CMD, &mut command) }
    }

    fn wait_any(&self, timeout: Duration, alarm: Option<BorrowedFd<'_>>) -> io::Result<Ready> {
        let wanted = PollFlags::IN | PollFlags::OUT | PollFlags::PRI;
        let Told { device, is_called } = self.poll(wanted, timeout, alarm)?;
        Ok(Ready {
            has_buffer: device.intersects(PollFlags::IN | PollFlags::OUT),
            has_event: device.contains(PollFlags::PRI),
            has_failed: device.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL),
            is_called,
        })
    }
}
