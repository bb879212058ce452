// SPDX-License-Identifier: MIT OR Apache-2.0
//! A DMABUF and where it is mapped.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, opcode};

use crate::{DeviceMemory, Map};

/// A DMABUF that a device writes, mapped for reading.
#[derive(Debug)]
pub struct DmaBuf {
    map: Map,
    descriptor: OwnedFd,
}

impl DmaBuf {
    /// Maps the first `len` bytes.
    ///
    /// # Errors
    /// Those of mmap(2).
    ///
    /// # Safety
    /// So many bytes are there, and the device writes to them in its own turns only.
    pub unsafe fn map(descriptor: OwnedFd, len: usize) -> io::Result<Self> {
        // SAFETY: the caller vouches for the length, and borrows bytes in the processor's turns.
        let map = unsafe { Map::new(descriptor.as_fd(), len, 0) }?;
        Ok(Self { map, descriptor })
    }

    fn sync(&self, flags: u64) {
        loop {
            // SAFETY: this ioctl reads a dma_buf_sync, which is one u64.
            let told = unsafe {
                let sync = Setter::<SYNC, u64>::new(flags | SYNC_READ);
                rustix::ioctl::ioctl(&self.descriptor, sync)
            };
            match told {
                Err(Errno::INTR | Errno::AGAIN) => {}
                // An error leaves the processor with what its caches have: old pixels at worst.
                _ => return,
            }
        }
    }
}

impl DeviceMemory for DmaBuf {
    fn bytes(&self) -> &[u8] {
        &self.map
    }

    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        Some(self.descriptor.as_fd())
    }

    fn begin(&self) {
        self.sync(SYNC_START);
    }

    fn end(&self) {
        self.sync(SYNC_END);
    }
}

/// DMA_BUF_IOCTL_SYNC. Kernel: include/uapi/linux/dma-buf.h.
const SYNC: Opcode = opcode::write::<u64>(b'b', 0);
const SYNC_READ: u64 = 1;
const SYNC_START: u64 = 0;
const SYNC_END: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_the_kernels() {
        assert_eq!(SYNC, 0x4008_6200);
    }

    #[test]
    fn what_is_no_dmabuf_is_mapped_and_not_told() {
        let zero = OwnedFd::from(std::fs::File::open("/dev/zero").unwrap());
        // SAFETY: there are zeros without end.
        let buffer = unsafe { DmaBuf::map(zero, 4096) }.unwrap();
        buffer.begin();
        assert!(buffer.bytes().iter().all(|&byte| byte == 0));
        buffer.end();
        assert!(buffer.dma_buf().is_some());
    }
}
