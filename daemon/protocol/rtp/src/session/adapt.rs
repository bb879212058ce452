// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bit rate by loss, for peers that do not say what they want.

use std::time::{Duration, Instant};

/// More than 5 %, in 1/256.
pub(super) const LOSS_HIGH: u8 = 13;
/// Less than 2 %, in 1/256.
const LOSS_LOW: u8 = 5;
/// Lossy reports in a row after which the rate goes down; one may be chance.
const PERSISTENT: u8 = 3;
/// No change sooner after the last: the effect must be seen first.
const HOLD: Duration = Duration::from_secs(2);
/// Time without loss after which the rate goes up.
const RECOVERY: Duration = Duration::from_secs(8);
/// A peer's own limit is followed alone for this long.
const LIMIT_RULES: Duration = Duration::from_secs(10);
/// The picture is of no use below, in bits per second; a lower maximum goes before it.
const FLOOR_BPS: u32 = 64_000;

/// The encoder's target rate.
#[derive(Debug, Clone)]
pub(super) struct LossControl {
    /// What the controller selected, or limited it to.
    ceiling_bps: u32,
    selected_bps: u32,
    target_bps: u32,
    lossy_reports: u8,
    changed: Option<Instant>,
    clean_since: Option<Instant>,
    limited: Option<Instant>,
}

impl LossControl {
    pub(super) fn new(max_bps: u32) -> Self {
        Self {
            ceiling_bps: max_bps,
            selected_bps: max_bps,
            target_bps: max_bps,
            lossy_reports: 0,
            changed: None,
            clean_since: None,
            limited: None,
        }
    }

    pub(super) fn target_bps(&self) -> u32 {
        self.target_bps
    }

    /// The peer named a limit; never above what was selected. The new target, where it changes.
    pub(super) fn limit(&mut self, now: Instant, bps: u32) -> Option<u32> {
        let floor = FLOOR_BPS.min(self.selected_bps);
        self.ceiling_bps = bps.clamp(floor, self.selected_bps);
        self.limited = Some(now);
        (self.lossy_reports, self.clean_since) = (0, None);
        self.set(now, self.ceiling_bps)
    }

    /// Whether the peer named a limit lately. It is to be kept then, whatever is lost.
    pub(super) fn is_limited(&self, now: Instant) -> bool {
        self.limited.is_some_and(|since| now.saturating_duration_since(since) < LIMIT_RULES)
    }

    /// A report of `fraction_lost` in 1/256. The new target, where it changes.
    pub(super) fn report(&mut self, now: Instant, fraction_lost: u8) -> Option<u32> {
        let is_within = |since: Option<Instant>, time| {
            since.is_some_and(|since| now.saturating_duration_since(since) < time)
        };
        if fraction_lost >= LOSS_HIGH {
            self.lossy_reports = self.lossy_reports.saturating_add(1);
        } else {
            self.lossy_reports = 0;
        }
        if fraction_lost >= LOSS_LOW {
            self.clean_since = None;
        } else {
            self.clean_since.get_or_insert(now);
        }
        if self.is_limited(now) || is_within(self.changed, HOLD) {
            return None;
        }
        let target = u64::from(self.target_bps);
        let next = if self.lossy_reports >= PERSISTENT {
            // Half the loss, and at least a tenth: the rest may have nothing to do with us.
            (target * (512 - u64::from(fraction_lost)) / 512).min(target * 9 / 10)
        } else if self.clean_since.is_some() && !is_within(self.clean_since, RECOVERY) {
            self.clean_since = Some(now);
            target + target / 10
        } else {
            return None;
        };
        let floor = u64::from(FLOOR_BPS.min(self.ceiling_bps));
        let next = next.clamp(floor, self.ceiling_bps.into());
        self.set(now, u32::try_from(next).expect("at most the ceiling"))
    }

    fn set(&mut self, now: Instant, bps: u32) -> Option<u32> {
        if bps == self.target_bps {
            return None;
        }
        (self.target_bps, self.changed, self.lossy_reports) = (bps, Some(now), 0);
        Some(bps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports of `loss` every half second for `seconds`; the changes.
    fn run(control: &mut LossControl, now: &mut Instant, loss: u8, seconds: u32) -> Vec<u32> {
        let step = Duration::from_millis(500);
        (0..seconds * 2)
            .filter_map(|_| {
                *now += step;
                control.report(*now, loss)
            })
            .collect()
    }

    #[test]
    fn one_lossy_report_changes_nothing_and_persistent_loss_does() {
        let (mut control, mut now) = (LossControl::new(1_000_000), Instant::now());
        assert_eq!(run(&mut control, &mut now, 100, 1), [], "two reports");
        assert_eq!(run(&mut control, &mut now, 0, 1), []);
        assert_eq!(run(&mut control, &mut now, 12, 60), [], "less than 5 %");
        assert_eq!(run(&mut control, &mut now, 51, 2), [900_000]);
        let down = run(&mut control, &mut now, 255, 120);
        assert!(down.is_sorted_by(|a, b| a > b));
        assert_eq!(down.last(), Some(&FLOOR_BPS));
    }

    #[test]
    fn the_rate_comes_back_to_what_was_selected_and_stays_there() {
        let (mut control, mut now) = (LossControl::new(300_000), Instant::now());
        run(&mut control, &mut now, 128, 30);
        assert!(control.target_bps() < 150_000);
        assert_eq!(run(&mut control, &mut now, 0, 7), [], "not at once");
        let up = run(&mut control, &mut now, 0, 300);
        assert!(up.is_sorted());
        assert_eq!(up.last(), Some(&300_000));
    }

    #[test]
    fn the_peers_limit_goes_before_loss_and_never_above_the_selection() {
        let (mut control, mut now) = (LossControl::new(300_000), Instant::now());
        assert_eq!(control.limit(now, 200_000), Some(200_000));
        assert_eq!(run(&mut control, &mut now, 100, 9), []);
        assert_eq!(control.limit(now, 200_000), None, "a repeat");
        assert_eq!(run(&mut control, &mut now, 100, 9), []);
        assert_ne!(run(&mut control, &mut now, 100, 5), [], "long after the last");
        assert_eq!(control.limit(now, u32::MAX), Some(300_000));
        assert_eq!(control.limit(now, 0), Some(FLOOR_BPS));
    }
}
