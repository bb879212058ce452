// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tells systemd that we are ready, alive and stopping.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::debug;

/// Half of `WatchdogSec=`, or nothing when there is no watchdog over us.
pub fn interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| limit / 2)
}

/// Both ports are open.
pub fn ready() {
    notify(NotifyState::Ready);
}

/// The core task has just gone round.
pub fn alive() {
    notify(NotifyState::Watchdog);
}

/// SIGTERM came.
pub fn stopping() {
    notify(NotifyState::Stopping);
}

/// The program begins anew, in the same process.
pub fn restarting() {
    notify(NotifyState::Reloading);
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(now),
        Err(error) => debug!(%error, "no clock for systemd"),
    }
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        debug!(%error, "systemd was not told");
    }
}
