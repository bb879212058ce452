// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's side of [`Ops`]. All unsafe code is here, below and in `raw`.

mod buffer;
mod m2m;
mod mapping;

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use dmabuf::{DmaBuf, Map};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use crate::raw::{self, Plain};
use crate::{
    Capabilities, Control, Dequeued, Direction, Format, FourCc, Memory, Ops, Queue, Rate, Rect,
    Target,
};

use buffer::Argument;
pub use mapping::Mapping;

/// An open device node. Closing it stops a running stream.
#[derive(Debug)]
pub struct Device(File);

impl Device {
    /// Opens a node such as `/dev/video0`.
    ///
    /// # Errors
    /// Those of open(2).
    pub fn open(path: &Path) -> io::Result<Self> {
        let nonblock = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
        let flags = i32::try_from(nonblock.bits()).expect("flags of open are an int");
        OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).map(Self)
    }

    /// Calls the kernel, again when a signal came between.
    ///
    /// # Safety
    /// `request` must be the ioctl that takes a `T`.
    unsafe fn ioctl<T>(&self, request: vidioc::_IOC_TYPE, argument: &mut T) -> io::Result<()> {
        loop {
            let pointer: *mut T = argument;
            // SAFETY: the caller vouches for the type; the argument outlives the call and the
            // descriptor is open as long as `self`.
            let result =
                unsafe { v4l::v4l2::ioctl(self.0.as_raw_fd(), request, pointer.cast::<c_void>()) };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }

    /// Waits until the device has something of what is `wanted`, or the alarm is readable.
    fn poll(
        &self,
        wanted: PollFlags,
        timeout: Duration,
        alarm: Option<BorrowedFd<'_>>,
    ) -> io::Result<Told> {
        let device = PollFd::from_borrowed_fd(self.0.as_fd(), wanted);
        let alarm = alarm.map(|alarm| PollFd::from_borrowed_fd(alarm, PollFlags::IN));
        let mut fds: Vec<_> = [Some(device), alarm].into_iter().flatten().collect();
        let timeout = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let told = |at: usize| fds.get(at).map_or(PollFlags::empty(), PollFd::revents);
        Ok(Told { device: told(0), is_called: !told(1).is_empty() })
    }

    /// A DMABUF of a mapped buffer.
    fn export(&self, queue: Queue, index: u32) -> io::Result<OwnedFd> {
        let mut export = buffer::export(queue, index);
        // SAFETY: EXPBUF takes a v4l2_exportbuffer.
        unsafe { self.ioctl(vidioc::VIDIOC_EXPBUF, &mut export) }?;
        // SAFETY: the kernel made this descriptor for us, and nobody else knows of it.
        Ok(unsafe { OwnedFd::from_raw_fd(export.fd) })
    }

    /// Length and offset of a mapped buffer.
    fn place(&self, queue: Queue, index: u32) -> io::Result<(usize, u64)> {
        let mut argument = Argument::new(queue, Memory::Mapped, index);
        // SAFETY: QUERYBUF takes a v4l2_buffer; it points into `argument`.
        unsafe { self.ioctl(vidioc::VIDIOC_QUERYBUF, argument.raw()) }?;
        Ok(argument.place())
    }
}

/// What poll(2) told.
struct Told {
    device: PollFlags,
    is_called: bool,
}

impl Ops for Device {
    type Mapping = Mapping;

    fn capabilities(&self) -> io::Result<Capabilities> {
        let mut raw = sys::v4l2_capability::zeroed();
        // SAFETY: QUERYCAP takes a v4l2_capability.
        unsafe { self.ioctl(vidioc::VIDIOC_QUERYCAP, &mut raw) }?;
        Ok(Capabilities::from_raw(&raw))
    }

    fn formats(&self, queue: Queue) -> io::Result<Vec<FourCc>> {
        let mut formats = Vec::new();
        for index in 0..MAX_FORMATS {
            let mut description =
                sys::v4l2_fmtdesc { index, type_: queue.raw(), ..Plain::zeroed() };
            // SAFETY: ENUM_FMT takes a v4l2_fmtdesc.
            match unsafe { self.ioctl(vidioc::VIDIOC_ENUM_FMT, &mut description) } {
                Ok(()) => formats.push(FourCc::from_raw(description.pixelformat)),
                Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(formats)
    }

    fn set_format(&self, queue: Queue, wish: &Format) -> io::Result<Format> {
        let fmt = if queue.is_multi() {
            sys::v4l2_format__bindgen_ty_1 { pix_mp: wish.to_raw_mplane(queue.direction) }
        } else {
            sys::v4l2_format__bindgen_ty_1 { pix: wish.to_raw(queue.direction) }
        };
        let mut format = sys::v4l2_format { type_: queue.raw(), fmt };
        // SAFETY: S_FMT takes a v4l2_format.
        unsafe { self.ioctl(vidioc::VIDIOC_S_FMT, &mut format) }?;
        if queue.is_multi() {
            // SAFETY: for this buffer type the kernel reads and writes `pix_mp`, plain integers.
            Format::from_raw_mplane(unsafe { &format.fmt.pix_mp })
        } else {
            // SAFETY: for this buffer type the kernel reads and writes `pix`, plain integers.
            Ok(Format::from_raw(unsafe { &format.fmt.pix }))
        }
    }

    fn set_rate(&self, queue: Queue, rate: Rate) -> io::Result<Rate> {
        let timeperframe = sys::v4l2_fract { numerator: rate.seconds, denominator: rate.pictures };
        let parm = match queue.direction {
            Direction::Capture => sys::v4l2_streamparm__bindgen_ty_1 {
                capture: sys::v4l2_captureparm { timeperframe, ..Plain::zeroed() },
            },
            Direction::Output => sys::v4l2_streamparm__bindgen_ty_1 {
                output: sys::v4l2_outputparm { timeperframe, ..Plain::zeroed() },
            },
        };
        let mut parameters = sys::v4l2_streamparm { type_: queue.raw(), parm };
        // SAFETY: S_PARM takes a v4l2_streamparm.
        unsafe { self.ioctl(vidioc::VIDIOC_S_PARM, &mut parameters) }?;
        let chosen = match queue.direction {
            // SAFETY: for this buffer type the kernel writes `capture`, all plain integers.
            Direction::Capture => unsafe { parameters.parm.capture.timeperframe },
            // SAFETY: for this buffer type the kernel writes `output`, all plain integers.
            Direction::Output => unsafe { parameters.parm.output.timeperframe },
        };
        Ok(Rate { pictures: chosen.denominator, seconds: chosen.numerator })
    }

    fn default_of(&self, control: Control) -> io::Result<i32> {
        let mut told = sys::v4l2_queryctrl { id: control.0, ..Plain::zeroed() };
        // SAFETY: QUERYCTRL takes a v4l2_queryctrl.
        unsafe { self.ioctl(vidioc::VIDIOC_QUERYCTRL, &mut told) }?;
        Ok(told.default_value)
    }

    fn set_control(&self, control: Control, value: i32) -> io::Result<()> {
        let mut one = sys::v4l2_ext_control {
            id: control.0,
            __bindgen_anon_1: sys::v4l2_ext_control__bindgen_ty_1 { value },
            ..Plain::zeroed()
        };
        let mut all = sys::v4l2_ext_controls {
            __bindgen_anon_1: sys::v4l2_ext_controls__bindgen_ty_1 {
                which: sys::V4L2_CTRL_WHICH_CUR_VAL,
            },
            count: 1,
            controls: &raw mut one,
            ..Plain::zeroed()
        };
        // SAFETY: S_EXT_CTRLS takes a v4l2_ext_controls; it points to the one control it counts,
        // which outlives the call.
        unsafe { self.ioctl(vidioc::VIDIOC_S_EXT_CTRLS, &mut all) }
    }

    fn selection(&self, queue: Queue, target: Target) -> io::Result<Rect> {
        let mut selection = Rect::default().to_raw(queue, target);
        // SAFETY: G_SELECTION takes a v4l2_selection.
        unsafe { self.ioctl(raw::G_SELECTION, &mut selection) }?;
        Ok(Rect::from_raw(&selection))
    }

    fn set_crop(&self, queue: Queue, crop: Rect) -> io::Result<Rect> {
        let mut selection = crop.to_raw(queue, Target::Crop);
        if queue.direction == Direction::Capture {
            selection.flags = sys::V4L2_SEL_FLAG_LE;
        }
        // SAFETY: S_SELECTION takes a v4l2_selection.
        unsafe { self.ioctl(raw::S_SELECTION, &mut selection) }?;
        Ok(Rect::from_raw(&selection))
    }

    fn request_buffers(&self, queue: Queue, memory: Memory, count: u32) -> io::Result<u32> {
        let (type_, memory) = (queue.raw(), memory.raw());
        let mut request = sys::v4l2_requestbuffers { count, type_, memory, ..Plain::zeroed() };
        // SAFETY: REQBUFS takes a v4l2_requestbuffers.
        unsafe { self.ioctl(vidioc::VIDIOC_REQBUFS, &mut request) }?;
        Ok(request.count)
    }

    fn map(&self, queue: Queue, index: u32) -> io::Result<Mapping> {
        let (length, offset) = self.place(queue, index)?;
        // SAFETY: the kernel says that so many bytes are there. They are looked at between DQBUF
        // and QBUF only, when the device does not write to them.
        let shared = |descriptor| unsafe { DmaBuf::map(descriptor, length) };
        if let Ok(buffer) = self.export(queue, index).and_then(shared) {
            return Ok(Mapping::DmaBuf(buffer));
        }
        // SAFETY: as above.
        unsafe { Map::new(self.0.as_fd(), length, offset) }.map(Mapping::Node)
    }

    fn queue(&self, queue: Queue, index: u32) -> io::Result<()> {
        let mut argument = Argument::new(queue, Memory::Mapped, index);
        // SAFETY: QBUF takes a v4l2_buffer; it points into `argument`, and its memory belongs to
        // the kernel.
        unsafe { self.ioctl(vidioc::VIDIOC_QBUF, argument.raw()) }
    }

    fn wait(&self, timeout: Duration, alarm: Option<BorrowedFd<'_>>) -> io::Result<bool> {
        let Told { device, .. } = self.poll(PollFlags::IN, timeout, alarm)?;
        // An error without a buffer would be told again and again, without any wait.
        if device.is_empty() || device.contains(PollFlags::IN) {
            Ok(!device.is_empty())
        } else {
            Err(Errno::IO.into())
        }
    }

    fn dequeue(&self, queue: Queue, memory: Memory) -> io::Result<Option<Dequeued>> {
        let mut argument = Argument::new(queue, memory, 0);
        // SAFETY: DQBUF takes a v4l2_buffer; it points into `argument`.
        match unsafe { self.ioctl(vidioc::VIDIOC_DQBUF, argument.raw()) } {
            Ok(()) => Ok(Some(argument.dequeued())),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn stream_on(&self, queue: Queue) -> io::Result<()> {
        // SAFETY: STREAMON reads a v4l2_buf_type, an int.
        unsafe { self.ioctl(vidioc::VIDIOC_STREAMON, &mut queue.raw()) }
    }

    fn stream_off(&self, queue: Queue) -> io::Result<()> {
        // SAFETY: STREAMOFF reads a v4l2_buf_type, an int.
        unsafe { self.ioctl(vidioc::VIDIOC_STREAMOFF, &mut queue.raw()) }
    }
}

/// More than any device lists.
const MAX_FORMATS: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    /// Kernel: include/uapi/linux/videodev2.h, on targets of 64 bits.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn structures_and_numbers_are_the_kernels() {
        assert_eq!(size_of::<sys::v4l2_capability>(), 104);
        assert_eq!(size_of::<sys::v4l2_fmtdesc>(), 64);
        assert_eq!(size_of::<sys::v4l2_format>(), 208);
        assert_eq!(size_of::<sys::v4l2_streamparm>(), 204);
        assert_eq!(size_of::<sys::v4l2_requestbuffers>(), 20);
        assert_eq!(size_of::<sys::v4l2_buffer>(), 88);
        assert_eq!(size_of::<sys::v4l2_plane>(), 64);
        assert_eq!(size_of::<sys::v4l2_ext_control>(), 20);
        let table = [
            (vidioc::VIDIOC_QUERYCAP, 0x8068_5600_u32),
            (vidioc::VIDIOC_ENUM_FMT, 0xc040_5602),
            (vidioc::VIDIOC_S_FMT, 0xc0d0_5605),
            (vidioc::VIDIOC_REQBUFS, 0xc014_5608),
            (vidioc::VIDIOC_QUERYBUF, 0xc058_5609),
            (vidioc::VIDIOC_QBUF, 0xc058_560f),
            (vidioc::VIDIOC_DQBUF, 0xc058_5611),
            (vidioc::VIDIOC_STREAMON, 0x4004_5612),
            (vidioc::VIDIOC_STREAMOFF, 0x4004_5613),
            (vidioc::VIDIOC_S_PARM, 0xc0cc_5616),
            (vidioc::VIDIOC_EXPBUF, 0xc040_5610),
            (vidioc::VIDIOC_S_EXT_CTRLS, 0xc020_5648),
            (vidioc::VIDIOC_ENCODER_CMD, 0xc028_564d),
            (raw::DQEVENT, 0x8088_5659),
            (raw::SUBSCRIBE_EVENT, 0x4020_565a),
            (raw::G_SELECTION, 0xc040_565e),
            (raw::S_SELECTION, 0xc040_565f),
        ];
        for (ours, kernels) in table {
            assert_eq!(ours, kernels.into(), "{kernels:#x}");
        }
    }

    #[test]
    fn a_file_that_is_no_device_is_an_error() {
        assert!(Device::open(Path::new("/nonexistent")).is_err());
        let zero = Device::open(Path::new("/dev/zero")).unwrap();
        let error = zero.capabilities().unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NOTTY));
    }
}
