// SPDX-License-Identifier: MIT OR Apache-2.0
//! A scaler: each picture that goes in comes out in another size, in memory that can be lent on.
//! Kernel: media/v4l/dev-mem2mem.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::input::{self, Feed, InputLayout, StartError};
use super::{Pair, RunError, SubmitError, Taken, Woken};
use crate::lent::Buffer;
use crate::{Control, Device, Format, FourCc, Lent, M2mOps, Matrix, Memory, Queue, Range};

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
/// it stops the device; pictures that are still lent live on.
#[derive(Debug)]
pub struct Scaler<K, O: M2mOps = Device> {
    format: Format,
    /// Before the queues, which free them.
    buffers: Vec<Arc<Buffer<O::Mapping>>>,
    pair: Pair<K, O>,
}

impl<K, O: M2mOps> Scaler<K, O> {
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
        let pair = Pair::new(ops, planes, Memory::Imported, input);
        // From here on drop frees what was made.
        let format = colour(format, wish);
        let mut scaler = Self { format, buffers: Vec::new(), pair };
        for index in 0..scaler.pair.allocate(PICTURES)? {
            scaler.add_buffer(index)?;
        }
        scaler.pair.stream_on()?;
        Ok(scaler)
    }

    fn add_buffer(&mut self, index: u32) -> Result<(), StartError> {
        let Pair { ops, capture, .. } = &self.pair;
        let mapping = ops.map(*capture, index)?;
        let needed = usize::try_from(self.format.size_image).unwrap_or(usize::MAX);
        if mapping.len() < needed {
            return Err(StartError::Buffers);
        }
        // A device that cannot export still serves readers of mapped pictures.
        let dma_buf = ops.export(*capture, index).ok();
        self.buffers.push(Arc::new(Buffer { mapping, dma_buf }));
        Ok(ops.queue(*capture, index)?)
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

    /// Waits at most `timeout` for the next picture.
    ///
    /// # Errors
    /// [`RunError`]; the scaler is of no more use then.
    pub fn next(&mut self, timeout: Duration) -> Result<Scaled<O>, RunError> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.pair.take()? {
                Some(Taken::Buffer(full)) => return self.scaled(&full),
                Some(Taken::End) => return Err(RunError::Failed),
                None => {}
            }
            match self.pair.wait(deadline)? {
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
        let at = usize::try_from(full.index).unwrap_or(usize::MAX);
        let buffer = self.buffers.get(at).ok_or(RunError::Index(full.index))?;
        let used = usize::try_from(full.bytes_used).unwrap_or(usize::MAX).min(buffer.mapping.len());
        let whole = usize::try_from(self.format.size_image).unwrap_or(usize::MAX);
        let lent = Lent {
            queue: self.pair.capture,
            index: full.index,
            buffer: Arc::clone(buffer),
            ops: Arc::downgrade(&self.pair.ops),
            used,
            sequence: full.sequence,
            timestamp: full.copied.or(full.timestamp),
        };
        // Dropped, it gives its buffer back.
        Ok(if full.is_damaged || used < whole { Scaled::Damaged } else { Scaled::Picture(lent) })
    }
}

fn colour(format: Format, wish: &ScalerWish) -> Format {
    Format { matrix: wish.matrix, range: wish.range, ..format }
}

/// One being made, one being read, and one that an older reader still holds.
const PICTURES: u32 = 3;

#[cfg(test)]
mod tests;
