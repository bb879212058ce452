// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ends of contexts, which wait for the library's threads and through them for the hardware: on a
//! thread of their own, so that an encoder which hangs costs a thread and not the daemon.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::Error;
use crate::context::Context;

/// How many contexts are being ended.
static ENDING: Mutex<u32> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// What the end of a context that works stays below by far.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Ends `context`, and returns when that is done or has taken too long.
pub(crate) fn end(context: Context) {
    *ending() += 1;
    let count = Count;
    let work = move || {
        drop(context);
        drop(count);
    };
    // Without a thread the closure is dropped, and the context with it, here.
    let _thread = thread::Builder::new().name("mpp-end".to_owned()).spawn(work);
    wait();
}

/// Refuses while a context hangs in its end: one thread is the most that an encoder may cost.
pub(crate) fn check() -> Result<(), Error> {
    if wait() { Ok(()) } else { Err(Error::Hung) }
}

fn wait() -> bool {
    let waited = ENDED.wait_timeout_while(ending(), END_TIMEOUT, |ending| *ending > 0);
    *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
}

/// One of [`ENDING`].
struct Count;

impl Drop for Count {
    fn drop(&mut self) {
        *ending() -= 1;
        ENDED.notify_all();
    }
}

fn ending() -> MutexGuard<'static, u32> {
    ENDING.lock().unwrap_or_else(PoisonError::into_inner)
}
