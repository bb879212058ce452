// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is overwritten before it goes back to the system: what a camera saw or heard is not
//! to be found in it afterwards.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// Pixels of one owner.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Wiped(Vec<u8>);

impl Wiped {
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// As they are, for another owner.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

impl Deref for Wiped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Debug for Wiped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes", self.0.len())
    }
}

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// A coded picture or packet of sound. Cloning copies the handle; the bytes are overwritten when
/// the last holder lets go of them.
///
/// ```
/// let coded = frame::Coded::from(&b"an access unit"[..]);
/// assert_eq!(coded.len(), 14);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coded(Arc<Wiped>);

impl Deref for Coded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Coded {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Wiped::new(bytes)))
    }
}

impl From<&[u8]> for Coded {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // Somebody may read it: else the compiler leaves out what nobody does.
    std::hint::black_box(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left() {
        let mut seen = *b"who came home";
        wipe(&mut seen);
        assert_eq!(seen, [0; 13]);
    }

    #[test]
    fn who_takes_it_has_it() {
        assert_eq!(Wiped::new(vec![1, 2, 3]).into_vec(), [1, 2, 3]);
        let coded = Coded::from(vec![4, 5]);
        let other = coded.clone();
        drop(coded);
        assert_eq!(*other, [4, 5]);
    }
}
