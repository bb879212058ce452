// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl`: the camera from a command line, over its D-Bus service.
//!
//! One file for each noun; what they share is in `bus` (the way to the camera), `out` and `table`
//! (what is printed), `fault` (what goes wrong, in plain words) and `save` (files). It knows no rule
//! of the camera: it asks, shows and says what the camera answered. The library exists for `main.rs`
//! and for `examples/generate.rs`, which writes man pages and completions.
//!
//! ```text
//!  arguments ─► cli ─► a noun ─► bus ─► hsvd
//!                        │
//!                        └─► out (text for people, --json for scripts; JSON.md is its contract)
//! ```

#![forbid(unsafe_code)]

mod ask;
mod bus;
mod cli;
mod diagnostics;
mod doctor;
mod factory_reset;
mod fault;
mod identify;
mod logs;
mod mode;
mod motion;
mod night;
mod out;
mod pairing;
mod privacy;
mod progress;
mod recordings;
mod restart;
mod save;
mod sessions;
mod settings;
mod snapshot;
mod status;
mod table;
mod update;
mod watch;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};

use cli::Arguments;
use out::Out;

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// All arguments, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Reads the command line and does what it says.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = Out::new(arguments.form());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return out.fault(&error.into()),
    };
    let ended = runtime.block_on(async {
        if arguments.ends_at_interrupt() {
            return arguments.run(&mut out).await;
        }
        tokio::select! {
            ended = arguments.run(&mut out) => ended,
            () = interrupt() => Ok(ExitCode::from(INTERRUPTED)),
        }
    });
    match ended.and_then(|code| out.flush().map(|()| code)) {
        Ok(code) => code,
        Err(error) => out.fault(&error),
    }
}

/// Comes with Ctrl-C or SIGTERM; what is being written is then taken back by whoever writes it.
async fn interrupt() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
