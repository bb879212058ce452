// SPDX-License-Identifier: MIT OR Apache-2.0
//! A scaler: each picture that goes in comes out in another size, in memory that can be lent on.
//! Kernel: media/v4l/dev-mem2mem.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::input::{self, Feed, InputLayout, StartError};
use super::{Pair, RunError, SubmitError, Taken, Woken};
use crate::ends::SCALER_PATIENCE;
use crate::lent::{Door, Home, Told};
use crate::{
    Control, Device, DeviceMemory, Format, FourCc, Lent, M2mOps, Matrix, Memory, Queue, Range,
};

/// What is wanted of a scaler. Pictures come in another device's buffers and leave in the same
/// pixel format and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScalerWish {
    /// How they come.
    pub input: InputLayout,
    /// Pixels a row of what comes.
    pub from_width: u32,
    /// Its rows.
    pub from_height: u32,
    /// Pixels a row of what is wanted.
    pub width: u32,
    /// Its rows.
    pub height: u32,
    /// How colour is written.
    pub matrix: Matrix,
    /// Which values are used.
    pub range: Range,
}

/// What a scaler has to say.
#[derive(Debug)]
pub enum Scaled<O: M2mOps = Device> {
    /// A picture. Its time stamp is the one that it was submitted with, `None` when the driver
    /// does not tell. Its buffer goes back when its last holder drops it; when all are held, no
    /// picture comes.
    Picture(Lent<O>),
    /// A picture was lost.
    Damaged,
    /// Nothing yet.
    Nothing,
}

/// A running scaler. `K` is kept with a submitted picture until the scaler has read it. Dropping
/// it stops the device, which is waited for no longer than [`SCALER_PATIENCE`]; pictures that are
/// still lent live on.
#[derive(Debug)]
pub struct Scaler<K: Send + 'static, O: M2mOps = Device> {
    format: Format,
    door: Arc<Door<O>>,
    pair: Pair<K, O>,
}

impl<K: Send + 'static, O: M2mOps> Scaler<K, O> {
    /// Sets the scaler up and starts it.
    ///
    /// # Errors
    /// [`StartError`]; the device is stopped then.
    pub fn start(ops: O, wish: &ScalerWish) -> Result<Self, StartError> {
        let planes = ops.capabilities()?.m2m.ok_or(StartError::NotOfKind)?;
        let (output, capture) = (Queue::output(planes), Queue::capture(planes));
        let from = colour(Format::of(FourCc::NV12, wish.from_width, wish.from_height), wish);
        let input = input::set_format(&ops, output, from, &Feed::Import(wish.input))?;
        input::set_crop(&ops, output, (wish.from_width, wish.from_height), &input)?;
        let offered = ops.formats(capture)?;
        if !offered.contains(&wish.input.fourcc) {
            return Err(StartError::NoFormat(offered));
        }
        let small = Format::of(wish.input.fourcc, wish.width, wish.height);
        let format = ops.set_format(capture, &small)?;
        if (format.fourcc, format.width, format.height) != (small.fourcc, small.width, small.height)
        {
            return Err(StartError::Size(format.width, format.height));
        }
        input::check_rows(format)?;
        // From here on drop frees what was made.
        let pair = Pair::new(ops, planes, Memory::Imported, input, SCALER_PATIENCE);
        let (format, door) = (colour(format, wish), Door::new(&pair.ops));
        let mut scaler = Self { format, door, pair };
        scaler.pair.allocate(PICTURES)?;
        scaler.check_outputs()?;
        scaler.pair.stream_on()?;
        Ok(scaler)
    }

    /// What is lent may live longer than the scaler, so that it must not keep the device open.
    fn check_outputs(&self) -> Result<(), StartError> {
        let needed = usize::try_from(self.format.size_image).unwrap_or(usize::MAX);
        for output in &self.pair.outputs {
            if output.bytes().len() < needed {
                return Err(StartError::Buffers);
            }
            output.dma_buf().ok_or(StartError::NotLent)?;
        }
        Ok(())
    }

    /// How pictures lie that it has made.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Lends a picture in another device's memory to the scaler; `keep` is dropped when it has
    /// read it. `length` is the whole buffer's.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn submit(
        &mut self,
        timestamp: Duration,
        dma_buf: BorrowedFd<'_>,
        length: u32,
        keep: K,
    ) -> Result<(), SubmitError> {
        self.pair.submit_import(timestamp, dma_buf, length, keep)
    }

    /// Waits for the next picture, at most `timeout` and until `alarm` is readable.
    ///
    /// # Errors
    /// [`RunError`]; the scaler is of no more use then.
    pub fn next(
        &mut self,
        timeout: Duration,
        alarm: Option<BorrowedFd<'_>>,
    ) -> Result<Scaled<O>, RunError> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.pair.take()? {
                Some(Taken::Buffer(full)) => return self.scaled(&full),
                Some(Taken::End) => return Err(RunError::Failed),
                None => {}
            }
            match self.pair.wait(deadline, alarm)? {
                Woken::Again => {}
                // None was asked for.
                Woken::Event => drop(self.pair.ops.next_event().map_err(super::fault)?),
                Woken::Late => return Ok(Scaled::Nothing),
            }
        }
    }

    /// Sets any control of the device.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn set_control(&self, control: Control, value: i32) -> io::Result<()> {
        self.pair.ops.set_control(control, value)
    }

    /// Pictures that the scaler has not read yet.
    pub fn pending(&self) -> usize {
        self.pair.pending()
    }

    fn scaled(&self, full: &crate::Dequeued) -> Result<Scaled<O>, RunError> {
        let memory = Arc::clone(self.pair.output(full.index)?);
        let (queue, door) = (self.pair.capture, Arc::clone(&self.door));
        let home = Home { queue, index: full.index, door };
        let used = usize::try_from(full.bytes_used).unwrap_or(usize::MAX).min(memory.bytes().len());
        let whole = usize::try_from(self.format.size_image).unwrap_or(usize::MAX);
        // A time stamp of the device's own is no submitted picture's.
        let (sequence, timestamp) = (full.sequence, full.copied);
        let lent = Lent::new(home, memory, Told { used, sequence, timestamp });
        // Dropped, it gives its buffer back.
        Ok(if full.is_damaged || used < whole { Scaled::Damaged } else { Scaled::Picture(lent) })
    }
}

impl<K: Send + 'static, O: M2mOps> Drop for Scaler<K, O> {
    fn drop(&mut self) {
        self.door.shut();
    }
}

fn colour(format: Format, wish: &ScalerWish) -> Format {
    Format { matrix: wish.matrix, range: wish.range, ..format }
}

/// One being made, one being read, and one that an older reader still holds.
const PICTURES: u32 = 3;

#[cfg(test)]
mod tests;
