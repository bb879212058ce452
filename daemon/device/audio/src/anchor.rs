// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sample count and clock, brought together. Pure: time is an argument.

use std::time::Duration;

use frame::Pts;

/// A push whose time is off by more than this does not continue the one before.
const JUMP: Duration = Duration::from_millis(40);
/// A smaller difference is taken in by one part in so many a push: jitter of the reader vanishes,
/// drift of the sound card's clock does not.
const SMOOTHING: i64 = 64;

/// How a push relates to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continuity {
    /// Directly behind the last one.
    Continues,
    /// After a gap, or the first at all.
    Begins,
    /// So many samples a channel, at its start, lie before the end of the last one.
    Overlaps(usize),
}

/// The time line of a row of samples at one rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anchor {
    sample_rate_hz: u32,
    /// Where the next sample stands, in 1/2^16 ticks of 90 kHz.
    next: Option<i64>,
}

const FRACTION: i64 = 1 << 16;

impl Anchor {
    pub(crate) fn new(sample_rate_hz: u32) -> Self {
        Self { sample_rate_hz, next: None }
    }

    /// Notes that a push begins at `pts`. Its samples are to be told to [`Anchor::advance`].
    pub(crate) fn observe(&mut self, pts: Pts) -> Continuity {
        let seen = i64::try_from(pts.ticks_90k()).unwrap_or(i64::MAX / FRACTION) * FRACTION;
        let Some(next) = self.next else {
            self.next = Some(seen);
            return Continuity::Begins;
        };
        let jump =
            i64::from(Pts::HZ) * FRACTION * i64::try_from(JUMP.as_millis()).unwrap_or(0) / 1_000;
        let error = seen - next;
        if error > jump {
            self.next = Some(seen);
            return Continuity::Begins;
        }
        if error < -jump {
            let behind = u64::try_from(-error / FRACTION).unwrap_or(0);
            let samples = behind * u64::from(self.sample_rate_hz) / u64::from(Pts::HZ);
            return Continuity::Overlaps(usize::try_from(samples).unwrap_or(usize::MAX));
        }
        self.next = Some(next + error / SMOOTHING);
        Continuity::Continues
    }

    /// Counts `samples` a channel.
    pub(crate) fn advance(&mut self, samples: usize) {
        let samples = i64::try_from(samples).unwrap_or(i64::MAX);
        let ticks = i128::from(samples) * i128::from(Pts::HZ) * i128::from(FRACTION)
            / i128::from(self.sample_rate_hz);
        if let Some(next) = &mut self.next {
            *next = next.saturating_add(i64::try_from(ticks).unwrap_or(i64::MAX));
        }
    }

    /// When the sample `samples` before the next one was captured; zero before the clock's zero.
    pub(crate) fn before_next(&self, samples: usize) -> Pts {
        let back =
            i128::try_from(samples).unwrap_or(0) * i128::from(Pts::HZ) * i128::from(FRACTION)
                / i128::from(self.sample_rate_hz);
        let at = i128::from(self.next.unwrap_or(0)) - back + i128::from(FRACTION / 2);
        Pts::from_ticks_90k(u64::try_from(at / i128::from(FRACTION)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ticks: u64) -> Pts {
        Pts::from_ticks_90k(9_000_000 + ticks)
    }

    #[test]
    fn jitter_is_smoothed_and_drift_is_followed() {
        let mut anchor = Anchor::new(32_000);
        // the card is slow: 640 samples take 1801 ticks and not 1800; reads are 3 ms late now and then
        for push in 0..10_000 {
            let jitter = if push % 7 == 3 { 270 } else { 0 };
            let observed = anchor.observe(at(push * 1_801 + jitter));
            assert_eq!(observed == Continuity::Begins, push == 0, "push {push}");
            let ours = anchor.before_next(0).ticks_90k();
            let off = ours.abs_diff(at(push * 1_801).ticks_90k());
            assert!(off < 180, "push {push} is {off} ticks off");
            anchor.advance(640);
        }
    }

    #[test]
    fn a_gap_begins_anew_and_an_overlap_is_measured() {
        let mut anchor = Anchor::new(32_000);
        assert_eq!(anchor.observe(at(0)), Continuity::Begins);
        anchor.advance(3_200);
        assert_eq!(anchor.observe(at(18_000)), Continuity::Begins);
        assert_eq!(anchor.before_next(320), at(17_100));
        anchor.advance(3_200);
        assert_eq!(anchor.observe(at(18_000)), Continuity::Overlaps(3_200));
        assert_eq!(anchor.before_next(0), at(27_000));
    }

    #[test]
    fn fractions_of_a_tick_are_not_lost() {
        let mut anchor = Anchor::new(44_100);
        anchor.observe(at(0));
        for _ in 0..44_100 {
            anchor.advance(1);
        }
        let off = anchor.before_next(0).ticks_90k().abs_diff(at(90_000).ticks_90k());
        assert!(off <= 1, "{off} ticks");
    }
}
