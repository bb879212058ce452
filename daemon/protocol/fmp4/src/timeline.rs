// SPDX-License-Identifier: MIT OR Apache-2.0
//! One track's time: durations from capture times, without a jump.

use frame::Pts;

use crate::Error;

/// Where a track stands. The next sample begins at `position`, whatever its capture time: only
/// durations move it, and so one fragment's end is always the next one's start.
///
/// A sample's duration reaches to the capture time of the sample after it. A late start, a gap and
/// the drift between two clocks all end up in the duration of one sample, and the sample behind it
/// stands right again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeline {
    timescale_hz: u32,
    zero: Pts,
    position: u64,
    last: Option<Pts>,
}

impl Timeline {
    /// Time zero is `zero`; the first sample will begin at `start`.
    pub(crate) fn new(timescale_hz: u32, zero: Pts, start: Pts) -> Self {
        let mut timeline = Self { timescale_hz, zero, position: 0, last: None };
        timeline.position = timeline.at(start);
        timeline
    }

    /// Decode time of the next sample, in units of the timescale.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Takes a sample captured at `pts` that lasts until `next`; gives its duration, at least 1.
    ///
    /// # Errors
    /// [`Error::Backwards`] when it is not later than the sample before, or `next` not later than
    /// it; [`Error::TooLong`] when the duration does not fit its field.
    pub(crate) fn take(&mut self, pts: Pts, next: Pts) -> Result<u32, Error> {
        if self.last.is_some_and(|last| pts <= last) || next <= pts {
            return Err(Error::Backwards(pts));
        }
        let duration = self.at(next).saturating_sub(self.position).max(1);
        let duration = u32::try_from(duration).map_err(|_| Error::TooLong(pts))?;
        self.position += u64::from(duration);
        self.last = Some(pts);
        Ok(duration)
    }

    /// `pts` in units of the timescale, to the nearest; before time zero it is zero.
    fn at(&self, pts: Pts) -> u64 {
        let ticks = u128::from(pts.ticks_90k().saturating_sub(self.zero.ticks_90k()));
        let hz = u128::from(Pts::HZ);
        let units = (ticks * u128::from(self.timescale_hz) + hz / 2) / hz;
        u64::try_from(units).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Pts {
        Pts::from_millis(1_000 + ms)
    }

    #[test]
    fn a_gap_lengthens_the_sample_before_it() {
        let mut sound = Timeline::new(32_000, ms(0), ms(0));
        assert_eq!(sound.take(ms(0), ms(32)).unwrap(), 1_024);
        assert_eq!(sound.take(ms(32), ms(160)).unwrap(), 4_096);
        assert_eq!(sound.position(), 5_120);
    }

    #[test]
    fn a_sample_that_was_expected_earlier_is_stretched() {
        let mut sound = Timeline::new(32_000, ms(0), ms(0));
        assert_eq!(sound.take(ms(10), ms(42)).unwrap(), 1_344);
        assert_eq!(sound.take(ms(42), ms(74)).unwrap(), 1_024);
    }

    #[test]
    fn a_sample_of_the_past_lasts_one_unit_and_the_position_never_falls() {
        let mut sound = Timeline::new(32_000, ms(0), ms(100));
        assert_eq!(sound.take(ms(10), ms(42)).unwrap(), 1);
        assert_eq!(sound.position(), 3_201);
    }

    #[test]
    fn time_that_runs_backwards_is_refused() {
        let mut video = Timeline::new(90_000, ms(0), ms(0));
        assert_eq!(video.take(ms(40), ms(40)), Err(Error::Backwards(ms(40))));
        assert_eq!(video.take(ms(40), ms(80)), Ok(7_200));
        assert_eq!(video.take(ms(40), ms(80)), Err(Error::Backwards(ms(40))));
        assert_eq!(video.take(ms(80), ms(80_000_000)), Err(Error::TooLong(ms(80))));
    }
}
