// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the log says when the encoder cannot make what was asked for, and when it can again.

use camera::plan::{Pictures, Share};

/// What was asked for and what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Recorded {
    pub selected: Pictures,
    pub made: Pictures,
}

impl Recorded {
    /// One line for each change after `before`; `None` where there is nothing to tell.
    pub(super) fn line(self, before: Option<Self>, share: Option<Share>) -> Option<String> {
        let Self { selected, made } = self;
        let was_less = before.is_some_and(|before| before.made != before.selected);
        if before == Some(self) || made == selected && !was_less {
            return None;
        }
        Some(if made == selected {
            format!("the encoder manages again: recordings have all {} pictures a second", made.fps)
        } else {
            format!(
                "{}: recordings have {} of {} pictures a second, {}x{}",
                not_enough(share),
                made.fps,
                selected.fps,
                made.size.width,
                made.size.height,
            )
        })
    }
}

/// Viewers get these pictures from now on, which are less than they asked for.
pub(super) fn live_is_less(pictures: Pictures, share: Option<Share>) -> String {
    let Pictures { size, fps } = pictures;
    format!(
        "{}: live view is {}x{} with {fps} pictures a second",
        not_enough(share),
        size.width,
        size.height,
    )
}

/// Viewers get what they asked for from now on.
pub(super) const LIVE_IS_WHOLE: &str =
    "the encoder manages again: live view is as it was asked for";

fn not_enough(share: Option<Share>) -> String {
    match share.map(Share::percent) {
        Some(percent) => format!(
            "the encoder's part of the processor ({percent} %) does not do for what is asked"
        ),
        None => "the encoder is too slow for what is asked".to_owned(),
    }
}
