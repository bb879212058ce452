// SPDX-License-Identifier: MIT OR Apache-2.0
//! Capture against a device of our own that checks the order of calls.

use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use super::*;
use crate::{Capabilities, Control, Dequeued, Planes, Rect, Target};

const PLANES: Planes = Planes::Multi;

#[derive(Debug, Default)]
struct State {
    offered: Vec<(FourCc, u32, u32, Rate)>,
    set: Option<usize>,
    buffers: u32,
    mapped: Vec<u32>,
    queued: VecDeque<u32>,
    is_streaming: bool,
    exports_nothing: bool,
    sequence: u32,
    /// Those that it has, with their values.
    controls: Vec<(Control, i32)>,
    crop: Option<Rect>,
    /// It begins at multiples of so many columns.
    crop_step: u32,
    /// A format takes it back.
    crop_goes: bool,
    /// Answers of `dequeue` before pictures come again.
    faults: VecDeque<Fault>,
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    Errno(Errno),
    Index(u32),
    Damaged,
    NotReady,
    TooLong,
}

#[derive(Debug, Clone, Default)]
struct Fake(Arc<Mutex<State>>);

impl Fake {
    fn camera() -> Self {
        let fake = Self::default();
        fake.0.lock().unwrap().crop_step = 1;
        fake.0.lock().unwrap().offered = vec![
            (FourCc::YUYV, 1920, 1080, Rate::fps(5)),
            (FourCc::MJPEG, 1920, 1080, Rate::fps(30)),
        ];
        fake
    }

    fn fail_with(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }
}

struct FakeMapping(Vec<u8>, Arc<Mutex<State>>, u32, Option<File>);

impl DeviceMemory for FakeMapping {
    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.3.as_ref().map(AsFd::as_fd)
    }

    fn bytes(&self) -> &[u8] {
        assert!(!self.1.lock().unwrap().queued.contains(&self.2), "read while the device owns it");
        &self.0
    }
}

impl Drop for FakeMapping {
    fn drop(&mut self) {
        self.1.lock().unwrap().mapped.retain(|&index| index != self.2);
    }
}

fn errno<T>(errno: Errno) -> io::Result<T> {
    Err(errno.into())
}

impl Ops for Fake {
    type Mapping = FakeMapping;

    fn capabilities(&self) -> io::Result<Capabilities> {
        let has_formats = !self.0.lock().unwrap().offered.is_empty();
        Ok(Capabilities { capture: has_formats.then_some(PLANES), ..Capabilities::default() })
    }

    fn formats(&self, _: Queue) -> io::Result<Vec<FourCc>> {
        Ok(self.0.lock().unwrap().offered.iter().map(|offer| offer.0).collect())
    }

    fn set_format(&self, queue: Queue, wish: &Format) -> io::Result<Format> {
        assert_eq!(queue, Queue::capture(PLANES));
        let mut state = self.0.lock().unwrap();
        if state.buffers > 0 {
            return errno(Errno::BUSY);
        }
        state.set = state.offered.iter().position(|offer| offer.0 == wish.fourcc);
        let (fourcc, width, height, _) = state.offered[state.set.unwrap()];
        if state.crop_goes {
            state.crop = Some(Rect::of(width, height));
        }
        let bytes_per_line = 2 * width;
        let size_image = bytes_per_line * height;
        Ok(Format { bytes_per_line, size_image, ..Format::of(fourcc, width, height) })
    }

    fn set_rate(&self, _: Queue, _: Rate) -> io::Result<Rate> {
        let state = self.0.lock().unwrap();
        match state.offered[state.set.unwrap()].3 {
            Rate { pictures: 0, .. } => errno(Errno::NOTTY),
            rate => Ok(rate),
        }
    }

    fn selection(&self, _: Queue, target: Target) -> io::Result<Rect> {
        let now = self.0.lock().unwrap().crop;
        let asked = match target {
            Target::Crop => now,
            Target::Default => now.map(|_| Rect::of(1920, 1080)),
            Target::Bounds => panic!("nobody asks"),
        };
        asked.map_or_else(|| errno(Errno::NOTTY), Ok)
    }

    /// Whole blocks, however that may be.
    fn set_crop(&self, _: Queue, crop: Rect) -> io::Result<Rect> {
        let mut state = self.0.lock().unwrap();
        assert!(state.set.is_none(), "the format comes after it");
        let step = state.crop_step;
        let Some(set) = &mut state.crop else { return errno(Errno::NOTTY) };
        *set = Rect { left: crop.left / step * step, ..crop };
        Ok(*set)
    }

    fn default_of(&self, control: Control) -> io::Result<i32> {
        match control {
            Control::EXPOSURE_AUTO => Ok(3),
            Control::EXPOSURE_ABSOLUTE => Ok(157),
            _ => errno(Errno::INVAL),
        }
    }

    fn set_control(&self, control: Control, value: i32) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        assert_eq!(state.buffers, 0, "some cameras turn nothing that has buffers");
        match state.controls.iter_mut().find(|(known, _)| *known == control) {
            Some((_, set)) => *set = value,
            None => return errno(Errno::INVAL),
        }
        Ok(())
    }

    fn request_buffers(&self, _: Queue, _: Memory, count: u32) -> io::Result<u32> {
        let mut state = self.0.lock().unwrap();
        // Mapped ones may be freed. Kernel: V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS.
        if state.is_streaming {
            return errno(Errno::BUSY);
        }
        state.buffers = count;
        state.queued.clear();
        Ok(count)
    }

    fn map(&self, _: Queue, index: u32) -> io::Result<FakeMapping> {
        let mut state = self.0.lock().unwrap();
        state.mapped.push(index);
        let fill = u8::try_from(index).unwrap();
        let dma_buf = (!state.exports_nothing).then(|| File::open("/dev/null")).transpose()?;
        Ok(FakeMapping(vec![fill; 16], Arc::clone(&self.0), index, dma_buf))
    }

    fn queue(&self, _: Queue, index: u32) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.queued.contains(&index) || index >= state.buffers {
            return errno(Errno::INVAL);
        }
        state.queued.push_back(index);
        Ok(())
    }

    fn wait(&self, _: Duration, _: Option<BorrowedFd<'_>>) -> io::Result<bool> {
        let state = self.0.lock().unwrap();
        Ok(!state.faults.is_empty() || !state.queued.is_empty())
    }

    fn dequeue(&self, _: Queue, _: Memory) -> io::Result<Option<Dequeued>> {
        let mut state = self.0.lock().unwrap();
        assert!(state.is_streaming);
        let fault = state.faults.pop_front();
        if let Some(Fault::Errno(code)) = fault {
            return errno(code);
        }
        if let Some(Fault::NotReady) = fault {
            return Ok(None);
        }
        let Some(index) = state.queued.pop_front() else { return Ok(None) };
        state.sequence += 1;
        Ok(Some(Dequeued {
            index: if let Some(Fault::Index(index)) = fault { index } else { index },
            bytes_used: if let Some(Fault::TooLong) = fault { 999 } else { 10 },
            is_damaged: matches!(fault, Some(Fault::Damaged)),
            sequence: state.sequence,
            timestamp: Some(Duration::from_millis(u64::from(state.sequence) * 33)),
            ..Dequeued::default()
        }))
    }

    fn stream_on(&self, _: Queue) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        assert_eq!(state.queued.len(), state.buffers as usize, "every buffer is queued first");
        state.is_streaming = true;
        Ok(())
    }

    fn stream_off(&self, _: Queue) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        state.is_streaming = false;
        state.queued.clear();
        Ok(())
    }
}

fn wish(fps: u32) -> Wish {
    let formats = vec![FourCc::NV12, FourCc::YUYV, FourCc::MJPEG];
    Wish { width: 1920, height: 1080, fps, formats, lent: Vec::new(), look: Look::default() }
}

#[test]
fn pictures_come_in_order_and_buffers_go_round() {
    let fake = Fake::camera();
    let mut capture = Capture::start(fake.clone(), &wish(30), &|| true).unwrap();
    for n in 0..10 {
        let frame = capture.next(Duration::ZERO, None).unwrap().unwrap();
        assert_eq!(frame.sequence, n + 1);
        assert_eq!(frame.timestamp, Some(Duration::from_millis(u64::from(n + 1) * 33)));
        let fill = u8::try_from(n % BUFFERS).unwrap();
        assert_eq!(frame.bytes, [fill; 10]);
    }
    assert_eq!(
        fake.0.lock().unwrap().queued.len(),
        2,
        "one is held, the others are with the device"
    );
}

#[test]
fn what_the_camera_does_not_have_of_a_look_is_told() {
    let fake = Fake::camera();
    let known = [
        (Control::HORIZONTAL_FLIP, 9),
        (Control::VERTICAL_FLIP, 9),
        (Control::GAIN, 9),
        (Control::EXPOSURE_AUTO, 3),
        (Control::EXPOSURE_ABSOLUTE, 9),
    ];
    fake.0.lock().unwrap().controls = known.to_vec();
    let (gain, exposure_us, white_balance_k) = (Some(16), Some(20_050), Some(4600));
    let look = Look { vertical_flip: true, exposure_us, gain, white_balance_k, ..Look::default() };
    let capture = Capture::start(fake.clone(), &Wish { look, ..wish(30) }, &|| true).unwrap();
    assert_eq!(capture.refused(), ["white-balance"], "gain needs no automatic to switch off");
    let values: Vec<_> = fake.0.lock().unwrap().controls.iter().map(|&(_, value)| value).collect();
    assert_eq!(values, [0, 1, 16, 1, 200]);
    drop(capture);

    assert!(Capture::start(fake.clone(), &wish(30), &|| true).unwrap().refused().is_empty());
    let values: Vec<_> = fake.0.lock().unwrap().controls.iter().map(|&(_, value)| value).collect();
    assert_eq!(
        values,
        [0, 0, 16, 3, 157],
        "what is not set any more is as it was, if that is known"
    );

    let plain = Fake::camera();
    assert!(Capture::start(plain.clone(), &wish(30), &|| true).unwrap().refused().is_empty());
    let look = Look { vertical_flip: true, ..Look::default() };
    let capture = Capture::start(plain, &Wish { look, ..wish(30) }, &|| true).unwrap();
    assert_eq!(capture.refused(), ["vertical-flip"]);
}

#[test]
fn a_crop_that_the_camera_does_not_keep_is_an_error() {
    let wanted = Rect { left: 321, top: 64, width: 640, height: 360 };
    let wish = Wish { look: Look { crop: Some(wanted), ..Look::default() }, ..wish(30) };
    let fake = Fake::camera();
    let refused = Capture::start(fake.clone(), &wish, &|| true);
    assert!(matches!(refused, Err(OpenError::NoCrop { .. })));

    fake.0.lock().unwrap().crop = Some(Rect::of(1920, 1080));
    drop(Capture::start(fake.clone(), &wish, &|| true).unwrap());
    assert_eq!(fake.0.lock().unwrap().crop, Some(wanted));

    fake.0.lock().unwrap().set = None;
    drop(Capture::start(fake.clone(), &self::wish(30), &|| true).unwrap());
    let whole = Some(Rect::of(1920, 1080));
    assert_eq!(fake.0.lock().unwrap().crop, whole, "a crop that is taken back is gone");

    (fake.0.lock().unwrap().set, fake.0.lock().unwrap().crop_step) = (None, 8);
    drop(Capture::start(fake.clone(), &wish, &|| true).unwrap());
    let within = Rect { left: 336, top: 64, width: 624, height: 352 };
    assert_eq!(fake.0.lock().unwrap().crop, Some(within), "nothing that was cut off is seen");

    (fake.0.lock().unwrap().set, fake.0.lock().unwrap().crop_step) = (None, 100);
    let refused = Capture::start(fake.clone(), &wish, &|| true);
    assert!(matches!(refused, Err(OpenError::Crop { got, .. }) if got.left == 300));

    (fake.0.lock().unwrap().set, fake.0.lock().unwrap().crop_goes) = (None, true);
    let refused = Capture::start(fake.clone(), &wish, &|| true);
    assert!(matches!(refused, Err(OpenError::Crop { got, .. }) if got == Rect::of(1920, 1080)));
    assert_eq!(fake.0.lock().unwrap().buffers, 0);
}

#[test]
fn a_start_ends_wherever_nobody_wants_it_any_more() {
    let mut stopped = 0;
    loop {
        let (fake, asked) = (Fake::camera(), std::cell::Cell::new(0));
        let may = || asked.replace(asked.get() + 1) < stopped;
        let started = Capture::start(fake.clone(), &wish(30), &may);
        let state = fake.0.lock().unwrap();
        match started {
            Err(OpenError::Unwanted) => {
                let left = (state.buffers, state.mapped.len(), state.is_streaming);
                assert_eq!(left, (0, 0, false), "after {stopped} looks");
                stopped += 1;
            }
            started => {
                drop(state);
                started.unwrap();
                break;
            }
        }
    }
    assert!(stopped >= 8, "it looks before every slow call");
}

fn lending() -> Wish {
    Wish { lent: vec![FourCc::MJPEG], ..wish(30) }
}

#[test]
fn a_lent_buffer_comes_back_when_its_last_holder_drops_it() {
    let fake = Fake::camera();
    let mut capture = Capture::start(fake.clone(), &lending(), &|| true).unwrap();
    let total = LENT_BUFFERS as usize;
    let lent: Vec<_> = (0..total)
        .map(|_| Arc::new(capture.lend(Duration::ZERO, None).unwrap().unwrap()))
        .collect();
    assert!(fake.0.lock().unwrap().queued.is_empty());
    assert!(capture.lend(Duration::ZERO, None).unwrap().is_none(), "all are lent");
    for (index, lent) in lent.iter().enumerate() {
        assert_eq!(lent.bytes(), [u8::try_from(index).unwrap(); 10], "not overwritten");
        assert!(lent.dma_buf().is_some());
    }
    let others = lent.clone();
    drop(lent);
    assert!(fake.0.lock().unwrap().queued.is_empty(), "others hold them");
    drop(others);
    assert_eq!(fake.0.lock().unwrap().queued.len(), total);
    assert!(capture.lend(Duration::ZERO, None).unwrap().is_some());
}

#[test]
fn what_is_lent_outlives_the_capture_and_keeps_no_device_open() {
    let fake = Fake::camera();
    let mut capture = Capture::start(fake.clone(), &lending(), &|| true).unwrap();
    let lent = capture.lend(Duration::ZERO, None).unwrap().unwrap();
    let holders = Arc::strong_count(&fake.0);
    drop(capture);
    assert!(!fake.0.lock().unwrap().is_streaming);
    assert_eq!(lent.bytes(), [0; 10]);
    assert_eq!(Arc::strong_count(&fake.0), holders - LENT_BUFFERS as usize, "its mapping is left");
    drop(lent);
    assert!(fake.0.lock().unwrap().queued.is_empty(), "nothing is queued to a stopped device");
    assert_eq!(Arc::strong_count(&fake.0), 1);
}

#[test]
fn what_would_keep_the_camera_open_is_not_to_be_lent() {
    for exports_nothing in [false, true] {
        let fake = Fake::camera();
        fake.0.lock().unwrap().exports_nothing = exports_nothing;
        let mut capture = Capture::start(fake, &lending(), &|| true).unwrap();
        assert_eq!(capture.can_lend(), !exports_nothing);
        assert!(capture.next(Duration::ZERO, None).unwrap().is_some(), "copied it can be");
    }
}

#[test]
fn dropping_stops_the_device_and_frees_its_memory() {
    let fake = Fake::camera();
    let mut capture = Capture::start(fake.clone(), &wish(30), &|| true).unwrap();
    capture.next(Duration::ZERO, None).unwrap();
    drop(capture);
    let state = fake.0.lock().unwrap();
    assert!(!state.is_streaming);
    assert!(state.mapped.is_empty());
    assert_eq!(state.buffers, 0);
}

#[test]
fn a_timeout_or_a_damaged_picture_loses_no_buffer() {
    let fake = Fake::camera();
    let mut capture = Capture::start(fake.clone(), &wish(30), &|| true).unwrap();
    for fault in [Fault::NotReady, Fault::Damaged, Fault::NotReady, Fault::Damaged] {
        fake.fail_with(fault);
        assert_eq!(capture.next(Duration::ZERO, None).unwrap(), None, "{fault:?}");
    }
    for _ in 0..5 {
        assert!(capture.next(Duration::ZERO, None).unwrap().is_some());
    }
    assert_eq!(fake.0.lock().unwrap().queued.len(), 2);
}

#[test]
fn an_unplugged_device_is_told_from_a_fault() {
    let table = [(Errno::NODEV, true), (Errno::NXIO, true), (Errno::IO, false)];
    for (code, is_gone) in table {
        let fake = Fake::camera();
        let mut capture = Capture::start(fake.clone(), &wish(30), &|| true).unwrap();
        fake.fail_with(Fault::Errno(code));
        let error = capture.next(Duration::ZERO, None).unwrap_err();
        assert_eq!(matches!(error, CaptureError::Gone), is_gone, "{code:?}");
    }
}

#[test]
fn a_kernel_that_errs_does_no_harm() {
    let fake = Fake::camera();
    let mut capture = Capture::start(fake.clone(), &wish(30), &|| true).unwrap();
    fake.fail_with(Fault::TooLong);
    assert_eq!(capture.next(Duration::ZERO, None).unwrap().unwrap().bytes.len(), 16);
    fake.fail_with(Fault::Index(77));
    assert!(matches!(capture.next(Duration::ZERO, None), Err(CaptureError::Index(77))));
}

#[test]
fn the_format_with_the_wished_rate_is_taken() {
    let slow = Rate { pictures: 0, seconds: 1 };
    // offers, wished fps, taken
    let hd = |fourcc, rate| (fourcc, 1920, 1080, rate);
    let small = |fourcc| (fourcc, 640, 480, Rate::fps(60));
    let table = [
        (vec![hd(FourCc::YUYV, Rate::fps(5)), hd(FourCc::MJPEG, Rate::fps(30))], 30, FourCc::MJPEG),
        (vec![hd(FourCc::YUYV, Rate::fps(5)), hd(FourCc::MJPEG, Rate::fps(30))], 5, FourCc::YUYV),
        (vec![hd(FourCc::MJPEG, Rate::fps(15)), small(FourCc::YUYV)], 30, FourCc::MJPEG),
        (vec![hd(FourCc::NV12, Rate { pictures: 30_000, seconds: 1001 })], 30, FourCc::NV12),
        (vec![hd(FourCc::YUYV, slow)], 30, FourCc::YUYV),
    ];
    for (offered, fps, expected) in table {
        let fake = Fake::default();
        fake.0.lock().unwrap().offered = offered.clone();
        let capture = Capture::start(fake, &wish(fps), &|| true).unwrap();
        assert_eq!(capture.format().fourcc, expected, "{offered:?} at {fps}");
    }
}

#[test]
fn a_device_without_use_is_refused() {
    let refused = Capture::start(Fake::default(), &wish(30), &|| true);
    assert!(matches!(refused, Err(OpenError::NotCapture)));
    let fake = Fake::default();
    fake.0.lock().unwrap().offered = vec![(FourCc(*b"BA81"), 1920, 1080, Rate::fps(30))];
    assert!(matches!(Capture::start(fake, &wish(30), &|| true), Err(OpenError::NoFormat(_))));
}

#[test]
fn a_device_in_use_is_busy() {
    let fake = Fake::camera();
    let _running = Capture::start(fake.clone(), &wish(30), &|| true).unwrap();
    assert!(matches!(Capture::start(fake, &wish(30), &|| true), Err(OpenError::Busy)));
}

/// Set `HSV_TEST_V4L2=/dev/videoN` to run it on a camera or on vivid.
#[test]
fn a_real_device_delivers_pictures() {
    let Some(path) = std::env::var_os("HSV_TEST_V4L2") else {
        eprintln!("skipped: HSV_TEST_V4L2 names no device");
        return;
    };
    let device = Device::open(path.as_ref()).unwrap();
    let mut capture = Capture::start(device, &wish(30), &|| true).unwrap();
    let pictures =
        (0..20).filter(|_| capture.next(Duration::from_secs(1), None).unwrap().is_some());
    assert!(pictures.count() >= 15);
}
