// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl recordings [--explain]`.

use clap::Args;
use control::{Condition, Recording};
use serde_json::{Value, json};

use crate::bus::{Address, Bus};
use crate::out::{Form, Out, Style};
use crate::table::{Cell, Table, cell, plain};
use crate::words;

/// The last recordings, or why there are none
#[derive(Debug, Args)]
pub struct Recordings {
    /// Go through everything that a recording needs, and say what is missing
    #[arg(long)]
    explain: bool,
}

impl Recordings {
    /// Prints them.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let camera = Bus::open(at).await?.camera().await?;
        if self.explain {
            let conditions = camera.explain_recording().await?;
            match out.form() {
                Form::Json => out.json(&explained(&conditions))?,
                Form::Human => print_explained(&conditions, out)?,
            }
            return Ok(());
        }
        let recordings = camera.recordings().await?;
        match out.form() {
            Form::Json => {
                let all: Vec<Value> = recordings.iter().map(recording).collect();
                out.json(&json!({ "recordings": all }))?;
            }
            Form::Human if recordings.is_empty() => {
                out.words(
                    Style::Plain,
                    "none since the start; hsvctl recordings --explain says why",
                )?;
            }
            Form::Human => print(&recordings, out)?,
        }
        Ok(())
    }
}

/// As scripts see one.
pub fn recording(recording: &Recording) -> Value {
    json!({
        "id": recording.id,
        "started": recording.started,
        "open_ms": recording.open_ms,
        "media_ms": recording.media_ms,
        "fragments": recording.fragments,
        "bytes": recording.bytes,
        "outcome": recording.outcome,
        "reason": recording.reason,
    })
}

fn print(recordings: &[Recording], out: &mut Out) -> std::io::Result<()> {
    let mut table = Table::headed(&["ID", "BEGAN", "LASTS", "SIZE", "HOW", "WHY"]);
    for recording in recordings {
        table.row([
            plain(recording.id.to_string()),
            plain(words::time(recording.started)),
            plain(words::duration(recording.media_ms)),
            plain(words::bytes(recording.bytes)),
            outcome(&recording.outcome),
            plain(&recording.reason),
        ]);
    }
    table.print(out)
}

fn outcome(word: &str) -> Cell {
    let style = match word {
        "normal" => Style::Good,
        "running" => Style::Strong,
        "cut-short" => Style::Warning,
        _ => Style::Bad,
    };
    cell(style, word)
}

fn explained(conditions: &[Condition]) -> Value {
    let all: Vec<Value> = conditions
        .iter()
        .map(|condition| {
            json!({
                "name": condition.name,
                "met": condition.met,
                "text": condition.text,
                "advice": condition.advice,
            })
        })
        .collect();
    let missing = conditions.iter().find(|condition| !condition.met);
    json!({"missing": missing.map(|condition| &condition.name), "conditions": all})
}

/// The first that is not met is why there is none: it is stressed, with its advice. Those after it
/// may follow from it.
fn print_explained(conditions: &[Condition], out: &mut Out) -> std::io::Result<()> {
    let missing = conditions.iter().position(|condition| !condition.met);
    let mut table = Table::indented(0);
    for (at, condition) in conditions.iter().enumerate() {
        let is_first = Some(at) == missing;
        let (mark, style) = match (condition.met, is_first) {
            (true, _) => (cell(Style::Good, "ok"), Style::Plain),
            (false, true) => (cell(Style::Bad, "NO >"), Style::Strong),
            (false, false) => (cell(Style::Warning, "no"), Style::Quiet),
        };
        table.row([mark, cell(style, &condition.name), cell(style, &condition.text)]);
        if !condition.met && !condition.advice.is_empty() {
            let style = if is_first { Style::Warning } else { Style::Quiet };
            table.row([plain(""), plain(""), cell(style, &condition.advice)]);
        }
    }
    table.print(out)?;
    out.line("")?;
    match missing.and_then(|at| conditions.get(at)) {
        None => out.words(Style::Good, "Recordings can be made: the next motion starts one."),
        Some(first) => {
            let text = format!("Nothing is recorded because of \"{}\".", first.name);
            out.words(Style::Strong, &crate::table::clean(&text))
        }
    }
}
