// SPDX-License-Identifier: MIT OR Apache-2.0
//! A cursor over boxes and fields that knows its offset.

use super::{Error, Fault};

/// What is left of a box's body. Spec: ISO/IEC 14496-12 §4.2.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    kind: [u8; 4],
}

impl<'a> Reader<'a> {
    pub(super) fn new(segment: &'a [u8]) -> Self {
        Self { bytes: segment, at: 0, kind: *b"file" }
    }

    /// The four letters of the box that this is the body of.
    pub(super) fn kind(&self) -> [u8; 4] {
        self.kind
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn error(&self, fault: Fault) -> Error {
        Error { at: self.at, fault }
    }

    /// This box holds a value that makes no sense.
    pub(super) fn bad(&self) -> Error {
        self.error(Fault::Bad(self.kind))
    }

    /// This box says something that recordings may not.
    pub(super) fn unsuitable(&self) -> Error {
        self.error(Fault::Unsuitable(self.kind))
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(self.error(Fault::CutOff))?;
        self.bytes = rest;
        self.at += count;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        Ok(self.take(N)?.try_into().expect("take gives as many as asked"))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Error> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Result<u16, Error> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Error> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Error> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// Version and flags of a full box.
    pub(super) fn version_flags(&mut self) -> Result<(u8, u32), Error> {
        let [version, flags @ ..] = self.array::<4>()?;
        let [a, b, c] = flags;
        Ok((version, u32::from_be_bytes([0, a, b, c])))
    }

    /// `count` bytes as a body of their own, for what is nested without being a box.
    pub(super) fn part(&mut self, count: usize) -> Result<Self, Error> {
        let at = self.at;
        Ok(Self { bytes: self.take(count)?, at, kind: self.kind })
    }

    /// The next box, or `None` at the end.
    pub(super) fn next_box(&mut self) -> Result<Option<Self>, Error> {
        if self.is_empty() {
            return Ok(None);
        }
        let start = *self;
        let size = self.u32()?;
        let kind = self.array()?;
        if size < 8 {
            // 0 and 1 stand for "to the end" and a 64-bit size
            return Err(start.error(Fault::Unsuitable(kind)));
        }
        let len = usize::try_from(size - 8).map_err(|_| start.error(Fault::CutOff))?;
        let body = self.bytes.get(..len).ok_or(start.error(Fault::CutOff))?;
        let inner = Self { bytes: body, at: self.at, kind };
        self.take(len)?;
        Ok(Some(inner))
    }

    /// The next box, which has to be of this kind.
    pub(super) fn expect_box(&mut self, kind: &[u8; 4]) -> Result<Self, Error> {
        let start = *self;
        match self.next_box()? {
            Some(found) if found.kind == *kind => Ok(found),
            _ => Err(start.error(Fault::Bad(*kind))),
        }
    }

    /// The first box of this kind among the boxes from here on; does not move on.
    pub(super) fn find(&self, kind: &[u8; 4]) -> Result<Option<Self>, Error> {
        let mut boxes = *self;
        while let Some(found) = boxes.next_box()? {
            if found.kind == *kind {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Like [`find`](Self::find); an error when there is none.
    pub(super) fn child(&self, kind: &[u8; 4]) -> Result<Self, Error> {
        self.find(kind)?.ok_or(self.error(Fault::Bad(*kind)))
    }
}
