// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures from a V4L2 camera.

use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use frame::{DeviceLayout, RawFrame, Size, YuvPicture};
use v4l2::{
    Capabilities, Capture, Device, FourCc, OpenError, Ops, Place, Queue, Target, Wish,
    find_camera_called,
};

use super::convert::FORMATS;
use super::count::{Numbers, STALLED, pts};
use super::{
    CameraName, Converter, FoundCamera, FrameSource, LONGEST_WAIT, MAX_PICTURES, SourceError,
};
use crate::clock::{Alarm, Signal};
use crate::lent::{LentPicture, layout};
use crate::pool::Pool;
use crate::video::{Counter, VideoConfig};

/// A camera that runs.
pub(crate) struct CameraSource<O: Ops = Device> {
    capture: Capture<O>,
    converter: Arc<Mutex<Converter>>,
    /// How pictures lie when they stay in the camera's memory.
    layout: Option<DeviceLayout>,
    copied: Arc<Counter>,
    pool: Pool,
    numbers: Numbers,
    last: Instant,
}

impl CameraSource {
    /// Opens the device and starts it, while it `may` be open. Where it was `seen` is where it is
    /// looked for.
    pub(crate) fn open(
        name: &CameraName,
        config: &VideoConfig,
        copied: &Arc<Counter>,
        seen: &mut Option<Place>,
        may: &dyn Fn() -> bool,
    ) -> Result<Self, SourceError> {
        // First, since it opens other devices, any of which may be slow.
        let lent = lendable(config);
        let path = seen.as_ref().map_or_else(|| node(name), Place::find);
        let path = path.map_err(OpenError::Device)?;
        if !may() {
            return Err(OpenError::Unwanted.into());
        }
        let device = Device::open(&path).map_err(OpenError::Device)?;
        if let Ok(capabilities) = device.capabilities() {
            *seen = Some(Place::of(&capabilities, path));
        }
        let (width, height) = (config.size.width.into(), config.size.height.into());
        let (fps, formats, look) = (config.fps, FORMATS.to_vec(), config.look);
        let wish = Wish { width, height, fps, formats, lent, look };
        Self::start(device, config.size, &wish, Arc::clone(copied), may)
    }
}

/// Which pictures stay in the camera's memory: those that the hardware encoder reads there, or the
/// scaler in front of a software one.
fn lendable(config: &VideoConfig) -> Vec<FourCc> {
    let lent = config.encoder.reads();
    if lent.is_empty() { config.scaler.reads() } else { lent }
}

fn node(name: &CameraName) -> io::Result<PathBuf> {
    match name {
        CameraName::Path(path) => Ok(path.clone()),
        CameraName::Called(name) => find_camera_called(name),
    }
}

/// What a camera is, without starting it.
pub(super) fn find(name: &CameraName) -> io::Result<FoundCamera> {
    let node = node(name)?;
    let device = Device::open(&node)?;
    let Capabilities { card: name, capture, .. } = device.capabilities()?;
    let planes = capture.ok_or_else(|| io::Error::other("not a capture device"))?;
    let crop_bounds = device.selection(Queue::capture(planes), Target::Bounds).ok();
    Ok(FoundCamera { node, name, crop_bounds })
}

impl<O: Ops> CameraSource<O> {
    /// Pictures in one of the formats that `wish` lends stay in the camera's memory.
    fn start(
        device: O,
        size: Size,
        wish: &Wish,
        copied: Arc<Counter>,
        may: &dyn Fn() -> bool,
    ) -> Result<Self, SourceError> {
        let capture = Capture::start(device, wish, may)?;
        if !capture.refused().is_empty() {
            tracing::warn!(refused = ?capture.refused(), "the camera does not take all of [video.controls]");
        }
        let format = capture.format();
        let is_lent = wish.lent.contains(&format.fourcc) && capture.can_lend();
        let layout = is_lent.then(|| layout(format, size)).flatten();
        let milli_fps = capture.rate().milli_fps();
        tracing::info!(?format, milli_fps, is_lent = layout.is_some(), "camera started");
        Ok(Self {
            capture,
            converter: Arc::new(Mutex::new(Converter::new(format, size)?)),
            layout,
            copied,
            pool: Pool::new(size, MAX_PICTURES),
            numbers: Numbers::default(),
            last: Instant::now(),
        })
    }
}

impl<O: Ops> FrameSource for CameraSource<O> {
    fn next(&mut self, signal: &Signal) -> Result<Option<RawFrame>, SourceError> {
        let frame = match self.layout {
            Some(layout) => self.lend(layout, &signal.alarm)?,
            None => self.convert(&signal.alarm)?,
        };
        match frame {
            Some(frame) => {
                self.last = Instant::now();
                Ok(Some(frame))
            }
            // Cameras send damaged ones in their first moments; one that sends nothing else has
            // stalled.
            None if self.last.elapsed() < STALLED => Ok(None),
            None => Err(SourceError::Stalled),
        }
    }
}

impl<O: Ops> CameraSource<O> {
    /// The next picture, left where it is.
    fn lend(
        &mut self,
        layout: DeviceLayout,
        alarm: &Alarm,
    ) -> Result<Option<RawFrame>, SourceError> {
        let lent = self.capture.lend(LONGEST_WAIT, Some(alarm.as_fd()))?;
        let Some(lent) = lent else { return Ok(None) };
        let layout = DeviceLayout { buffer_len: lent.buffer_len(), ..layout };
        let (sequence, timestamp) = (lent.sequence(), lent.timestamp());
        let picture = LentPicture {
            layout,
            size: self.pool.size(),
            lent,
            converter: Arc::clone(&self.converter),
            copied: Arc::clone(&self.copied),
        };
        let number = self.numbers.of(sequence);
        if !picture.is_whole() {
            return Ok(None);
        }
        let picture = Arc::new(YuvPicture::in_device(picture.size, Arc::new(picture)));
        Ok(Some(RawFrame { number, pts: pts(timestamp), picture }))
    }

    /// The next picture, copied into memory of ours. `None` also when there is none left.
    fn convert(&mut self, alarm: &Alarm) -> Result<Option<RawFrame>, SourceError> {
        let frame = self.capture.next(LONGEST_WAIT, Some(alarm.as_fd()))?;
        let Some(frame) = frame else { return Ok(None) };
        let mut converter = self.converter.lock().unwrap_or_else(PoisonError::into_inner);
        let painted = self.pool.paint(|picture, ()| converter.convert(frame.bytes, picture));
        let (sequence, timestamp) = (frame.sequence, frame.timestamp);
        drop(converter);
        let number = self.numbers.of(sequence);
        let Ok(painted) = painted else { return Ok(None) };
        // A picture without memory is lost, but the camera is well.
        self.last = Instant::now();
        self.copied.add(painted.as_ref().map_or(0, |picture| length(picture.size())));
        Ok(painted.map(|picture| RawFrame { number, pts: pts(timestamp), picture }))
    }
}

fn length(size: Size) -> u64 {
    u64::try_from(size.i420_len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::os::fd::BorrowedFd;
    use std::time::Duration;

    use frame::Pts;
    use v4l2::{Dequeued, DeviceMemory, Format, Memory, Planes, Rate};

    use super::*;

    /// A camera of 16 by 16 pixels that loses every fourth picture and is pulled out at the end.
    struct Fake {
        queued: Mutex<VecDeque<u32>>,
        sequence: Mutex<u32>,
        end: u32,
    }

    struct Plain(Vec<u8>);

    impl DeviceMemory for Plain {
        fn bytes(&self) -> &[u8] {
            &self.0
        }
    }

    impl Ops for Fake {
        type Mapping = Plain;

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
        fn set_control(&self, _: v4l2::Control, _: i32) -> io::Result<()> {
            Ok(())
        }
        fn request_buffers(&self, _: Queue, _: Memory, count: u32) -> io::Result<u32> {
            Ok(count)
        }
        fn map(&self, _: Queue, _: u32) -> io::Result<Plain> {
            Ok(Plain(vec![99; 512]))
        }
        fn queue(&self, _: Queue, index: u32) -> io::Result<()> {
            self.queued.lock().unwrap().push_back(index);
            Ok(())
        }
        fn wait(&self, _: Duration, _: Option<BorrowedFd<'_>>) -> io::Result<bool> {
            Ok(true)
        }
        fn dequeue(&self, _: Queue, _: Memory) -> io::Result<Option<Dequeued>> {
            let mut sequence = self.sequence.lock().unwrap();
            *sequence = sequence.wrapping_add(if *sequence % 4 == 2 { 2 } else { 1 });
            if *sequence == self.end {
                return Err(io::Error::from_raw_os_error(19)); // ENODEV
            }
            let index = self.queued.lock().unwrap().pop_front().unwrap();
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
        let fake = Fake { queued: Mutex::default(), sequence: Mutex::new(first), end: 8 };
        let mut source = {
            let copied = Arc::new(Counter::default());
            let (formats, look) = (FORMATS.to_vec(), v4l2::Look::default());
            let wish = Wish { width: 16, height: 16, fps: 30, formats, lent: Vec::new(), look };
            CameraSource::start(fake, Size::new(16, 16), &wish, copied, &|| true).unwrap()
        };
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
