// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shim's face, by hand: shim/shim.h.

use std::ffi::{c_char, c_int};

#[repr(C)]
pub(crate) struct Shim {
    _opaque: [u8; 0],
}

#[repr(C)]
pub(crate) struct Wish {
    pub id: *const c_char,
    pub width: u32,
    pub height: u32,
    pub fps: u32,
    pub fourccs: [u32; 4],
    pub buffers: u32,
    pub horizontal_flip: u8,
    pub vertical_flip: u8,
    pub exposure_us: i32,
    pub gain: f32,
    pub white_balance_k: i32,
    pub crop: [i32; 4],
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Format {
    pub fourcc: u32,
    pub width: u32,
    pub height: u32,
    pub stride: u32,
    pub lines: u32,
    pub length: u32,
    pub buffers: u32,
    pub is_bt709: u8,
    pub is_full_range: u8,
    pub refused: u8,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    pub index: u32,
    pub sequence: u32,
    pub bytes_used: u32,
    pub timestamp_ns: u64,
    pub is_damaged: u8,
    pub shows_more: u8,
}

pub(crate) const REFUSED: [(u8, &str); 4] =
    [(1, "flip"), (2, "exposure"), (4, "gain"), (8, "white-balance")];

unsafe extern "C" {
    pub(crate) fn hsv_camera_open(
        wish: *const Wish,
        camera: *mut *mut Shim,
        format: *mut Format,
    ) -> c_int;
    pub(crate) fn hsv_camera_buffer(camera: *mut Shim, index: u32) -> c_int;
    pub(crate) fn hsv_camera_start(camera: *mut Shim) -> c_int;
    pub(crate) fn hsv_camera_next(camera: *mut Shim, timeout_ms: u32, done: *mut Done) -> c_int;
    pub(crate) fn hsv_camera_queue(camera: *mut Shim, index: u32) -> c_int;
    pub(crate) fn hsv_camera_close(camera: *mut Shim);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a C compiler makes of shim/shim.h on targets of 64 bits.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn structures_are_the_shims() {
        assert_eq!((size_of::<Wish>(), std::mem::offset_of!(Wish, crop)), (72, 56));
        assert_eq!((size_of::<Format>(), std::mem::offset_of!(Format, refused)), (32, 30));
        assert_eq!((size_of::<Done>(), std::mem::offset_of!(Done, shows_more)), (32, 25));
    }
}
