// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's structures, empty, and the calls that the raw layer has no number for.

use v4l::v4l_sys as sys;
use v4l::v4l2::vidioc::_IOC_TYPE as Request;

/// Kernel: include/uapi/linux/videodev2.h.
pub(crate) const DQEVENT: Request = request(READ, 89, size_of::<sys::v4l2_event>());
pub(crate) const SUBSCRIBE_EVENT: Request =
    request(WRITE, 90, size_of::<sys::v4l2_event_subscription>());
pub(crate) const G_SELECTION: Request = request(READ | WRITE, 94, size_of::<sys::v4l2_selection>());
pub(crate) const S_SELECTION: Request = request(READ | WRITE, 95, size_of::<sys::v4l2_selection>());

const WRITE: u32 = 1;
const READ: u32 = 2;

/// Kernel: include/uapi/asm-generic/ioctl.h. The sign that musl's int brings is part of it.
#[expect(clippy::cast_possible_truncation, reason = "no structure of the kernel is that long")]
const fn request(direction: u32, number: u8, size: usize) -> Request {
    ((direction << 30) | ((size as u32) << 16) | ((b'V' as u32) << 8) | number as u32) as Request
}

/// A structure of the kernel.
///
/// # Safety
/// All bits zero must be a value of it: it has integers, arrays and unions of those, no references.
pub(crate) unsafe trait Plain: Sized {
    /// As the kernel wants reserved fields.
    fn zeroed() -> Self {
        // SAFETY: the implementor vouches for it.
        unsafe { std::mem::zeroed() }
    }
}

// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_capability {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_captureparm {}
// SAFETY: integers and a union of integers.
unsafe impl Plain for sys::v4l2_encoder_cmd {}
// SAFETY: integers and a union of integers.
unsafe impl Plain for sys::v4l2_event {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_event_subscription {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_exportbuffer {}
// SAFETY: integers, a union of integers and a raw pointer, which may be null.
unsafe impl Plain for sys::v4l2_ext_controls {}
// SAFETY: integers, and a union of integers and raw pointers, which may be null.
unsafe impl Plain for sys::v4l2_ext_control {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_fmtdesc {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_outputparm {}
// SAFETY: integers and a union of integers.
unsafe impl Plain for sys::v4l2_pix_format {}
// SAFETY: integers, arrays of such structures and a union of integers.
unsafe impl Plain for sys::v4l2_pix_format_mplane {}
// SAFETY: integers and a union of integers.
unsafe impl Plain for sys::v4l2_plane {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_queryctrl {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_requestbuffers {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_selection {}
// SAFETY: integers, and unions of integers and raw pointers, which may be null.
unsafe impl Plain for sys::v4l2_buffer {}
