// SPDX-License-Identifier: MIT OR Apache-2.0
//! Words for media that cross a border between crates: time stamps, raw pictures, encoded access
//! units, audio packets. No device and no protocol is known here.
//!
//! ```
//! use frame::Pts;
//! let (idr, next) = (Pts::from_millis(1_000), Pts::from_millis(1_033));
//! assert_eq!(next - idr, std::time::Duration::from_millis(33));
//! ```

#![forbid(unsafe_code)]

mod audio;
mod device;
mod picture;
mod pts;
mod video;
mod wiped;

pub use audio::{AudioCodec, AudioConfig, AudioPacket};
pub use device::{Chroma, Colour, DeviceLayout, DevicePicture};
pub use picture::{Plane, RawFrame, Size, YuvPicture};
pub use pts::Pts;
pub use video::{AvcConfig, EncodedFrame, Nal, ParameterSetError, nals};
pub use wiped::Coded;
