// SPDX-License-Identifier: MIT OR Apache-2.0
//! IDRs on a way that loses packets. Twenty packets of which one in five is lost arrive together
//! once in a hundred times, and until they do the viewer sees nothing; so they are sent more than
//! once. A copy is the same packet with the same number, and a receiver who has it drops it as
//! replayed. Spec: RFC 3711 §3.3.2. Pure: time is an argument.

use std::time::{Duration, Instant};

use super::Output;

/// Losses count for so long.
const MEMORY: Duration = Duration::from_secs(5);
/// Times that a packet is sent at most.
const MAX_COPIES: usize = 4;
/// Packets that an IDR may be expected to lose, in 1/256: an eighth.
const TOLERATED: usize = 32;
/// Packets between a packet and its copy: further off than a short burst of losses, and well
/// within the 64 packets that a receiver tells from replayed ones at least.
const GROUP: usize = 16;

/// What is known of the way.
#[derive(Debug, Default)]
pub(super) struct Redundancy {
    /// The most that was lost lately, in 1/256, and when.
    worst: Option<(Instant, u8)>,
}

impl Redundancy {
    /// `fraction` of the packets was lost, in 1/256.
    pub(super) fn lost(&mut self, now: Instant, fraction: u8) {
        if fraction > 0 && fraction >= self.fraction(now) {
            self.worst = Some((now, fraction));
        }
    }

    fn fraction(&self, now: Instant) -> u8 {
        let is_fresh = |at: Instant| now.saturating_duration_since(at) < MEMORY;
        self.worst.filter(|&(at, _)| is_fresh(at)).map_or(0, |(_, fraction)| fraction)
    }

    /// How often each of an IDR's `packets` is sent.
    fn copies(&self, now: Instant, packets: usize) -> usize {
        let fraction = usize::from(self.fraction(now));
        let mut missing = packets * 256; // in 1/256
        (1..MAX_COPIES)
            .find(|_| {
                missing = missing * fraction / 256;
                missing <= TOLERATED
            })
            .unwrap_or(MAX_COPIES)
    }

    /// Repeats the packets of an IDR, which are `outputs` from `first` on. Returns how many were
    /// added.
    pub(super) fn repeat(&self, now: Instant, first: usize, outputs: &mut Vec<Output>) -> u64 {
        let copies = self.copies(now, outputs.len() - first);
        if copies == 1 {
            return 0;
        }
        let packets = outputs.split_off(first);
        for group in packets.chunks(GROUP) {
            outputs.extend(std::iter::repeat_n(group, copies).flatten().cloned());
        }
        (packets.len() * (copies - 1)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_is_lost_the_more_often_an_idr_is_sent() {
        let now = Instant::now();
        // lost in 1/256, packets, copies
        let table = [
            (0, 200, 1),
            (2, 16, 1),
            (2, 17, 2),
            (13, 2, 1),
            (13, 20, 2),
            (51, 3, 2),
            (51, 20, 4),
            (255, 1, 4),
        ];
        for (fraction, packets, copies) in table {
            let mut redundancy = Redundancy::default();
            redundancy.lost(now, fraction);
            assert_eq!(redundancy.copies(now, packets), copies, "{fraction} of {packets}");
        }
    }

    #[test]
    fn the_worst_report_counts_for_a_while() {
        let begin = Instant::now();
        let at = |s| begin + Duration::from_secs(s);
        let mut redundancy = Redundancy::default();
        redundancy.lost(at(0), 51);
        redundancy.lost(at(3), 13);
        redundancy.lost(at(3), 0);
        assert_eq!(redundancy.copies(at(4), 20), 4);
        assert_eq!(redundancy.copies(at(5), 20), 1, "a clean report says nothing of bursts before");
        redundancy.lost(at(6), 13);
        assert_eq!(redundancy.copies(at(6), 20), 2);
    }

    #[test]
    fn copies_follow_in_groups() {
        let now = Instant::now();
        let mut redundancy = Redundancy::default();
        redundancy.lost(now, 13);
        let packet = |n| Output::Send(vec![n]);
        let mut outputs: Vec<Output> = [99].into_iter().chain(0..20).map(packet).collect();
        assert_eq!(redundancy.repeat(now, 1, &mut outputs), 20);
        let order = [99].into_iter().chain(0..16).chain(0..16).chain(16..20).chain(16..20);
        assert_eq!(outputs, order.map(packet).collect::<Vec<_>>());
    }
}
