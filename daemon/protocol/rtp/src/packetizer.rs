// SPDX-License-Identifier: MIT OR Apache-2.0
//! H.264 access units to RTP payloads, packetization mode 1: single NAL units, STAP-A, FU-A.
//! Spec: RFC 6184 §5.

use std::iter::Peekable;

use frame::{AvcConfig, EncodedFrame, Nal, nals};

use crate::header::HEADER_LEN;
use crate::srtp::TAG_LEN;

/// NAL unit type of several NAL units in one packet.
const STAP_A: u8 = 24;
/// NAL unit type of a part of a NAL unit.
const FU_A: u8 = 28;
/// `nal_ref_idc` and the forbidden bit of a NAL unit's first byte.
const NRI_MASK: u8 = 0xe0;
const TYPE_MASK: u8 = 0x1f;
/// The two bytes that a part of a NAL unit has in place of its first byte.
const FU_HEADER_LEN: usize = 2;
/// Flags of a part's second byte.
const START: u8 = 0x80;
const END: u8 = 0x40;

/// Bytes of a whole protected packet, header and tag included, that a controller takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mtu(u16);

impl Mtu {
    /// The smallest that is kept to, in bytes; a smaller wish would be all headers.
    pub const MIN: u16 = 256;
    /// The largest, in bytes: what an Ethernet frame holds behind IPv4 and UDP.
    pub const MAX: u16 = 1472;

    /// `bytes`, or the nearest that is possible.
    pub fn clamped(bytes: u16) -> Self {
        Self(bytes.clamp(Self::MIN, Self::MAX))
    }

    /// In bytes.
    pub fn bytes(self) -> u16 {
        self.0
    }

    /// Bytes left for the payload.
    pub fn payload_len(self) -> usize {
        usize::from(self.0) - HEADER_LEN - TAG_LEN
    }
}

/// The payloads of one access unit, in order. Parameter sets go before each IDR; only slices of
/// the frame are sent.
pub struct Payloads<'a, N: Iterator<Item = Nal<'a>>> {
    max_len: usize,
    /// The parameter sets, until they are sent.
    aggregate: Option<&'a AvcConfig>,
    nals: Peekable<N>,
    /// What is left of a NAL unit that is being split, and its first byte.
    fragment: Option<(u8, &'a [u8])>,
}

/// The payloads of `frame`; none when it holds no slice.
pub fn packetize(frame: &EncodedFrame, mtu: Mtu) -> Payloads<'_, impl Iterator<Item = Nal<'_>>> {
    let max_len = mtu.payload_len();
    let config = frame.is_idr.then_some(&*frame.config);
    // Too large to go together (never seen, but an encoder may): each on its own.
    let (aggregate, apart) = match config {
        Some(config) if aggregate_len(config) <= max_len => (Some(config), None),
        other => (None, other),
    };
    let sets = apart.into_iter().flat_map(|config| [Nal(config.sps()), Nal(config.pps())]);
    let has_slice = slices(frame).next().is_some();
    let nals = sets.chain(slices(frame)).filter(move |_| has_slice).peekable();
    Payloads { max_len, aggregate: aggregate.filter(|_| has_slice), nals, fragment: None }
}

/// Whether more payloads of the access unit follow the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// More follow.
    Inner,
    /// The last one: its packet carries the marker.
    Last,
}

impl<'a, N: Iterator<Item = Nal<'a>>> Payloads<'a, N> {
    /// Appends the next payload to `packet`; `None` when there is no more.
    pub fn write_next(&mut self, packet: &mut Vec<u8>) -> Option<Position> {
        if let Some(config) = self.aggregate.take() {
            write_aggregate(config, packet);
            return Some(Position::Inner);
        }
        if self.fragment.is_none() {
            let Nal(nal) = self.nals.next()?;
            if nal.len() <= self.max_len {
                packet.extend_from_slice(nal);
                return Some(self.position());
            }
            let (&first, rest) = nal.split_first()?;
            self.fragment = Some((first, rest));
            self.write_fragment(packet, START);
        } else {
            self.write_fragment(packet, 0);
        }
        Some(self.position())
    }

    /// One part of the NAL unit in hand; `flags` is [`START`] for the first.
    fn write_fragment(&mut self, packet: &mut Vec<u8>, flags: u8) {
        let Some((first, rest)) = self.fragment.take() else { return };
        let (part, rest) = rest.split_at(rest.len().min(self.max_len - FU_HEADER_LEN));
        let end = if rest.is_empty() { END } else { 0 };
        packet.extend_from_slice(&[first & NRI_MASK | FU_A, flags | end | first & TYPE_MASK]);
        packet.extend_from_slice(part);
        self.fragment = (!rest.is_empty()).then_some((first, rest));
    }

    fn position(&mut self) -> Position {
        let more = self.fragment.is_some() || self.nals.peek().is_some();
        if more { Position::Inner } else { Position::Last }
    }
}

/// The slices of `frame`: delimiters, SEI, filler and what its promise excludes are left out.
fn slices(frame: &EncodedFrame) -> impl Iterator<Item = Nal<'_>> {
    nals(&frame.data).filter(|nal| (1..=5).contains(&nal.kind()))
}

/// Bytes of a STAP-A with both parameter sets, each after its length in two bytes.
fn aggregate_len(config: &AvcConfig) -> usize {
    1 + 2 + config.sps().len() + 2 + config.pps().len()
}

fn write_aggregate(config: &AvcConfig, packet: &mut Vec<u8>) {
    let sets = [config.sps(), config.pps()];
    let nri = sets.iter().filter_map(|set| set.first()).map(|first| first & NRI_MASK).max();
    packet.push(nri.unwrap_or(0) | STAP_A);
    for set in sets {
        let len = u16::try_from(set.len()).expect("fits a packet, see `aggregate_len`");
        packet.extend_from_slice(&len.to_be_bytes());
        packet.extend_from_slice(set);
    }
}
