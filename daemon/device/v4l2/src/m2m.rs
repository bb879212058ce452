// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stateful encoder: who owns which buffer when, and what its answers mean. How it is set up is
//! in `setup`. Kernel: media/v4l/dev-encoder.

mod setup;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::{Control, Device, Event, Filled, Format, M2mOps, Memory, Queue};

pub use setup::{EncoderWish, Feed, InputLayout, StartError};

/// Why a running encoder ended.
#[derive(Debug, thiserror::Error)]
pub enum EncoderError {
    /// It gave up and must be opened anew.
    #[error("encoder failed")]
    Failed,
    /// The device was taken away.
    #[error("encoder is gone")]
    Gone,
    /// The kernel named a buffer that there is not.
    #[error("kernel returned buffer {0}, which does not exist")]
    Index(u32),
    /// Anything else.
    #[error("encoder call")]
    Os(#[source] io::Error),
}

/// Why a picture was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The encoder still has all its buffers; see [`Encoder::next`].
    #[error("no free buffer")]
    Full,
    /// It cannot use this buffer of another device.
    #[error("buffer cannot be imported")]
    Import(#[source] io::Error),
    /// It is of no more use.
    #[error(transparent)]
    Encoder(#[from] EncoderError),
}

/// What the encoder has to say.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A coded picture, ours until the next call.
    Coded {
        /// The byte stream.
        bytes: &'a [u8],
        /// Decoding can begin here.
        is_key: bool,
        /// What the picture was submitted with, to the microsecond; `None` when the driver does
        /// not tell.
        timestamp: Option<Duration>,
    },
    /// A picture was lost. What follows may refer to it: a key frame is needed.
    Damaged,
    /// The stream that [`Encoder::drain`] ended is complete.
    Drained,
    /// Formats changed by themselves; the encoder must be set up anew.
    SourceChanged,
    /// Nothing yet.
    Nothing,
}

/// A running encoder. `K` is kept with a submitted picture until the encoder has read it. Dropping
/// it stops the device.
#[derive(Debug)]
pub struct Encoder<K, O: M2mOps = Device> {
    ops: O,
    output: Queue,
    capture: Queue,
    memory: Memory,
    input: Format,
    inputs: Vec<Input<K, O::MappingMut>>,
    coded: Vec<O::Mapping>,
    /// The coded buffer the caller reads; goes back to the device first.
    held: Option<u32>,
    is_draining: bool,
    is_at_end: bool,
    source_changed: bool,
}

#[derive(Debug)]
struct Input<K, M> {
    /// For [`Memory::Mapped`].
    mapping: Option<M>,
    owner: Owner<K>,
}

#[derive(Debug)]
enum Owner<K> {
    Us,
    /// Holds the picture until it was read.
    Device {
        _keep: Option<K>,
    },
}

impl<K, O: M2mOps> Encoder<K, O> {
    /// How pictures lie in the encoder's buffers.
    pub fn input(&self) -> Format {
        self.input
    }

    /// Copies a picture into the encoder: `paint` gets a buffer of `input().size_image` bytes or
    /// more.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn submit_copy(
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

    /// Lends a picture in another device's memory to the encoder; `keep` is dropped when it has
    /// read it. `length` is the whole buffer's.
    ///
    /// # Errors
    /// [`SubmitError`]; after [`SubmitError::Import`] pictures can be copied, by another encoder.
    pub fn submit_import(
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

    /// Gives the last coded picture back and waits at most `timeout` for the next.
    ///
    /// # Errors
    /// [`EncoderError`]; the encoder is of no more use then.
    pub fn next(&mut self, timeout: Duration) -> Result<Step<'_>, EncoderError> {
        let deadline = Instant::now() + timeout;
        if let Some(index) = self.held.take() {
            self.ops.queue(self.capture, index).map_err(fault)?;
        }
        loop {
            self.reclaim()?;
            if let Some(taken) = self.take()? {
                return self.step(taken);
            }
            if self.source_changed {
                self.source_changed = false;
                return Ok(Step::SourceChanged);
            }
            // Drivers of old times tell the end by the event alone.
            if self.is_draining && self.is_at_end {
                return Ok(Step::Drained);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let ready = self.ops.wait_any(left).map_err(fault)?;
            if ready.has_event {
                self.read_events()?;
            } else if ready.has_failed && !ready.has_buffer {
                return Err(EncoderError::Failed);
            } else if !ready.has_buffer && left.is_zero() {
                return Ok(Step::Nothing);
            }
        }
    }

    /// Codes the next submitted picture as a key frame.
    ///
    /// # Errors
    /// Those of the kernel; EINVAL when the encoder has no such control.
    pub fn force_key_frame(&self) -> io::Result<()> {
        self.ops.set_control(Control::FORCE_KEY_FRAME, 1)
    }

    /// Aims at `bitrate_bps` from the next picture on.
    ///
    /// # Errors
    /// Those of the kernel; EBUSY when it cannot while it runs.
    pub fn set_bitrate(&self, bitrate_bps: u32) -> io::Result<()> {
        self.ops.set_control(Control::BITRATE, i32::try_from(bitrate_bps).unwrap_or(i32::MAX))
    }

    /// Sets any control of the device.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn set_control(&self, control: Control, value: i32) -> io::Result<()> {
        self.ops.set_control(control, value)
    }

    /// Asks for what is still in the encoder; [`Step::Drained`] comes after it.
    ///
    /// # Errors
    /// [`EncoderError`].
    pub fn drain(&mut self) -> Result<(), EncoderError> {
        self.is_draining = true;
        self.ops.stop_encoder().map_err(fault)
    }

    /// Pictures that the encoder has not read yet.
    pub fn pending(&self) -> usize {
        self.inputs.iter().filter(|input| matches!(input.owner, Owner::Device { .. })).count()
    }

    fn free(&self) -> Option<(usize, u32)> {
        let at = self.inputs.iter().position(|input| matches!(input.owner, Owner::Us))?;
        Some((at, u32::try_from(at).ok()?))
    }

    /// Takes back the pictures that the encoder has read.
    fn reclaim(&mut self) -> Result<(), EncoderError> {
        while self.pending() > 0 {
            let read = self.ops.dequeue(self.output, self.memory).map_err(fault)?;
            let Some(read) = read else { break };
            let at = usize::try_from(read.index).unwrap_or(usize::MAX);
            let input = self.inputs.get_mut(at).ok_or(EncoderError::Index(read.index))?;
            input.owner = Owner::Us;
        }
        Ok(())
    }

    fn take(&mut self) -> Result<Option<Taken>, EncoderError> {
        match self.ops.dequeue(self.capture, Memory::Mapped) {
            Ok(full) => Ok(full.map(Taken::Buffer)),
            // There is nothing after the last buffer.
            Err(error) if Errno::from_io_error(&error) == Some(Errno::PIPE) => Ok(Some(Taken::End)),
            Err(error) => Err(fault(error)),
        }
    }

    fn step(&mut self, taken: Taken) -> Result<Step<'_>, EncoderError> {
        let Taken::Buffer(full) = taken else { return Ok(Step::Drained) };
        let at = usize::try_from(full.index).unwrap_or(usize::MAX);
        let mapping = self.coded.get(at).ok_or(EncoderError::Index(full.index))?;
        self.held = (!full.is_last).then_some(full.index);
        if full.is_damaged {
            return Ok(Step::Damaged);
        }
        let used = usize::try_from(full.bytes_used).unwrap_or(usize::MAX).min(mapping.len());
        if used == 0 {
            return Ok(if full.is_last { Step::Drained } else { Step::Damaged });
        }
        let (is_key, timestamp) = (full.is_key, full.copied.or(full.timestamp));
        Ok(Step::Coded { bytes: &mapping[..used], is_key, timestamp })
    }

    fn read_events(&mut self) -> Result<(), EncoderError> {
        while let Some(event) = self.ops.next_event().map_err(fault)? {
            match event {
                Event::EndOfStream => self.is_at_end = true,
                Event::SourceChange => self.source_changed = true,
            }
        }
        Ok(())
    }
}

enum Taken {
    Buffer(crate::Dequeued),
    End,
}

impl<K, O: M2mOps> Drop for Encoder<K, O> {
    /// Errors are of no use here: the device may be gone, and closing it does the same.
    fn drop(&mut self) {
        let _stopped = self.ops.stream_off(self.output);
        let _stopped = self.ops.stream_off(self.capture);
        self.inputs.clear();
        self.coded.clear();
        let _freed = self.ops.request_buffers(self.output, self.memory, 0);
        let _freed = self.ops.request_buffers(self.capture, Memory::Mapped, 0);
    }
}

fn fault(error: io::Error) -> EncoderError {
    match Errno::from_io_error(&error) {
        Some(Errno::NODEV | Errno::NXIO) => EncoderError::Gone,
        Some(Errno::IO) => EncoderError::Failed,
        _ => EncoderError::Os(error),
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
