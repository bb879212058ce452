// SPDX-License-Identifier: MIT OR Apache-2.0
//! Starts this program anew in its own place: same process, same arguments, nothing of the memory.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use tracing::{error, info};

/// The running program, even when its file was replaced meanwhile.
const THIS: &str = "/proc/self/exe";

/// Never returns. Whoever watches over the process sees none leave. Where the system refuses, it
/// ends as failed, so that it is started again from outside.
pub fn now() -> ! {
    info!("starting anew");
    let mut arguments = env::args_os();
    let mut command = Command::new(THIS);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    let reason = command.args(arguments).exec();
    error!(%reason, "hsvd cannot start itself anew");
    exit(1)
}
