// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures from a V4L2 camera.

use std::path::Path;
use std::time::{Duration, Instant};

use frame::{Pts, RawFrame, Size};
use v4l2::{Capture, Device, OpenError, Ops, Wish};

use super::convert::{Converter, Damaged, FORMATS};
use super::{FrameSource, LONGEST_WAIT, SourceError};
use crate::clock::{Signal, monotonic};
use crate::pool::Pool;

/// A camera that runs.
pub(crate) struct CameraSource<O: Ops = Device> {
    capture: Capture<O>,
    converter: Converter,
    pool: Pool,
    number: Option<(u64, u32)>,
    last: Instant,
}

impl CameraSource {
    /// Opens the device and starts it.
    pub(crate) fn open(
        path: &Path,
        size: Size,
        fps: u32,
        pictures: usize,
    ) -> Result<Self, SourceError> {
        let device = Device::open(path).map_err(OpenError::Device)?;
        Self::start(device, size, fps, pictures)
    }
}

impl<O: Ops> CameraSource<O> {
    fn start(device: O, size: Size, fps: u32, pictures: usize) -> Result<Self, SourceError> {
        let (width, height) = (size.width.into(), size.height.into());
        let wish = Wish { width, height, fps, formats: FORMATS.to_vec(), lent: Vec::new() };
        let capture = Capture::start(device, &wish)?;
        let format = capture.format();
        tracing::info!(?format, milli_fps = capture.rate().milli_fps(), "camera started");
        Ok(Self {
            capture,
            converter: Converter::new(format, size)?,
            pool: Pool::new(size, pictures),
            number: None,
            last: Instant::now(),
        })
    }
}

impl<O: Ops + Send> FrameSource for CameraSource<O>
where
    O::Mapping: Send,
{
    fn next(&mut self, _: &Signal) -> Result<Option<RawFrame>, SourceError> {
        let Some(frame) = self.capture.next(LONGEST_WAIT)? else {
            return if self.last.elapsed() < STALLED {
                Ok(None)
            } else {
                Err(SourceError::Stalled)
            };
        };
        let number = match self.number {
            Some((number, last)) => number + u64::from(frame.sequence.wrapping_sub(last)),
            None => 0,
        };
        self.number = Some((number, frame.sequence));
        let pts = Pts::from_monotonic(frame.timestamp.unwrap_or_else(monotonic));
        let converter = &mut self.converter;
        match self.pool.paint(|picture, ()| converter.convert(frame.bytes, picture)) {
            Ok(picture) => {
                self.last = Instant::now();
                Ok(picture.map(|picture| RawFrame { number, pts, picture }))
            }
            // Cameras send some in their first moments; one that sends nothing else has stalled.
            Err(Damaged) if self.last.elapsed() < STALLED => Ok(None),
            Err(Damaged) => Err(SourceError::Stalled),
        }
    }
}

/// Longer than any camera needs for its first picture.
const STALLED: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::io;

    use v4l2::{Capabilities, Dequeued, Format, FourCc, Memory, Planes, Queue, Rate};

    use super::*;

    /// A camera of 16 by 16 pixels that loses every fourth picture and is pulled out at the end.
    struct Fake {
        queued: RefCell<VecDeque<u32>>,
        sequence: RefCell<u32>,
        end: u32,
    }

    impl Ops for Fake {
        type Mapping = Vec<u8>;

        fn capabilities(&self) -> io::Result<Capabilities> {
            Ok(Capabilities { capture: Some(Planes::Single), ..Capabilities::default() })
        }
        fn formats(&self, _: Queue) -> io::Result<Vec<FourCc>> {
            Ok(vec![FourCc::YUYV])
        }
        fn set_format(&self, _: Queue, wish: &Format) -> io::Result<Format> {
            Ok(Format { bytes_per_line: 32, size_image: 512, ..*wish })
        }
        fn set_rate(&self, _: Queue, rate: Rate) -> io::Result<Rate> {
            Ok(rate)
        }
        fn request_buffers(&self, _: Queue, _: Memory, count: u32) -> io::Result<u32> {
            Ok(count)
        }
        fn map(&self, _: Queue, _: u32) -> io::Result<Vec<u8>> {
            Ok(vec![99; 512])
        }
        fn queue(&self, _: Queue, index: u32) -> io::Result<()> {
            self.queued.borrow_mut().push_back(index);
            Ok(())
        }
        fn wait(&self, _: Duration) -> io::Result<bool> {
            Ok(true)
        }
        fn dequeue(&self, _: Queue, _: Memory) -> io::Result<Option<Dequeued>> {
            let mut sequence = self.sequence.borrow_mut();
            *sequence = sequence.wrapping_add(if *sequence % 4 == 2 { 2 } else { 1 });
            if *sequence == self.end {
                return Err(io::Error::from_raw_os_error(19)); // ENODEV
            }
            let index = self.queued.borrow_mut().pop_front().unwrap();
            let timestamp = Some(Duration::from_millis(u64::from(*sequence)));
            let (bytes_used, sequence) = (512, *sequence);
            Ok(Some(Dequeued { index, bytes_used, sequence, timestamp, ..Dequeued::default() }))
        }
        fn stream_on(&self, _: Queue) -> io::Result<()> {
            Ok(())
        }
        fn stream_off(&self, _: Queue) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn numbers_show_losses_over_the_wrap_and_the_end_is_an_error() {
        let first = u32::MAX - 4;
        let fake = Fake { queued: RefCell::default(), sequence: RefCell::new(first), end: 8 };
        let mut source = CameraSource::start(fake, Size::new(16, 16), 30, 2).unwrap();
        let signal = Signal::default();
        let mut numbers = Vec::new();
        let error = loop {
            match source.next(&signal) {
                Ok(Some(frame)) => {
                    assert!(frame.picture.bytes().iter().all(|&sample| sample == 99));
                    let sequence =
                        first.wrapping_add(1).wrapping_add(u32::try_from(frame.number).unwrap());
                    assert_eq!(frame.pts, Pts::from_millis(u64::from(sequence)));
                    numbers.push(frame.number);
                }
                Ok(None) => {}
                Err(error) => break error,
            }
        };
        assert!(matches!(error, SourceError::Capture(v4l2::CaptureError::Gone)), "{error:?}");
        assert_eq!(numbers, [0, 1, 2, 4, 5, 6, 8, 9, 10]);
    }
}
