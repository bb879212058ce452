// SPDX-License-Identifier: MIT OR Apache-2.0
//! Follows how fast the software encoder really is. Pure: what the encodes did is told, window by
//! window. Down after two bad windows, up by a step after many good ones; who came down soon after
//! going up waits twice as long the next time.

use std::time::Duration;

use super::Budget;

/// How long a window of [`Work`] is to last.
pub const WINDOW: Duration = Duration::from_secs(2);

/// What all encodes did in one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// The window's length.
    pub lasted: Duration,
    /// Processor time that encoding took.
    pub busy: Duration,
    /// Macroblocks that were encoded.
    pub macroblocks: u64,
    /// Pictures that were encoded.
    pub pictures: u64,
    /// Pictures that were lost since an encode was late.
    pub late: u64,
}

/// What a window brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The encoder is to do less.
    Slower,
    /// It may do more.
    Faster,
}

/// The budget with the speed to plan with.
#[derive(Debug, Clone)]
pub struct Pace {
    budget: Budget,
    least: u32,
    /// Bad windows in a row.
    bad: u32,
    /// Good windows in a row.
    good: u32,
    /// Good windows that are asked for before the next step up.
    patience: u32,
    /// Windows since the last step up.
    since_rise: Option<u32>,
}

/// One bad window may be chance.
const BAD_WINDOWS: u32 = 2;
/// Half a minute.
const PATIENCE: u32 = 15;
/// Eight minutes.
const MOST_PATIENCE: u32 = 240;
/// A step up that lasted for so many windows was right.
const PROVEN: u32 = 60;
/// One picture late of so many is too much.
const LATE_OF: u64 = 10;
/// No machine gets slower than this part of what was measured at the start.
const LEAST: u32 = 8;

impl Pace {
    /// Begins with what `budget` says.
    pub fn new(budget: Budget) -> Self {
        let least = (budget.speed / LEAST).max(1);
        Self { budget, least, bad: 0, good: 0, patience: PATIENCE, since_rise: None }
    }

    /// The budget to plan with.
    pub fn budget(&self) -> Budget {
        self.budget
    }

    /// Looks at one window.
    pub fn observe(&mut self, work: Work) -> Option<Change> {
        let all = work.pictures + work.late;
        if all == 0 {
            self.bad = 0;
            return None;
        }
        let speed = self.budget.speed;
        let seen = seen(work).unwrap_or(speed);
        let is_late = work.late * LATE_OF > all;
        let is_over = seen < speed && work.busy > self.allowed(work.lasted).mul_f32(1.1);
        self.since_rise = self.since_rise.map(|windows| windows + 1).filter(|&n| n < PROVEN);
        if is_late || is_over {
            self.good = 0;
            self.bad += 1;
            let slower = if is_late { seen.min(speed) / 4 * 3 } else { seen };
            return self.fall(slower);
        }
        self.bad = 0;
        self.good = if seen > speed + speed / 10 { self.good + 1 } else { 0 };
        (self.good >= self.patience).then(|| {
            self.budget.speed = seen.min(speed.saturating_add(speed / 3).max(2));
            (self.good, self.since_rise) = (0, Some(0));
            Change::Faster
        })
    }

    fn fall(&mut self, speed: u32) -> Option<Change> {
        if self.bad < BAD_WINDOWS {
            return None;
        }
        self.bad = 0;
        let was_wrong = self.since_rise.take().is_some();
        self.patience = if was_wrong { (self.patience * 2).min(MOST_PATIENCE) } else { PATIENCE };
        let slower = speed.max(self.least);
        let falls = slower < self.budget.speed;
        self.budget.speed = slower.min(self.budget.speed);
        falls.then_some(Change::Slower)
    }

    /// Processor time within the budget.
    fn allowed(&self, lasted: Duration) -> Duration {
        let cores = f32::from(self.budget.cores.get());
        lasted.mul_f32(cores * f32::from(self.budget.share.percent()) / 100.0)
    }
}

/// Macroblocks in a second of processor time; `None` where too little was done to tell.
fn seen(work: Work) -> Option<u32> {
    let busy_us = work.busy.as_micros();
    let speed = u128::from(work.macroblocks) * 1_000_000 / busy_us.max(1);
    (busy_us >= 10_000).then(|| u32::try_from(speed).unwrap_or(u32::MAX).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Share;

    const SPEED: u32 = 400_000;

    fn pace() -> Pace {
        let cores = 2.try_into().unwrap();
        Pace::new(Budget { speed: SPEED, cores, share: Share::try_from(50).unwrap() })
    }

    /// A window in which a core made `speed` macroblocks a second and was at work for `busy_ms`.
    fn work(speed: u64, busy_ms: u64, late: u64) -> Work {
        let busy = Duration::from_millis(busy_ms);
        Work { lasted: WINDOW, busy, macroblocks: speed * busy_ms / 1000, pictures: 60, late }
    }

    #[test]
    fn windows_and_the_speed_that_follows() {
        // A name, windows (speed, busy in ms of 2000 that are allowed, late) and how often, the speed after
        type Row<'a> = (&'a str, &'a [((u64, u64, u64), usize)], u32);
        let table: &[Row<'_>] = &[
            ("as thought", &[((400_000, 1900, 0), 100)], 400_000),
            ("slower, and yet within the budget", &[((200_000, 1900, 0), 100)], 400_000),
            ("over the budget once", &[((200_000, 2300, 0), 1), ((400_000, 900, 0), 9)], 400_000),
            ("over the budget twice", &[((200_000, 2300, 0), 2)], 200_000),
            ("over, but as fast as thought", &[((400_000, 4000, 0), 9)], 400_000),
            ("late once", &[((400_000, 500, 20), 1), ((400_000, 500, 0), 9)], 400_000),
            ("a few are late", &[((400_000, 500, 6), 50)], 400_000),
            ("late twice: three quarters", &[((400_000, 500, 20), 2)], 300_000),
            ("late again and again", &[((400_000, 500, 20), 4)], 225_000),
            ("late for ever", &[((400_000, 500, 20), 400)], 50_000),
            ("nothing was done", &[((0, 0, 0), 100)], 400_000),
            ("good for not so long", &[((400_000, 500, 20), 2), ((400_000, 500, 0), 14)], 300_000),
            (
                "good for half a minute",
                &[((400_000, 500, 20), 2), ((400_000, 500, 0), 15)],
                400_000,
            ),
            ("a step up is a third", &[((800_000, 500, 0), 15)], 533_333),
            ("a little faster is chance", &[((430_000, 500, 0), 100)], 400_000),
        ];
        for (name, windows, expected) in table {
            let mut pace = pace();
            for (window, count) in *windows {
                for _ in 0..*count {
                    let _change = pace.observe(work(window.0, window.1, window.2));
                }
            }
            assert_eq!(pace.budget().speed, *expected, "{name}");
        }
    }

    #[test]
    fn a_step_up_in_vain_is_tried_less_and_less_often() {
        let mut pace = pace();
        let mut rises = Vec::new();
        for number in 0..1000 {
            let late = if pace.budget().speed > 300_000 { 20 } else { 0 };
            if pace.observe(work(400_000, 500, late)) == Some(Change::Faster) {
                rises.push(number);
            }
        }
        let waits: Vec<i32> = rises.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(waits, [32, 62, 122, 242, 242, 242], "{rises:?}");
    }

    #[test]
    fn every_change_is_told_once() {
        let mut pace = pace();
        let changes: Vec<_> = (0..4).map(|_| pace.observe(work(200_000, 2300, 0))).collect();
        assert_eq!(changes, [None, Some(Change::Slower), None, None]);
        let changes: Vec<_> = (0..16).filter_map(|_| pace.observe(work(400_000, 900, 0))).collect();
        assert_eq!(changes, [Change::Faster]);
    }
}
