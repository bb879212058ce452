// SPDX-License-Identifier: MIT OR Apache-2.0
//! Safe V4L2 calls over the raw layer of the v4l crate: capture into mapped buffers that can be
//! lent to other devices, and scalers and stateful encoders that borrow them. Single- and
//! multi-planar calls, pictures in one piece of memory. No picture is converted here and nothing
//! knows what it is for.
//!
//! A device with two queues that does not let go of its memory is ended on a thread of its own, and
//! not opened again before it did, see [`Device::open_m2m`].
//!
//! Only the raw structures and ioctl numbers of the v4l crate are used. Its own streams panic when
//! a device is pulled out at a bad moment, and lose a buffer at every timeout.
//!
//! ```text
//!  Capture ── the order of calls, buffer ownership ──► trait Ops ────┬─► Device: the kernel
//!     │ Lent: DMABUF, given back by its drop                         │
//!     ▼                                                              └─► fakes, in tests
//!  Scaler ┐── the same for two queues ───────────────► trait M2mOps ─┘
//!  Encoder┘
//! ```

mod capture;
mod control;
mod device;
mod ends;
mod find;
mod format;
mod lent;
mod m2m;
mod ops;
mod queue;
mod raw;
mod selection;

pub use capture::{Capture, CaptureError, Frame, Look, OpenError, Wish};
pub use control::{Codec, Control, Profile};
pub use device::{Device, Mapping};
pub use dmabuf::{DeviceMemory, MapMut};
pub use ends::{ENCODER_PATIENCE, SCALER_PATIENCE, has_ended};
pub use find::{
    EncoderNode, Place, ScalerNode, find_camera_called, find_encoder_called, find_encoders,
    find_scalers,
};
pub use format::{Format, FourCc, Matrix, Range, Rate};
pub use lent::Lent;
pub use m2m::{
    Encoder, EncoderWish, Feed, InputLayout, RunError, Scaled, Scaler, ScalerWish, StartError,
    Step, SubmitError,
};
pub use ops::{Dequeued, Event, Filled, M2mOps, Memory, Ops, Ready};
pub use queue::{Capabilities, Direction, Planes, Queue};
pub use selection::{Rect, Target};
