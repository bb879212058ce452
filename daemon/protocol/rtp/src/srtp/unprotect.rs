// SPDX-License-Identifier: MIT OR Apache-2.0
//! Incoming packets. Spec: RFC 3711 §3.3, §3.4.

use super::index::{ReplayWindow, nearest_index};
use super::keys::{SessionKeys, SrtpKeys};
use super::protect::roll_over;
use super::{E_BIT, RTCP_CLEAR_LEN, RTCP_TRAILER_LEN, TAG_LEN};
use crate::header::Header;

/// Senders told apart. A controller has one; a second may appear when it starts afresh.
const MAX_SOURCES: usize = 4;

/// Why a packet was dropped. All are the peer's or the network's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Shorter than its header and tag, or no RTP or RTCP at all.
    #[error("not an SRTP packet")]
    Malformed,
    /// Came before, or is too old to know.
    #[error("a replayed packet")]
    Replayed,
    /// Our own packet came back, which would pass where both ends use the same keys.
    #[error("our own packet came back")]
    Reflected,
    /// More senders than one controller has.
    #[error("too many senders")]
    TooManySources,
    /// The tag is not that of these bytes under this key.
    #[error("not authentic")]
    NotAuthentic,
}

/// Opens the packets that come from one peer. Any SSRC but our own is taken, each with its own
/// replay window: controllers do not always keep to the one they named.
pub struct Unprotector {
    own_ssrc: u32,
    rtp: SessionKeys,
    rtcp: SessionKeys,
    sources: Vec<Source>,
}

struct Source {
    ssrc: u32,
    rtp: ReplayWindow,
    rtcp: ReplayWindow,
}

impl Unprotector {
    /// `own_ssrc` is that of the stream sent the other way.
    pub fn new(keys: &SrtpKeys, own_ssrc: u32) -> Self {
        Self { own_ssrc, rtp: keys.rtp(), rtcp: keys.rtcp(), sources: Vec::new() }
    }

    /// The RTP packet inside `packet`, decrypted in place. Bytes of a rejected one are unchanged.
    ///
    /// # Errors
    /// [`Rejected`]; nothing was learnt from the packet then.
    pub fn unprotect_rtp<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], Rejected> {
        let (body, tag) = packet.split_last_chunk_mut::<TAG_LEN>().ok_or(Rejected::Malformed)?;
        let (header, header_len) = Header::parse(body).ok_or(Rejected::Malformed)?;
        let source = self.source(header.ssrc)?;
        let window = source.map(|at| &self.sources[at].rtp);
        let highest = window.and_then(ReplayWindow::highest);
        let index = nearest_index(highest, header.sequence).ok_or(Rejected::Replayed)?;
        if window.is_some_and(|window| !window.is_fresh(index)) {
            return Err(Rejected::Replayed);
        }
        if !self.rtp.is_authentic(body, &roll_over(index), tag) {
            return Err(Rejected::NotAuthentic);
        }
        self.admit(source, header.ssrc).rtp.take(index);
        self.rtp.apply(header.ssrc, index, &mut body[header_len..]);
        Ok(body)
    }

    /// The compound RTCP packet inside `packet`, decrypted in place unless its E bit is clear.
    /// Bytes of a rejected one are unchanged.
    ///
    /// # Errors
    /// [`Rejected`]; nothing was learnt from the packet then.
    pub fn unprotect_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], Rejected> {
        let (signed, tag) = packet.split_last_chunk_mut::<TAG_LEN>().ok_or(Rejected::Malformed)?;
        let &[flags, _, _, _, c0, c1, c2, c3, ..] = &*signed else {
            return Err(Rejected::Malformed);
        };
        if flags >> 6 != 2 || signed.len() < RTCP_CLEAR_LEN + RTCP_TRAILER_LEN - TAG_LEN {
            return Err(Rejected::Malformed);
        }
        let ssrc = u32::from_be_bytes([c0, c1, c2, c3]);
        let trailer = *signed.last_chunk().ok_or(Rejected::Malformed)?;
        let trailer = u32::from_be_bytes(trailer);
        let index = trailer & !E_BIT;
        let source = self.source(ssrc)?;
        if source.is_some_and(|at| !self.sources[at].rtcp.is_fresh(index.into())) {
            return Err(Rejected::Replayed);
        }
        if !self.rtcp.is_authentic(signed, &[], tag) {
            return Err(Rejected::NotAuthentic);
        }
        self.admit(source, ssrc).rtcp.take(index.into());
        let end = signed.len() - 4;
        let body = &mut signed[..end];
        if trailer & E_BIT != 0 {
            self.rtcp.apply(ssrc, index.into(), &mut body[RTCP_CLEAR_LEN..]);
        }
        Ok(body)
    }

    /// Where `ssrc` is kept; `Ok(None)` when it is new and there is room.
    fn source(&self, ssrc: u32) -> Result<Option<usize>, Rejected> {
        if ssrc == self.own_ssrc {
            return Err(Rejected::Reflected);
        }
        match self.sources.iter().position(|source| source.ssrc == ssrc) {
            None if self.sources.len() >= MAX_SOURCES => Err(Rejected::TooManySources),
            at => Ok(at),
        }
    }

    /// The source of an authentic packet, new or known.
    fn admit(&mut self, at: Option<usize>, ssrc: u32) -> &mut Source {
        let at = at.unwrap_or_else(|| {
            let (rtp, rtcp) = Default::default();
            self.sources.push(Source { ssrc, rtp, rtcp });
            self.sources.len() - 1
        });
        &mut self.sources[at]
    }
}
