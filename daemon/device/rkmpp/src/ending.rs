// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ends of contexts, which wait for the library's threads and through them for the hardware.

use std::time::Duration;

use ending::Endings;

use crate::Error;
use crate::context::Context;

/// The library has one encoder for all contexts.
static ENDINGS: Endings<()> = Endings::new();

/// What the end of a context that works stays below by far.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Ends `context`, and returns when that is done or has taken too long.
pub(crate) fn end(context: Context) {
    ENDINGS.end((), context, END_TIMEOUT);
}

/// Refuses while a context hangs in its end: one thread is the most that an encoder may cost.
pub(crate) fn check() -> Result<(), Error> {
    ENDINGS.wait(&(), END_TIMEOUT).map_err(|_| Error::Hung)
}
