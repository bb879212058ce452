// SPDX-License-Identifier: MIT OR Apache-2.0
//! The part of a sensor's picture that an owner wants. Kernel: media/v4l/selection-api-configuration.

use super::OpenError;
use crate::{Ops, Queue, Rect, Target};

/// Asks for it, before the format: a device that can scale makes the wished size of it. One that
/// rounds outwards all the same is asked for whole blocks.
pub(super) fn set(ops: &impl Ops, queue: Queue, wanted: Rect) -> Result<(), OpenError> {
    let is_set = |asked| ops.set_crop(queue, asked).map(|got| got.is_within(wanted));
    if matches!(is_set(wanted), Ok(true)) {
        return Ok(());
    }
    let set = is_set(wanted.whole_blocks(ROUNDING));
    set.map(drop).map_err(|source| OpenError::NoCrop { wanted, source })
}

/// As the device has it before anybody sets it: it keeps what somebody set before.
pub(super) fn reset(ops: &impl Ops, queue: Queue) {
    let whole = ops.selection(queue, Target::Default);
    // One that cannot crop shows all anyway.
    let _is_reset = whole.and_then(|whole| ops.set_crop(queue, whole));
}

/// Whether it holds: a format may have changed it. What an owner cut off must not be seen, so that
/// anything but rounding inwards is an error.
pub(super) fn check(ops: &impl Ops, queue: Queue, wanted: Rect) -> Result<(), OpenError> {
    let got = ops.selection(queue, Target::Crop);
    let got = got.map_err(|source| OpenError::NoCrop { wanted, source })?;
    if got.is_within(wanted) && got.is_near(wanted, ROUNDING) {
        Ok(())
    } else {
        Err(OpenError::Crop { wanted, got })
    }
}

/// Pixels: sensors read blocks of so many at most.
const ROUNDING: u32 = 16;
