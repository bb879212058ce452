// SPDX-License-Identifier: MIT OR Apache-2.0
//! A property that callers may write. zbus tells of it after each write that is granted; whatever
//! else changes it is ours to tell, so that no change is told twice.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What was told of such a property.
#[derive(Debug)]
pub struct Written<T>(Mutex<Told<T>>);

#[derive(Debug)]
struct Told<T> {
    last: T,
    /// Writes under way.
    writes: usize,
}

impl<T: Copy + PartialEq> Written<T> {
    /// Of a property that is `now`.
    pub fn new(now: T) -> Self {
        Self(Mutex::new(Told { last: now, writes: 0 }))
    }

    /// A write begins; until its end every change is its to tell.
    pub fn begin(&self) -> Write<'_, T> {
        self.lock().writes += 1;
        Write { of: self }
    }

    /// Whether it is ours to tell that it is `now`.
    pub fn is_ours(&self, now: T) -> bool {
        let mut told = self.lock();
        told.writes == 0 && std::mem::replace(&mut told.last, now) != now
    }

    fn lock(&self) -> MutexGuard<'_, Told<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write under way; dropped when its caller is gone.
#[must_use]
pub struct Write<'a, T>
where
    T: Copy + PartialEq,
{
    of: &'a Written<T>,
}

impl<T: Copy + PartialEq> Write<'_, T> {
    /// It was granted: zbus tells that the property is `now`.
    pub fn granted(self, now: T) {
        self.of.lock().last = now;
    }

    /// It was refused; whether it is ours to tell that the property is `now`, which a write that
    /// could not be saved may have changed.
    pub fn refused(self, now: T) -> bool {
        let of = self.of;
        drop(self);
        of.is_ours(now)
    }
}

impl<T: Copy + PartialEq> Drop for Write<'_, T> {
    fn drop(&mut self) {
        self.of.lock().writes -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_write_changes_is_told_by_one() {
        let privacy = Written::new(false);
        assert!(!privacy.is_ours(false), "nothing changed");
        assert!(privacy.is_ours(true) && !privacy.is_ours(true), "by somebody else, once");
        let write = privacy.begin();
        assert!(!privacy.is_ours(false), "it is being written");
        write.granted(false);
        assert!(!privacy.is_ours(false), "zbus told that");
        assert!(privacy.is_ours(true), "changed again");
    }

    #[test]
    fn a_write_that_is_refused_or_left_loses_no_change() {
        let privacy = Written::new(false);
        let write = privacy.begin();
        assert!(!privacy.is_ours(true), "it was shut, but not saved");
        assert!(write.refused(true), "zbus tells nothing of a refusal");
        assert!(!privacy.begin().refused(true), "nothing changed");
        drop(privacy.begin());
        assert!(privacy.is_ours(false), "its caller is gone");
        let (one, other) = (privacy.begin(), privacy.begin());
        assert!(!one.refused(true), "the other may still tell it");
        assert!(other.refused(true));
    }
}
