// SPDX-License-Identifier: MIT OR Apache-2.0
//! RTCP packets to bytes.

use super::{MAX_COUNT, Packet, ReportBlock, format, kind};

/// Entries of one feedback packet that are written; more than a datagram holds is no use.
const MAX_ENTRIES: usize = 100;

impl Packet {
    /// Appends the packet to a compound. Blocks, sources and entries past their maximum are left
    /// out. [`Packet::Other`] has nothing to write.
    pub fn write(&self, compound: &mut Vec<u8>) {
        match self {
            Self::SenderReport { ssrc, sent, blocks } => {
                let at = begin(compound, kind::SR, count(blocks));
                compound.extend_from_slice(&ssrc.to_be_bytes());
                compound.extend_from_slice(&sent.ntp.0.to_be_bytes());
                for word in [sent.timestamp, sent.packets, sent.octets] {
                    compound.extend_from_slice(&word.to_be_bytes());
                }
                write_blocks(compound, blocks);
                end(compound, at);
            }
            Self::ReceiverReport { ssrc, blocks } => {
                let at = begin(compound, kind::RR, count(blocks));
                compound.extend_from_slice(&ssrc.to_be_bytes());
                write_blocks(compound, blocks);
                end(compound, at);
            }
            Self::SourceDescription { ssrc, cname } => {
                let at = begin(compound, kind::SDES, 1);
                compound.extend_from_slice(&ssrc.to_be_bytes());
                let name = cname.as_str().as_bytes();
                let len = u8::try_from(name.len()).expect("a Cname has at most 255 bytes");
                compound.extend_from_slice(&[1, len]);
                compound.extend_from_slice(name);
                // At least one zero ends the items; the chunk ends at four bytes.
                compound.push(0);
                compound.resize(at + (compound.len() - at).next_multiple_of(4), 0);
                end(compound, at);
            }
            Self::Bye(sources) => {
                let at = begin(compound, kind::BYE, count(sources));
                for ssrc in sources.iter().take(MAX_COUNT) {
                    compound.extend_from_slice(&ssrc.to_be_bytes());
                }
                end(compound, at);
            }
            Self::Pli { sender, media } => {
                let at = begin(compound, kind::PSFB, format::PLI);
                compound.extend_from_slice(&sender.to_be_bytes());
                compound.extend_from_slice(&media.to_be_bytes());
                end(compound, at);
            }
            Self::Fir { sender, entries } => {
                let entries = entries.iter().map(|entry| entry.to_bytes());
                write_feedback(compound, kind::PSFB, format::FIR, *sender, entries);
            }
            Self::Tmmbr { sender, entries } => {
                let entries = entries.iter().map(|entry| entry.to_bytes());
                write_feedback(compound, kind::RTPFB, format::TMMBR, *sender, entries);
            }
            Self::Tmmbn { sender, entries } => {
                let entries = entries.iter().map(|entry| entry.to_bytes());
                write_feedback(compound, kind::RTPFB, format::TMMBN, *sender, entries);
            }
            Self::Tstr { sender, entries } => {
                let entries = entries.iter().map(|entry| entry.to_bytes());
                write_feedback(compound, kind::PSFB, format::TSTR, *sender, entries);
            }
            Self::Tstn { sender, entries } => {
                let entries = entries.iter().map(|entry| entry.to_bytes());
                write_feedback(compound, kind::PSFB, format::TSTN, *sender, entries);
            }
            Self::Other { .. } => {}
        }
    }
}

/// The media source of these messages is 0: each entry names its own.
fn write_feedback(
    compound: &mut Vec<u8>,
    kind: u8,
    format: u8,
    sender: u32,
    entries: impl Iterator<Item = [u8; 8]>,
) {
    let at = begin(compound, kind, format);
    compound.extend_from_slice(&sender.to_be_bytes());
    compound.extend_from_slice(&[0; 4]);
    compound.extend(entries.take(MAX_ENTRIES).flatten());
    end(compound, at);
}

fn write_blocks(compound: &mut Vec<u8>, blocks: &[ReportBlock]) {
    for block in blocks.iter().take(MAX_COUNT) {
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff).cast_unsigned() & 0xff_ffff;
        let lost = u32::from(block.fraction_lost) << 24 | lost;
        let (lsr, dlsr) = (block.last_sr, block.delay_since_last_sr);
        for word in [block.ssrc, lost, block.highest_sequence, block.jitter, lsr, dlsr] {
            compound.extend_from_slice(&word.to_be_bytes());
        }
    }
}

fn count<T>(items: &[T]) -> u8 {
    u8::try_from(items.len().min(MAX_COUNT)).expect("at most 31")
}

/// Writes a header whose length [`end`] fills in; returns where it stands.
fn begin(compound: &mut Vec<u8>, kind: u8, count: u8) -> usize {
    compound.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    compound.len() - 4
}

fn end(compound: &mut [u8], at: usize) {
    let words = (compound.len() - at) / 4 - 1;
    let words = u16::try_from(words).expect("blocks and entries are counted");
    compound[at + 2..at + 4].copy_from_slice(&words.to_be_bytes());
}
