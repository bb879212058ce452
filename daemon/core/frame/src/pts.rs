// SPDX-License-Identifier: MIT OR Apache-2.0
//! Presentation time stamps.

use std::ops::{Add, Sub};
use std::time::Duration;

/// When a picture or the first sample of a sound was captured, in ticks of 1/90000 s of the
/// system's monotonic clock. Video and audio of one camera share that clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pts(u64);

impl Pts {
    /// Ticks per second.
    pub const HZ: u32 = 90_000;

    /// From ticks of 1/90000 s.
    pub const fn from_ticks_90k(ticks: u64) -> Self {
        Self(ticks)
    }

    /// From milliseconds of the monotonic clock.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 90)
    }

    /// From a time since the monotonic clock's zero; rounded to the nearest tick.
    pub fn from_monotonic(since_boot: Duration) -> Self {
        let ticks = (since_boot.as_nanos() * 9 + 50_000) / 100_000;
        Self(u64::try_from(ticks).expect("a clock of 6 million years"))
    }

    /// In ticks of 1/90000 s.
    pub const fn ticks_90k(self) -> u64 {
        self.0
    }
}

impl Sub for Pts {
    type Output = Duration;

    /// The time from `earlier` to `self`; zero when `earlier` is the later one.
    fn sub(self, earlier: Self) -> Duration {
        let ticks = self.0.saturating_sub(earlier.0);
        Duration::from_nanos(ticks * 100_000 / 9)
    }
}

impl Add<Duration> for Pts {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self(self.0 + Self::from_monotonic(time).0)
    }
}
