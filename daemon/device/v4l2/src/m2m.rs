// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices that make pictures or streams of pictures: what is the same for all of them. Who owns
//! which buffer of the OUTPUT queue, how one waits, and what the kernel's errors mean. What comes
//! out of the CAPTURE queue is each one's own matter.

mod encoder;
mod input;
mod scaler;

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::ends::ENDINGS;
use crate::{Dequeued, Filled, Format, M2mOps, Memory, Planes, Queue};

pub use encoder::{Encoder, EncoderWish, Step};
pub use input::{Feed, InputLayout, StartError};
pub use scaler::{Scaled, Scaler, ScalerWish};

/// Why a running device ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It gave up and must be opened anew.
    #[error("device failed")]
    Failed,
    /// It was taken away.
    #[error("device is gone")]
    Gone,
    /// The kernel named a buffer that there is not.
    #[error("kernel returned buffer {0}, which does not exist")]
    Index(u32),
    /// Anything else.
    #[error("device call")]
    Os(#[source] io::Error),
}

/// Why a picture was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The device still has all its buffers; see [`Encoder::next`] and [`Scaler::next`].
    #[error("no free buffer")]
    Full,
    /// It cannot use this buffer of another device.
    #[error("buffer cannot be imported")]
    Import(#[source] io::Error),
    /// It is of no more use.
    #[error(transparent)]
    Ended(#[from] RunError),
}

/// The two queues of a device. `K` is kept with a submitted picture until the device has read it.
/// Dropping it stops the device, on a thread of its own, and waits for that as long as `patience`.
struct Pair<K: Send + 'static, O: M2mOps> {
    patience: Duration,
    /// Absent only while it is dropped.
    running: Option<Running<K, O>>,
}

/// What ends with the device: it may use all of it until its queues are stopped.
struct Running<K, O: M2mOps> {
    ops: Arc<O>,
    output: Queue,
    capture: Queue,
    memory: Memory,
    input: Format,
    inputs: Vec<Input<K, O::MappingMut>>,
    outputs: Vec<Arc<O::Mapping>>,
}

struct Input<K, M> {
    /// For [`Memory::Mapped`].
    mapping: Option<M>,
    owner: Owner<K>,
}

enum Owner<K> {
    Us,
    /// Holds the picture until it was read.
    Device {
        _keep: Option<K>,
    },
}

/// A buffer of the CAPTURE queue.
enum Taken {
    Buffer(Dequeued),
    /// There is nothing after the last buffer.
    End,
}

/// Why a wait is over.
enum Woken {
    /// There may be a buffer.
    Again,
    /// There is an event.
    Event,
    /// Nothing came in time, or the alarm.
    Late,
}

impl<K: Send + 'static, O: M2mOps> Pair<K, O> {
    /// Of a device whose formats are set. `input` is what its OUTPUT queue takes.
    fn new(ops: O, planes: Planes, memory: Memory, input: Format, patience: Duration) -> Self {
        let (output, capture) = (Queue::output(planes), Queue::capture(planes));
        let (ops, inputs, outputs) = (Arc::new(ops), Vec::new(), Vec::new());
        let running = Running { ops, output, capture, memory, input, inputs, outputs };
        Self { patience, running: Some(running) }
    }
}

impl<K: Send + 'static, O: M2mOps> Deref for Pair<K, O> {
    type Target = Running<K, O>;

    fn deref(&self) -> &Running<K, O> {
        self.running.as_ref().expect("there until it is dropped")
    }
}

impl<K: Send + 'static, O: M2mOps> DerefMut for Pair<K, O> {
    fn deref_mut(&mut self) -> &mut Running<K, O> {
        self.running.as_mut().expect("there until it is dropped")
    }
}

impl<K: Send + 'static, O: M2mOps> Drop for Pair<K, O> {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        // A device whose number cannot be asked is nobody else's.
        let number = running.ops.number().unwrap_or_default();
        ENDINGS.end(number, running, self.patience);
    }
}

impl<K, O: M2mOps> Running<K, O> {
    /// Allocates both queues' buffers, and gives those of the CAPTURE queue to the device.
    fn allocate(&mut self, outputs: u32) -> Result<(), StartError> {
        let inputs = self.ops.request_buffers(self.output, self.memory, INPUTS)?;
        let outputs = self.ops.request_buffers(self.capture, Memory::Mapped, outputs)?;
        if !(1..=MAX_BUFFERS).contains(&inputs) || !(1..=MAX_BUFFERS).contains(&outputs) {
            return Err(StartError::Buffers);
        }
        for index in 0..inputs {
            let mapping = match self.memory {
                Memory::Mapped => Some(self.ops.map_mut(self.output, index)?),
                Memory::Imported => None,
            };
            let needed = usize::try_from(self.input.size_image).unwrap_or(usize::MAX);
            if mapping.as_ref().is_some_and(|mapping| mapping.len() < needed) {
                return Err(StartError::Buffers);
            }
            self.inputs.push(Input { mapping, owner: Owner::Us });
        }
        for index in 0..outputs {
            self.outputs.push(Arc::new(self.ops.map(self.capture, index)?));
            self.ops.queue(self.capture, index)?;
        }
        Ok(())
    }

    /// A buffer of the CAPTURE queue.
    fn output(&self, index: u32) -> Result<&Arc<O::Mapping>, RunError> {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        self.outputs.get(at).ok_or(RunError::Index(index))
    }

    fn stream_on(&self) -> Result<(), StartError> {
        self.ops.stream_on(self.output)?;
        Ok(self.ops.stream_on(self.capture)?)
    }

    fn submit_copy(
        &mut self,
        timestamp: Duration,
        paint: impl FnOnce(&mut [u8]),
    ) -> Result<(), SubmitError> {
        self.reclaim()?;
        let (at, index) = self.free().ok_or(SubmitError::Full)?;
        let mapping = self.inputs[at].mapping.as_mut().ok_or(SubmitError::Full)?;
        paint(mapping);
        let length = u32::try_from(mapping.len()).unwrap_or(u32::MAX);
        let bytes_used = self.input.size_image.min(length);
        let filled = Filled { dma_buf: None, length, bytes_used, timestamp };
        self.ops.queue_filled(self.output, index, &filled).map_err(fault)?;
        self.inputs[at].owner = Owner::Device { _keep: None };
        Ok(())
    }

    fn submit_import(
        &mut self,
        timestamp: Duration,
        dma_buf: BorrowedFd<'_>,
        length: u32,
        keep: K,
    ) -> Result<(), SubmitError> {
        self.reclaim()?;
        let (at, index) = self.free().ok_or(SubmitError::Full)?;
        let bytes_used = self.input.size_image.min(length);
        let filled = Filled { dma_buf: Some(dma_buf), length, bytes_used, timestamp };
        self.ops.queue_filled(self.output, index, &filled).map_err(|error| {
            match Errno::from_io_error(&error) {
                Some(Errno::NODEV | Errno::NXIO | Errno::IO) => fault(error).into(),
                _ => SubmitError::Import(error),
            }
        })?;
        self.inputs[at].owner = Owner::Device { _keep: Some(keep) };
        Ok(())
    }

    fn pending(&self) -> usize {
        self.inputs.iter().filter(|input| matches!(input.owner, Owner::Device { .. })).count()
    }

    fn free(&self) -> Option<(usize, u32)> {
        let at = self.inputs.iter().position(|input| matches!(input.owner, Owner::Us))?;
        Some((at, u32::try_from(at).ok()?))
    }

    /// Takes back the pictures that the device has read.
    fn reclaim(&mut self) -> Result<(), RunError> {
        while self.pending() > 0 {
            let read = self.ops.dequeue(self.output, self.memory).map_err(fault)?;
            let Some(read) = read else { break };
            let at = usize::try_from(read.index).unwrap_or(usize::MAX);
            let input = self.inputs.get_mut(at).ok_or(RunError::Index(read.index))?;
            input.owner = Owner::Us;
        }
        Ok(())
    }

    /// What the device has made, if there is something.
    fn take(&mut self) -> Result<Option<Taken>, RunError> {
        self.reclaim()?;
        match self.ops.dequeue(self.capture, Memory::Mapped) {
            Ok(full) => Ok(full.map(Taken::Buffer)),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::PIPE) => Ok(Some(Taken::End)),
            Err(error) => Err(fault(error)),
        }
    }

    fn wait(&self, deadline: Instant, alarm: Option<BorrowedFd<'_>>) -> Result<Woken, RunError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let ready = self.ops.wait_any(left, alarm).map_err(fault)?;
        if ready.has_event {
            Ok(Woken::Event)
        } else if ready.has_failed && !ready.has_buffer {
            Err(RunError::Failed)
        } else if !ready.has_buffer && (left.is_zero() || ready.is_called) {
            Ok(Woken::Late)
        } else {
            Ok(Woken::Again)
        }
    }
}

impl<K: Send + 'static, O: M2mOps> fmt::Debug for Pair<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Running { memory, input, .. } = &**self;
        f.debug_struct("Pair").field("memory", memory).field("input", input).finish_non_exhaustive()
    }
}

impl<K, O: M2mOps> Drop for Running<K, O> {
    /// Errors are of no use here: the device may be gone, and closing it does the same.
    fn drop(&mut self) {
        let _stopped = self.ops.stream_off(self.output);
        let _stopped = self.ops.stream_off(self.capture);
        self.inputs.clear();
        self.outputs.clear();
        let _freed = self.ops.request_buffers(self.output, self.memory, 0);
        let _freed = self.ops.request_buffers(self.capture, Memory::Mapped, 0);
    }
}

fn fault(error: io::Error) -> RunError {
    match Errno::from_io_error(&error) {
        Some(Errno::NODEV | Errno::NXIO) => RunError::Gone,
        Some(Errno::IO) => RunError::Failed,
        _ => RunError::Os(error),
    }
}

/// One being read, one waiting, and two that a slow driver keeps as references.
const INPUTS: u32 = 4;
/// A driver may give more than asked for, but not without bound.
const MAX_BUFFERS: u32 = 32;

#[cfg(test)]
mod fake;
