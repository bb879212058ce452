// SPDX-License-Identifier: MIT OR Apache-2.0
//! The RTP header. Spec: RFC 3550 §5.1.

/// Bytes of a header without contributing sources and extension.
pub const HEADER_LEN: usize = 12;

/// Room kept for a packet, in bytes: no network below carries a longer datagram in one piece.
pub(crate) const MAX_DATAGRAM: usize = 2048;

/// The fields of an RTP packet that a receiver acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Last packet of its access unit.
    pub marker: bool,
    /// 0..=127, as selected by the controller.
    pub payload_type: u8,
    /// Counts packets, modulo 65536.
    pub sequence: u16,
    /// In ticks of the payload's clock.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
}

impl Header {
    /// Appends the header to `packet`.
    pub fn write(&self, packet: &mut Vec<u8>) {
        packet.extend_from_slice(&[0x80, u8::from(self.marker) << 7 | self.payload_type & 0x7f]);
        packet.extend_from_slice(&self.sequence.to_be_bytes());
        packet.extend_from_slice(&self.timestamp.to_be_bytes());
        packet.extend_from_slice(&self.ssrc.to_be_bytes());
    }

    /// The header at the front of `packet` and its whole length, with contributing sources and
    /// extension; `None` when this is no RTP packet or it ends inside the header.
    pub fn parse(packet: &[u8]) -> Option<(Self, usize)> {
        let (fixed, rest) = packet.split_first_chunk::<HEADER_LEN>()?;
        let [flags, kind, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *fixed;
        if flags >> 6 != 2 {
            return None;
        }
        let header = Self {
            marker: kind & 0x80 != 0,
            payload_type: kind & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([c0, c1, c2, c3]),
        };
        let sources = usize::from(flags & 0x0f) * 4;
        let after_sources = rest.get(sources..)?;
        let extension = if flags & 0x10 == 0 {
            0
        } else {
            let &[_, _, high, low] = after_sources.first_chunk::<4>()?;
            4 + usize::from(u16::from_be_bytes([high, low])) * 4
        };
        after_sources.get(extension..)?;
        Some((header, HEADER_LEN + sources + extension))
    }

    /// The header at the front of `packet` and what it carries, without padding; `None` also when
    /// the padding is longer than that.
    pub(crate) fn split(packet: &[u8]) -> Option<(Self, &[u8])> {
        let (header, len) = Self::parse(packet)?;
        let payload = &packet[len..];
        if packet[0] & 0x20 == 0 {
            return Some((header, payload));
        }
        let padding = usize::from(*payload.last()?);
        let kept = payload.len().checked_sub(padding).filter(|_| padding > 0)?;
        Some((header, &payload[..kept]))
    }
}

/// Whether a datagram on a port shared by both is RTCP. Spec: RFC 5761 §4.
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_as_written() {
        let header =
            Header { marker: true, payload_type: 99, sequence: 65535, timestamp: 7, ssrc: 9 };
        let mut packet = Vec::new();
        header.write(&mut packet);
        assert_eq!(Header::parse(&packet), Some((header, HEADER_LEN)));
        assert!(!is_rtcp(&packet), "payload type 99 with marker is 227");
    }

    #[test]
    fn padding_is_no_payload() {
        let head = [0xa0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        // what follows the header, what is left of it
        let table: [(&[u8], Option<&[u8]>); 5] = [
            (&[7, 8, 0, 0, 3], Some(&[7, 8])),
            (&[1], Some(&[])),
            (&[7, 8, 0], None),
            (&[7, 8, 4], None),
            (&[], None),
        ];
        for (rest, expected) in table {
            let packet = [&head[..], rest].concat();
            assert_eq!(Header::split(&packet).map(|(_, payload)| payload), expected, "{rest:?}");
        }
        assert_eq!(Header::split(&[0x80; 14]).map(|(_, payload)| payload.len()), Some(2));
    }

    #[test]
    fn sources_and_extension_count_as_header_and_no_cut_is_taken() {
        let mut packet = vec![0x92, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([0; 8]);
        packet.extend([0xbe, 0xde, 0, 1, 0x10, 0, 0, 0]);
        assert_eq!(Header::parse(&packet).map(|(_, len)| len), Some(packet.len()));
        for cut in 0..packet.len() {
            assert_eq!(Header::parse(&packet[..cut]), None, "cut at {cut}");
        }
    }
}
