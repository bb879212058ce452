// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buffers of a device in our address space.

use std::fs::File;
use std::io;
use std::ops::{Deref, DerefMut};
use std::ptr::{NonNull, null_mut};

use rustix::mm::{MapFlags, ProtFlags};

/// A buffer that the device writes, for reading.
#[derive(Debug)]
pub struct Mapping(Mapped);

/// A buffer that the device reads, for writing.
#[derive(Debug)]
pub struct MappingMut(Mapped);

impl Mapping {
    pub(super) fn new(device: &File, len: usize, offset: u64) -> io::Result<Self> {
        Mapped::new(device, len, offset, ProtFlags::READ).map(Self)
    }
}

impl MappingMut {
    pub(super) fn new(device: &File, len: usize, offset: u64) -> io::Result<Self> {
        Mapped::new(device, len, offset, ProtFlags::READ | ProtFlags::WRITE).map(Self)
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Deref for MappingMut {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl DerefMut for MappingMut {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len` bytes are mapped for writing until drop, and nobody else in the process
        // has this mapping. The encoder only writes to buffers that the device has given back.
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
    fn new(device: &File, len: usize, offset: u64, protection: ProtFlags) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start = unsafe {
            rustix::mm::mmap(null_mut(), len, protection, MapFlags::SHARED, device, offset)
        }?;
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, len })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes are mapped until drop. A buffer is read only between its DQBUF and
        // its QBUF, when the device does not write to it.
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
    use super::*;

    #[test]
    fn a_mapping_is_readable_and_goes_away() {
        let zero = File::options().read(true).write(true).open("/dev/zero").unwrap();
        let mapping = Mapping::new(&zero, 4096, 0).unwrap();
        assert!(mapping.iter().all(|&byte| byte == 0));
        assert!(Mapping::new(&zero, 0, 0).is_err());
        let mut mapping = MappingMut::new(&zero, 4096, 0).unwrap();
        mapping[4095] = 7;
        assert_eq!(mapping.iter().map(|&byte| u32::from(byte)).sum::<u32>(), 7);
    }
}
