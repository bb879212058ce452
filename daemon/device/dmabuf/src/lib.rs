// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory of devices in our address space. A device and the processor use it by turns; where it is
//! a DMABUF, the kernel is told of each turn of the processor's (kernel: driver-api/dma-buf, CPU
//! access). A mapped DMABUF keeps memory, but no device: unlike a mapping of a device's node, which
//! keeps the kernel's hold of that node when its descriptor is closed.
//!
//! ```text
//!  DmaBuf: a descriptor for other devices, and its mapping ─┐
//!  Map, MapMut: of a device's node ─────────────────────────┴► DeviceMemory ◄── Reading: one turn
//! ```

mod dma_buf;
mod map;
mod reading;

pub use dma_buf::DmaBuf;
pub use map::{Map, MapMut};
pub use reading::{DeviceMemory, Reading};
