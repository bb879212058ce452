// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a sender is received: its sequence across roll-overs, losses, jitter, and the block that
//! tells it. Spec: RFC 3550 §6.4.1, §A.1, §A.3, §A.8.

use std::time::Instant;

use crate::ntp::NtpTime;
use crate::rtcp::ReportBlock;
use crate::srtp::nearest_index;

/// One sender. Only authentic packets are told, each once.
#[derive(Debug)]
pub(super) struct Reception {
    ssrc: u32,
    rate_hz: u32,
    /// The first sequence number, and the highest with its roll-overs.
    first: u64,
    highest: Option<u64>,
    received: u64,
    /// `received` and expected at the last report.
    before: (u64, u64),
    /// Arrival of the newest packet and its time stamp.
    last: Option<(Instant, u32)>,
    /// In 1/16 tick.
    jitter_16: u32,
    /// The newest sender report, and when it came.
    report: Option<(u32, Instant)>,
}

impl Reception {
    pub(super) fn new(ssrc: u32, rate_hz: u32) -> Self {
        Self {
            ssrc,
            rate_hz,
            first: 0,
            highest: None,
            received: 0,
            before: (0, 0),
            last: None,
            jitter_16: 0,
            report: None,
        }
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Notes a packet; gives its sequence number with the roll-overs above.
    pub(super) fn packet(&mut self, now: Instant, sequence: u16, timestamp: u32) -> u64 {
        // One round is added, so that packets from before the first have a number too.
        let begins = 0x1_0000 | u64::from(sequence);
        let index = match self.highest {
            None => begins,
            Some(_) => nearest_index(self.highest, sequence).unwrap_or(begins),
        };
        if self.highest.is_none() {
            self.first = index;
        }
        self.first = self.first.min(index);
        self.highest = self.highest.max(Some(index));
        self.received += 1;
        if let Some((then, before)) = self.last {
            let apart = now.saturating_duration_since(then).as_micros();
            let apart = i128::try_from(apart).unwrap_or(0) * i128::from(self.rate_hz) / 1_000_000;
            let stamped = i128::from(timestamp.wrapping_sub(before).cast_signed());
            let off = u32::try_from((apart - stamped).unsigned_abs()).unwrap_or(u32::MAX);
            // a jump of the sender's clock is no jitter
            let off = off.min(self.rate_hz);
            self.jitter_16 = self.jitter_16 + off - (self.jitter_16 + 8) / 16;
        }
        self.last = Some((now, timestamp));
        index
    }

    /// Notes what the sender says of itself.
    pub(super) fn sender_report(&mut self, now: Instant, ntp: NtpTime) {
        self.report = Some((ntp.middle(), now));
    }

    /// What a report says of this sender; `None` when nothing came since the last.
    pub(super) fn block(&mut self, now: Instant) -> Option<ReportBlock> {
        let highest = self.highest?;
        let (received_before, expected_before) = self.before;
        if self.received == received_before {
            return None;
        }
        let expected = highest - self.first + 1;
        let lost = |expected: u64, received: u64| {
            i64::try_from(expected).unwrap_or(i64::MAX) - i64::try_from(received).unwrap_or(0)
        };
        let interval_expected = expected.saturating_sub(expected_before);
        let interval_lost = lost(interval_expected, self.received - received_before).max(0);
        let fraction = u64::try_from(interval_lost).unwrap_or(0) * 256 / interval_expected.max(1);
        self.before = (self.received, expected);
        let (last_sr, delay_since_last_sr) = self.report.map_or((0, 0), |(middle, came)| {
            let units = now.saturating_duration_since(came).as_nanos() * 65_536 / 1_000_000_000;
            (middle, u32::try_from(units).unwrap_or(u32::MAX))
        });
        let all_lost = lost(expected, self.received).clamp(-0x80_0000, 0x7f_ffff);
        #[expect(clippy::cast_possible_truncation, reason = "the report counts modulo 2^32")]
        let highest_sequence = (highest - 0x1_0000) as u32;
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(all_lost).expect("24 bits"),
            highest_sequence,
            jitter: self.jitter_16 / 16,
            last_sr,
            delay_since_last_sr,
        })
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "small numbers, or meant to wrap")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn losses_are_told_by_interval_and_in_all_across_the_roll_over() {
        let (mut reception, start) = (Reception::new(7, 16_000), Instant::now());
        assert_eq!(reception.block(start), None);
        let mut highest = 0;
        for n in 0..100u32 {
            if n % 4 != 3 {
                let now = start + Duration::from_millis(u64::from(n) * 20);
                let sequence = (65_500 + n) as u16;
                highest = reception.packet(now, sequence, n * 320);
                assert_eq!(highest, 0x1_0000 + 65_500 + u64::from(n));
            }
        }
        let block = reception.block(start).unwrap();
        assert_eq!((block.ssrc, block.jitter), (7, 0));
        assert_eq!(u64::from(block.highest_sequence), highest - 0x1_0000);
        assert_eq!(block.cumulative_lost, 24, "the last loss is not known yet");
        assert_eq!(block.fraction_lost, (24 * 256 / 99) as u8);
        assert_eq!(reception.block(start), None, "nothing since");
        reception.packet(start, 65_535, 0);
        let block = reception.block(start).unwrap();
        assert_eq!((block.cumulative_lost, block.fraction_lost), (23, 0), "one came late");
    }

    #[test]
    fn jitter_is_that_of_arrivals() {
        let (mut reception, start) = (Reception::new(7, 16_000), Instant::now());
        for n in 0..400u64 {
            // every other packet comes 10 ms late
            let now = start + Duration::from_millis(n * 20 + n % 2 * 10);
            reception.packet(now, n as u16, n as u32 * 320);
        }
        let jitter = reception.block(start).unwrap().jitter;
        assert!((150..=165).contains(&jitter), "{jitter} of 160 ticks");
    }

    #[test]
    fn the_senders_report_is_answered_with_its_age() {
        let (mut reception, start) = (Reception::new(7, 16_000), Instant::now());
        reception.packet(start, 3, 0);
        reception.sender_report(start, NtpTime(0x1111_2222_3333_4444));
        let block = reception.block(start + Duration::from_millis(1_500)).unwrap();
        assert_eq!(block.last_sr, 0x2222_3333);
        assert_eq!(block.delay_since_last_sr, 65_536 * 3 / 2);
    }

    #[test]
    fn packets_from_before_the_first_have_a_number() {
        let mut reception = Reception::new(7, 16_000);
        let now = Instant::now();
        let first = reception.packet(now, 1, 320);
        assert_eq!(reception.packet(now, 0, 0), first - 1);
        assert_eq!(reception.packet(now, 65_535, 0), first - 2);
        assert_eq!(reception.block(now).unwrap().cumulative_lost, 0);
    }
}
