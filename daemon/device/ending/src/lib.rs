// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ends of what waits for hardware: on a thread of its own, so that a device which hangs costs a
//! thread and not who uses it. While one hangs in its end, its device is not to be opened again.
//! What hangs in the kernel cannot be freed from here: its descriptors stay open until it lets go.
//!
//! ```
//! use std::time::Duration;
//! use ending::Endings;
//!
//! static ENDINGS: Endings<u32> = Endings::new();
//! ENDINGS.end(7, vec![1, 2, 3], Duration::from_secs(1));
//! assert_eq!(ENDINGS.wait(&7, Duration::ZERO), Ok(()));
//! ```

#![forbid(unsafe_code)]

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The ends that are under way, each of the device `K`.
#[derive(Debug)]
pub struct Endings<K> {
    under_way: Mutex<Vec<(K, Instant)>>,
    ended: Condvar,
}

/// A device is still being ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hung {
    /// So long.
    pub since: Duration,
}

impl<K: Clone + PartialEq + Send> Default for Endings<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Clone + PartialEq + Send> Endings<K> {
    /// None yet.
    pub const fn new() -> Self {
        Self { under_way: Mutex::new(Vec::new()), ended: Condvar::new() }
    }

    /// Drops `thing`, a part of the device `key`, and returns when that is done or has taken
    /// `patience`.
    pub fn end(&'static self, key: K, thing: impl Send + 'static, patience: Duration) {
        self.lock().push((key.clone(), Instant::now()));
        let entry = Entry { endings: self, key: key.clone() };
        let work = move || {
            drop(thing);
            drop(entry);
        };
        // Without a thread the closure is dropped, and the thing with it, here.
        let _thread = thread::Builder::new().name("ending".to_owned()).spawn(work);
        let _hung = self.wait(&key, patience);
    }

    /// Waits at most `patience` until nothing of the device `key` is being ended.
    ///
    /// # Errors
    /// [`Hung`], with the time of what takes the longest.
    pub fn wait(&self, key: &K, patience: Duration) -> Result<(), Hung> {
        let is_ending = |under_way: &mut Vec<_>| since(under_way, key).is_some();
        let waited = self.ended.wait_timeout_while(self.lock(), patience, is_ending);
        match since(&waited.unwrap_or_else(PoisonError::into_inner).0, key) {
            Some(since) => Err(Hung { since }),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(K, Instant)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the oldest end of `key` takes: they are in the order of their beginnings.
fn since<K: PartialEq>(under_way: &[(K, Instant)], key: &K) -> Option<Duration> {
    under_way.iter().find(|(of, _)| of == key).map(|(_, begun)| begun.elapsed())
}

/// An end that is under way.
struct Entry<K: Clone + PartialEq + Send + 'static> {
    endings: &'static Endings<K>,
    key: K,
}

impl<K: Clone + PartialEq + Send> Drop for Entry<K> {
    fn drop(&mut self) {
        let mut under_way = self.endings.lock();
        // Which of several does not matter but for their age.
        if let Some(at) = under_way.iter().rposition(|(of, _)| *of == self.key) {
            under_way.remove(at);
        }
        drop(under_way);
        self.endings.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    static ENDINGS: Endings<&str> = Endings::new();
    const SOON: Duration = Duration::from_secs(10);
    const MS: Duration = Duration::from_millis(1);

    /// Its end waits until the sender is gone.
    struct Hanging(Receiver<()>);

    impl Drop for Hanging {
        fn drop(&mut self) {
            assert!(self.0.recv().is_err());
        }
    }

    #[test]
    fn what_hangs_costs_no_more_than_the_patience() {
        let (release, hangs) = channel();
        let begun = Instant::now();
        ENDINGS.end("scaler", Hanging(hangs), 30 * MS);
        assert!((30 * MS..SOON).contains(&begun.elapsed()));
        let hung = ENDINGS.wait(&"scaler", MS).unwrap_err();
        assert!(hung.since >= 30 * MS);
        assert_eq!(ENDINGS.wait(&"encoder", Duration::ZERO), Ok(()), "another device");
        ENDINGS.end("encoder", (), SOON);
        assert_eq!(ENDINGS.wait(&"encoder", Duration::ZERO), Ok(()));
        drop(release);
        assert_eq!(ENDINGS.wait(&"scaler", SOON), Ok(()));
    }

    #[test]
    fn one_of_two_that_ends_frees_nothing() {
        let ((first, hangs), (second, hangs_too)) = (channel(), channel());
        ENDINGS.end("both", Hanging(hangs), Duration::ZERO);
        ENDINGS.end("both", Hanging(hangs_too), Duration::ZERO);
        drop(first);
        assert!(ENDINGS.wait(&"both", 20 * MS).is_err());
        drop(second);
        assert_eq!(ENDINGS.wait(&"both", SOON), Ok(()));
    }
}
