// SPDX-License-Identifier: MIT OR Apache-2.0
//! Wishes for an IDR: several viewers that lose the same packet ask at once, and one answer serves
//! them all. Pure: time is an argument.

use std::time::{Duration, Instant};

/// Whether an IDR is wished for.
#[derive(Debug, Default)]
pub(super) struct IdrWish {
    is_open: bool,
    /// When the last wish came that counted.
    counted: Option<Instant>,
}

impl IdrWish {
    /// A viewer asks at `now`. Within [`COUNT_ONCE`] of one that counted it does not count.
    pub(super) fn ask(&mut self, now: Instant) {
        let is_repeat = |counted| now.saturating_duration_since(counted) < COUNT_ONCE;
        if !self.counted.is_some_and(is_repeat) {
            self.demand(now);
        }
    }

    /// A viewer joins, who has seen no IDR at all; it counts whenever it comes.
    pub(super) fn demand(&mut self, now: Instant) {
        self.is_open = true;
        self.counted = Some(now);
    }

    /// Whether an IDR is due since the last call.
    pub(super) fn take(&mut self) -> bool {
        std::mem::take(&mut self.is_open)
    }
}

const COUNT_ONCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_within_a_tenth_of_a_second_count_once() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let mut wish = IdrWish::default();
        assert!(!wish.take());
        // ms, whether it counts
        let table = [(0, true), (30, false), (99, false), (100, true), (199, false), (201, true)];
        for (ms, counts) in table {
            wish.ask(at(ms));
            assert_eq!(wish.take(), counts, "at {ms} ms");
        }
        assert!(!wish.take());
    }

    #[test]
    fn a_viewer_who_joins_always_counts() {
        let now = Instant::now();
        let mut wish = IdrWish::default();
        wish.ask(now);
        assert!(wish.take());
        wish.demand(now + Duration::from_millis(1));
        assert!(wish.take());
        wish.ask(now + Duration::from_millis(2));
        assert!(!wish.take());
    }
}
