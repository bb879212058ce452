// SPDX-License-Identifier: MIT OR Apache-2.0
//! Safe V4L2 calls over the raw layer of the v4l crate: capture from single-planar devices into
//! mapped buffers. No picture is converted here and nothing knows what it is for.
//!
//! Only the raw structures and ioctl numbers of the v4l crate are used. Its own streams panic when
//! a device is pulled out at a bad moment, and lose a buffer at every timeout.
//!
//! ```text
//!  Capture ── the order of calls, buffer ownership ──► trait Ops ─┬─► Device: the kernel
//!                                                                 └─► a fake, in tests
//! ```

mod capture;
mod device;
mod format;
mod ops;
mod raw;

pub use capture::{Capture, CaptureError, Frame, OpenError, Wish};
pub use device::{Device, Mapping};
pub use format::{Format, FourCc, Matrix, Range, Rate};
pub use ops::{Dequeued, Ops};
