// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's side of [`Ops`]. All unsafe code of capture is here.

use std::ffi::c_void;
use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::{NonNull, null_mut};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags};
use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc;

use crate::raw::Plain;
use crate::{Dequeued, Format, FourCc, Ops, Rate};

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
}

impl Ops for Device {
    type Mapping = Mapping;

    fn is_capture(&self) -> io::Result<bool> {
        let mut caps = sys::v4l2_capability::zeroed();
        // SAFETY: QUERYCAP takes a v4l2_capability.
        unsafe { self.ioctl(vidioc::VIDIOC_QUERYCAP, &mut caps) }?;
        let has_own = caps.capabilities & sys::V4L2_CAP_DEVICE_CAPS != 0;
        let caps = if has_own { caps.device_caps } else { caps.capabilities };
        let wanted = sys::V4L2_CAP_VIDEO_CAPTURE | sys::V4L2_CAP_STREAMING;
        Ok(caps & wanted == wanted)
    }

    fn formats(&self) -> io::Result<Vec<FourCc>> {
        let mut formats = Vec::new();
        for index in 0..MAX_FORMATS {
            let mut description = sys::v4l2_fmtdesc { index, type_: CAPTURE, ..Plain::zeroed() };
            // SAFETY: ENUM_FMT takes a v4l2_fmtdesc.
            match unsafe { self.ioctl(vidioc::VIDIOC_ENUM_FMT, &mut description) } {
                Ok(()) => formats.push(FourCc::from_raw(description.pixelformat)),
                Err(error) if Errno::from_io_error(&error) == Some(Errno::INVAL) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(formats)
    }

    fn set_format(&self, fourcc: FourCc, width: u32, height: u32) -> io::Result<Format> {
        let pix = sys::v4l2_pix_format {
            width,
            height,
            pixelformat: fourcc.raw(),
            field: sys::v4l2_field_V4L2_FIELD_NONE,
            ..Plain::zeroed()
        };
        let mut format =
            sys::v4l2_format { type_: CAPTURE, fmt: sys::v4l2_format__bindgen_ty_1 { pix } };
        // SAFETY: S_FMT takes a v4l2_format.
        unsafe { self.ioctl(vidioc::VIDIOC_S_FMT, &mut format) }?;
        // SAFETY: for this buffer type the kernel reads and writes `pix`, all plain integers.
        Ok(Format::from_raw(unsafe { &format.fmt.pix }))
    }

    fn set_rate(&self, rate: Rate) -> io::Result<Rate> {
        let timeperframe = sys::v4l2_fract { numerator: rate.seconds, denominator: rate.pictures };
        let capture = sys::v4l2_captureparm { timeperframe, ..Plain::zeroed() };
        let mut parameters = sys::v4l2_streamparm {
            type_: CAPTURE,
            parm: sys::v4l2_streamparm__bindgen_ty_1 { capture },
        };
        // SAFETY: S_PARM takes a v4l2_streamparm.
        unsafe { self.ioctl(vidioc::VIDIOC_S_PARM, &mut parameters) }?;
        // SAFETY: for this buffer type the kernel writes `capture`, all plain integers.
        let sys::v4l2_fract { numerator, denominator } =
            unsafe { parameters.parm.capture.timeperframe };
        Ok(Rate { pictures: denominator, seconds: numerator })
    }

    fn request_buffers(&self, count: u32) -> io::Result<u32> {
        let mut request =
            sys::v4l2_requestbuffers { count, type_: CAPTURE, memory: MMAP, ..Plain::zeroed() };
        // SAFETY: REQBUFS takes a v4l2_requestbuffers.
        unsafe { self.ioctl(vidioc::VIDIOC_REQBUFS, &mut request) }?;
        Ok(request.count)
    }

    fn map(&self, index: u32) -> io::Result<Mapping> {
        let mut buffer = buffer(index);
        // SAFETY: QUERYBUF takes a v4l2_buffer.
        unsafe { self.ioctl(vidioc::VIDIOC_QUERYBUF, &mut buffer) }?;
        // SAFETY: for mapped memory the kernel writes `offset`.
        let offset = unsafe { buffer.m.offset };
        Mapping::new(&self.0, usize::try_from(buffer.length).unwrap_or(0), offset.into())
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        // SAFETY: QBUF takes a v4l2_buffer; the memory belongs to the kernel.
        unsafe { self.ioctl(vidioc::VIDIOC_QBUF, &mut buffer(index)) }
    }

    fn wait(&self, timeout: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
        let timeout = Timespec::try_from(timeout).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match rustix::event::poll(&mut fds, Some(&timeout)) {
            Ok(0) => Ok(false),
            // An error without a buffer would be told again and again, without any wait.
            Ok(_) if !fds[0].revents().contains(PollFlags::IN) => Err(Errno::IO.into()),
            Ok(_) => Ok(true),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    fn dequeue(&self) -> io::Result<Option<Dequeued>> {
        let mut buffer = buffer(0);
        // SAFETY: DQBUF takes a v4l2_buffer.
        match unsafe { self.ioctl(vidioc::VIDIOC_DQBUF, &mut buffer) } {
            Ok(()) => Ok(Some(dequeued(&buffer))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn stream_on(&self) -> io::Result<()> {
        // SAFETY: STREAMON reads a v4l2_buf_type, an int.
        unsafe { self.ioctl(vidioc::VIDIOC_STREAMON, &mut { CAPTURE }) }
    }

    fn stream_off(&self) -> io::Result<()> {
        // SAFETY: STREAMOFF reads a v4l2_buf_type, an int.
        unsafe { self.ioctl(vidioc::VIDIOC_STREAMOFF, &mut { CAPTURE }) }
    }
}

fn buffer(index: u32) -> sys::v4l2_buffer {
    sys::v4l2_buffer { index, type_: CAPTURE, memory: MMAP, ..Plain::zeroed() }
}

fn dequeued(buffer: &sys::v4l2_buffer) -> Dequeued {
    let is_monotonic =
        buffer.flags & sys::V4L2_BUF_FLAG_TIMESTAMP_MASK == sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    let seconds = u64::try_from(buffer.timestamp.tv_sec).ok();
    let micros = u64::try_from(buffer.timestamp.tv_usec).ok();
    let timestamp = seconds
        .zip(micros)
        .filter(|_| is_monotonic)
        .map(|(s, us)| Duration::from_secs(s).saturating_add(Duration::from_micros(us)));
    Dequeued {
        index: buffer.index,
        bytes_used: buffer.bytesused,
        is_damaged: buffer.flags & sys::V4L2_BUF_FLAG_ERROR != 0,
        sequence: buffer.sequence,
        timestamp,
    }
}

const CAPTURE: u32 = sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE;
const MMAP: u32 = sys::v4l2_memory_V4L2_MEMORY_MMAP;
/// More than any device lists.
const MAX_FORMATS: u32 = 64;

/// A buffer of the device in our address space, for reading.
#[derive(Debug)]
pub struct Mapping {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is memory of the process, not of a thread, and is only read.
unsafe impl Send for Mapping {}

impl Mapping {
    fn new(device: &File, len: usize, offset: u64) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start = unsafe {
            rustix::mm::mmap(null_mut(), len, ProtFlags::READ, MapFlags::SHARED, device, offset)
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped until drop. `Capture` reads a buffer only between its
        // DQBUF and QBUF, when the device does not write to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nothing borrows it any more. An error
        // would mean a wrong address, which `new` excludes; the memory would stay mapped.
        let _unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

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
        ];
        for (ours, kernels) in table {
            assert_eq!(ours, kernels.into(), "{kernels:#x}");
        }
    }

    #[test]
    fn a_file_that_is_no_device_is_an_error() {
        assert!(Device::open(Path::new("/nonexistent")).is_err());
        let zero = Device::open(Path::new("/dev/zero")).unwrap();
        let error = zero.is_capture().unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NOTTY));
    }

    #[test]
    fn a_mapping_is_readable_and_goes_away() {
        let zero = Device::open(Path::new("/dev/zero")).unwrap();
        let mapping = Mapping::new(&zero.0, 4096, 0).unwrap();
        assert!(mapping.iter().all(|&byte| byte == 0));
        assert!(Mapping::new(&zero.0, 0, 0).is_err());
    }

    #[test]
    fn damaged_and_foreign_time_is_seen() {
        let mut raw = buffer(3);
        raw.flags = sys::V4L2_BUF_FLAG_ERROR | sys::V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        raw.timestamp.tv_sec = 12;
        raw.timestamp.tv_usec = 345_678;
        let full = dequeued(&raw);
        assert!(full.is_damaged);
        assert_eq!(full.timestamp, Some(Duration::from_micros(12_345_678)));
        raw.timestamp.tv_sec = -1;
        assert_eq!(dequeued(&raw).timestamp, None);
        raw.flags = 0;
        raw.timestamp.tv_sec = 1;
        assert_eq!(dequeued(&raw).timestamp, None);
    }
}
