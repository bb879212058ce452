// SPDX-License-Identifier: MIT OR Apache-2.0
//! How often the filter may click. Each click is heard in the room and wears the coil.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);

/// The clicks of the last hour.
#[derive(Debug, Clone)]
pub(super) struct Clicks {
    allowed: usize,
    made: VecDeque<Instant>,
}

impl Clicks {
    pub(super) fn new(allowed: u8) -> Self {
        Self { allowed: allowed.into(), made: VecDeque::new() }
    }

    /// Takes one from the budget, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        while self.made.front().is_some_and(|at| now >= *at + HOUR) {
            self.made.pop_front();
        }
        let has_one = self.made.len() < self.allowed;
        if has_one {
            self.made.push_back(now);
        }
        has_one
    }

    /// When the next one may be made, if not now.
    pub(super) fn next_at(&self) -> Option<Instant> {
        let is_spent = self.made.len() >= self.allowed;
        self.made.front().filter(|_| is_spent).map(|at| *at + HOUR)
    }
}
