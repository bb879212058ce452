// SPDX-License-Identifier: MIT OR Apache-2.0
//! The monotonic clock, and the pacing of sources that make their own samples.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Time since the zero of `CLOCK_MONOTONIC`, the clock of [`frame::Pts`].
pub(crate) fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).expect("the monotonic clock starts at zero");
    Duration::new(seconds, u32::try_from(now.tv_nsec).expect("less than a second"))
}

/// More than this behind, as after a suspend, samples are left out instead of made up for.
const LATE: Duration = Duration::from_millis(500);

/// Sample numbers on the grid n / rate of the monotonic clock. Pure: time is an argument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pacer {
    sample_rate_hz: u32,
    next: u64,
}

impl Pacer {
    pub(crate) fn new(sample_rate_hz: u32, now: Duration) -> Self {
        let mut pacer = Self { sample_rate_hz, next: 0 };
        pacer.next = pacer.number(now);
        pacer
    }

    /// Takes `count` samples: gives the first one's number, its time, and how long to sleep until
    /// the last of them would have been captured.
    pub(crate) fn take(&mut self, count: usize, now: Duration) -> (u64, Duration, Duration) {
        if now > self.time(self.next) + LATE {
            self.next = self.number(now);
        }
        let first = self.next;
        self.next += u64::try_from(count).expect("a buffer in memory");
        (first, self.time(first), self.time(self.next).saturating_sub(now))
    }

    fn number(&self, time: Duration) -> u64 {
        let number = time.as_nanos() * u128::from(self.sample_rate_hz) / 1_000_000_000;
        u64::try_from(number).expect("a clock of a million years")
    }

    fn time(&self, number: u64) -> Duration {
        let nanos = u128::from(number) * 1_000_000_000 / u128::from(self.sample_rate_hz);
        Duration::from_nanos(u64::try_from(nanos).expect("a clock of 500 years"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_at_the_speed_of_life_and_in_a_row() {
        let mut now = Duration::from_secs(1_000);
        let mut pacer = Pacer::new(32_000, now);
        for read in 0..1_000u32 {
            let (first, time, wait) = pacer.take(640, now);
            assert_eq!(first, 32_000_000 + u64::from(read) * 640);
            assert_eq!(time, Duration::from_secs(1_000) + Duration::from_millis(20) * read);
            now += wait + Duration::from_millis(1);
        }
        assert!(now < Duration::from_millis(1_020_002));
    }

    #[test]
    fn a_sleep_of_the_machine_is_a_gap() {
        let mut pacer = Pacer::new(8_000, Duration::from_secs(1));
        pacer.take(80, Duration::from_secs(1));
        let (first, time, _) = pacer.take(80, Duration::from_secs(60));
        assert_eq!((first, time), (480_000, Duration::from_secs(60)));
    }
}
