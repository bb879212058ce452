// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a camera is to look at the world. Kernel: media/v4l/control, ext-ctrls-camera.

use crate::{Control, Ops, Rect};

/// What an owner sets of a camera; what is not set stays as the camera has it.
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
        let by_hand = |automatic, manual, control, value: u32| {
            // Some have no automatic to switch off.
            let _is_off = set(automatic, manual);
            set(control, i32::try_from(value).unwrap_or(i32::MAX))
        };
        let flip = |control, is_wanted: bool| set(control, is_wanted.into()) || !is_wanted;
        let exposure = |us: u32| {
            let steps = (us / EXPOSURE_STEP_US).max(1);
            by_hand(Control::EXPOSURE_AUTO, EXPOSURE_MANUAL, Control::EXPOSURE_ABSOLUTE, steps)
        };
        let gain = |gain| by_hand(Control::AUTOGAIN, 0, Control::GAIN, gain);
        let white = |kelvin| {
            by_hand(Control::AUTO_WHITE_BALANCE, 0, Control::WHITE_BALANCE_TEMPERATURE, kelvin)
        };
        let taken = [
            ("horizontal-flip", flip(Control::HORIZONTAL_FLIP, self.horizontal_flip)),
            ("vertical-flip", flip(Control::VERTICAL_FLIP, self.vertical_flip)),
            ("exposure", self.exposure_us.is_none_or(exposure)),
            ("gain", self.gain.is_none_or(gain)),
            ("white-balance", self.white_balance_k.is_none_or(white)),
        ];
        taken.into_iter().filter(|(_, is_taken)| !is_taken).map(|(name, _)| name).collect()
    }
}
