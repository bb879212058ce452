// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture into mapped buffers: which calls come in which order, and who owns a buffer when.
//! Kernel: media/v4l/mmap, media/v4l/capture-example.

mod crop;
mod look;

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

use dmabuf::{DeviceMemory, Reading};
use rustix::io::Errno;

use crate::lent::{Door, Home, Told};
use crate::{Device, Format, FourCc, Lent, Memory, Ops, Queue, Rate, Rect};

pub use look::Look;

/// What is wanted of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Formats that can be used, the cheapest first.
    pub formats: Vec<FourCc>,
    /// Pictures of which formats may be lent to others, see [`Capture::lend`]. That needs more
    /// buffers.
    pub lent: Vec<FourCc>,
    /// What the owner sets of it.
    pub look: Look,
}

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be opened or asked.
    #[error("device cannot be opened")]
    Device(#[source] io::Error),
    /// It is no capture device, or it cannot stream.
    #[error("not a capture device")]
    NotCapture,
    /// It has none of the wished formats.
    #[error("none of the usable formats among {0:?}")]
    NoFormat(Vec<FourCc>),
    /// Another program captures from it.
    #[error("device is busy")]
    Busy,
    /// It cannot cut out a part of what it sees, or none that lies so.
    #[error("camera cannot crop to {wanted:?}")]
    NoCrop {
        /// The part that its owner wants.
        wanted: Rect,
        /// What it says.
        #[source]
        source: io::Error,
    },
    /// It cuts out another part.
    #[error("camera shows {got:?} instead of {wanted:?}")]
    Crop {
        /// The part that its owner wants.
        wanted: Rect,
        /// What it shows, with pictures of this size and format.
        got: Rect,
    },
    /// It is not to be open any more.
    #[error("nobody wants it any more")]
    Unwanted,
    /// It gave fewer than two buffers, or one that is shorter than a picture.
    #[error("unusable buffers")]
    Buffers,
}

/// Why a running capture ended.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The device was unplugged.
    #[error("device is gone")]
    Gone,
    /// The kernel named a buffer that there is not.
    #[error("kernel returned buffer {0}, which does not exist")]
    Index(u32),
    /// Anything else.
    #[error("capture call")]
    Os(#[source] io::Error),
}

/// One picture, ours until the next call of [`Capture::next`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the device wrote.
    pub bytes: &'a [u8],
    /// Counts the device's pictures, lost and damaged ones too. Wraps around.
    pub sequence: u32,
    /// When it was taken, on the monotonic clock; `None` when the device uses another.
    pub timestamp: Option<Duration>,
}

/// A running capture. Dropping it stops the device.
#[derive(Debug)]
pub struct Capture<O: Ops = Device> {
    queue: Queue,
    format: Format,
    rate: Rate,
    refused: Vec<&'static str>,
    door: Arc<Door<O>>,
    // In this order: the device closes before its memory is given up, which takes longer.
    ops: Arc<O>,
    /// The buffer the caller reads; goes back to the device first.
    held: Option<Held<O::Mapping>>,
    buffers: Vec<Arc<O::Mapping>>,
}

impl<O: Ops> Capture<O> {
    /// Agrees on a format with the device and starts it, while it `may` be open: that is asked
    /// before each of the calls that take a slow device its time.
    ///
    /// # Errors
    /// [`OpenError`]; the device is stopped then.
    pub fn start(ops: O, wish: &Wish, may: &dyn Fn() -> bool) -> Result<Self, OpenError> {
        let still = || may().then_some(()).ok_or(OpenError::Unwanted);
        still()?;
        let capabilities = ops.capabilities().map_err(OpenError::Device)?;
        let queue = Queue::capture(capabilities.capture.ok_or(OpenError::NotCapture)?);
        match wish.look.crop {
            Some(wanted) => crop::set(&ops, queue, wanted)?,
            None => crop::reset(&ops, queue),
        }
        let (format, rate) = negotiate(&ops, queue, wish, &still)?;
        if let Some(wanted) = wish.look.crop {
            crop::check(&ops, queue, wanted)?;
        }
        let refused = wish.look.apply(&ops);
        still()?;
        let is_lent = wish.lent.contains(&format.fourcc);
        let wanted = if is_lent { LENT_BUFFERS } else { BUFFERS };
        let count = ops.request_buffers(queue, Memory::Mapped, wanted).map_err(busy)?;
        // From here on drop frees what was made.
        let (held, buffers, ops) = (None, Vec::new(), Arc::new(ops));
        let door = Door::new(&ops);
        let mut capture = Self { queue, format, rate, refused, held, buffers, door, ops };
        if !(2..=MAX_BUFFERS).contains(&count) {
            return Err(OpenError::Buffers);
        }
        for index in 0..count {
            still()?;
            let mapping = capture.ops.map(queue, index).map_err(OpenError::Device)?;
            capture.buffers.push(Arc::new(mapping));
            capture.ops.queue(queue, index).map_err(OpenError::Device)?;
        }
        still()?;
        capture.ops.stream_on(queue).map_err(busy)?;
        still()?;
        Ok(capture)
    }

    /// What the device delivers.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Names of what was wished of its [`Look`] and it does not have or does not take.
    pub fn refused(&self) -> &[&'static str] {
        &self.refused
    }

    /// Pictures a second as the device says; zero when it does not tell.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Whether its pictures can be lent: one that does not export its buffers would stay open as
    /// long as any of them is.
    pub fn can_lend(&self) -> bool {
        self.buffers.iter().all(|buffer| buffer.dma_buf().is_some())
    }

    /// Gives the last picture back and waits at most `timeout` for the next. `None` when there is
    /// none yet, it was damaged, or `alarm` is readable.
    ///
    /// # Errors
    /// [`CaptureError`]; the capture is of no more use then.
    pub fn next(
        &mut self,
        timeout: Duration,
        alarm: Option<BorrowedFd<'_>>,
    ) -> Result<Option<Frame<'_>>, CaptureError> {
        let Some((index, told)) = self.take(timeout, alarm)? else { return Ok(None) };
        let reading = Reading::new(Arc::clone(self.buffer(index)?));
        let held = self.held.insert(Held { index, reading });
        let Told { used, sequence, timestamp } = told;
        Ok(Some(Frame { bytes: &held.reading.bytes()[..used], sequence, timestamp }))
    }

    /// Waits as [`Capture::next`] does, and lends the picture out: its buffer goes back to the
    /// device when the last holder drops it. When all buffers are lent the device skips pictures.
    ///
    /// # Errors
    /// [`CaptureError`]; the capture is of no more use then.
    pub fn lend(
        &mut self,
        timeout: Duration,
        alarm: Option<BorrowedFd<'_>>,
    ) -> Result<Option<Lent<O>>, CaptureError> {
        let Some((index, told)) = self.take(timeout, alarm)? else { return Ok(None) };
        let memory = Arc::clone(self.buffer(index)?);
        let home = Home { queue: self.queue, index, door: Arc::clone(&self.door) };
        Ok(Some(Lent::new(home, memory, told)))
    }

    /// A buffer that the device is done with, and what it says of it.
    fn take(
        &mut self,
        timeout: Duration,
        alarm: Option<BorrowedFd<'_>>,
    ) -> Result<Option<(u32, Told)>, CaptureError> {
        if let Some(Held { index, reading }) = self.held.take() {
            drop(reading);
            self.ops.queue(self.queue, index).map_err(fault)?;
        }
        if !self.ops.wait(timeout, alarm).map_err(fault)? {
            return Ok(None);
        }
        let full = self.ops.dequeue(self.queue, Memory::Mapped).map_err(fault)?;
        let Some(full) = full else { return Ok(None) };
        let index = full.index;
        let reading = Reading::new(Arc::clone(self.buffer(index)?));
        let len = reading.buffer_len();
        let used = usize::try_from(full.bytes_used).unwrap_or(usize::MAX).min(len);
        if full.is_damaged || used == 0 {
            self.held = Some(Held { index, reading });
            return Ok(None);
        }
        let (sequence, timestamp) = (full.sequence, full.timestamp);
        Ok(Some((index, Told { used, sequence, timestamp })))
    }

    fn buffer(&self, index: u32) -> Result<&Arc<O::Mapping>, CaptureError> {
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        self.buffers.get(at).ok_or(CaptureError::Index(index))
    }
}

/// A buffer that is ours.
#[derive(Debug)]
struct Held<M: DeviceMemory> {
    index: u32,
    reading: Reading<M>,
}

impl<O: Ops> Drop for Capture<O> {
    /// Errors are of no use here: the device may be gone, and closing it does the same.
    fn drop(&mut self) {
        self.door.shut();
        let _stopped = self.ops.stream_off(self.queue);
        let _freed = self.ops.request_buffers(self.queue, Memory::Mapped, 0);
    }
}

/// Takes the first format in which the device has the wished size and nearly the wished rate,
/// else the best there is: cameras offer YUYV at full size, but only a few pictures a second.
fn negotiate<O: Ops>(
    ops: &O,
    queue: Queue,
    wish: &Wish,
    still: &impl Fn() -> Result<(), OpenError>,
) -> Result<(Format, Rate), OpenError> {
    let offered = ops.formats(queue).map_err(OpenError::Device)?;
    let mut best: Option<((bool, u64), FourCc)> = None;
    for &fourcc in wish.formats.iter().filter(|fourcc| offered.contains(fourcc)) {
        still()?;
        let (format, rate) = set(ops, queue, fourcc, wish)?;
        if format.fourcc != fourcc {
            continue;
        }
        let has_size = (format.width, format.height) == (wish.width, wish.height);
        let wished = u64::from(wish.fps) * 1000;
        let milli_fps = rate.milli_fps();
        if has_size && milli_fps * 10 >= wished * 9 {
            return Ok((format, rate));
        }
        let score = (has_size, milli_fps.min(wished));
        if best.is_none_or(|(other, _)| score > other) {
            best = Some((score, fourcc));
        }
    }
    match best {
        Some((_, fourcc)) => {
            still()?;
            set(ops, queue, fourcc, wish)
        }
        None => Err(OpenError::NoFormat(offered)),
    }
}

fn set<O: Ops>(
    ops: &O,
    queue: Queue,
    fourcc: FourCc,
    wish: &Wish,
) -> Result<(Format, Rate), OpenError> {
    let format =
        ops.set_format(queue, &Format::of(fourcc, wish.width, wish.height)).map_err(busy)?;
    // Some devices have one rate and refuse to talk about it.
    let rate = ops.set_rate(queue, Rate::fps(wish.fps)).unwrap_or(Rate { pictures: 0, seconds: 1 });
    Ok((format, rate))
}

fn busy(error: io::Error) -> OpenError {
    if Errno::from_io_error(&error) == Some(Errno::BUSY) {
        OpenError::Busy
    } else {
        OpenError::Device(error)
    }
}

fn fault(error: io::Error) -> CaptureError {
    match Errno::from_io_error(&error) {
        Some(Errno::NODEV | Errno::NXIO) => CaptureError::Gone,
        _ => CaptureError::Os(error),
    }
}

/// One being filled, one waiting, one read. Each is a whole picture.
const BUFFERS: u32 = 3;
/// Besides one being filled and one waiting: one in the encoder and four before it, however late it
/// is, and two that other readers hold for a moment.
const LENT_BUFFERS: u32 = 9;
/// A driver may give more than asked for, but not without bound.
const MAX_BUFFERS: u32 = 32;

#[cfg(test)]
mod tests;
