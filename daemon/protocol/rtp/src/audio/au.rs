// SPDX-License-Identifier: MIT OR Apache-2.0
//! AAC in RTP: the mode AAC-hbr, with a size of 13 bits and an index of 3 for each access unit.
//! Spec: RFC 3640 §3.2, §3.3.6.

/// Bytes in front of a single access unit.
pub(super) const HEADERS_LEN: usize = 4;
/// Bits of one unit's header.
const HEADER_BITS: usize = 16;
/// Longest unit that 13 bits can tell, in bytes.
const MAX_UNIT_BYTES: usize = (1 << 13) - 1;
/// Units in one packet that are taken; two are 60 ms.
const MAX_UNITS: usize = 8;

/// Appends one unit with its header; `None` when it is empty or too long.
pub(super) fn write(unit: &[u8], payload: &mut Vec<u8>) -> Option<()> {
    let len = u16::try_from(unit.len()).ok()?;
    if unit.is_empty() || unit.len() > MAX_UNIT_BYTES {
        return None;
    }
    payload.extend_from_slice(&16u16.to_be_bytes());
    payload.extend_from_slice(&(len << 3).to_be_bytes());
    payload.extend_from_slice(unit);
    Some(())
}

/// The units of a payload; `None` when it is not whole, or interleaved.
pub(super) fn read(payload: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (bits, rest) = payload.split_first_chunk::<2>()?;
    let bits = usize::from(u16::from_be_bytes(*bits));
    let count = bits / HEADER_BITS;
    if !bits.is_multiple_of(HEADER_BITS) || !(1..=MAX_UNITS).contains(&count) {
        return None;
    }
    let (headers, mut data) = rest.split_at_checked(count * HEADER_BITS / 8)?;
    let mut units = Vec::with_capacity(count);
    for header in headers.as_chunks::<2>().0 {
        let header = u16::from_be_bytes(*header);
        let (len, delta) = (usize::from(header >> 3), header & 7);
        if len == 0 || delta != 0 {
            return None;
        }
        let (unit, tail) = data.split_at_checked(len)?;
        units.push(unit.to_vec());
        data = tail;
    }
    data.is_empty().then_some(units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_has_four_bytes_in_front() {
        let mut payload = Vec::new();
        write(&[9, 8, 7], &mut payload).unwrap();
        assert_eq!(payload, [0, 16, 0, 3 << 3, 9, 8, 7]);
        assert_eq!(read(&payload), Some(vec![vec![9, 8, 7]]));
        assert_eq!(write(&[], &mut payload), None);
        assert_eq!(write(&[0; 8_192], &mut payload), None);
    }

    #[test]
    fn two_units_are_read_and_no_cut_is_taken() {
        let payload = [0, 32, 0, 2 << 3, 0, 1 << 3, 1, 2, 3];
        assert_eq!(read(&payload), Some(vec![vec![1, 2], vec![3]]));
        for cut in 0..payload.len() {
            assert_eq!(read(&payload[..cut]), None, "cut at {cut}");
        }
        for (bad, why) in [
            (vec![0, 16, 0, 1 << 3, 1, 2], "a byte too many"),
            (vec![0, 16, 0, 0], "an empty unit"),
            (vec![0, 16, 0, 1 << 3 | 1, 1], "interleaved"),
            (vec![0, 12, 0, 1 << 3, 1], "half a header"),
            (vec![0xff, 0xf0, 0, 1 << 3, 1], "4095 units"),
        ] {
            assert_eq!(read(&bad), None, "{why}");
        }
    }
}
