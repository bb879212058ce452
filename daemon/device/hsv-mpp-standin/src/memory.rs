// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that both sides see.

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::{NonNull, null_mut};

use rustix::fs::SeekFrom;
use rustix::mm::{MapFlags, ProtFlags};

/// A mapping; the other side may write to it between calls.
#[derive(Debug)]
pub struct Memory {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Memory {}
// SAFETY: it is read only while the other side waits for a call to return.
unsafe impl Sync for Memory {}

impl Memory {
    /// `len` bytes of our own.
    pub fn new(len: usize) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start =
            unsafe { rustix::mm::mmap_anonymous(null_mut(), len, protection, MapFlags::PRIVATE)? };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }

    /// `len` bytes of somebody's file, which must have that many: a DMABUF, or what a test has
    /// in its place.
    pub fn import(fd: BorrowedFd<'_>, len: usize) -> io::Result<Self> {
        let has = rustix::fs::seek(fd, SeekFrom::End(0))?;
        if usize::try_from(has).unwrap_or(0) < len {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: as above.
        let start =
            unsafe { rustix::mm::mmap(null_mut(), len, ProtFlags::READ, MapFlags::SHARED, fd, 0)? };
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }

    /// Where it begins.
    pub fn start(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// What stands there.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped until drop, and the other side does not write while it
        // waits for the call in which this is read.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: mapped with this length; who still had the address was told that it ends.
        let _unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}
