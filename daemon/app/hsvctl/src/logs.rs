// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl logs`: the journal of the camera's unit.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use clap::Args;

use crate::fault::{Fault, Word};
use crate::out::{Form, Out};

/// The camera's unit.
pub const UNIT: &str = "hsvd.service";

/// What the camera wrote to the journal (journalctl -u hsvd)
#[derive(Debug, Args)]
pub struct Logs {
    /// Go on as it is written
    #[arg(short, long)]
    follow: bool,
    /// The last so many lines
    #[arg(short = 'n', long, value_name = "N")]
    lines: Option<u32>,
    /// More for journalctl, after --
    #[arg(last = true, value_name = "ARGUMENTS")]
    more: Vec<String>,
}

impl Logs {
    /// Becomes journalctl; returns only if it cannot.
    pub fn run(self, out: &mut Out) -> anyhow::Result<()> {
        let mut journal = Command::new("journalctl");
        journal.args(["-u", UNIT]);
        if out.form() == Form::Json {
            journal.args(["-o", "json"]);
        }
        if self.follow {
            journal.arg("-f");
        }
        if let Some(lines) = self.lines {
            journal.args(["-n", &lines.to_string()]);
        }
        let error = journal.args(self.more).exec();
        Err(match error.kind() {
            io::ErrorKind::NotFound => {
                Fault::new(Word::File, "this machine has no journal: there is no journalctl")
                    .advise("the camera's log is where its standard error goes")
            }
            _ => Fault::new(Word::File, format!("journalctl cannot be started: {error}")),
        }
        .into())
    }
}
