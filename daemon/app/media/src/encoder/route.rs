// SPDX-License-Identifier: MIT OR Apache-2.0
//! How pictures get into a hardware encoder.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

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

/// Whether an encoder reads other devices' memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Import {
    /// As far as is known.
    Possible,
    /// It refused to, and that was said.
    Refused,
}

/// Encoders of which it was said, however often they are opened.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Import {
    /// Pictures are copied to `encoder` from now on.
    pub fn refuse(&mut self, encoder: &str, reason: &(dyn Error + 'static)) {
        *self = Self::Refused;
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.iter().any(|told| told == encoder) {
            tracing::debug!(reason, encoder, "pictures are copied");
        } else {
            tracing::warn!(
                reason,
                encoder,
                "encoder cannot read the camera's memory, pictures are copied"
            );
            told.push(encoder.to_owned());
        }
    }
}

impl Route {
    /// For pictures like `frame`.
    pub fn of(frame: &RawFrame, import: Import) -> Self {
        match frame.picture.device() {
            None => Self::Planar,
            Some(device) if import == Import::Possible && device.dma_buf().is_some() => {
                Self::Imported(device.layout())
            }
            Some(device) => Self::Copied(device.layout()),
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
