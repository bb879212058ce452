// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bell's push: every press is one ring, however long it is held.
//!
//! It is not the [`button`](crate::button): whoever is at the door must not reach a ladder that
//! ends at a factory reset. A bell's wire is long and catches sparks, so a press counts when the
//! line has rested; that is too short for a guest to notice.

use std::time::{Duration, Instant};

/// So long the line must rest, pressed and released. A finger needs about 50 ms.
const REST: Duration = Duration::from_millis(20);

/// One bell. Feed it edges and timeouts.
#[derive(Debug, Clone, Default)]
pub struct Bell {
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum State {
    /// Not seen up yet: a push that was down when we started means nothing.
    #[default]
    Unknown,
    Up,
    /// Down, perhaps by a spark.
    Touched {
        since: Instant,
    },
    /// Has rung.
    Down,
    /// Up, perhaps by a bounce.
    Lifted {
        since: Instant,
    },
}

/// Somebody rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Ring;

impl Bell {
    /// The line as it is found, or an edge at `now`.
    pub fn handle(&mut self, now: Instant, is_down: bool) -> Option<Ring> {
        let ring = self.handle_timeout(now);
        self.state = match (self.state, is_down) {
            (State::Unknown | State::Touched { .. }, false) => State::Up,
            (State::Up, true) => State::Touched { since: now },
            (State::Down, false) => State::Lifted { since: now },
            (State::Lifted { .. }, true) => State::Down,
            (same, _) => same,
        };
        ring
    }

    /// [`Bell::next_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Ring> {
        match self.state {
            State::Touched { since } if now >= since + REST => {
                self.state = State::Down;
                Some(Ring)
            }
            State::Lifted { since } if now >= since + REST => {
                self.state = State::Up;
                None
            }
            _ => None,
        }
    }

    /// When [`Bell::handle_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Touched { since } | State::Lifted { since } => Some(since + REST),
            State::Unknown | State::Up | State::Down => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When it rings, in ms, for a line that changes at these times; first of all it is up.
    fn rings(edges: &[(u64, bool)]) -> Vec<u64> {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let (mut bell, mut rings) = (Bell::default(), Vec::new());
        assert_eq!(bell.handle(start, false), None);
        for &(ms, is_down) in edges.iter().chain(&[(100_000, false)]) {
            while let Some(due) = bell.next_timeout().filter(|due| *due < at(ms)) {
                rings.extend(bell.handle_timeout(due).map(|Ring| due));
            }
            rings.extend(bell.handle(at(ms), is_down).map(|Ring| at(ms)));
        }
        rings.iter().map(|at| (*at - start).as_millis().try_into().unwrap()).collect()
    }

    #[test]
    fn every_press_rings_once() {
        type Row<'a> = (&'a str, &'a [(u64, bool)], &'a [u64]);
        let table: [Row<'_>; 7] = [
            ("a press", &[(100, true), (200, false)], &[120]),
            ("a long press", &[(100, true), (30_000, false)], &[120]),
            ("a spark", &[(100, true), (115, false)], &[]),
            ("a bounce down", &[(100, true), (103, false), (105, true), (200, false)], &[125]),
            ("a bounce up", &[(100, true), (200, false), (203, true), (205, false)], &[120]),
            ("a break in it", &[(100, true), (200, false), (210, true), (400, false)], &[120]),
            (
                "two quick presses",
                &[(100, true), (150, false), (200, true), (250, false)],
                &[120, 220],
            ),
        ];
        for (what, edges, expected) in table {
            assert_eq!(rings(edges), expected, "{what}");
        }
    }

    #[test]
    fn edges_that_come_late_together_ring_too() {
        let start = Instant::now();
        let mut bell = Bell::default();
        assert_eq!(bell.handle(start, false), None);
        assert_eq!(bell.handle(start, true), None);
        let lifted = start + Duration::from_millis(60);
        assert_eq!(bell.handle(lifted, false), Some(Ring), "nobody asked in between");
    }

    #[test]
    fn a_push_that_is_down_at_the_start_means_nothing() {
        let start = Instant::now();
        let mut bell = Bell::default();
        assert_eq!(bell.handle(start, true), None);
        assert_eq!(bell.next_timeout(), None);
        assert_eq!(bell.handle(start + Duration::from_secs(9), false), None);
        assert_eq!(bell.next_timeout(), None);
    }
}
