// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whose turn it is.

use std::os::fd::BorrowedFd;
use std::sync::{Arc, Once};

/// Memory that a device and the processor use by turns.
pub trait DeviceMemory: Send + Sync + 'static {
    /// What is in it, in the processor's turn.
    fn bytes(&self) -> &[u8];

    /// For other devices; `None` when it cannot be lent to them.
    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    /// A turn of the processor's begins. Kernel: DMA_BUF_IOCTL_SYNC.
    fn begin(&self) {}

    /// It ends.
    fn end(&self) {}
}

/// A turn in which the device does not write. The processor's begins with its first look, since
/// most pictures are for other devices alone, and ends with the drop.
#[derive(Debug)]
pub struct Reading<M: DeviceMemory> {
    memory: Arc<M>,
    begun: Once,
}

impl<M: DeviceMemory> Reading<M> {
    /// A turn that nobody has looked in yet.
    pub fn new(memory: Arc<M>) -> Self {
        Self { memory, begun: Once::new() }
    }

    /// What the device wrote, and the rest of the buffer.
    pub fn bytes(&self) -> &[u8] {
        self.begun.call_once(|| self.memory.begin());
        self.memory.bytes()
    }

    /// Bytes of the buffer.
    pub fn buffer_len(&self) -> usize {
        self.memory.bytes().len()
    }

    /// The buffer for other devices; `None` when it cannot be lent to them.
    pub fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.memory.dma_buf()
    }
}

impl<M: DeviceMemory> Drop for Reading<M> {
    fn drop(&mut self) {
        if self.begun.is_completed() {
            self.memory.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Fake(Mutex<Vec<&'static str>>);

    impl DeviceMemory for Fake {
        fn bytes(&self) -> &[u8] {
            &[7]
        }
        fn begin(&self) {
            self.0.lock().unwrap().push("begin");
        }
        fn end(&self) {
            self.0.lock().unwrap().push("end");
        }
    }

    #[test]
    fn the_kernel_is_told_once_and_only_of_turns_that_were_used() {
        let memory = Arc::new(Fake::default());
        let unread = Reading::new(Arc::clone(&memory));
        assert_eq!(unread.buffer_len(), 1);
        drop(unread);
        assert!(memory.0.lock().unwrap().is_empty());
        let read = Reading::new(Arc::clone(&memory));
        assert_eq!((read.bytes(), read.bytes()), (&[7_u8][..], &[7_u8][..]));
        drop(read);
        assert_eq!(*memory.0.lock().unwrap(), ["begin", "end"]);
    }
}
