// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects behind handles. A handle is a number that is never used twice, not an address, so that
//! one that is dead or of another kind is found out instead of followed.

use std::collections::BTreeMap;
use std::ptr::without_provenance_mut;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Handle;

/// All live objects of one kind.
pub struct Table<T> {
    kind: &'static str,
    objects: Mutex<BTreeMap<usize, Arc<Mutex<T>>>>,
}

/// Looks like an address, but a call that follows it does not get far.
static NEXT: AtomicUsize = AtomicUsize::new(16);

impl<T> Table<T> {
    /// An empty table of objects called `kind`.
    pub const fn new(kind: &'static str) -> Self {
        Self { kind, objects: Mutex::new(BTreeMap::new()) }
    }

    /// A handle for `object`.
    pub fn add(&self, object: T) -> Handle {
        let number = NEXT.fetch_add(16, Ordering::Relaxed);
        self.objects().insert(number, Arc::new(Mutex::new(object)));
        without_provenance_mut(number)
    }

    /// The object of `handle`.
    ///
    /// # Panics
    /// When there is none.
    pub fn get(&self, handle: Handle) -> Arc<Mutex<T>> {
        let found = self.objects().get(&handle.addr()).cloned();
        found.unwrap_or_else(|| panic!("{:#x} is no live {}", handle.addr(), self.kind))
    }

    /// Does `work` with the object of `handle`.
    ///
    /// # Panics
    /// When there is none.
    pub fn with<R>(&self, handle: Handle, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut lock(&self.get(handle)))
    }

    /// Ends `handle`.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn remove(&self, handle: Handle) {
        let found = self.objects().remove(&handle.addr());
        assert!(found.is_some(), "{:#x} is no live {}", handle.addr(), self.kind);
    }

    /// How many are alive.
    pub fn len(&self) -> usize {
        self.objects().len()
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<Mutex<T>>>> {
        lock(&self.objects)
    }
}

/// Locks what a test that panicked may have left.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
