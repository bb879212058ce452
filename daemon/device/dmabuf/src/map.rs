// SPDX-License-Identifier: MIT OR Apache-2.0
//! A device's memory in our address space.

use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::BorrowedFd;
use std::ptr::{NonNull, null_mut};

use rustix::mm::{MapFlags, ProtFlags};

/// Memory that a device writes, for reading.
#[derive(Debug)]
pub struct Map(Mapped);

/// Memory that a device reads, for writing.
#[derive(Debug)]
pub struct MapMut(Mapped);

impl Map {
    /// Maps `len` bytes from `offset` on.
    ///
    /// # Errors
    /// Those of mmap(2).
    ///
    /// # Safety
    /// So many bytes are there as long as this is, and nobody writes them while they are borrowed.
    pub unsafe fn new(file: BorrowedFd<'_>, len: usize, offset: u64) -> io::Result<Self> {
        Mapped::new(file, len, offset, ProtFlags::READ).map(Self)
    }
}

impl MapMut {
    /// Maps `len` bytes from `offset` on.
    ///
    /// # Errors
    /// Those of mmap(2).
    ///
    /// # Safety
    /// So many bytes are there as long as this is, nobody writes them while they are borrowed, and
    /// nobody in the process has them mapped besides.
    pub unsafe fn new(file: BorrowedFd<'_>, len: usize, offset: u64) -> io::Result<Self> {
        Mapped::new(file, len, offset, ProtFlags::READ | ProtFlags::WRITE).map(Self)
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Deref for MapMut {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl DerefMut for MapMut {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len` bytes are mapped for writing until drop; that nobody else uses them is the
        // contract of `MapMut::new`.
        unsafe { std::slice::from_raw_parts_mut(self.0.start.as_ptr(), self.0.len) }
    }
}

#[derive(Debug)]
struct Mapped {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is memory of the process, not of a thread.
unsafe impl Send for Mapped {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Mapped {}

impl Mapped {
    fn new(file: BorrowedFd<'_>, len: usize, at: u64, protection: ProtFlags) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start =
            unsafe { rustix::mm::mmap(null_mut(), len, protection, MapFlags::SHARED, file, at) }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped until drop; that nobody writes them meanwhile is the
        // contract of the `new` of `Map` and `MapMut`.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nothing borrows it any more. An error
        // would mean a wrong address, which `new` excludes; the memory would stay mapped.
        let _unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.len) };
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_mapping_is_readable_and_goes_away() {
        let zero = File::options().read(true).write(true).open("/dev/zero").unwrap();
        // SAFETY: there are zeros without end, and private to each mapping.
        let map = |len| unsafe { Map::new(zero.as_fd(), len, 0) };
        assert!(map(4096).unwrap().iter().all(|&byte| byte == 0));
        assert!(map(0).is_err());
        // SAFETY: as above.
        let mut map = unsafe { MapMut::new(zero.as_fd(), 4096, 0) }.unwrap();
        map[4095] = 7;
        assert_eq!(map.iter().map(|&byte| u32::from(byte)).sum::<u32>(), 7);
    }
}
