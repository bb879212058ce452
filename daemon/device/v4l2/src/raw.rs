// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's structures, empty.

use v4l::v4l_sys as sys;

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
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_fmtdesc {}
// SAFETY: integers and a union of integers.
unsafe impl Plain for sys::v4l2_pix_format {}
// SAFETY: integers and arrays.
unsafe impl Plain for sys::v4l2_requestbuffers {}
// SAFETY: integers, and unions of integers and raw pointers, which may be null.
unsafe impl Plain for sys::v4l2_buffer {}
