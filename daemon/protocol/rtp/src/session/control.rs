// SPDX-License-Identifier: MIT OR Apache-2.0
//! A session's reports, and what it makes of the peer's.

use std::time::{Duration, Instant};

use super::adapt::LOSS_HIGH;
use super::{ASSUMED_ROUND_TRIP, Event, Moment, Output, Session};
use crate::rtcp::{Bandwidth, Packet, ReportBlock, TradeOff};

/// A request is answered at the latest so long after the last IDR, whatever the reports say of the
/// way: a lost picture is to be repaired within a second.
const LONGEST_ON_ITS_WAY: Duration = Duration::from_millis(500);
/// Longer round trips are a peer's mistake.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(10);

impl Session {
    /// Sends a compound of a report, our name, and `answers`.
    pub(super) fn report(&mut self, at: Moment, answers: &[Packet], outputs: &mut Vec<Output>) {
        let report = self.endpoint.report(at, self.clock.at(at.pts), Vec::new(), answers);
        outputs.extend(report.map(Output::Send));
    }

    /// Acts on a compound.
    pub(super) fn feedback(&mut self, at: Moment, packets: Vec<Packet>, outputs: &mut Vec<Output>) {
        let our_ssrc = self.endpoint.ssrc();
        let mut answers = Vec::new(); // one of a kind, to the last of its requests
        let report = packets.iter().find_map(|packet| report_on(our_ssrc, packet));
        let has_fresh_idr = self.has_fresh_idr(at.now, report);
        let mut wants_key_frame = report.is_some_and(|report| self.has_lost_sight(report));
        let mut has_left = false;
        if let Some(report) = report {
            self.received(at, report, outputs);
        }
        for packet in packets {
            match packet {
                Packet::Pli { media, .. } => wants_key_frame |= media == our_ssrc,
                Packet::Fir { sender, entries } => {
                    for entry in entries.iter().filter(|entry| entry.ssrc == our_ssrc) {
                        let asked = Some((sender, entry.sequence));
                        wants_key_frame |= self.last_fir != asked;
                        // A repeat asks again where the first went unheard for a fresh IDR.
                        if !has_fresh_idr {
                            self.last_fir = asked;
                        }
                    }
                }
                Packet::Tmmbr { sender, entries } => {
                    let ours = entries.iter().find(|entry| entry.ssrc == our_ssrc);
                    if let Some(&limit) = ours {
                        self.limit(at.now, limit, outputs);
                        let entries = vec![Bandwidth { ssrc: sender, ..limit }];
                        answers.retain(|answer| !matches!(answer, Packet::Tmmbn { .. }));
                        answers.push(Packet::Tmmbn { sender: our_ssrc, entries });
                    }
                }
                Packet::Tstr { sender, entries } => {
                    let ours = entries.iter().find(|entry| entry.ssrc == our_ssrc);
                    if let Some(&asked) = ours {
                        let entries = vec![TradeOff { ssrc: sender, ..asked }];
                        answers.retain(|answer| !matches!(answer, Packet::Tstn { .. }));
                        answers.push(Packet::Tstn { sender: our_ssrc, entries });
                    }
                }
                Packet::Bye(_) => has_left = true,
                _ => {}
            }
        }
        if wants_key_frame && !has_fresh_idr {
            outputs.push(Output::Event(Event::KeyFrameWanted));
        }
        if !answers.is_empty() {
            self.report(at, &answers, outputs);
        }
        if has_left {
            outputs.push(Output::Event(Event::Goodbye));
        }
    }

    /// An IDR on its way answers a request that was sent before it could arrive. Whether it was
    /// tells the request's own report, or else the round trip.
    fn has_fresh_idr(&self, now: Instant, report: Option<ReportBlock>) -> bool {
        let Some(idr) = self.last_idr else { return false };
        let on_its_way = match report.map(|report| reaches(heard(&report), idr.end)) {
            Some(true) => return false,
            Some(false) => LONGEST_ON_ITS_WAY,
            None => {
                let round_trip = self.stats.round_trip.unwrap_or(ASSUMED_ROUND_TRIP);
                (round_trip * 2).min(LONGEST_ON_ITS_WAY)
            }
        };
        now.saturating_duration_since(idr.sent) < on_its_way
    }

    /// Much was lost, and all of it after the last IDR: the viewer waits for the next, and where so
    /// much is lost its request may be among it.
    fn has_lost_sight(&self, report: ReportBlock) -> bool {
        report.fraction_lost >= LOSS_HIGH
            && self.last_idr.zip(self.heard).is_some_and(|(idr, heard)| reaches(heard, idr.end))
    }

    /// How our stream arrives.
    fn received(&mut self, at: Moment, block: ReportBlock, outputs: &mut Vec<Output>) {
        self.heard = Some(heard(&block));
        self.stats.fraction_lost = block.fraction_lost;
        self.stats.lost = u32::try_from(block.cumulative_lost).unwrap_or(0); // duplicates
        self.stats.jitter_90k = block.jitter;
        self.redundancy.lost(at.now, block.fraction_lost);
        if let Some(round_trip) = round_trip(at, &block) {
            self.stats.round_trip = Some(round_trip);
        }
        if let Some(bps) = self.loss.report(at.now, block.fraction_lost) {
            outputs.push(Output::Event(Event::Bitrate(bps)));
        }
    }

    /// The peer's limit counts headers; the encoder's target does not.
    fn limit(&mut self, now: Instant, limit: Bandwidth, outputs: &mut Vec<Output>) {
        let payload = match self.endpoint.packets {
            0 => self.mtu.payload_len() as u64,
            packets => (self.endpoint.octets / packets).max(1),
        };
        let whole = payload + u64::from(limit.overhead_bytes());
        let bps = u128::from(limit.bps()) * u128::from(payload) / u128::from(whole);
        let bps = u32::try_from(bps).unwrap_or(u32::MAX);
        if let Some(bps) = self.loss.limit(now, bps) {
            outputs.push(Output::Event(Event::Bitrate(bps)));
        }
    }
}

/// What `packet` reports of the stream `ssrc`.
fn report_on(ssrc: u32, packet: &Packet) -> Option<ReportBlock> {
    let (Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. }) = packet
    else {
        return None;
    };
    blocks.iter().find(|block| block.ssrc == ssrc).copied()
}

/// The highest sequence number that the peer has.
fn heard(report: &ReportBlock) -> u16 {
    (report.highest_sequence & 0xffff) as u16
}

/// Whether `sequence` is `end` or after it. Spec: RFC 3550 §A.1.
fn reaches(sequence: u16, end: u16) -> bool {
    sequence.wrapping_sub(end) < 0x8000
}

/// From the sender report that `block` answers to now, less the time the peer waited; `None` when
/// it answers none or the peer's times do not fit. Spec: RFC 3550 §6.4.1.
fn round_trip(at: Moment, block: &ReportBlock) -> Option<Duration> {
    if block.last_sr == 0 {
        return None;
    }
    let since = at.ntp.middle().wrapping_sub(block.last_sr);
    let units = since.checked_sub(block.delay_since_last_sr)?;
    let time = Duration::from_micros(u64::from(units) * 1_000_000 / 65_536);
    (time <= MAX_ROUND_TRIP).then_some(time)
}
