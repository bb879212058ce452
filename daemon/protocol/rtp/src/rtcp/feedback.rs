// SPDX-License-Identifier: MIT OR Apache-2.0
//! Entries of feedback messages, eight bytes each. Spec: RFC 5104 §4.2, §4.3.

/// Bits of a bit rate's mantissa.
const MANTISSA_BITS: u32 = 17;
/// Bits of the overhead.
const OVERHEAD_BITS: u32 = 9;

/// Who shall send a full picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirEntry {
    /// Of whom it is asked.
    pub ssrc: u32,
    /// Grows with each new request; a repeat has the same.
    pub sequence: u8,
}

impl FirEntry {
    pub(super) fn from_bytes(&[a, b, c, d, sequence, _, _, _]: &[u8; 8]) -> Self {
        Self { ssrc: u32::from_be_bytes([a, b, c, d]), sequence }
    }

    pub(super) fn to_bytes(self) -> [u8; 8] {
        let [a, b, c, d] = self.ssrc.to_be_bytes();
        [a, b, c, d, self.sequence, 0, 0, 0]
    }
}

/// A limit of the bit rate, as it is coded, so that an answer repeats it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bandwidth {
    /// Whom it concerns.
    pub ssrc: u32,
    pub(crate) coded: u32,
}

impl Bandwidth {
    /// `bps` bits per second, rounded down to what 17 bits and an exponent can say, with
    /// `overhead_bytes` of headers a packet, at most 511.
    pub fn new(ssrc: u32, bps: u64, overhead_bytes: u16) -> Self {
        let exponent = (u64::BITS - bps.leading_zeros()).saturating_sub(MANTISSA_BITS);
        let mantissa = u32::try_from(bps >> exponent).expect("shifted down to 17 bits");
        let overhead = u32::from(overhead_bytes).min((1 << OVERHEAD_BITS) - 1);
        let coded = exponent << (MANTISSA_BITS + OVERHEAD_BITS) | mantissa << OVERHEAD_BITS;
        Self { ssrc, coded: coded | overhead }
    }

    /// Bits per second, headers included; the largest number when it is larger.
    pub fn bps(self) -> u64 {
        let exponent = self.coded >> (MANTISSA_BITS + OVERHEAD_BITS);
        let mantissa = self.coded >> OVERHEAD_BITS & ((1 << MANTISSA_BITS) - 1);
        u64::try_from(u128::from(mantissa) << exponent).unwrap_or(u64::MAX)
    }

    /// Bytes of headers that the receiver counts for each packet.
    pub fn overhead_bytes(self) -> u32 {
        self.coded & ((1 << OVERHEAD_BITS) - 1)
    }

    pub(super) fn from_bytes(&[a, b, c, d, e, f, g, h]: &[u8; 8]) -> Self {
        Self { ssrc: u32::from_be_bytes([a, b, c, d]), coded: u32::from_be_bytes([e, f, g, h]) }
    }

    pub(super) fn to_bytes(self) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.ssrc.to_be_bytes(), self.coded.to_be_bytes());
        [a, b, c, d, e, f, g, h]
    }
}

/// What matters more: sharp pictures or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TradeOff {
    /// Whom it concerns.
    pub ssrc: u32,
    /// Grows with each new request.
    pub sequence: u8,
    /// 0 sharp to 31 fluent.
    pub index: u8,
}

impl TradeOff {
    pub(super) fn from_bytes(&[a, b, c, d, sequence, _, _, index]: &[u8; 8]) -> Self {
        Self { ssrc: u32::from_be_bytes([a, b, c, d]), sequence, index: index & 0x1f }
    }

    pub(super) fn to_bytes(self) -> [u8; 8] {
        let [a, b, c, d] = self.ssrc.to_be_bytes();
        [a, b, c, d, self.sequence, 0, 0, self.index & 0x1f]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_rates_keep_seventeen_bits() {
        for (asked, told) in [
            (0, 0),
            (131_071, 131_071),
            (131_073, 131_072),
            (299_000, 299_000),
            (2_000_003, 2_000_000),
            (u64::MAX, 0x1ffff << 47),
        ] {
            let coded = Bandwidth::new(1, asked, 40);
            assert_eq!((coded.bps(), coded.overhead_bytes()), (told, 40), "{asked}");
        }
        let largest = Bandwidth::from_bytes(&[0xff; 8]);
        assert_eq!((largest.bps(), largest.overhead_bytes()), (u64::MAX, 511));
    }
}
