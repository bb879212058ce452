// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory of encoders that ended.

/// Blocks from this size on come from the system one by one and go back when they are freed. A
/// picture is larger, at any size that is worth it.
#[cfg(target_env = "gnu")]
const LARGE_BLOCK: std::ffi::c_int = 256 << 10;

/// Has large blocks of memory given back to the system when they are freed, for the whole process.
/// By itself glibc does so only until the first one is freed; from then on pictures of that size
/// lie in heaps, and what lies above a hole in one keeps it. Other C libraries need nothing.
///
/// Best called before the first encoder is made.
pub fn return_large_blocks() {
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: mallopt(3) takes any two numbers, at any time, from any thread.
        let _is_taken = unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BLOCK) };
    }
}
