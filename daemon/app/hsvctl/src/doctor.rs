// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl doctor`: what the camera finds in itself, and what only shows from outside.

mod network;
mod unit;

use std::process::ExitCode;

use clap::Args;
use control::Finding;
use serde_json::{Value, json};

use crate::bus::{Address, Bus};
use crate::fault::{Fault, Word};
use crate::out::{Form, Out, Style};
use crate::progress;
use crate::table::{Table, cell, plain};
use crate::words::{self, count};

/// Look for what usually breaks, in the camera and around it
///
/// The exit status is 1 if there is a fault, and 3 if the camera's program or
/// the bus is not there.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Doctor {}

/// Who found it.
#[derive(Clone, Copy)]
enum By {
    Camera,
    Us,
}

#[derive(Default)]
struct Findings {
    all: Vec<(By, Finding)>,
    is_away: bool,
}

impl Doctor {
    /// Looks, and prints what it saw.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<ExitCode> {
        let mut findings = Findings::default();
        findings.look(at).await?;
        match out.form() {
            Form::Json => out.json(&findings.json())?,
            Form::Human => findings.print(out)?,
        }
        Ok(match (findings.is_away, findings.worst()) {
            (true, _) => Word::NotRunning.code(),
            (false, "fault") => Word::Failed.code(),
            _ => ExitCode::SUCCESS,
        })
    }
}

impl Findings {
    async fn look(&mut self, at: &Address) -> anyhow::Result<()> {
        let bus = match at.connect().await {
            Ok(connection) => Bus::over(connection),
            Err(fault) => {
                self.is_away = true;
                self.ours(of_fault("bus", &fault));
                return Ok(());
            }
        };
        self.ours(well("bus", format!("{} is there", at.words())));
        if *at == Address::System {
            self.all.extend(unit::look(&bus).await.map(|finding| (By::Us, finding)));
        }
        if !bus.has_camera().await? {
            self.is_away = true;
            self.ours(of_fault("program", &Fault::not_running()));
            return Ok(());
        }
        match progress::waiting("the camera looks at itself", camera(&bus)).await {
            Ok(found) => {
                self.ours(well("program", "the camera's program runs and answers".to_owned()));
                self.all.extend(found.into_iter().map(|finding| (By::Camera, finding)));
            }
            Err(error) => {
                let fault = Fault::of(&error);
                self.is_away = fault.word.code() == Word::NotRunning.code();
                self.ours(of_fault("program", &fault));
            }
        }
        let around = progress::waiting("looking for it on the network", network::look(&bus)).await;
        self.all.extend(around.into_iter().map(|finding| (By::Us, finding)));
        Ok(())
    }

    fn ours(&mut self, finding: Finding) {
        self.all.push((By::Us, finding));
    }

    fn number(&self, verdict: &str) -> usize {
        self.all.iter().filter(|(_, finding)| finding.verdict == verdict).count()
    }

    fn worst(&self) -> &'static str {
        match (self.number("ok") + self.number("warning"), self.number("warning")) {
            (known, _) if known < self.all.len() => "fault",
            (_, 0) => "ok",
            _ => "warning",
        }
    }

    fn json(&self) -> Value {
        let one = |(by, finding): &(By, Finding)| {
            json!({
                "by": match by { By::Camera => "camera", By::Us => "hsvctl" },
                "check": finding.check,
                "verdict": finding.verdict,
                "text": finding.text,
                "advice": finding.advice,
            })
        };
        let all: Vec<Value> = self.all.iter().map(one).collect();
        json!({"verdict": self.worst(), "findings": all})
    }

    fn print(&self, out: &mut Out) -> std::io::Result<()> {
        let mut table = Table::indented(0);
        for (_, Finding { check, verdict, text, advice }) in &self.all {
            table.row([cell(words::verdict(verdict), verdict), plain(check), plain(text)]);
            if !advice.is_empty() {
                table.row([plain(""), plain(""), cell(Style::Strong, advice)]);
            }
        }
        table.print(out)?;
        out.line("")?;
        let (faults, warnings) = (self.number("fault"), self.number("warning"));
        match (faults, warnings) {
            (0, 0) => out.words(Style::Good, "All is well."),
            _ => {
                let text = format!("{}, {}.", count(faults, "fault"), count(warnings, "warning"));
                out.words(words::verdict(self.worst()), &text)
            }
        }
    }
}

async fn camera(bus: &Bus) -> anyhow::Result<Vec<Finding>> {
    Ok(bus.system().await?.doctor().await?)
}

fn finding(check: &str, verdict: &str, text: impl Into<String>, advice: &str) -> Finding {
    Finding {
        check: check.to_owned(),
        verdict: verdict.to_owned(),
        text: text.into(),
        advice: advice.to_owned(),
    }
}

fn well(check: &str, text: impl Into<String>) -> Finding {
    finding(check, "ok", text, "")
}

fn of_fault(check: &str, fault: &Fault) -> Finding {
    finding(check, "fault", fault.text.as_str(), &fault.advice)
}
