// SPDX-License-Identifier: MIT OR Apache-2.0
//! When the sensor has power: from the moment at which it may be looked with to the end of that. A
//! camera that is still open then has a moment to close; one that hangs loses its power all the
//! same.

use std::time::{Duration, Instant};

/// What a camera that works needs to close at most, so that the whole takes less than 100 ms.
const PATIENCE: Duration = Duration::from_millis(80);

/// The sensor's power.
#[derive(Debug, Default)]
pub struct SensorPower {
    is_on: bool,
    /// Since when nobody may look.
    denied: Option<Instant>,
}

impl SensorPower {
    /// Off.
    pub const fn new() -> Self {
        Self { is_on: false, denied: None }
    }

    /// Whether it is to be on, now that the camera `may` be used and `is_open`. An open camera
    /// keeps its power for a moment, and never gets any.
    pub fn handle(&mut self, now: Instant, may: bool, is_open: bool) -> bool {
        if may {
            self.denied = None;
            self.is_on = true;
        } else {
            let since = *self.denied.get_or_insert(now);
            self.is_on &= is_open && now < since + PATIENCE;
        }
        self.is_on
    }

    /// When to call [`Self::handle`] again, whatever happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.denied.filter(|_| self.is_on).map(|since| since + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn on_while_it_may_be_looked() {
        let begin = Instant::now();
        let mut power = SensorPower::new();
        assert!(power.handle(begin, true, false), "before the camera opens");
        assert!(power.handle(begin + MS, true, true));
        assert!(power.handle(begin + 2 * MS, false, true), "until it is closed");
        assert!(!power.handle(begin + 3 * MS, false, false));
        assert_eq!(power.next_timeout(), None);
    }

    #[test]
    fn a_camera_that_hangs_has_it_no_longer() {
        let begin = Instant::now();
        let mut power = SensorPower::new();
        power.handle(begin, true, true);
        assert!(power.handle(begin, false, true));
        let due = power.next_timeout().unwrap();
        assert!(due <= begin + 80 * MS);
        assert!(power.handle(due - MS, false, true));
        assert!(!power.handle(due, false, true));
        assert!(!power.handle(due + MS, false, true), "it is not given back");
        assert!(power.handle(due + 2 * MS, true, true), "but when it may look again");
    }

    #[test]
    fn a_camera_that_opens_too_late_gets_none() {
        let begin = Instant::now();
        let mut power = SensorPower::new();
        power.handle(begin, true, false);
        assert!(!power.handle(begin + MS, false, false));
        assert!(!power.handle(begin + 2 * MS, false, true));
        assert_eq!(power.next_timeout(), None);
    }
}
