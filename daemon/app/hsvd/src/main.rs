// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvd`, the camera daemon: reads the command line and the owner's file, then runs.
//!
//! `compose.rs` is the inventory of its parts and wires, `core.rs` the one task that owns all
//! state. Protocols and rules live in crates of their own, see `daemon/ARCHITECTURE.md`.

#![forbid(unsafe_code)]

mod advert;
mod camera_check;
mod check;
mod code_reader;
mod compose;
mod config;
mod console;
mod control;
mod core;
mod encoder;
mod firmware;
#[cfg(test)]
mod forms;
mod hands;
mod identity;
mod log;
mod motion;
mod net;
mod overlay;
mod pairings;
mod restart;
mod saver;
mod seek;
mod settings;
mod sounds;
mod store;
mod udp;
mod watchdog;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tracing::error;

use crate::compose::Places;
use crate::core::End;
use config::{Config, OwnersFile};
use overlay::Settings;
use store::{Store, StoreError};

/// `EX_CONFIG` of sysexits.h: systemd must not start us again (`RestartPreventExitStatus=78`).
const EXIT_CONFIG: u8 = 78;

/// A camera for HomeKit Secure Video
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The owner's configuration file
    #[arg(long, value_name = "FILE", default_value = "/etc/hsv/hsvd.toml")]
    config: PathBuf,
    /// Settings above that file, in the same form; used where the file is there. One that cannot be used is left
    /// out, so that the camera starts, but not of --check-config
    #[arg(long, value_name = "FILE")]
    over: Option<PathBuf>,
    /// Where identity, pairings and HomeKit's settings are kept
    #[arg(long, value_name = "DIR", default_value = "/var/lib/hsv")]
    state_dir: PathBuf,
    /// A copy of that folder on another medium: what is damaged twice in the folder is taken from there, where the copy
    /// proves that it is of the same camera
    #[arg(long, value_name = "DIR")]
    state_copy: Option<PathBuf>,
    /// Read the configuration, and what was set over D-Bus, show what will be used, and end
    #[arg(long)]
    check_config: bool,
    /// The boards' tables
    #[arg(long, value_name = "DIR", default_value = gpio::board::INSTALLED)]
    boards: PathBuf,
    /// Say what of the board and which camera is found on this machine, what is missing, and end
    #[arg(long)]
    check_board: bool,
    /// Darken lights, release the IR-cut coil, and end: for the service manager, after a crash
    #[arg(long)]
    failsafe: bool,
    /// Forget everything that is kept, pairings and identity too, and end; the next start is that of
    /// a new camera. Refused while another hsvd runs on the same folder
    #[arg(long)]
    factory_reset: bool,
    /// As long as nobody has paired and the machine has no network: look for the QR code of a Wi-Fi network, and write
    /// what it names to this file, as hsv.toml names it. Without this an unpaired camera never looks
    #[arg(long, value_name = "FILE")]
    shown_network: Option<PathBuf>,
    /// Say whether the camera is paired, and end
    #[arg(long)]
    is_paired: bool,
    /// Read the QR code of a network in the picture on standard input, for the daemon itself
    #[arg(long = code_reader::OPTION, hide = true)]
    read_code: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.read_code {
        return code_reader::run();
    }
    let journal = log::start();
    if arguments.factory_reset {
        return match Store::reset(&arguments.state_dir) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                error!("{:#}", anyhow::Error::from(error));
                ExitCode::FAILURE
            }
        };
    }
    if arguments.is_paired {
        return say_paired(&arguments.state_dir);
    }
    let file = OwnersFile::read(&arguments.config).map_err(anyhow::Error::from);
    let owners = match file.and_then(|file| with_over(file, &arguments)) {
        Ok(owners) => owners,
        Err(error) => {
            error!("{error:#}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    if arguments.check_config {
        return check_config(owners, &arguments.state_dir);
    }
    let board = match hands::board(&arguments.boards, &owners.config.body) {
        Ok(board) => board,
        Err(error) => {
            error!("{error:#}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    if arguments.failsafe {
        hands::make_safe(&board);
        return ExitCode::SUCCESS;
    }
    if arguments.check_board {
        console::lines(&check::lines(&owners.config.video, &board));
        return ExitCode::SUCCESS;
    }
    let places = Places {
        state: &arguments.state_dir,
        state_copy: arguments.state_copy.as_deref(),
        shown_network: arguments.shown_network.as_deref(),
    };
    match compose::run(owners, places, &board, journal) {
        Ok(End::Stopped) => ExitCode::SUCCESS,
        Ok(End::Reset | End::Restart) => restart::now(),
        Err(error) => {
            error!("{error:#}");
            let needs_a_person = error.downcast_ref().is_some_and(StoreError::needs_a_person);
            if needs_a_person { ExitCode::from(EXIT_CONFIG) } else { ExitCode::FAILURE }
        }
    }
}

fn say_paired(state_dir: &Path) -> ExitCode {
    match pairings::glance(state_dir) {
        Ok(is_paired) => {
            console::paired(is_paired);
            ExitCode::SUCCESS
        }
        Err(error) => {
            error!("{:#}", anyhow::Error::from(error));
            ExitCode::FAILURE
        }
    }
}

/// The file with what stands over it.
fn with_over(file: OwnersFile, arguments: &Arguments) -> anyhow::Result<OwnersFile> {
    let Some(over) = arguments.over.as_ref().filter(|over| over.exists()) else { return Ok(file) };
    let board = |config: &Config| hands::board(&arguments.boards, &config.body);
    let merged = file.with_over(over).map_err(anyhow::Error::from).and_then(|merged| {
        // A board that the file alone has not either is no fault of the other one
        match board(&merged.config) {
            Err(error) if board(&file.config).is_ok() => {
                Err(error.context(format!("configuration {}", over.display())))
            }
            _ => Ok(merged),
        }
    });
    match merged {
        Err(error) if !arguments.check_config => {
            error!("{error:#}; left out");
            Ok(file)
        }
        merged => merged,
    }
}

/// Shows what will be used: the owner's file, and above it what was set over D-Bus.
fn check_config(owners: OwnersFile, state_dir: &Path) -> ExitCode {
    match Settings::glance(state_dir, owners) {
        Ok(config) => {
            console::checked(&config);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            error!(error, "what was set over D-Bus is not known; it may be read by root alone");
            ExitCode::FAILURE
        }
    }
}
