// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures to be encoded.

use rkmpp_sys::{MPP_OK, MPP_RET, MppFrameFormat};

use crate::Handle;
use crate::buffer::{BUFFERS, Buffer};
use crate::table::Table;

/// Pictures by handle.
pub static FRAMES: Table<Frame> = Table::new("frame");

/// What was told about a picture.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    pub width: u32,
    pub height: u32,
    pub hor_stride: u32,
    pub ver_stride: u32,
    pub format: Option<MppFrameFormat>,
    pub pts: i64,
    pub buffer: Option<Buffer>,
    /// Submitted, and not come back.
    pub is_held: bool,
}

/// # Safety
/// `frame` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_init(frame: *mut Handle) -> MPP_RET {
    // SAFETY: by contract.
    unsafe { frame.write(FRAMES.add(Frame::default())) };
    MPP_OK
}

/// # Safety
/// `frame` is a handle, and is set to null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_deinit(frame: *mut Handle) -> MPP_RET {
    // SAFETY: by contract.
    let handle = unsafe { frame.replace(std::ptr::null_mut()) };
    let is_held = FRAMES.with(handle, |frame| frame.is_held);
    assert!(!is_held, "a picture is freed that the encoder still has");
    FRAMES.remove(handle);
    MPP_OK
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_width(frame: Handle, width: u32) {
    FRAMES.with(frame, |frame| frame.width = width);
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_height(frame: Handle, height: u32) {
    FRAMES.with(frame, |frame| frame.height = height);
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_hor_stride(frame: Handle, hor_stride: u32) {
    FRAMES.with(frame, |frame| frame.hor_stride = hor_stride);
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_ver_stride(frame: Handle, ver_stride: u32) {
    FRAMES.with(frame, |frame| frame.ver_stride = ver_stride);
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_fmt(frame: Handle, format: MppFrameFormat) {
    FRAMES.with(frame, |frame| frame.format = Some(format));
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_pts(frame: Handle, pts: i64) {
    FRAMES.with(frame, |frame| frame.pts = pts);
}

/// # Safety
/// None is needed: handles are looked up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mpp_frame_set_buffer(frame: Handle, buffer: Handle) {
    let buffer = (!buffer.is_null()).then(|| BUFFERS.with(buffer, |buffer| buffer.clone()));
    FRAMES.with(frame, |frame| frame.buffer = buffer);
}
