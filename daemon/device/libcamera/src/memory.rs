// SPDX-License-Identifier: MIT OR Apache-2.0
//! A buffer of the camera in our address space.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::{NonNull, null_mut};

use rustix::mm::{MapFlags, ProtFlags};

/// A DMABUF and where it is mapped, for reading.
#[derive(Debug)]
pub(crate) struct Buffer {
    dma_buf: OwnedFd,
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is memory of the process, not of a thread.
unsafe impl Send for Buffer {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Buffer {}

impl Buffer {
    pub(crate) fn map(dma_buf: OwnedFd, len: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start = unsafe {
            rustix::mm::mmap(null_mut(), len, ProtFlags::READ, MapFlags::SHARED, &dma_buf, 0)
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { dma_buf, start, len })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped until drop. A buffer is read only while it is lent, when
        // the camera does not write to it.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn dma_buf(&self) -> BorrowedFd<'_> {
        self.dma_buf.as_fd()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length, and nothing borrows it any more. An error
        // would mean a wrong address, which `map` excludes; the memory would stay mapped.
        let _unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_readable_and_goes_away() {
        let zero = || OwnedFd::from(std::fs::File::open("/dev/zero").unwrap());
        let buffer = Buffer::map(zero(), 4096).unwrap();
        assert!(buffer.bytes().iter().all(|&byte| byte == 0));
        assert_eq!(buffer.len(), 4096);
        assert!(Buffer::map(zero(), 0).is_err());
    }
}
