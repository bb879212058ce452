// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RTP clock of sound: it counts samples, so that no packet is longer or shorter than its
//! samples; sender reports tell where it stands against the wall clock.

use frame::Pts;

use crate::endpoint::StreamClock;

/// Capture times that are off by more than this, in milliseconds, do not continue the packet
/// before: sound is missing, and the clock jumps over it.
const JUMP_MS: u32 = 30;
/// A smaller difference is the drift of the sound card's clock. Reports take in one part in so many
/// of it a packet.
const SMOOTHING: i64 = 16;
const FRACTION: i64 = 1 << 16;

/// Where packets stand on the stream's clock.
#[derive(Debug)]
pub(super) struct Timeline {
    clock: StreamClock,
    /// The time stamp after the newest packet.
    next: Option<u32>,
    /// How far the count is before the clock, in 1/2^16 ticks.
    ahead: i64,
}

impl Timeline {
    pub(super) fn new(clock: StreamClock) -> Self {
        Self { clock, next: None, ahead: 0 }
    }

    /// The time stamp of the next packet, of `samples`, captured at `pts`; `None` when it was
    /// captured before the end of the one before by more than clocks drift.
    pub(super) fn place(&mut self, pts: Pts, samples: u32) -> Option<u32> {
        let seen = self.clock.at(pts);
        let Some(next) = self.next else {
            self.next = Some(seen.wrapping_add(samples));
            return Some(seen);
        };
        let jump = i64::from(self.clock.rate_hz) * i64::from(JUMP_MS) / 1_000;
        let smooth = i32::try_from(self.ahead / FRACTION).unwrap_or(0);
        let expected = next.wrapping_sub(smooth.cast_unsigned());
        let off = i64::from(expected.wrapping_sub(seen).cast_signed());
        if off > jump {
            return None;
        }
        let begins = if off < -jump {
            self.ahead = 0;
            seen
        } else {
            self.ahead += off * FRACTION / SMOOTHING;
            next
        };
        self.next = Some(begins.wrapping_add(samples));
        Some(begins)
    }

    /// The stream's clock at `pts`, as packets tell it.
    pub(super) fn at(&self, pts: Pts) -> u32 {
        let ahead = i32::try_from(self.ahead / FRACTION).unwrap_or(0);
        self.clock.at(pts).wrapping_add(ahead.cast_unsigned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSET: u32 = u32::MAX - 1_000;

    fn at(ticks: u64) -> Pts {
        Pts::from_ticks_90k(90_000 + ticks)
    }

    #[test]
    fn packets_are_exactly_as_long_as_their_samples_and_reports_follow_the_drift() {
        let mut timeline = Timeline::new(StreamClock { rate_hz: 16_000, offset: OFFSET });
        let mut expected = None;
        // the card is slow: 20 ms take 1802 ticks of 90 kHz, 0.1 % too many; times jitter
        for packet in 0..50_000u64 {
            let pts = at(packet * 1_802 + packet % 3 * 20);
            let timestamp = timeline.place(pts, 320).unwrap();
            assert!(expected.is_none_or(|next| next == timestamp), "packet {packet}");
            expected = Some(timestamp.wrapping_add(320));
            // what the reports say of this moment is what the packet says
            let off = timeline.at(pts).wrapping_sub(timestamp).cast_signed();
            assert!(off.abs() < 40, "packet {packet}: {off} samples off");
        }
        assert!(timeline.ahead < -800_000 * FRACTION / 1_000);
    }

    #[test]
    fn a_gap_moves_the_clock_and_nothing_is_sent_twice() {
        let mut timeline = Timeline::new(StreamClock { rate_hz: 24_000, offset: 5 });
        let first = timeline.place(at(0), 480).unwrap();
        assert_eq!(first, 5 + 24_000);
        assert_eq!(timeline.place(at(1_800), 480), Some(first + 480));
        assert_eq!(timeline.place(at(90_000), 480), Some(first + 24_000), "a second later");
        assert_eq!(timeline.at(at(90_000)), first + 24_000);
        assert_eq!(timeline.place(at(45_000), 480), None, "from before");
        assert_eq!(timeline.place(at(91_800), 480), Some(first + 24_480));
    }
}
