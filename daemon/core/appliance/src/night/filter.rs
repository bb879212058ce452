// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether the filter has moved, judged from the picture before and after a pulse, the lamp dark
//! in both.

use super::{Finding, Picture};

/// Pictures darker than this say nothing about colour.
const DARKEST: u8 = 28;
/// Change of the mean of a chroma plane, of 255.
const COLOUR_SHIFT: u8 = 4;
/// Change of the mean luma, in percent of the smaller one.
const LUMA_SHIFT: u32 = 25;
/// So many pulses in a row without an effect mean that the filter is stuck.
const STUCK_AFTER: u8 = 3;

/// What is known about the filter's health.
#[derive(Debug, Clone, Default)]
pub(super) struct Health {
    failures: u8,
}

/// What a pulse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The picture is another one.
    Moved,
    /// It is the same.
    Unmoved,
    /// Too dark, or there is no picture.
    Unknown,
}

pub(super) fn judge(before: Option<Picture>, after: Option<Picture>) -> Verdict {
    let (Some(before), Some(after)) = (before, after) else { return Verdict::Unknown };
    let (dark, bright) = (before.luma.min(after.luma), before.luma.max(after.luma));
    if bright < DARKEST {
        return Verdict::Unknown;
    }
    let shift = before.cb.abs_diff(after.cb).max(before.cr.abs_diff(after.cr));
    let change = u32::from(bright - dark) * 100 / u32::from(dark.max(1));
    if shift >= COLOUR_SHIFT || change >= LUMA_SHIFT { Verdict::Moved } else { Verdict::Unmoved }
}

impl Health {
    /// Takes note of a verdict. A finding is told once.
    pub(super) fn note(&mut self, verdict: Verdict) -> Option<Finding> {
        match verdict {
            Verdict::Unknown => None,
            Verdict::Moved => {
                let was_stuck = self.is_stuck();
                self.failures = 0;
                was_stuck.then_some(Finding::FilterMoves)
            }
            Verdict::Unmoved => {
                let was_stuck = self.is_stuck();
                self.failures = self.failures.saturating_add(1);
                (self.is_stuck() && !was_stuck).then_some(Finding::FilterStuck)
            }
        }
    }

    pub(super) fn is_stuck(&self) -> bool {
        self.failures >= STUCK_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(luma: u8, cb: u8, cr: u8) -> Option<Picture> {
        Some(Picture { luma, cb, cr })
    }

    #[test]
    fn a_verdict_needs_light_and_a_difference() {
        let table = [
            (None, picture(90, 128, 128), Verdict::Unknown),
            (picture(20, 128, 128), picture(27, 140, 128), Verdict::Unknown),
            (picture(90, 128, 128), picture(92, 129, 129), Verdict::Unmoved),
            (picture(90, 128, 128), picture(92, 120, 131), Verdict::Moved),
            (picture(30, 128, 128), picture(60, 128, 128), Verdict::Moved),
            (picture(60, 128, 128), picture(0, 128, 128), Verdict::Moved),
        ];
        for (before, after, verdict) in table {
            assert_eq!(judge(before, after), verdict, "{before:?} {after:?}");
        }
    }

    #[test]
    fn stuck_is_told_once_and_so_is_its_end() {
        let mut health = Health::default();
        let verdicts = [
            (Verdict::Unmoved, None),
            (Verdict::Unmoved, None),
            (Verdict::Unknown, None),
            (Verdict::Unmoved, Some(Finding::FilterStuck)),
            (Verdict::Unmoved, None),
            (Verdict::Moved, Some(Finding::FilterMoves)),
            (Verdict::Moved, None),
        ];
        for (verdict, finding) in verdicts {
            assert_eq!(health.note(verdict), finding, "{verdict:?}");
        }
    }
}
