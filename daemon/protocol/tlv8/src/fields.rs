// SPDX-License-Identifier: MIT OR Apache-2.0
//! The typed reader: one value per type, unknown types ignored, repeats refused when asked for.

use crate::{Item, Truncated, decode};

/// Why a TLV body cannot be used. The sender is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A type that may stand once stands twice.
    #[error("TLV type {0:#04x} stands twice")]
    Duplicate(u8),
    /// A type that must be there is not.
    #[error("TLV type {0:#04x} is missing")]
    Missing(u8),
    /// An integer wider than eight bytes, of no byte at all, or too large for its field.
    #[error("TLV type {0:#04x} does not fit its field")]
    Range(u8),
    /// The bytes end inside an item.
    #[error(transparent)]
    Truncated(#[from] Truncated),
}

/// Items seen as a record of named fields; order does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    items: Vec<Item>,
}

impl Fields {
    /// Reads `input`.
    ///
    /// # Errors
    /// [`Error::Truncated`].
    pub fn parse(input: &[u8]) -> Result<Self, Error> {
        Ok(Self { items: decode(input)? })
    }

    /// All items, in the order of the wire.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The values of every item of type `kind`, in the order of the wire.
    pub fn all(&self, kind: u8) -> impl Iterator<Item = &[u8]> {
        self.items.iter().filter(move |item| item.kind == kind).map(|item| item.value.as_slice())
    }

    /// The value of type `kind`, if it is there.
    ///
    /// # Errors
    /// [`Error::Duplicate`].
    pub fn bytes(&self, kind: u8) -> Result<Option<&[u8]>, Error> {
        let mut found = self.all(kind);
        let first = found.next();
        if found.next().is_some() { Err(Error::Duplicate(kind)) } else { Ok(first) }
    }

    /// The value of type `kind`, which must be there.
    ///
    /// # Errors
    /// [`Error::Duplicate`], [`Error::Missing`].
    pub fn required(&self, kind: u8) -> Result<&[u8], Error> {
        self.bytes(kind)?.ok_or(Error::Missing(kind))
    }

    /// The value of type `kind` as exactly `N` bytes (keys, salts).
    ///
    /// # Errors
    /// [`Error::Range`] for another length, else as [`Fields::required`].
    pub fn array<const N: usize>(&self, kind: u8) -> Result<[u8; N], Error> {
        self.required(kind)?.try_into().map_err(|_| Error::Range(kind))
    }

    /// A little-endian integer. Any width up to the value's own is taken, since senders differ;
    /// superfluous zero bytes do no harm.
    ///
    /// # Errors
    /// [`Error::Duplicate`]; [`Error::Range`] when empty or above `u64`.
    pub fn uint(&self, kind: u8) -> Result<Option<u64>, Error> {
        let Some(value) = self.bytes(kind)? else { return Ok(None) };
        let significant = value.len() - value.iter().rev().take_while(|&&b| b == 0).count();
        if value.is_empty() || significant > 8 {
            return Err(Error::Range(kind));
        }
        let number = value[..significant].iter().rev().fold(0, |n, &b| (n << 8) | u64::from(b));
        Ok(Some(number))
    }

    /// An integer that must be there and fit `T`.
    ///
    /// # Errors
    /// As [`Fields::uint`], and [`Error::Missing`].
    pub fn number<T: TryFrom<u64>>(&self, kind: u8) -> Result<T, Error> {
        let number = self.uint(kind)?.ok_or(Error::Missing(kind))?;
        T::try_from(number).map_err(|_| Error::Range(kind))
    }

    /// The value of type `kind` read as a TLV of its own.
    ///
    /// # Errors
    /// As [`Fields::required`] and [`Fields::parse`].
    pub fn fields(&self, kind: u8) -> Result<Self, Error> {
        Self::parse(self.required(kind)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Writer;

    #[test]
    fn integers_are_read_in_any_width() {
        for bytes in [vec![1, 1, 5], vec![1, 2, 5, 0], vec![1, 4, 5, 0, 0, 0], vec![1, 3, 5, 0, 0]]
        {
            assert_eq!(Fields::parse(&bytes).unwrap().number::<u8>(1), Ok(5), "{bytes:?}");
        }
        let wide = Writer::new().bytes(1, &[0, 0, 0, 0, 0, 0, 0, 0, 1]).finish();
        assert_eq!(Fields::parse(&wide).unwrap().uint(1), Err(Error::Range(1)));
        assert_eq!(Fields::parse(&[1, 0]).unwrap().uint(1), Err(Error::Range(1)));
        assert_eq!(Fields::parse(&[1, 2, 0, 1]).unwrap().number::<u8>(1), Err(Error::Range(1)));
    }

    #[test]
    fn a_field_twice_is_refused_only_when_read() {
        let fields = Fields::parse(&[1, 1, 5, 1, 1, 6, 2, 1, 7]).unwrap();
        assert_eq!(fields.bytes(1), Err(Error::Duplicate(1)));
        assert_eq!(fields.number::<u8>(2), Ok(7));
        assert_eq!(fields.all(1).count(), 2);
    }

    #[test]
    fn what_is_missing_is_named() {
        let fields = Fields::parse(&[]).unwrap();
        assert_eq!(fields.required(3), Err(Error::Missing(3)));
        assert_eq!(fields.array::<32>(3), Err(Error::Missing(3)));
        assert_eq!(fields.uint(3), Ok(None));
    }
}
