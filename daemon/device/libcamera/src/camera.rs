// SPDX-License-Identifier: MIT OR Apache-2.0
//! A camera that runs, and the pictures that it lends.

use std::ffi::{CString, c_int};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use dmabuf::{DmaBuf, Reading};
use rustix::io::Errno;

use crate::raw;

/// What is wanted of a camera.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// A part of the camera's id, as `cam -l` tells it; empty is the first camera.
    pub id: String,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Formats that can be used, the cheapest first; the first four count.
    pub formats: Vec<FourCc>,
    /// Mirrored.
    pub horizontal_flip: bool,
    /// On its head.
    pub vertical_flip: bool,
    /// Exposure time in microseconds, which the camera then does not choose.
    pub exposure_us: Option<u32>,
    /// Analogue gain in sixteenths, as sensors count it, which the camera then does not choose.
    pub gain: Option<u32>,
    /// White balance in kelvin, which the camera then does not choose.
    pub white_balance_k: Option<u32>,
    /// Left, top, width and height of the part of what the sensor sees, in its pixels.
    pub crop: Option<[u32; 4]>,
}

/// A pixel format's four characters, as DRM has them: `YU12`, `NV12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FourCc(pub [u8; 4]);

/// What a camera delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Pixel format.
    pub fourcc: FourCc,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row of luma to the next.
    pub stride: u32,
    /// Rows of luma before chroma begins.
    pub lines: u32,
    /// BT.709 instead of BT.601.
    pub is_bt709: bool,
    /// 0 to 255 instead of 16 to 235.
    pub is_full_range: bool,
}

/// Why there is no camera, or no more.
#[derive(Debug, thiserror::Error)]
pub enum CameraError {
    /// There is none whose id has this in it.
    #[error("no camera {0:?}")]
    Absent(String),
    /// Another program has it, or this one.
    #[error("camera is busy")]
    Busy,
    /// It has none of the wished formats in one piece of memory.
    #[error("camera has no usable format")]
    NoFormat,
    /// It cannot cut out the wished part.
    #[error("camera cannot crop so")]
    Crop,
    /// It was taken away.
    #[error("camera is gone")]
    Gone,
    /// libcamera names a buffer that there is not.
    #[error("libcamera returned buffer {0}, which does not exist")]
    Index(u32),
    /// Anything else.
    #[error("libcamera")]
    Os(#[source] io::Error),
}

/// A running camera. Dropping it stops it.
#[derive(Debug)]
pub struct Camera {
    format: Format,
    refused: Vec<&'static str>,
    /// Pictures in a row that showed more than the wished part.
    uncropped: u32,
    buffers: Vec<Arc<DmaBuf>>,
    /// Lent pictures give their buffers back through it, but do not keep the camera open.
    handle: Arc<Handle>,
}

/// A picture in a buffer of the camera. Dropping it gives the buffer back. When the camera has
/// ended it is memory that goes with it.
#[derive(Debug)]
pub struct Lent {
    // In this order: the processor's turn is over before the camera's begins.
    reading: Reading<DmaBuf>,
    _home: Home,
    sequence: u32,
    timestamp: Option<Duration>,
}

impl Camera {
    /// Agrees on a format with the camera and starts it.
    ///
    /// # Errors
    /// [`CameraError`]; the camera is free then.
    pub fn start(wish: &Wish) -> Result<Self, CameraError> {
        let (handle, told) = Handle::open(wish)?;
        let mut buffers = Vec::new();
        let len = usize::try_from(told.length).unwrap_or(usize::MAX);
        for index in 0..told.buffers {
            // SAFETY: libcamera says that so many bytes are there. They are looked at only while
            // they are lent, when the camera does not write to them.
            let map = |dma_buf| unsafe { DmaBuf::map(dma_buf, len) };
            let buffer = handle.buffer(index).and_then(map);
            buffers.push(Arc::new(buffer.map_err(CameraError::Os)?));
        }
        handle.start()?;
        let refused = raw::REFUSED.into_iter().filter(|(bit, _)| told.refused & bit != 0);
        Ok(Self {
            format: format(&told),
            refused: refused.map(|(_, name)| name).collect(),
            uncropped: 0,
            buffers,
            handle: Arc::new(handle),
        })
    }

    /// What it delivers.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Names of what was wished and it does not have.
    pub fn refused(&self) -> &[&'static str] {
        &self.refused
    }

    /// Waits at most `timeout` for the next picture and lends it out. `None` when there is none
    /// yet, it was damaged, or it shows more than the wished part, which a camera may need a few
    /// pictures to cut out. When all are lent, no picture comes.
    ///
    /// # Errors
    /// [`CameraError`]; the camera is of no more use then.
    pub fn lend(&mut self, timeout: Duration) -> Result<Option<Lent>, CameraError> {
        let Some(done) = self.handle.next(timeout)? else { return Ok(None) };
        self.uncropped = if done.shows_more == 0 { 0 } else { self.uncropped + 1 };
        if self.uncropped >= MOST_UNCROPPED {
            return Err(CameraError::Crop);
        }
        let at = usize::try_from(done.index).unwrap_or(usize::MAX);
        let buffer = self.buffers.get(at).ok_or(CameraError::Index(done.index))?;
        let timestamp = (done.timestamp_ns > 0).then(|| Duration::from_nanos(done.timestamp_ns));
        let (index, sequence) = (done.index, done.sequence);
        let home = Home { index, handle: Arc::downgrade(&self.handle) };
        // Dropped, it gives its buffer back.
        let lent =
            Lent { reading: Reading::new(Arc::clone(buffer)), _home: home, sequence, timestamp };
        Ok((done.is_damaged == 0 && done.bytes_used > 0).then_some(lent))
    }
}

impl Drop for Camera {
    /// Here, and not where the last picture is dropped: who starts the next camera, which needs
    /// libcamera for itself, may rely on it that this one is closed.
    fn drop(&mut self) {
        self.handle.close();
    }
}

impl Lent {
    /// The whole buffer, as the camera wrote it.
    pub fn bytes(&self) -> &[u8] {
        self.reading.bytes()
    }

    /// Bytes of the whole buffer.
    pub fn buffer_len(&self) -> usize {
        self.reading.buffer_len()
    }

    /// The buffer for other devices.
    pub fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        self.reading.dma_buf()
    }

    /// Counts the camera's pictures, lost ones too. Wraps around.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// When it was taken, on the monotonic clock; `None` when libcamera does not tell.
    pub fn timestamp(&self) -> Option<Duration> {
        self.timestamp
    }
}

/// Where a lent buffer goes when it is dropped.
#[derive(Debug)]
struct Home {
    index: u32,
    handle: Weak<Handle>,
}

impl Drop for Home {
    /// An error means that the camera is stopped or gone; whoever captures from it learns that.
    fn drop(&mut self) {
        if let Some(handle) = self.handle.upgrade() {
            let _queued = handle.queue(self.index);
        }
    }
}

/// The shim's camera, while it is open. Calls share it; closing waits for them.
#[derive(Debug)]
struct Handle(RwLock<Option<NonNull<raw::Shim>>>);

// SAFETY: libcamera's cameras may be used on any thread; the shim locks what two threads touch.
unsafe impl Send for Handle {}
// SAFETY: as above. `next` is called by the one owner of `Camera`, `queue` for one buffer by the one
// holder of its picture.
unsafe impl Sync for Handle {}

impl Handle {
    fn open(wish: &Wish) -> Result<(Self, raw::Format), CameraError> {
        let id = CString::new(wish.id.as_str());
        let id = id.map_err(|_| CameraError::Absent(wish.id.clone()))?;
        let asked = asked(wish, &id);
        let (mut shim, mut told) = (null_mut(), raw::Format::default());
        // SAFETY: the pointers are valid for the call, and `id` outlives it.
        let result =
            unsafe { raw::hsv_camera_open(&raw const asked, &raw mut shim, &raw mut told) };
        check(result).map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::NOENT) => CameraError::Absent(wish.id.clone()),
            Some(Errno::BUSY) => CameraError::Busy,
            Some(Errno::NOTSUP) => CameraError::NoFormat,
            Some(Errno::RANGE) => CameraError::Crop,
            _ => CameraError::Os(error),
        })?;
        let shim = NonNull::new(shim).ok_or(CameraError::NoFormat)?;
        Ok((Self(RwLock::new(Some(shim))), told))
    }

    /// Calls the shim; "no such device" when it is closed.
    fn call(&self, call: impl FnOnce(*mut raw::Shim) -> c_int) -> io::Result<c_int> {
        let shim = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let shim = shim.ok_or(Errno::NODEV)?;
        check(call(shim.as_ptr()))
    }

    /// Waits for calls that run; later ones fail.
    fn close(&self) {
        let mut shim = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(shim) = shim.take() {
            // SAFETY: opened by `open`, and nobody has it any more: calls are over, and the next
            // ones find nothing.
            unsafe { raw::hsv_camera_close(shim.as_ptr()) };
        }
    }

    fn buffer(&self, index: u32) -> io::Result<OwnedFd> {
        // SAFETY: the camera is open during the call.
        let fd = self.call(|shim| unsafe { raw::hsv_camera_buffer(shim, index) })?;
        // SAFETY: the descriptor is the camera's, which nobody closes before it has started.
        unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
    }

    fn start(&self) -> Result<(), CameraError> {
        // SAFETY: the camera is open during the call.
        self.call(|shim| unsafe { raw::hsv_camera_start(shim) }).map_err(fault).map(drop)
    }

    fn next(&self, timeout: Duration) -> Result<Option<raw::Done>, CameraError> {
        let timeout = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let mut done = raw::Done::default();
        // SAFETY: the camera is open during the call, and `done` is valid.
        let next = |shim| unsafe { raw::hsv_camera_next(shim, timeout, &raw mut done) };
        let is_there = self.call(next).map_err(fault)? > 0;
        Ok(is_there.then_some(done))
    }

    fn queue(&self, index: u32) -> io::Result<()> {
        // SAFETY: the camera is open during the call.
        self.call(|shim| unsafe { raw::hsv_camera_queue(shim, index) }).map(drop)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

fn asked(wish: &Wish, id: &CString) -> raw::Wish {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let optional = |value: Option<u32>| value.map_or(-1, number);
    let mut fourccs = [0; 4];
    for (to, FourCc(from)) in fourccs.iter_mut().zip(&wish.formats) {
        *to = u32::from_le_bytes(*from);
    }
    let gain = wish.gain.map(|gain| f32::from(u16::try_from(gain).unwrap_or(u16::MAX)) / 16.0);
    raw::Wish {
        id: id.as_ptr(),
        width: wish.width,
        height: wish.height,
        fps: wish.fps,
        fourccs,
        buffers: BUFFERS,
        horizontal_flip: wish.horizontal_flip.into(),
        vertical_flip: wish.vertical_flip.into(),
        exposure_us: optional(wish.exposure_us),
        gain: gain.unwrap_or(-1.0),
        white_balance_k: optional(wish.white_balance_k),
        crop: wish.crop.unwrap_or_default().map(number),
    }
}

fn format(told: &raw::Format) -> Format {
    Format {
        fourcc: FourCc(told.fourcc.to_le_bytes()),
        width: told.width,
        height: told.height,
        stride: told.stride,
        lines: told.lines,
        is_bt709: told.is_bt709 != 0,
        is_full_range: told.is_full_range != 0,
    }
}

/// The shim's answers are negative errno values, or not negative.
fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::from_raw_os_error(result.saturating_neg())) } else { Ok(result) }
}

fn fault(error: io::Error) -> CameraError {
    match Errno::from_io_error(&error) {
        Some(Errno::NODEV | Errno::NXIO) => CameraError::Gone,
        _ => CameraError::Os(error),
    }
}

/// One being filled, one waiting, and what encoders, queues before them and other readers hold for
/// a moment.
const BUFFERS: u32 = 8;
/// A second of them: the camera does not cut out what it was asked to.
const MOST_UNCROPPED: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wished_is_the_cameras_choice() {
        let id = CString::new("x").unwrap();
        let plain = asked(&Wish::default(), &id);
        assert_eq!((plain.exposure_us, plain.white_balance_k, plain.crop[2]), (-1, -1, 0));
        assert!(plain.gain < 0.0);
        let formats = vec![FourCc(*b"NV12")];
        let crop = Some([8, 4, 640, 360]);
        let wish = Wish { formats, gain: Some(24), crop, ..Wish::default() };
        let some = asked(&wish, &id);
        assert_eq!((some.fourccs, some.crop), ([0x3231_564e, 0, 0, 0], [8, 4, 640, 360]));
        assert!((some.gain - 1.5).abs() < f32::EPSILON);
    }

    /// The picture that outlives its camera finds it closed.
    #[test]
    fn a_closed_camera_takes_no_calls() {
        let handle = Handle(RwLock::new(None));
        handle.close();
        let error = handle.queue(0).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NODEV));
        assert!(matches!(handle.next(Duration::ZERO), Err(CameraError::Gone)));
    }

    /// This machine may have cameras, but none of this name.
    #[test]
    fn a_camera_that_is_not_there_is_named() {
        for id in ["no such camera", "no\0such"] {
            let wish = Wish { id: id.to_owned(), ..Wish::default() };
            let error = Camera::start(&wish).unwrap_err();
            assert!(matches!(&error, CameraError::Absent(name) if name == id), "{error:?}");
        }
    }
}
