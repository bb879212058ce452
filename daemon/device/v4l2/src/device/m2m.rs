// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's side of [`M2mOps`].

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use super::buffer::Argument;
use super::{Device, MappingMut};
use crate::raw::{self, Plain};
use crate::{Event, Filled, M2mOps, Memory, Queue, Ready};

impl M2mOps for Device {
    type MappingMut = MappingMut;

    fn map_mut(&self, queue: Queue, index: u32) -> io::Result<MappingMut> {
        let (length, offset) = self.place(queue, index)?;
        MappingMut::new(&self.0, length, offset)
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

    fn wait_any(&self, timeout: Duration) -> io::Result<Ready> {
        let wanted = PollFlags::IN | PollFlags::OUT | PollFlags::PRI;
        let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), wanted)];
        let timeout = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let told = fds[0].revents();
        Ok(Ready {
            has_buffer: told.intersects(PollFlags::IN | PollFlags::OUT),
            has_event: told.contains(PollFlags::PRI),
            has_failed: told.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL),
        })
    }
}
