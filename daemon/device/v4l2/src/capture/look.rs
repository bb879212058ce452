// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a camera is to look at the world. Kernel: media/v4l/control, ext-ctrls-camera.

use crate::{Control, Ops, Rect};

/// What an owner sets of a camera; what is not set is as the camera has it before anybody sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Mirrored. With `vertical_flip` turned by 180 degrees, for cameras that hang.
    pub horizontal_flip: bool,
    /// On its head.
    pub vertical_flip: bool,
    /// Exposure time in microseconds, in steps of 100, which the camera then does not choose.
    pub exposure_us: Option<u32>,
    /// Gain in the camera's own unit, which it then does not choose.
    pub gain: Option<u32>,
    /// White balance in kelvin, which the camera then does not choose.
    pub white_balance_k: Option<u32>,
    /// The part of what the sensor sees, in its pixels. A camera that cannot cut it out is not
    /// used: it would show what its owner does not want seen.
    pub crop: Option<Rect>,
}

/// The camera lets nobody but itself set the exposure time.
const EXPOSURE_MANUAL: i32 = 1;
const EXPOSURE_STEP_US: u32 = 100;

impl Look {
    /// Sets it, all but the crop; the settings that the camera does not have or does not take.
    pub(super) fn apply(&self, ops: &impl Ops) -> Vec<&'static str> {
        let set = |control, value| ops.set_control(control, value).is_ok();
        // The camera keeps what somebody set before.
        let reset = |control| ops.default_of(control).is_ok_and(|value| set(control, value));
        let flips = [
            ("horizontal-flip", Control::HORIZONTAL_FLIP, self.horizontal_flip),
            ("vertical-flip", Control::VERTICAL_FLIP, self.vertical_flip),
        ];
        let flips = flips.into_iter().filter(|&(_, control, is_wanted)| {
            let is_set = set(control, is_wanted.into());
            is_wanted && !is_set
        });
        let steps = self.exposure_us.map(|us| (us / EXPOSURE_STEP_US).max(1));
        let (white, kelvin) = (Control::AUTO_WHITE_BALANCE, Control::WHITE_BALANCE_TEMPERATURE);
        let by_hand = [
            (
                "exposure",
                Control::EXPOSURE_AUTO,
                EXPOSURE_MANUAL,
                Control::EXPOSURE_ABSOLUTE,
                steps,
            ),
            ("gain", Control::AUTOGAIN, 0, Control::GAIN, self.gain),
            ("white-balance", white, 0, kelvin, self.white_balance_k),
        ];
        let by_hand = by_hand.into_iter().filter(|&(_, automatic, manual, control, value)| {
            let Some(value) = value else {
                let _are_reset = (reset(control), reset(automatic));
                return false;
            };
            // Some have no automatic to switch off.
            let _is_off = set(automatic, manual);
            !set(control, i32::try_from(value).unwrap_or(i32::MAX))
        });
        flips.map(|flip| flip.0).chain(by_hand.map(|one| one.0)).collect()
    }
}
