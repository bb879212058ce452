// SPDX-License-Identifier: MIT OR Apache-2.0
//! When a camera that nobody has paired, and that has no network, looks for a code that names one.
//!
//! Once it has had a network it never looks again before its next start: pulling a cable must not open its eyes.
//! Whether it may look is not decided here (`privacy`), nor what becomes of a code.

use std::time::{Duration, Instant};

/// Networks that the camera knows, and a cable, have this long at its start, and a network that was tried to get an
/// address at last.
pub const GRACE: Duration = Duration::from_secs(10);
/// A network that was read is tried by then. After that the camera looks again.
pub const TRIED_WITHIN: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// For a network that is known.
    Waiting { until: Instant },
    /// For a code.
    Looking,
    /// A network that was read is tried.
    Joining { until: Instant },
    /// There was a network.
    Over,
}

/// What a look at the machine has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Any interface but the loopback one has an address, if only one of its own link.
    pub has_address: bool,
    /// A network that was handed over has not been tried to the end.
    pub is_trying: bool,
}

/// The rule over time. See [`Seeking::handle`].
#[derive(Debug, Clone)]
pub struct Seeking {
    phase: Phase,
}

impl Seeking {
    /// Of an unpaired camera that starts now.
    pub fn new(now: Instant) -> Self {
        Self { phase: Phase::Waiting { until: now + GRACE } }
    }

    /// Takes what was found at `now`.
    pub fn handle(&mut self, now: Instant, found: Found) {
        self.phase = match self.phase {
            _ if found.has_address => Phase::Over,
            Phase::Waiting { until } if now >= until => Phase::Looking,
            Phase::Joining { until } if now >= until || !found.is_trying => {
                Phase::Waiting { until: now + GRACE }
            }
            phase => phase,
        };
    }

    /// A network was read at `now` and is about to be tried.
    pub fn handed_over(&mut self, now: Instant) {
        if self.is_looking() {
            self.phase = Phase::Joining { until: now + TRIED_WITHIN };
        }
    }

    /// The camera looks for a code.
    pub fn is_looking(&self) -> bool {
        self.phase == Phase::Looking
    }

    /// A network that was read is tried.
    pub fn is_joining(&self) -> bool {
        matches!(self.phase, Phase::Joining { .. })
    }

    /// It looks no more until its next start.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Found = Found { has_address: false, is_trying: false };
    const TRYING: Found = Found { is_trying: true, ..NOTHING };
    const ADDRESS: Found = Found { has_address: true, ..NOTHING };

    fn shown(seeking: &Seeking) -> &'static str {
        match (seeking.is_looking(), seeking.is_joining(), seeking.is_over()) {
            (true, false, false) => "looks",
            (false, true, false) => "joins",
            (false, false, true) => "over",
            (false, false, false) => "waits",
            _ => "two at once",
        }
    }

    #[test]
    fn it_looks_between_the_grace_and_a_network() {
        // Seconds of the start, what is found, whether a code is read then, what follows
        let rows = [
            (0, NOTHING, false, "waits"),
            (9, NOTHING, true, "waits"), // nobody looks yet
            (10, NOTHING, false, "looks"),
            (40, TRYING, false, "looks"), // somebody else's
            (50, NOTHING, true, "joins"),
            (51, TRYING, true, "joins"),
            (60, NOTHING, true, "waits"), // it failed
            (69, NOTHING, false, "waits"),
            (70, NOTHING, true, "joins"),
            (369, TRYING, false, "joins"),
            (370, TRYING, false, "waits"), // nobody takes it
            (380, NOTHING, true, "joins"),
            (390, ADDRESS, false, "over"),
            (400, NOTHING, true, "over"), // a cable was pulled
            (9999, NOTHING, false, "over"),
        ];
        let start = Instant::now();
        let mut seeking = Seeking::new(start);
        for (at, found, is_read, expected) in rows {
            let now = start + Duration::from_secs(at);
            seeking.handle(now, found);
            if is_read {
                seeking.handed_over(now);
            }
            assert_eq!(shown(&seeking), expected, "at {at} s: {found:?}");
        }
    }

    #[test]
    fn an_address_ends_it_at_any_time() {
        let start = Instant::now();
        let (looking, joining) = (start + GRACE, start + GRACE + GRACE);
        for steps in 0..3 {
            let mut seeking = Seeking::new(start);
            if steps > 0 {
                seeking.handle(looking, NOTHING);
            }
            if steps > 1 {
                seeking.handed_over(looking);
            }
            seeking.handle(joining, ADDRESS);
            assert_eq!(shown(&seeking), "over", "after {steps} steps");
        }
    }
}
