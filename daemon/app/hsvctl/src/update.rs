// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl update [status|check|install|now|rollback|history|seen]`.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use control::{Update as Past, Update1Proxy, UpdateOptions};
use serde_json::{Value, json};

use crate::bus::{Address, Bus};
use crate::fault::{Fault, Word};
use crate::out::{Form, Out, Style};
use crate::progress::{self, Percent};
use crate::table::{Cell, Table, cell, clean, plain};
use crate::{ask, words};

/// For the check of a bundle: its manifest may come over the network, and hooks have a minute each.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(500);
/// Without an answer for so long the machine is taken for one that starts anew.
const GONE: u32 = 6;

/// Install another version of the whole system
///
/// Without a verb: where the camera stands.
#[derive(Debug, Args)]
pub struct Update {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Say which version runs, and what is under way
    Status,
    /// Say whether a bundle would be taken
    Check(Source),
    /// Install a bundle, and start it when nothing is missed by that
    ///
    /// It is kept when it has worked for a minute; else the old one comes back.
    Install {
        #[command(flatten)]
        source: Source,
        /// Do not wait until nobody watches and nothing is recorded
        #[arg(long)]
        now: bool,
        /// Do not wait until it is installed
        #[arg(long)]
        no_wait: bool,
    },
    /// Have the update that waits go on at once
    Now,
    /// Start the other system; it is kept as a new one is
    Rollback {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// List the updates of before, the newest first
    History,
    /// Stop telling that the last update came back
    Seen,
}

#[derive(Debug, Args)]
struct Source {
    /// A file, or an http(s) address; left out, what is published
    source: Option<String>,
    /// Also a version that is not newer
    #[arg(long)]
    older: bool,
    /// Not a version that was here before and was left
    #[arg(long)]
    once: bool,
}

impl Source {
    /// As the camera's program, which is elsewhere, can find it.
    fn place(&self) -> Result<String, Fault> {
        let Some(source) = &self.source else { return Ok(String::new()) };
        if source.starts_with("http://") || source.starts_with("https://") {
            return Ok(source.clone());
        }
        let failed = |why: String| Fault::new(Word::File, format!("{source}: {why}"));
        let whole = Path::new(source).canonicalize().map_err(|error| failed(error.to_string()))?;
        whole.into_os_string().into_string().map_err(|_| failed("its path is not text".to_owned()))
    }

    fn options(&self, now: bool) -> UpdateOptions {
        UpdateOptions { now: Some(now), older: Some(self.older), once: Some(self.once) }
    }
}

/// Where an update stands.
struct Standing {
    version: String,
    slot: String,
    state: String,
    text: String,
    percent: u32,
    pending: String,
    available: String,
    notes: String,
    fault: String,
}

impl Standing {
    async fn of(update: &Update1Proxy<'_>) -> zbus::Result<Self> {
        Ok(Self {
            version: update.version().await?,
            slot: update.slot().await?,
            state: update.state().await?,
            text: update.text().await?,
            percent: update.percent().await?,
            pending: update.pending().await?,
            available: update.available().await?,
            notes: update.notes().await?,
            fault: update.fault().await?,
        })
    }

    fn json(&self) -> Value {
        json!({
            "version": self.version,
            "slot": self.slot,
            "state": self.state,
            "text": self.text,
            "percent": self.percent,
            "pending": self.pending,
            "available": self.available,
            "notes": self.notes,
            "fault": self.fault,
        })
    }

    fn print(&self, out: &mut Out) -> anyhow::Result<()> {
        if out.form() == Form::Json {
            return Ok(out.json(&self.json())?);
        }
        let mut table = Table::indented(0);
        let mut row = |name: &str, style, text: &str| table.row([plain(name), cell(style, text)]);
        row("version", Style::Strong, &format!("{}, system {}", self.version, self.slot));
        row("state", Style::Plain, &format!("{}: {}", self.state, self.text));
        if !self.pending.is_empty() {
            row("update to", Style::Plain, &format!("{}, {} %", self.pending, self.percent));
        }
        if !self.available.is_empty() {
            row("published", Style::Strong, &format!("{}: {}", self.available, self.notes));
        }
        if !self.fault.is_empty() {
            row("last update", Style::Bad, &self.fault);
        }
        Ok(table.print(out)?)
    }
}

impl Update {
    /// Does it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::over(at.connect_for(PATIENCE).await?);
        if !bus.has(control::UPDATE_NAME).await? {
            let fault = Fault::new(Word::NotRunning, "nothing here installs updates");
            return Err(fault.advise("the camera's own images have hsv-update; elsewhere the machine's system is updated").into());
        }
        let update = bus.update().await?;
        let done = |text: &'static str| (json!({"done": true}), text);
        let (object, text) = match self.verb.unwrap_or(Verb::Status) {
            Verb::Status => return Standing::of(&update).await?.print(out),
            Verb::Check(source) => {
                let place = source.place()?;
                let asking = update.check(&place, source.options(false));
                let version = progress::waiting("the bundle is checked", asking).await?;
                let version = clean(&version);
                return out.answer(
                    &json!({"version": version}),
                    &format!("version {version} would be installed"),
                );
            }
            Verb::Install { source, now, no_wait } => {
                let place = source.place()?;
                let asking = update.install(&place, source.options(now));
                progress::waiting("the bundle is checked", asking).await?;
                if !no_wait {
                    return follow(&update, out).await;
                }
                done("the bundle is taken; hsvctl update says how far it is")
            }
            Verb::Now => {
                update.now().await?;
                done("it goes on")
            }
            Verb::Rollback { yes } => {
                ask::sure(yes, "The camera starts its other system.")?;
                update.rollback().await?;
                done("the camera starts its other system")
            }
            Verb::History => return history(&update.history().await?, out),
            Verb::Seen => {
                update.seen().await?;
                done("it is told no more")
            }
        };
        out.answer(&object, text)
    }
}

/// Until the machine starts anew, or the update is over.
async fn follow(update: &Update1Proxy<'_>, out: &mut Out) -> anyhow::Result<()> {
    let bar = Percent::begun();
    let (mut last, mut silent) = (None, 0);
    loop {
        match Standing::of(update).await {
            Ok(standing) => {
                bar.at(standing.percent, &clean(&standing.text));
                silent = 0;
                if standing.state == "idle" {
                    return Err(Fault::new(Word::Failed, standing.text).into());
                }
                let is_over = standing.state == "rebooting";
                last = Some(standing);
                if is_over {
                    break;
                }
            }
            // The bus goes with the machine
            Err(error) => {
                silent += 1;
                if last.is_none() {
                    return Err(error.into());
                }
                if silent >= GONE {
                    break;
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
    drop(bar);
    let object = last.as_ref().map_or(Value::Null, Standing::json);
    out.answer(
        &object,
        "the camera starts the new system; hsvctl update says then whether it stays",
    )
}

fn history(past: &[Past], out: &mut Out) -> anyhow::Result<()> {
    if out.form() == Form::Json {
        let one = |past: &Past| {
            json!({
                "at": past.at,
                "from_version": past.from_version,
                "to_version": past.to_version,
                "outcome": past.outcome,
                "reason": past.reason,
            })
        };
        return Ok(out.json(&json!({"updates": past.iter().map(one).collect::<Vec<_>>()}))?);
    }
    if past.is_empty() {
        return Ok(out.words(Style::Plain, "none since this camera is one")?);
    }
    let mut table = Table::headed(&["ENDED", "FROM", "TO", "HOW", "WHY"]);
    for past in past {
        table.row([
            plain(words::time(past.at)),
            plain(&past.from_version),
            plain(&past.to_version),
            outcome(&past.outcome),
            plain(&past.reason),
        ]);
    }
    Ok(table.print(out)?)
}

fn outcome(word: &str) -> Cell {
    let style = match word {
        "kept" => Style::Good,
        "not-installed" => Style::Warning,
        _ => Style::Bad,
    };
    cell(style, word)
}
