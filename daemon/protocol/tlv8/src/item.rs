// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes to items: total over every input, no meaning attached.

/// One value with its type; a value that was split on the wire is whole again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The type byte.
    pub kind: u8,
    /// The value, of any length.
    pub value: Vec<u8>,
}

/// The input ended inside an item that begins at byte `at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("TLV item at byte {at} is cut off")]
pub struct Truncated {
    /// Offset of the item's type byte.
    pub at: usize,
}

/// Splits `input` into items. A value over 255 bytes arrives as neighbours of one type,
/// every one but the last exactly 255 bytes long. Other repeats stay separate items.
///
/// # Errors
/// [`Truncated`] when the last item is not whole.
pub fn decode(input: &[u8]) -> Result<Vec<Item>, Truncated> {
    let mut items: Vec<Item> = Vec::new();
    let (mut rest, mut previous_full) = (input, false);
    while !rest.is_empty() {
        let at = input.len() - rest.len();
        let Some((&[kind, len], tail)) = rest.split_first_chunk() else {
            return Err(Truncated { at });
        };
        let (part, tail) = tail.split_at_checked(len.into()).ok_or(Truncated { at })?;
        match items.last_mut() {
            Some(last) if last.kind == kind && previous_full && len > 0 => {
                last.value.extend_from_slice(part);
            }
            _ => items.push(Item { kind, value: part.to_vec() }),
        }
        previous_full = len == u8::MAX;
        rest = tail;
    }
    Ok(items)
}

/// Splits `items` into list entries at each empty item of type `separator`
/// (0x00 in characteristics, 0xFF in pairings). Entries without items are left out.
pub fn split(items: &[Item], separator: u8) -> impl Iterator<Item = &[Item]> {
    items
        .split(move |item| item.kind == separator && item.value.is_empty())
        .filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Writer;
    use proptest::prelude::*;

    #[test]
    fn every_length_around_the_fragment_border_round_trips() {
        for len in [0, 1, 254, 255, 256, 509, 510, 511, 1000] {
            let value: Vec<u8> = (0..=250).cycle().take(len).collect();
            let bytes = Writer::new().bytes(9, &value).finish();
            let headers = len.div_ceil(255).max(1);
            assert_eq!(bytes.len(), len + 2 * headers, "value of {len} bytes");
            assert_eq!(decode(&bytes).unwrap(), [Item { kind: 9, value }], "value of {len} bytes");
        }
    }

    #[test]
    fn neighbours_after_a_short_part_are_two_values() {
        let items = decode(&[2, 1, 0, 2, 1, 1]).unwrap();
        assert_eq!(items.len(), 2);
    }

    #[test]
    fn separators_split_lists() {
        let items = decode(&[2, 1, 0, 0, 0, 2, 1, 1, 0, 0, 2, 1, 2]).unwrap();
        let values: Vec<u8> = split(&items, 0).map(|entry| entry[0].value[0]).collect();
        assert_eq!(values, [0, 1, 2]);
        let pairings = decode(&[1, 1, 65, 0xff, 0, 1, 1, 66]).unwrap();
        assert_eq!(split(&pairings, 0xff).count(), 2);
    }

    #[test]
    fn every_truncation_is_an_error_or_a_shorter_list() {
        let bytes = Writer::new().bytes(1, &[5; 300]).u8(6, 3).finish();
        for end in 0..bytes.len() {
            match decode(&bytes[..end]) {
                Ok(_) => assert!([0, 257, 304].contains(&end), "cut at {end} was accepted"),
                Err(Truncated { at }) => assert!(at < end, "cut at {end} blames byte {at}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_handled(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            if let Ok(items) = decode(&bytes) {
                prop_assert!(items.iter().map(|i| i.value.len()).sum::<usize>() <= bytes.len());
            }
        }
    }
}
