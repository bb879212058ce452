// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pins that know which level is active.

use embedded_hal::digital::{InputPin, OutputPin};
use serde::Deserialize;

/// The voltage that means active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Active at the supply's voltage.
    #[default]
    High,
    /// Active at ground.
    Low,
}

/// A pin in words of active and inactive.
#[derive(Debug)]
pub struct ActivePin<P> {
    pin: P,
    active: Level,
}

impl<P> ActivePin<P> {
    /// `pin`, which is active at `active`.
    pub const fn new(pin: P, active: Level) -> Self {
        Self { pin, active }
    }

    /// The pin itself.
    pub fn into_inner(self) -> P {
        self.pin
    }
}

impl<P: OutputPin> ActivePin<P> {
    /// Drives the pin.
    ///
    /// # Errors
    /// The pin's own.
    pub fn set(&mut self, is_active: bool) -> Result<(), P::Error> {
        if is_active == (self.active == Level::High) {
            self.pin.set_high()
        } else {
            self.pin.set_low()
        }
    }
}

impl<P: InputPin> ActivePin<P> {
    /// Reads the pin.
    ///
    /// # Errors
    /// The pin's own.
    pub fn is_active(&mut self) -> Result<bool, P::Error> {
        match self.active {
            Level::High => self.pin.is_high(),
            Level::Low => self.pin.is_low(),
        }
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    use super::*;

    #[test]
    fn active_is_logical() {
        let table = [
            (Level::High, true, State::High),
            (Level::High, false, State::Low),
            (Level::Low, true, State::Low),
            (Level::Low, false, State::High),
        ];
        for (active, is_active, level) in table {
            let expected = [Transaction::set(level), Transaction::get(level)];
            let mut pin = ActivePin::new(Mock::new(&expected), active);
            pin.set(is_active).unwrap();
            assert_eq!(pin.is_active().unwrap(), is_active, "{active:?}");
            pin.into_inner().done();
        }
    }
}
