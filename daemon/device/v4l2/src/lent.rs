// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures that stay in the device's memory while others read them, another device for one.

use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::{Ops, Queue};

/// A buffer of the device.
#[derive(Debug)]
pub(crate) struct Buffer<M> {
    pub mapping: M,
    pub dma_buf: Option<OwnedFd>,
}

/// A picture in a buffer of a camera or a scaler. Dropping it gives the buffer back. It keeps no
/// device open: when that has ended it is memory that goes with it.
pub struct Lent<O: Ops> {
    pub(crate) queue: Queue,
    pub(crate) index: u32,
    pub(crate) buffer: Arc<Buffer<O::Mapping>>,
    pub(crate) ops: Weak<O>,
    pub(crate) used: usize,
    pub(crate) sequence: u32,
    pub(crate) timestamp: Option<Duration>,
}

impl<O: Ops> Lent<O> {
    /// What the device wrote.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer.mapping[..self.used]
    }

    /// Bytes of the whole buffer.
    pub fn buffer_len(&self) -> usize {
        self.buffer.mapping.len()
    }

    /// The buffer for other devices; `None` when this one cannot export.
    pub fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.buffer.dma_buf.as_ref().map(AsFd::as_fd)
    }

    /// Counts the device's pictures, lost and damaged ones too. Wraps around.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// When it was taken, on the monotonic clock; `None` when the device uses another.
    pub fn timestamp(&self) -> Option<Duration> {
        self.timestamp
    }
}

impl<O: Ops> fmt::Debug for Lent<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent")
            .field("index", &self.index)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl<O: Ops> Drop for Lent<O> {
    /// An error means that the device is stopped or gone; whoever captures from it learns that.
    fn drop(&mut self) {
        if let Some(ops) = self.ops.upgrade() {
            let _queued = ops.queue(self.queue, self.index);
        }
    }
}
