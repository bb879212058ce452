// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stateful encoder: who owns which buffer when, and what its answers mean. How it is set up is
//! in `setup`. Kernel: media/v4l/dev-encoder.

mod setup;

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dmabuf::{DeviceMemory, Reading};

use super::{Pair, RunError, SubmitError, Taken, Woken, fault};
use crate::{Control, Device, Event, Format, M2mOps};

pub use setup::EncoderWish;

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
/// it stops the device, which is waited for no longer than [`crate::ENCODER_PATIENCE`].
#[derive(Debug)]
pub struct Encoder<K: Send + 'static, O: M2mOps = Device> {
    /// The coded buffer the caller reads; goes back to the device first.
    held: Option<Held<O::Mapping>>,
    is_draining: bool,
    is_at_end: bool,
    source_changed: bool,
    pair: Pair<K, O>,
}

/// A coded buffer that is ours.
#[derive(Debug)]
struct Held<M: DeviceMemory> {
    /// The last buffer of a stream stays.
    goes_back: Option<u32>,
    reading: Reading<M>,
}

impl<K: Send + 'static, O: M2mOps> Encoder<K, O> {
    /// How pictures lie in the encoder's buffers.
    pub fn input(&self) -> Format {
        self.pair.input
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
        self.pair.submit_copy(timestamp, paint)
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
        self.pair.submit_import(timestamp, dma_buf, length, keep)
    }

    /// Gives the last coded picture back and waits at most `timeout` for the next.
    ///
    /// # Errors
    /// [`RunError`]; the encoder is of no more use then.
    pub fn next(&mut self, timeout: Duration) -> Result<Step<'_>, RunError> {
        let deadline = Instant::now() + timeout;
        if let Some(Held { goes_back, reading }) = self.held.take() {
            drop(reading);
            if let Some(index) = goes_back {
                self.pair.ops.queue(self.pair.capture, index).map_err(fault)?;
            }
        }
        loop {
            if let Some(taken) = self.pair.take()? {
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
            match self.pair.wait(deadline, None)? {
                Woken::Again => {}
                Woken::Event => self.read_events()?,
                Woken::Late => return Ok(Step::Nothing),
            }
        }
    }

    /// Codes the next submitted picture as a key frame.
    ///
    /// # Errors
    /// Those of the kernel; EINVAL when the encoder has no such control.
    pub fn force_key_frame(&self) -> io::Result<()> {
        self.pair.ops.set_control(Control::FORCE_KEY_FRAME, 1)
    }

    /// Aims at `bitrate_bps` from the next picture on.
    ///
    /// # Errors
    /// Those of the kernel; EBUSY when it cannot while it runs.
    pub fn set_bitrate(&self, bitrate_bps: u32) -> io::Result<()> {
        self.pair.ops.set_control(Control::BITRATE, i32::try_from(bitrate_bps).unwrap_or(i32::MAX))
    }

    /// Sets any control of the device.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn set_control(&self, control: Control, value: i32) -> io::Result<()> {
        self.pair.ops.set_control(control, value)
    }

    /// Asks for what is still in the encoder; [`Step::Drained`] comes after it.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn drain(&mut self) -> Result<(), RunError> {
        self.is_draining = true;
        self.pair.ops.stop_encoder().map_err(fault)
    }

    /// Pictures that the encoder has not read yet.
    pub fn pending(&self) -> usize {
        self.pair.pending()
    }

    fn step(&mut self, taken: Taken) -> Result<Step<'_>, RunError> {
        let Taken::Buffer(full) = taken else { return Ok(Step::Drained) };
        let reading = Reading::new(Arc::clone(self.pair.output(full.index)?));
        let goes_back = (!full.is_last).then_some(full.index);
        let Held { reading, .. } = self.held.insert(Held { goes_back, reading });
        if full.is_damaged {
            return Ok(Step::Damaged);
        }
        let used = usize::try_from(full.bytes_used).unwrap_or(usize::MAX).min(reading.buffer_len());
        if used == 0 {
            return Ok(if full.is_last { Step::Drained } else { Step::Damaged });
        }
        // A time stamp of the device's own is no submitted picture's.
        let (is_key, timestamp) = (full.is_key, full.copied);
        Ok(Step::Coded { bytes: &reading.bytes()[..used], is_key, timestamp })
    }

    fn read_events(&mut self) -> Result<(), RunError> {
        while let Some(event) = self.pair.ops.next_event().map_err(fault)? {
            match event {
                Event::EndOfStream => self.is_at_end = true,
                Event::SourceChange => self.source_changed = true,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
