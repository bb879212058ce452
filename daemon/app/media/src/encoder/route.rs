// SPDX-License-Identifier: MIT OR Apache-2.0
//! How pictures get into a hardware encoder.

use frame::{Colour, DeviceLayout, RawFrame};

/// The way of pictures of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// It reads the camera's memory.
    Imported(DeviceLayout),
    /// Copied from there.
    Copied(DeviceLayout),
    /// Copied from ours.
    Planar,
}

impl Route {
    /// For pictures like `frame`.
    pub fn of(frame: &RawFrame, cannot_import: bool) -> Self {
        match frame.picture.device() {
            None => Self::Planar,
            Some(device) if cannot_import || device.dma_buf().is_none() => {
                Self::Copied(device.layout())
            }
            Some(device) => Self::Imported(device.layout()),
        }
    }

    pub fn is_imported(self) -> bool {
        matches!(self, Self::Imported(_))
    }

    /// A camera's colour goes into the stream as it is; ours is always the same.
    pub fn colour(self) -> Colour {
        match self {
            Self::Imported(layout) | Self::Copied(layout) => layout.colour,
            Self::Planar => Colour { is_bt709: true, is_full_range: false },
        }
    }
}
