// SPDX-License-Identifier: MIT OR Apache-2.0
//! RTCP packets, bytes to meaning and back. Spec: RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.

mod feedback;
mod parse;
mod write;

pub use feedback::{Bandwidth, FirEntry, TradeOff};
pub use parse::{ParseError, parse};

use crate::ntp::NtpTime;

/// Payload type of each packet.
mod kind {
    pub(super) const SR: u8 = 200;
    pub(super) const RR: u8 = 201;
    pub(super) const SDES: u8 = 202;
    pub(super) const BYE: u8 = 203;
    pub(super) const RTPFB: u8 = 205;
    pub(super) const PSFB: u8 = 206;
}

/// Feedback message types. The numbers of transport and payload feedback are apart.
mod format {
    pub(super) const TMMBR: u8 = 3;
    pub(super) const TMMBN: u8 = 4;
    pub(super) const PLI: u8 = 1;
    pub(super) const FIR: u8 = 4;
    pub(super) const TSTR: u8 = 5;
    pub(super) const TSTN: u8 = 6;
}

/// Blocks in a report, or SSRCs in a BYE, that its five bits can count.
pub const MAX_COUNT: usize = 31;

/// One packet of a compound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// From one that sends.
    SenderReport {
        /// Who reports.
        ssrc: u32,
        /// What it sent.
        sent: Sent,
        /// What it received, at most [`MAX_COUNT`].
        blocks: Vec<ReportBlock>,
    },
    /// From one that only receives.
    ReceiverReport {
        /// Who reports.
        ssrc: u32,
        /// What it received, at most [`MAX_COUNT`].
        blocks: Vec<ReportBlock>,
    },
    /// SDES with a CNAME; other items are not kept.
    SourceDescription {
        /// Who is described.
        ssrc: u32,
        /// Its name, the same for all streams of one end.
        cname: Cname,
    },
    /// The sources that leave, at most [`MAX_COUNT`].
    Bye(Vec<u32>),
    /// Picture loss indication.
    Pli {
        /// Who asks.
        sender: u32,
        /// Whose picture was lost.
        media: u32,
    },
    /// Full intra request.
    Fir {
        /// Who asks.
        sender: u32,
        /// Of whom.
        entries: Vec<FirEntry>,
    },
    /// Temporary maximum media stream bit rate request.
    Tmmbr {
        /// Who asks.
        sender: u32,
        /// `ssrc` of each is who shall send less.
        entries: Vec<Bandwidth>,
    },
    /// The answer to it.
    Tmmbn {
        /// Who answers.
        sender: u32,
        /// `ssrc` of each is who asked.
        entries: Vec<Bandwidth>,
    },
    /// Temporal-spatial trade-off request.
    Tstr {
        /// Who asks.
        sender: u32,
        /// Of whom.
        entries: Vec<TradeOff>,
    },
    /// The answer to it.
    Tstn {
        /// Who answers.
        sender: u32,
        /// `ssrc` of each is who asked.
        entries: Vec<TradeOff>,
    },
    /// Well formed, but nothing we act on.
    Other {
        /// Its payload type.
        kind: u8,
    },
}

/// What a sender says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Wall-clock time of the report.
    pub ntp: NtpTime,
    /// The same moment on the stream's clock.
    pub timestamp: u32,
    /// Packets since the beginning, modulo 2³².
    pub packets: u32,
    /// Bytes of payload since the beginning, modulo 2³².
    pub octets: u32,
}

/// How one source is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning; duplicates count below zero. 24 bits.
    pub cumulative_lost: i32,
    /// The highest sequence number received, with its roll-overs above.
    pub highest_sequence: u32,
    /// Jitter between arrivals, in ticks of the stream's clock.
    pub jitter: u32,
    /// [`NtpTime::middle`] of the last sender report that came; 0 when none did.
    pub last_sr: u32,
    /// Time from then to this report, in units of 2⁻¹⁶ s.
    pub delay_since_last_sr: u32,
}

/// A canonical name: 1 to 255 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cname(Box<str>);

impl Cname {
    /// `None` when `name` is empty or longer than 255 bytes.
    pub fn new(name: &str) -> Option<Self> {
        (1..=255).contains(&name.len()).then(|| Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
