// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the privacy switch does by itself, on its own thread: no picture leaves and no camera stays
//! open, whatever the core is busy with. The core hears of it like of every other event, and does
//! the rest.

use std::sync::OnceLock;

use media::Waker;
use privacy::Shutter;

use super::HandEvent;

/// The way from the switch to the gate.
pub struct Reflex {
    shutter: Shutter,
    waker: OnceLock<Waker>,
}

impl Reflex {
    /// Shuts and opens `shutter`.
    pub const fn new(shutter: Shutter) -> Self {
        Self { shutter, waker: OnceLock::new() }
    }

    /// Whom it wakes: those who have the camera. Only the first counts.
    pub fn wakes(&self, waker: Waker) {
        let _is_first = self.waker.set(waker);
    }

    /// Before `event` is told to the core.
    pub fn feel(&self, event: HandEvent) {
        match event {
            HandEvent::Private(true) => {
                self.shutter.shut();
                if let Some(waker) = self.waker.get() {
                    waker.wake();
                }
            }
            HandEvent::Private(false) => self.shutter.open(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use privacy::{Capture, Gate, OperatingMode};

    use super::*;

    #[test]
    fn the_switch_needs_no_core() {
        let mut gate = Gate::closed();
        gate.set(OperatingMode { is_paired: true, ..OperatingMode::factory() });
        let reflex = Reflex::new(gate.shutter());
        let permit = gate.permit::<Capture>().unwrap();
        reflex.feel(HandEvent::Rung);
        assert!(permit.is_valid());
        reflex.feel(HandEvent::Private(true));
        assert!(!permit.is_valid() && gate.permit::<Capture>().is_err());
        reflex.feel(HandEvent::Private(false));
        assert!(gate.permit::<Capture>().is_err(), "the core has not heard of it yet");
    }
}
