// SPDX-License-Identifier: MIT OR Apache-2.0
//! A shared, immutable run of bytes, so that a chunk of a fragment needs no copy of its own.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

use zeroize::Zeroizing;

/// Part of a shared byte vector. Cloning and slicing copy the handle, not the bytes, which are
/// overwritten when the last holder lets go of them: they may be somebody's video.
#[derive(Clone, Default)]
pub struct Data {
    whole: Arc<Zeroizing<Vec<u8>>>,
    range: Range<usize>,
}

impl Data {
    /// The part `range` of these bytes, counted from their start; `None` when it reaches beyond
    /// their end.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        (range.start <= range.end && range.end <= self.len()).then(|| Self {
            whole: Arc::clone(&self.whole),
            range: self.range.start + range.start..self.range.start + range.end,
        })
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { whole: Arc::new(bytes.into()), range }
    }
}

impl From<&[u8]> for Data {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl Deref for Data {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.whole.get(self.range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Data {}

impl fmt::Debug for Data {
    /// Only the length: it may be somebody's video.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Data({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_a_slice_counts_from_its_own_start() {
        let whole = Data::from((0..10).collect::<Vec<u8>>());
        let part = whole.slice(2..8).unwrap();
        assert_eq!(*part.slice(1..3).unwrap(), [3, 4]);
        assert_eq!(part.slice(0..7), None, "beyond the part, though within the whole");
        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        let reversed = part.slice(3..2);
        assert_eq!(reversed, None);
        assert!(part.slice(6..6).unwrap().is_empty());
    }
}
