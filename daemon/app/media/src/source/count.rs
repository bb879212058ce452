// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every camera's pictures need: numbers that show losses, and a time.

use std::time::Duration;

use frame::Pts;

use crate::clock::monotonic;

/// From a camera's own numbers, which wrap around, to ours.
#[derive(Debug, Default)]
pub(super) struct Numbers(Option<(u64, u32)>);

impl Numbers {
    /// The number of the picture that the camera calls `sequence`.
    pub(super) fn of(&mut self, sequence: u32) -> u64 {
        let number = match self.0 {
            Some((number, last)) => number + u64::from(sequence.wrapping_sub(last)),
            None => 0,
        };
        self.0 = Some((number, sequence));
        number
    }
}

/// When a picture was taken; now, where the camera does not tell.
pub(super) fn pts(timestamp: Option<Duration>) -> Pts {
    Pts::from_monotonic(timestamp.unwrap_or_else(monotonic))
}

/// Longer than any camera needs for its first picture.
pub(super) const STALLED: Duration = Duration::from_secs(5);
