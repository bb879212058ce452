// SPDX-License-Identifier: MIT OR Apache-2.0
//! The button: how long it is held decides what letting go does.
//!
//! ```text
//!  0 s ──── 5 s ──────── 12 s ─────── 20 s ────────── 23 s ──►
//!  tap      network      unpair       factory reset   nothing: held for too long
//! ```
//! Each step is shown from when it is reached until the finger is lifted.

use std::time::{Duration, Instant};

/// What letting go does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A short press: show which camera this is. A doorbell's push is another part, the
    /// [`bell`](crate::bell).
    Tap,
    /// Forget the wireless network and ask for another.
    Network,
    /// Forget every controller.
    Unpair,
    /// Forget everything.
    Factory,
}

/// What comes of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Event {
    /// Show that letting go now would do this.
    Reached(Step),
    /// The finger was lifted: do this.
    Commit(Step),
    /// Held for longer than anything needs: nothing will be done.
    Cancelled,
}

/// From when on each step counts.
const LADDER: [(Duration, Step); 3] = [
    (Duration::from_secs(5), Step::Network),
    (Duration::from_secs(12), Step::Unpair),
    (Duration::from_secs(20), Step::Factory),
];
/// From then on nothing counts.
const TOO_LONG: Duration = Duration::from_secs(23);
/// Shorter presses are a bouncing contact.
const SHORTEST: Duration = Duration::from_millis(30);

/// One button. Feed it edges and timeouts.
#[derive(Debug, Clone, Default)]
pub struct Button {
    state: State,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
enum State {
    /// Not seen up yet: a button that was down when we started means nothing.
    #[default]
    Unknown,
    Up,
    /// `shown` steps of the ladder have been told.
    Down {
        since: Instant,
        shown: usize,
    },
    /// Lifted for the moment, which may be a bounce: it counts at `at` plus [`SHORTEST`].
    Lifted {
        since: Instant,
        shown: usize,
        at: Instant,
    },
    Cancelled,
}

impl Button {
    /// The line as it is found, or an edge at `now`.
    pub fn handle(&mut self, now: Instant, is_down: bool) -> Vec<Event> {
        let events = self.handle_timeout(now);
        self.state = match (self.state, is_down) {
            (State::Unknown | State::Cancelled, false) => State::Up,
            (State::Up, true) => State::Down { since: now, shown: 0 },
            (State::Down { since, shown }, false) => State::Lifted { since, shown, at: now },
            (State::Lifted { since, shown, .. }, true) => State::Down { since, shown },
            (same, _) => same,
        };
        events
    }

    /// [`Button::next_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let (next, event) = match self.state {
                State::Down { since, shown }
                    if shown < LADDER.len() && now >= since + LADDER[shown].0 =>
                {
                    (State::Down { since, shown: shown + 1 }, Some(Event::Reached(LADDER[shown].1)))
                }
                State::Down { since, .. } if now >= since + TOO_LONG => {
                    (State::Cancelled, Some(Event::Cancelled))
                }
                State::Lifted { since, shown, at } if now >= at + SHORTEST => {
                    let step = shown.checked_sub(1).map_or(Step::Tap, |last| LADDER[last].1);
                    let is_press = at >= since + SHORTEST;
                    (State::Up, is_press.then_some(Event::Commit(step)))
                }
                _ => return events,
            };
            self.state = next;
            events.extend(event);
        }
    }

    /// When [`Button::handle_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Down { since, shown } => {
                Some(since + LADDER.get(shown).map_or(TOO_LONG, |(after, _)| *after))
            }
            State::Lifted { at, .. } => Some(at + SHORTEST),
            State::Unknown | State::Up | State::Cancelled => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds a fresh button for `ms` and tells everything that came of it, timeouts as they fall due.
    fn hold(ms: u64) -> Vec<Event> {
        let start = Instant::now();
        let mut button = Button::default();
        assert!(button.handle(start, false).is_empty());
        let mut events = button.handle(start, true);
        let end = start + Duration::from_millis(ms);
        while let Some(at) = button.next_timeout().filter(|at| *at < end) {
            events.extend(button.handle_timeout(at));
        }
        events.extend(button.handle(end, false));
        while let Some(at) = button.next_timeout() {
            events.extend(button.handle_timeout(at));
        }
        events
    }

    #[test]
    fn the_length_decides() {
        use Event::{Cancelled, Commit, Reached};
        use Step::{Factory, Network, Tap, Unpair};
        let table: [(u64, &[Event]); 9] = [
            (10, &[]),
            (100, &[Commit(Tap)]),
            (4999, &[Commit(Tap)]),
            (5001, &[Reached(Network), Commit(Network)]),
            (11_999, &[Reached(Network), Commit(Network)]),
            (12_001, &[Reached(Network), Reached(Unpair), Commit(Unpair)]),
            (20_001, &[Reached(Network), Reached(Unpair), Reached(Factory), Commit(Factory)]),
            (22_999, &[Reached(Network), Reached(Unpair), Reached(Factory), Commit(Factory)]),
            (23_001, &[Reached(Network), Reached(Unpair), Reached(Factory), Cancelled]),
        ];
        for (ms, expected) in table {
            assert_eq!(hold(ms), expected, "held for {ms} ms");
        }
    }

    #[test]
    fn a_button_that_is_down_at_the_start_means_nothing() {
        let start = Instant::now();
        let mut button = Button::default();
        assert!(button.handle(start, true).is_empty());
        assert_eq!(button.next_timeout(), None);
        let lifted = start + Duration::from_secs(21);
        assert!(button.handle(lifted, false).is_empty());
        assert_eq!(button.next_timeout(), None);
    }

    #[test]
    fn a_bounce_does_not_end_a_long_press() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut button = Button::default();
        let mut events = button.handle(start, false);
        events.extend(button.handle(at(0), true));
        events.extend(button.handle(at(3000), false));
        events.extend(button.handle(at(3010), true));
        events.extend(button.handle(at(5100), false));
        events.extend(button.handle_timeout(at(5130)));
        assert_eq!(events, [Event::Reached(Step::Network), Event::Commit(Step::Network)]);
    }

    #[test]
    fn after_too_long_a_press_the_next_one_counts() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut button = Button::default();
        assert!(button.handle(start, false).is_empty());
        assert!(button.handle(start, true).is_empty());
        let held = button.handle(at(60_000), false);
        assert_eq!(held.last(), Some(&Event::Cancelled));
        assert!(button.handle(at(61_000), true).is_empty());
        assert!(button.handle(at(61_200), false).is_empty());
        assert_eq!(button.handle_timeout(at(61_300)), [Event::Commit(Step::Tap)]);
    }
}
