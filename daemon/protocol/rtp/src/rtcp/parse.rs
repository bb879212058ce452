// SPDX-License-Identifier: MIT OR Apache-2.0
//! RTCP bytes to packets; total over any bytes.

use super::feedback::{Bandwidth, FirEntry, TradeOff};
use super::{Cname, Packet, ReportBlock, Sent, format, kind};
use crate::header::MAX_DATAGRAM;
use crate::ntp::NtpTime;

/// Bytes that are no compound of RTCP packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Longer than any datagram we take.
    #[error("an RTCP datagram of {0} bytes is too long")]
    TooLong(usize),
    /// A packet has the wrong version, padding, or length.
    #[error("the RTCP packet at byte {at} is malformed")]
    Malformed {
        /// Where it begins.
        at: usize,
    },
}

/// The packets of a decrypted datagram. A single feedback packet is taken too (RFC 5506).
///
/// # Errors
/// [`ParseError`]; no packet is taken from a compound that has a malformed one.
pub fn parse(datagram: &[u8]) -> Result<Vec<Packet>, ParseError> {
    if datagram.len() > MAX_DATAGRAM {
        return Err(ParseError::TooLong(datagram.len()));
    }
    let mut packets = Vec::new();
    let mut rest = datagram;
    loop {
        let at = datagram.len() - rest.len();
        let (packet, tail) = split(rest)
            .and_then(|(raw, tail)| Some((body(&raw)?, tail)))
            .ok_or(ParseError::Malformed { at })?;
        packets.push(packet);
        if tail.is_empty() {
            return Ok(packets);
        }
        rest = tail;
    }
}

/// A packet whose length and padding are right.
struct Raw<'a> {
    kind: u8,
    /// Blocks, sources, or the format of feedback: five bits.
    count: u8,
    body: &'a [u8],
}

/// The first packet and what follows it.
fn split(bytes: &[u8]) -> Option<(Raw<'_>, &[u8])> {
    let (&[flags, kind, high, low], rest) = bytes.split_first_chunk::<4>()?;
    let len = usize::from(u16::from_be_bytes([high, low])) * 4;
    let (mut body, tail) = rest.split_at_checked(len)?;
    if flags >> 6 != 2 {
        return None;
    }
    if flags & 0x20 != 0 {
        // Padding ends a compound and counts itself.
        let &padding = body.last()?;
        let kept = body.len().checked_sub(padding.into())?;
        if padding == 0 || padding % 4 != 0 || !tail.is_empty() {
            return None;
        }
        body = body.get(..kept)?;
    }
    Some((Raw { kind, count: flags & 0x1f, body }, tail))
}

fn body(raw: &Raw<'_>) -> Option<Packet> {
    let count = usize::from(raw.count);
    Some(match (raw.kind, raw.count) {
        (kind::SR, _) => {
            let (ssrc, rest) = word(raw.body)?;
            let (ntp, rest) = rest.split_first_chunk::<8>()?;
            let (timestamp, rest) = word(rest)?;
            let (packets, rest) = word(rest)?;
            let (octets, rest) = word(rest)?;
            let ntp = NtpTime(u64::from_be_bytes(*ntp));
            let sent = Sent { ntp, timestamp, packets, octets };
            Packet::SenderReport { ssrc, sent, blocks: blocks(rest, count)? }
        }
        (kind::RR, _) => {
            let (ssrc, rest) = word(raw.body)?;
            Packet::ReceiverReport { ssrc, blocks: blocks(rest, count)? }
        }
        (kind::SDES, 1..) => description(raw.body)?,
        (kind::BYE, _) => {
            let sources = raw.body.get(..count * 4)?;
            Packet::Bye(sources.chunks_exact(4).filter_map(|four| Some(word(four)?.0)).collect())
        }
        (kind::RTPFB | kind::PSFB, _) => feedback(raw)?,
        (kind, _) => Packet::Other { kind },
    })
}

fn feedback(raw: &Raw<'_>) -> Option<Packet> {
    let (sender, rest) = word(raw.body)?;
    let (media, rest) = word(rest)?;
    Some(match (raw.kind, raw.count) {
        (kind::RTPFB, format::TMMBR) => {
            Packet::Tmmbr { sender, entries: entries(rest, Bandwidth::from_bytes)? }
        }
        (kind::RTPFB, format::TMMBN) => {
            Packet::Tmmbn { sender, entries: entries(rest, Bandwidth::from_bytes)? }
        }
        (kind::PSFB, format::PLI) => Packet::Pli { sender, media },
        (kind::PSFB, format::FIR) => {
            Packet::Fir { sender, entries: entries(rest, FirEntry::from_bytes)? }
        }
        (kind::PSFB, format::TSTR) => {
            Packet::Tstr { sender, entries: entries(rest, TradeOff::from_bytes)? }
        }
        (kind::PSFB, format::TSTN) => {
            Packet::Tstn { sender, entries: entries(rest, TradeOff::from_bytes)? }
        }
        (kind, _) => Packet::Other { kind },
    })
}

fn entries<T>(bytes: &[u8], entry: impl Fn(&[u8; 8]) -> T) -> Option<Vec<T>> {
    let (entries, rest) = bytes.as_chunks::<8>();
    rest.is_empty().then(|| entries.iter().map(entry).collect())
}

/// `count` report blocks; what a profile may add behind them is passed over.
fn blocks(mut bytes: &[u8], count: usize) -> Option<Vec<ReportBlock>> {
    let mut blocks = Vec::with_capacity(count);
    for _ in 0..count {
        let (ssrc, rest) = word(bytes)?;
        let (lost, rest) = word(rest)?;
        let (highest_sequence, rest) = word(rest)?;
        let (jitter, rest) = word(rest)?;
        let (last_sr, rest) = word(rest)?;
        let (delay_since_last_sr, rest) = word(rest)?;
        let [fraction_lost, _, _, _] = lost.to_be_bytes();
        // The lower 24 bits with their sign.
        let cumulative_lost = (lost << 8).cast_signed() >> 8;
        blocks.push(ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost,
            highest_sequence,
            jitter,
            last_sr,
            delay_since_last_sr,
        });
        bytes = rest;
    }
    Some(blocks)
}

/// The CNAME of the first chunk, where it has a readable one.
fn description(body: &[u8]) -> Option<Packet> {
    const END: u8 = 0;
    const CNAME: u8 = 1;
    let (ssrc, mut items) = word(body)?;
    loop {
        let (&item, rest) = items.split_first()?;
        if item == END {
            return Some(Packet::Other { kind: kind::SDES });
        }
        let (&len, rest) = rest.split_first()?;
        let (text, rest) = rest.split_at_checked(len.into())?;
        let cname = (item == CNAME).then(|| std::str::from_utf8(text).ok().and_then(Cname::new));
        if let Some(Some(cname)) = cname {
            return Some(Packet::SourceDescription { ssrc, cname });
        }
        items = rest;
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*word), rest))
}
