// SPDX-License-Identifier: MIT OR Apache-2.0
//! The privacy switch: on at the first sign, off only when it is certain.
//!
//! A contact that bounces must not open the camera, and a line that cannot be read is as good as
//! switched on.

use std::time::{Duration, Instant};

/// What the line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The switch stands at private.
    On,
    /// The switch stands at open.
    Off,
    /// The line is there and cannot be read.
    Unreadable,
}

/// The switch with its debouncing. See [`PrivacySwitch::handle`].
#[derive(Debug, Clone)]
pub struct PrivacySwitch {
    debounce: Duration,
    is_on: bool,
    /// Since when it has read off without a break, while it still counts as on.
    off_since: Option<Instant>,
}

impl PrivacySwitch {
    /// At the start only a line that reads off means off.
    pub fn new(debounce: Duration, first: Reading) -> Self {
        Self { debounce, is_on: first != Reading::Off, off_since: None }
    }

    /// Whether the camera is to be shut.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Takes a reading made at `now`: an edge, or a look at the line. Returns the new state if it
    /// changed. On counts at once; off counts when it has lasted for the debounce time.
    pub fn handle(&mut self, now: Instant, reading: Reading) -> Option<bool> {
        match reading {
            Reading::On | Reading::Unreadable => {
                self.off_since = None;
                self.change_to(true)
            }
            Reading::Off if !self.is_on => None,
            Reading::Off => {
                let since = *self.off_since.get_or_insert(now);
                if now < since + self.debounce {
                    return None;
                }
                self.off_since = None;
                self.change_to(false)
            }
        }
    }

    /// When the line must be read again for the change to off to be certain.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.off_since.map(|since| since + self.debounce)
    }

    fn change_to(&mut self, is_on: bool) -> Option<bool> {
        let has_changed = self.is_on != is_on;
        self.is_on = is_on;
        has_changed.then_some(is_on)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEBOUNCE: Duration = Duration::from_millis(20);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_line_that_cannot_be_read_at_the_start_means_private() {
        assert!(PrivacySwitch::new(DEBOUNCE, Reading::Unreadable).is_on());
        assert!(PrivacySwitch::new(DEBOUNCE, Reading::On).is_on());
        assert!(!PrivacySwitch::new(DEBOUNCE, Reading::Off).is_on());
    }

    #[test]
    fn on_counts_at_once() {
        let start = Instant::now();
        let mut switch = PrivacySwitch::new(DEBOUNCE, Reading::Off);
        assert_eq!(switch.handle(start, Reading::On), Some(true));
        assert_eq!(switch.next_timeout(), None);
    }

    #[test]
    fn a_line_that_is_lost_shuts_the_camera_and_opens_it_when_it_is_back() {
        let start = Instant::now();
        let mut switch = PrivacySwitch::new(DEBOUNCE, Reading::Off);
        assert_eq!(switch.handle(start, Reading::Unreadable), Some(true));
        assert_eq!(switch.handle(start + ms(1000), Reading::Off), None);
        assert_eq!(switch.handle(start + ms(1020), Reading::Off), Some(false));
    }

    #[test]
    fn bouncing_never_opens_it_before_its_time() {
        let start = Instant::now();
        let mut switch = PrivacySwitch::new(DEBOUNCE, Reading::On);
        for at in (0..200).step_by(10) {
            let reading = if at % 20 == 0 { Reading::Off } else { Reading::On };
            assert_eq!(switch.handle(start + ms(at), reading), None, "at {at} ms");
        }
        assert_eq!(switch.handle(start + ms(200), Reading::Off), None);
        assert_eq!(switch.next_timeout(), Some(start + ms(220)));
        assert_eq!(switch.handle(start + ms(219), Reading::Off), None);
        assert_eq!(switch.handle(start + ms(220), Reading::Off), Some(false));
        assert_eq!(switch.handle(start + ms(230), Reading::Off), None, "told once");
    }

    proptest::proptest! {
        /// Whatever the line does: it is never open less than the debounce time after a sign of on.
        #[test]
        fn open_means_that_it_has_read_off_for_long(
            steps in proptest::collection::vec((0u8..3, 0u64..40), 1..60),
        ) {
            let start = Instant::now();
            let mut switch = PrivacySwitch::new(DEBOUNCE, Reading::On);
            let (mut now, mut last_sign) = (start, start);
            let mut reads_off_since = None;
            for (reading, pause) in steps {
                now += ms(pause);
                let reading = [Reading::On, Reading::Off, Reading::Unreadable][usize::from(reading)];
                if reading == Reading::Off {
                    reads_off_since.get_or_insert(now);
                } else {
                    (last_sign, reads_off_since) = (now, None);
                }
                let told = switch.handle(now, reading);
                proptest::prop_assert!(told != Some(false) || now >= last_sign + DEBOUNCE);
                let is_certain = reads_off_since.is_some_and(|since| now >= since + DEBOUNCE);
                proptest::prop_assert!(switch.is_on() || is_certain || reads_off_since.is_some());
                proptest::prop_assert!(reading == Reading::Off || switch.is_on());
            }
        }
    }
}
