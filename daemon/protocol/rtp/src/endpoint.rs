// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the sessions of video and audio have in common: one SSRC that sends, its reports, and the
//! peer's life. Spec: RFC 3550 §6, RFC 3711.

use std::time::{Duration, Instant};

use frame::Pts;

use crate::header::{HEADER_LEN, Header, MAX_DATAGRAM, is_rtcp};
use crate::rtcp::{Cname, Packet, ParseError, ReportBlock, Sent, parse};
use crate::session::{LIVENESS, Moment};
use crate::srtp::{Protector, SrtpKeys, TAG_LEN, Unprotector};

/// One end of a stream.
pub(crate) struct Endpoint {
    ssrc: u32,
    payload_type: u8,
    cname: Cname,
    pub(crate) rtcp_interval: Duration,
    protector: Protector,
    unprotector: Unprotector,
    next_sequence: u16,
    /// When the newest packet was sent.
    last_sent: Option<Instant>,
    /// `None` before anything was sent or received, and after the end.
    report_due: Option<Instant>,
    /// `None` while the peer is silent, and after the end.
    silent_at: Option<Instant>,
    is_alive: bool,
    is_closed: bool,
    pub(crate) packets: u64,
    pub(crate) octets: u64,
    pub(crate) rejected: u64,
}

/// What a controller selected for a stream, and the random values that it begins with.
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// Ours, as told in the answer to the set-up.
    pub ssrc: u32,
    /// 0..=127.
    pub payload_type: u8,
    /// Random. The top bit is dropped: were the first packets lost after a roll-over, the peer
    /// could not guess it. Spec: RFC 3711 §3.3.1.
    pub first_sequence: u16,
    /// Random; the stream's clock at [`Pts`] 0.
    pub timestamp_offset: u32,
    /// Between reports; see [`rtcp_interval`](crate::rtcp_interval).
    pub rtcp_interval: Duration,
    /// The same for all streams of one camera.
    pub cname: Cname,
}

/// An authentic datagram.
pub(crate) enum Opened<'a> {
    Media(Header, &'a [u8]),
    Control(Vec<Packet>),
    /// Authentic, but no control packets.
    Unreadable(ParseError),
}

/// Whether a packet ends its access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Clear,
    Set,
}

impl Endpoint {
    pub(crate) fn new(
        now: Instant,
        config: StreamConfig,
        ours: &SrtpKeys,
        theirs: &SrtpKeys,
    ) -> Self {
        Self {
            protector: Protector::new(ours, config.ssrc),
            unprotector: Unprotector::new(theirs, config.ssrc),
            ssrc: config.ssrc,
            payload_type: config.payload_type,
            cname: config.cname,
            rtcp_interval: config.rtcp_interval,
            next_sequence: config.first_sequence & 0x7fff,
            last_sent: None,
            report_due: None,
            silent_at: Some(now + LIVENESS),
            is_alive: false,
            is_closed: false,
            packets: 0,
            octets: 0,
            rejected: 0,
        }
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Of the last packet; the one before the first, while there is none.
    pub(crate) fn last_sequence(&self) -> u16 {
        self.next_sequence.wrapping_sub(1)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// When [`Endpoint::falls_silent`] or [`Endpoint::is_report_due`] will be true.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        [self.report_due, self.silent_at].into_iter().flatten().min()
    }

    /// Whether the peer's time is over; true once.
    pub(crate) fn falls_silent(&mut self, now: Instant) -> bool {
        let falls = self.silent_at.is_some_and(|deadline| now >= deadline);
        if falls {
            (self.silent_at, self.is_alive) = (None, false);
        }
        falls
    }

    /// When the peer will count as silent; `None` when it does, and after the end.
    pub(crate) fn silent_at(&self) -> Option<Instant> {
        self.silent_at
    }

    /// The peer counts as silent only after `silent_at`.
    pub(crate) fn expect_until(&mut self, silent_at: Instant) {
        if !self.is_closed {
            self.silent_at = self.silent_at.max(Some(silent_at));
        }
    }

    pub(crate) fn is_report_due(&self, now: Instant) -> bool {
        self.report_due.is_some_and(|due| now >= due)
    }

    /// A report will be due, also if nothing was sent yet.
    pub(crate) fn expect_report(&mut self, now: Instant) {
        self.report_due.get_or_insert(now + self.rtcp_interval);
    }

    /// One protected packet whose payload `write` appends and whose marker it tells; `None` when
    /// it has nothing to write or no packet may be sent any more. `room` is the payload's, a hint.
    pub(crate) fn packet(
        &mut self,
        now: Instant,
        timestamp: u32,
        room: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Option<Marker>,
    ) -> Option<Vec<u8>> {
        let mut packet = Vec::with_capacity(HEADER_LEN + room + TAG_LEN);
        let header = Header {
            marker: false,
            payload_type: self.payload_type,
            sequence: self.next_sequence,
            timestamp,
            ssrc: self.ssrc,
        };
        header.write(&mut packet);
        if write(&mut packet)? == Marker::Set {
            packet[1] |= 0x80;
        }
        let octets = packet.len() - HEADER_LEN;
        if let Err(error) = self.protector.protect_rtp(&mut packet) {
            tracing::warn!(%error, "packet not sent");
            return None;
        }
        self.next_sequence = self.next_sequence.wrapping_add(1);
        self.packets += 1;
        self.octets += octets as u64;
        self.last_sent = Some(now);
        Some(packet)
    }

    /// Whether anything was sent for two intervals, so that a report is a sender's.
    fn sends(&self, now: Instant) -> bool {
        let quiet = self.rtcp_interval * 2;
        self.last_sent.is_some_and(|sent| now.saturating_duration_since(sent) <= quiet)
    }

    /// A protected compound of a report, our name, and `answers`; sets when the next is due.
    /// `timestamp` is the stream's clock at `at`.
    pub(crate) fn report(
        &mut self,
        at: Moment,
        timestamp: u32,
        blocks: Vec<ReportBlock>,
        answers: &[Packet],
    ) -> Option<Vec<u8>> {
        let ssrc = self.ssrc;
        let report = if self.sends(at.now) {
            #[expect(clippy::cast_possible_truncation, reason = "the report counts modulo 2^32")]
            let (packets, octets) = (self.packets as u32, self.octets as u32);
            let sent = Sent { ntp: at.ntp, timestamp, packets, octets };
            Packet::SenderReport { ssrc, sent, blocks }
        } else {
            Packet::ReceiverReport { ssrc, blocks }
        };
        let name = Packet::SourceDescription { ssrc, cname: self.cname.clone() };
        let mut compound = Vec::new();
        for packet in [&report, &name].into_iter().chain(answers) {
            packet.write(&mut compound);
        }
        self.report_due = Some(at.now + self.rtcp_interval);
        match self.protector.protect_rtcp(&mut compound) {
            Ok(()) => Some(compound),
            Err(error) => {
                tracing::warn!(%error, "report not sent");
                None
            }
        }
    }

    /// The report that says goodbye; nothing is due after it.
    pub(crate) fn close(
        &mut self,
        at: Moment,
        timestamp: u32,
        blocks: Vec<ReportBlock>,
    ) -> Option<Vec<u8>> {
        let goodbye = self.report(at, timestamp, blocks, &[Packet::Bye(vec![self.ssrc])]);
        (self.report_due, self.silent_at, self.is_closed) = (None, None, true);
        goodbye
    }

    /// Opens a datagram, and tells whether the peer came to life with it. What is not authentic is
    /// counted and dropped.
    pub(crate) fn open<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
    ) -> Option<(Life, Opened<'a>)> {
        if datagram.len() > MAX_DATAGRAM {
            self.rejected += 1;
            return None;
        }
        let opened = if is_rtcp(datagram) {
            self.unprotector.unprotect_rtcp(datagram).map(|compound| match parse(compound) {
                Ok(packets) => Some(Opened::Control(packets)),
                Err(error) => Some(Opened::Unreadable(error)),
            })
        } else {
            self.unprotector.unprotect_rtp(datagram).map(|packet| {
                let (header, payload) = Header::split(packet)?;
                Some(Opened::Media(header, payload))
            })
        };
        let opened = match opened {
            Ok(opened) => opened?,
            Err(reason) => {
                self.rejected += 1;
                tracing::trace!(%reason, "datagram dropped");
                return None;
            }
        };
        if let Opened::Unreadable(error) = &opened {
            self.rejected += 1;
            tracing::debug!(%error, "control packet dropped");
        }
        self.silent_at = Some(now + LIVENESS);
        let life =
            if std::mem::replace(&mut self.is_alive, true) { Life::GoesOn } else { Life::Begins };
        Some((life, opened))
    }
}

/// Whether the peer was heard before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    Begins,
    GoesOn,
}

/// A stream's clock: ticks of `rate_hz` since [`Pts`] 0, from a random offset on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamClock {
    pub(crate) rate_hz: u32,
    pub(crate) offset: u32,
}

impl StreamClock {
    /// The clock at `pts`.
    pub(crate) fn at(self, pts: Pts) -> u32 {
        let ticks = u128::from(pts.ticks_90k()) * u128::from(self.rate_hz) / u128::from(Pts::HZ);
        #[expect(clippy::cast_possible_truncation, reason = "the stream's clock has 32 bits")]
        let ticks = ticks as u32;
        self.offset.wrapping_add(ticks)
    }
}
