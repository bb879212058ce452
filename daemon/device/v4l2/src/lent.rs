// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures that stay in the device's memory while others read them, another device for one.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dmabuf::Reading;

use crate::{Ops, Queue};

/// A picture in a buffer of a camera or a scaler. Dropping it gives the buffer back. It keeps no
/// device open: when that has ended it is memory that goes with it.
pub struct Lent<O: Ops> {
    // In this order: the processor's turn is over before the device's begins.
    reading: Reading<O::Mapping>,
    home: Home<O>,
    used: usize,
    sequence: u32,
    timestamp: Option<Duration>,
}

/// What is told of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub used: usize,
    pub sequence: u32,
    pub timestamp: Option<Duration>,
}

impl<O: Ops> Lent<O> {
    pub(crate) fn new(home: Home<O>, memory: Arc<O::Mapping>, told: Told) -> Self {
        let Told { used, sequence, timestamp } = told;
        Self { reading: Reading::new(memory), home, used, sequence, timestamp }
    }

    /// What the device wrote.
    pub fn bytes(&self) -> &[u8] {
        &self.reading.bytes()[..self.used]
    }

    /// Bytes that the device wrote.
    pub fn used(&self) -> usize {
        self.used
    }

    /// Bytes of the whole buffer.
    pub fn buffer_len(&self) -> usize {
        self.reading.buffer_len()
    }

    /// The buffer for other devices; `None` when this one cannot export.
    pub fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.reading.dma_buf()
    }

    /// Counts the device's pictures, lost and damaged ones too. Wraps around.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// When a camera took it, on the monotonic clock, or what a scaler's was submitted with; `None`
    /// when the device does not tell.
    pub fn timestamp(&self) -> Option<Duration> {
        self.timestamp
    }
}

impl<O: Ops> fmt::Debug for Lent<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent")
            .field("index", &self.home.index)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

/// Where a lent buffer goes when it is dropped.
pub(crate) struct Home<O: Ops> {
    pub queue: Queue,
    pub index: u32,
    pub door: Arc<Door<O>>,
}

impl<O: Ops> Drop for Home<O> {
    fn drop(&mut self) {
        self.door.give_back(self.queue, self.index);
    }
}

/// Through which lent buffers come home, until the device ends. It is shut before, so that nobody
/// who drops a picture then waits for a device that hangs, or is the last to keep it open.
pub(crate) struct Door<O>(Mutex<Option<Arc<O>>>);

impl<O: Ops> Door<O> {
    pub(crate) fn new(ops: &Arc<O>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Some(Arc::clone(ops)))))
    }

    /// An error means that the device is gone; whoever takes pictures from it learns that.
    fn give_back(&self, queue: Queue, index: u32) {
        if let Some(ops) = &*self.lock() {
            let _queued = ops.queue(queue, index);
        }
    }

    /// What is lent does not come home any more.
    pub(crate) fn shut(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<O>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O> fmt::Debug for Door<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}
