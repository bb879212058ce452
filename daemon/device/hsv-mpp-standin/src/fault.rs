// SPDX-License-Identifier: MIT OR Apache-2.0
//! What shall go wrong: words of the environment variable `HSV_MPP_STANDIN`, separated by commas.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use crate::table::lock;

/// Faults that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// `refuse-import`: no memory of others is taken.
    pub refuse_import: bool,
    /// `unreadable-import`: it is taken, but cannot be read when it is to be encoded.
    pub unreadable_import: bool,
    /// `hang=N`: the picture number N of a context, counted from 0, and later ones are not answered.
    pub hang: Option<u64>,
    /// `hang-destroy`: a context does not end.
    pub hang_destroy: bool,
    /// `fail=N`: the hardware fails at picture N, once.
    pub fail: Option<u64>,
    /// `no-packet=N`: nothing comes of picture N.
    pub no_packet: Option<u64>,
    /// `no-memory`: there is no memory to lend.
    pub no_memory: bool,
    /// `no-init`: the machine has no such encoder.
    pub no_init: bool,
}

impl Faults {
    /// Those asked for now.
    ///
    /// # Panics
    /// At a word that is none.
    pub fn now() -> Self {
        let text = std::env::var("HSV_MPP_STANDIN").unwrap_or_default();
        let mut faults = Self::default();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            let (name, number) = word.split_once('=').unwrap_or((word, "0"));
            let number = Some(number.parse().expect("a number of a picture"));
            match name {
                "refuse-import" => faults.refuse_import = true,
                "unreadable-import" => faults.unreadable_import = true,
                "hang" => faults.hang = number,
                "hang-destroy" => faults.hang_destroy = true,
                "fail" => faults.fail = number,
                "no-packet" => faults.no_packet = number,
                "no-memory" => faults.no_memory = true,
                "no-init" => faults.no_init = true,
                _ => panic!("HSV_MPP_STANDIN: no such fault: {word}"),
            }
        }
        faults
    }
}

static IS_RELEASED: Mutex<bool> = Mutex::new(false);
static RELEASED: Condvar = Condvar::new();

/// Waits until [`release`], `timeout` at most.
pub fn hang(timeout: Option<Duration>) {
    let held = lock(&IS_RELEASED);
    match timeout {
        Some(timeout) => drop(RELEASED.wait_timeout_while(held, timeout, |released| !*released)),
        None => drop(RELEASED.wait_while(held, |released| !*released)),
    }
}

/// Ends every [`hang`].
pub fn release() {
    *lock(&IS_RELEASED) = true;
    RELEASED.notify_all();
}
