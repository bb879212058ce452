// SPDX-License-Identifier: MIT OR Apache-2.0
//! Safe calls of libcamera, for cameras whose pictures need its help: those on a CSI connector.
//! Pictures stay in the camera's buffers and are lent, as `v4l2` lends them. No picture is
//! converted here and nothing knows what it is for.
//!
//! ```text
//!  Camera ── who owns a buffer when ──► raw: our C++ shim ──► libcamera
//!     │ Lent: DMABUF, given back by its drop
//!     ▼
//!  encoder, scaler
//! ```
//!
//! libcamera is C++ without a stable ABI, so that it is linked only where the feature `link` asks
//! for it, with the development files of the system that the program is built for. Without the
//! feature the crate is empty.

#[cfg(feature = "link")]
mod camera;
#[cfg(feature = "link")]
mod raw;

#[cfg(feature = "link")]
pub use camera::{Camera, CameraError, Format, FourCc, Lent, Wish};
