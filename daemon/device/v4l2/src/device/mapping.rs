// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buffers of a device in our address space.

use std::os::fd::BorrowedFd;

use dmabuf::{DeviceMemory, DmaBuf, Map};

/// A buffer that the device writes, for reading.
#[derive(Debug)]
pub enum Mapping {
    /// As a DMABUF, which keeps no device open.
    DmaBuf(DmaBuf),
    /// Of the node, where the device does not export: the kernel's hold of the device lasts as
    /// long as this, so that it is not lent.
    Node(Map),
}

impl DeviceMemory for Mapping {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::DmaBuf(buffer) => buffer.bytes(),
            Self::Node(map) => map,
        }
    }

    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::DmaBuf(buffer) => buffer.dma_buf(),
            Self::Node(_) => None,
        }
    }

    /// For the node's mapping DQBUF and QBUF do it.
    fn begin(&self) {
        if let Self::DmaBuf(buffer) = self {
            buffer.begin();
        }
    }

    fn end(&self) {
        if let Self::DmaBuf(buffer) = self {
            buffer.end();
        }
    }
}
