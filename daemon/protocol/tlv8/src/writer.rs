// SPDX-License-Identifier: MIT OR Apache-2.0
//! Items to bytes.

/// Builds a TLV8 body in the order of the calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty body.
    pub fn new() -> Self {
        Self::default()
    }

    /// A value of any length, split into parts of 255 bytes.
    pub fn bytes(mut self, kind: u8, value: &[u8]) -> Self {
        if value.is_empty() {
            self.out.extend([kind, 0]);
        }
        for part in value.chunks(usize::from(u8::MAX)) {
            let len = u8::try_from(part.len()).expect("chunks are at most 255 bytes long");
            self.out.extend([kind, len]);
            self.out.extend_from_slice(part);
        }
        self
    }

    /// A one-byte integer.
    pub fn u8(self, kind: u8, value: u8) -> Self {
        self.bytes(kind, &[value])
    }

    /// A two-byte integer.
    pub fn u16(self, kind: u8, value: u16) -> Self {
        self.bytes(kind, &value.to_le_bytes())
    }

    /// A four-byte integer.
    pub fn u32(self, kind: u8, value: u32) -> Self {
        self.bytes(kind, &value.to_le_bytes())
    }

    /// An eight-byte integer.
    pub fn u64(self, kind: u8, value: u64) -> Self {
        self.bytes(kind, &value.to_le_bytes())
    }

    /// A TLV inside this one.
    pub fn tlv(self, kind: u8, inner: &Writer) -> Self {
        self.bytes(kind, &inner.out)
    }

    /// Several values of one type, with an empty item of type 0 between neighbours, as lists in
    /// characteristics are written.
    pub fn list<'a>(self, kind: u8, values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return self };
        values.fold(self.bytes(kind, first), |out, value| out.separator(0).bytes(kind, value))
    }

    /// An empty item between two list entries: type 0x00 in characteristics, 0xFF in pairings.
    pub fn separator(self, kind: u8) -> Self {
        self.bytes(kind, &[])
    }

    /// The finished body.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}
