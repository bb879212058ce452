// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line: the nouns, and what holds for all of them.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::bus::Address;
use crate::out::{Form, Out};
use crate::{
    diagnostics, doctor, factory_reset, identify, logs, mode, motion, night, pairing, privacy,
    recordings, restart, sessions, settings, snapshot, status, update, watch,
};

const AFTER: &str = "\
Exit status:
  0  done
  1  refused: by the camera, by the bus's policy, or by the disk
  2  wrong use
  3  the camera's program, or the bus, is not there
  130  ended by Ctrl-C or SIGTERM before it was done; watch and motion tune,
       which are meant to end so, then end with 0
  hsvctl logs becomes journalctl, and ends as that does

Environment:
  HSV_BUS            which bus, where --bus is not given
  NO_COLOR           if not empty: no colours
  CLICOLOR=0         no colours
  CLICOLOR_FORCE=1   colours also in a pipe
  COLUMNS            the width of lines that go into a pipe";

/// Looks after the camera that runs on this machine
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER, propagate_version = true, disable_help_subcommand = true)]
pub struct Arguments {
    /// Which bus the camera is on: system, session, or an address
    ///
    /// Without it $HSV_BUS says so, and without that it is the system bus.
    #[arg(long, global = true, value_name = "BUS")]
    bus: Option<Address>,
    /// One JSON object, for scripts; errors too, on standard error
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    Status(status::Status),
    Watch(watch::Watch),
    Privacy(privacy::Privacy),
    Mode(mode::Mode),
    Night(night::Night),
    Motion(motion::Motion),
    Snapshot(snapshot::Snapshot),
    Recordings(recordings::Recordings),
    Sessions(sessions::Sessions),
    Pairing(pairing::Pairing),
    Settings(settings::Settings),
    Logs(logs::Logs),
    Doctor(doctor::Doctor),
    Diagnostics(diagnostics::Diagnostics),
    FactoryReset(factory_reset::FactoryReset),
    Identify(identify::Identify),
    Restart(restart::Restart),
    Update(update::Update),
}

impl Arguments {
    /// For people or for scripts.
    pub fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Human }
    }

    /// Whether Ctrl-C is how this command is meant to end.
    pub fn ends_at_interrupt(&self) -> bool {
        match &self.noun {
            Noun::Watch(_) => true,
            Noun::Motion(motion) => motion.ends_at_interrupt(),
            _ => false,
        }
    }

    /// Does it.
    pub async fn run(self, out: &mut Out) -> anyhow::Result<ExitCode> {
        let at = Address::chosen(self.bus)?;
        match self.noun {
            Noun::Doctor(noun) => return noun.run(&at, out).await,
            Noun::Status(noun) => noun.run(&at, out).await?,
            Noun::Watch(noun) => noun.run(&at, out).await?,
            Noun::Privacy(noun) => noun.run(&at, out).await?,
            Noun::Mode(noun) => noun.run(&at, out).await?,
            Noun::Night(noun) => noun.run(&at, out).await?,
            Noun::Motion(noun) => noun.run(&at, out).await?,
            Noun::Snapshot(noun) => noun.run(&at, out).await?,
            Noun::Recordings(noun) => noun.run(&at, out).await?,
            Noun::Sessions(noun) => noun.run(&at, out).await?,
            Noun::Pairing(noun) => noun.run(&at, out).await?,
            Noun::Settings(noun) => noun.run(&at, out).await?,
            Noun::Logs(noun) => noun.run(out)?,
            Noun::Diagnostics(noun) => noun.run(&at, out).await?,
            Noun::FactoryReset(noun) => noun.run(&at, out).await?,
            Noun::Identify(noun) => noun.run(&at, out).await?,
            Noun::Restart(noun) => noun.run(&at, out).await?,
            Noun::Update(noun) => noun.run(&at, out).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
