// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outgoing packets of one SSRC. Spec: RFC 3711 §3.3, §3.4.

use super::index::nearest_index;
use super::keys::{SessionKeys, SrtpKeys};
use super::{E_BIT, RTCP_CLEAR_LEN};
use crate::header::Header;

/// A packet that may not be sent. Both it and the keys stay as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtectError {
    /// No RTP or RTCP header of this SSRC.
    #[error("not a packet of this stream")]
    NotOurs,
    /// Every index was used; the session must end. Spec: RFC 3711 §9.2.
    #[error("the key has protected as many packets as it may")]
    KeyExhausted,
    /// Its sequence number is not past the last one: the key stream would be used twice.
    #[error("the sequence number was already used")]
    SequenceReused,
}

/// Protects the packets of one SSRC; no two may share an SSRC and keys.
pub struct Protector {
    ssrc: u32,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    /// Index of the last RTP packet.
    last: Option<u64>,
    rtcp_index: u32,
}

impl Protector {
    /// The first SRTCP packet will have index 1, as most implementations do.
    pub fn new(keys: &SrtpKeys, ssrc: u32) -> Self {
        Self { ssrc, rtp: keys.rtp(), rtcp: keys.rtcp(), last: None, rtcp_index: 0 }
    }

    /// Encrypts the payload and appends the tag. Sequence numbers must grow, modulo 65536.
    ///
    /// # Errors
    /// [`ProtectError`]
    pub fn protect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), ProtectError> {
        let (header, header_len) = Header::parse(packet).ok_or(ProtectError::NotOurs)?;
        if header.ssrc != self.ssrc {
            return Err(ProtectError::NotOurs);
        }
        let index = nearest_index(self.last, header.sequence).ok_or(match self.last {
            Some(last) if last >> 16 == u64::from(u32::MAX) => ProtectError::KeyExhausted,
            _ => ProtectError::SequenceReused,
        })?;
        if self.last.is_some_and(|last| index <= last) {
            return Err(ProtectError::SequenceReused);
        }
        self.last = Some(index);
        self.rtp.apply(header.ssrc, index, &mut packet[header_len..]);
        let tag = self.rtp.tag(packet, &roll_over(index));
        packet.extend_from_slice(&tag);
        Ok(())
    }

    /// Encrypts all but the first header, appends the index with its E bit and the tag.
    ///
    /// # Errors
    /// [`ProtectError`]
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), ProtectError> {
        let clear = packet.first_chunk::<RTCP_CLEAR_LEN>().ok_or(ProtectError::NotOurs)?;
        if clear[4..] != self.ssrc.to_be_bytes() {
            return Err(ProtectError::NotOurs);
        }
        let index = self.rtcp_index + 1;
        if index >= E_BIT {
            return Err(ProtectError::KeyExhausted);
        }
        self.rtcp_index = index;
        self.rtcp.apply(self.ssrc, index.into(), &mut packet[RTCP_CLEAR_LEN..]);
        packet.extend_from_slice(&(index | E_BIT).to_be_bytes());
        let tag = self.rtcp.tag(packet, &[]);
        packet.extend_from_slice(&tag);
        Ok(())
    }
}

/// The roll-over counter of `index`, as the tag covers it.
pub(super) fn roll_over(index: u64) -> [u8; 4] {
    let [_, _, high @ .., _, _] = index.to_be_bytes();
    high
}
