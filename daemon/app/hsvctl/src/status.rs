// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl status`: all that matters on one screen.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use crate::bus::{Address, Bus};
use crate::out::{Form, Out, Style};
use crate::settings;
use crate::table::{Cell, Table, cell, clean, plain};
use crate::words::{self, count};

/// What the camera is doing
#[derive(Debug, Args)]
pub struct Status {}

/// As it was at one look.
struct State {
    name: Option<String>,
    version: String,
    board: String,
    health: String,
    mode: String,
    manually_disabled: bool,
    software_privacy: bool,
    privacy_switch: String,
    permits: BTreeMap<String, bool>,
    motion_detected: bool,
    night_vision: String,
    night: String,
    status_light: String,
    recording: bool,
    viewers: u32,
    paired: bool,
    failed_attempts: u16,
    restart_needed: bool,
}

impl Status {
    /// Prints it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let state = State::read(&Bus::open(at).await?).await?;
        match out.form() {
            Form::Json => out.json(&state.json())?,
            Form::Human => state.print(out)?,
        }
        Ok(())
    }
}

impl State {
    async fn read(bus: &Bus) -> anyhow::Result<Self> {
        let (camera, pairing, system) =
            (bus.camera().await?, bus.pairing().await?, bus.system().await?);
        Ok(Self {
            name: settings::name_of_camera(bus).await?,
            version: system.version().await?,
            board: system.board().await?,
            health: system.health().await?,
            mode: camera.mode().await?,
            manually_disabled: camera.manually_disabled().await?,
            software_privacy: camera.software_privacy().await?,
            privacy_switch: camera.privacy_switch().await?,
            permits: camera.permits().await?.into_iter().collect(),
            motion_detected: camera.motion_detected().await?,
            night_vision: camera.night_vision().await?,
            night: camera.night().await?,
            status_light: camera.status_light().await?,
            recording: camera.recording().await?,
            viewers: camera.viewers().await?,
            paired: pairing.paired().await?,
            failed_attempts: pairing.failed_attempts().await?,
            restart_needed: bus.settings().await?.restart_needed().await?,
        })
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "name": self.name,
            "version": self.version,
            "board": self.board,
            "health": self.health,
            "mode": self.mode,
            "manually_disabled": self.manually_disabled,
            "software_privacy": self.software_privacy,
            "privacy_switch": self.privacy_switch,
            "permits": self.permits,
            "motion_detected": self.motion_detected,
            "night_vision": self.night_vision,
            "night": self.night,
            "status_light": self.status_light,
            "recording": self.recording,
            "viewers": self.viewers,
            "paired": self.paired,
            "failed_attempts": self.failed_attempts,
            "restart_needed": self.restart_needed,
        })
    }

    fn print(&self, out: &mut Out) -> std::io::Result<()> {
        let name = out.paint(Style::Strong, &clean(self.name.as_deref().unwrap_or("Camera")));
        let program = format!("hsvd {} on {}", clean(&self.version), clean(&self.board));
        let program = out.paint(Style::Quiet, &program);
        out.line(&format!("{name}  {program}"))?;
        let mut table = Table::indented(2);
        for (label, value) in self.rows() {
            table.row([cell(Style::Quiet, label), value]);
        }
        table.print(out)
    }

    fn rows(&self) -> Vec<(&'static str, Cell)> {
        let mut rows = vec![
            ("Health", self.health()),
            ("Mode", cell(Style::Strong, words::mode(&self.mode))),
            ("Privacy", self.privacy()),
            ("May now", self.may()),
            (
                "Motion",
                if self.motion_detected { cell(Style::Warning, "now") } else { plain("none") },
            ),
            ("Recording", if self.recording { cell(Style::Bad, "now") } else { plain("no") }),
            ("Viewers", plain(self.viewers.to_string())),
            ("Night", plain(format!("{}, filter: {}", self.night_vision, self.night))),
            ("Light", plain(&self.status_light)),
            ("Pairing", self.pairing()),
        ];
        if self.restart_needed {
            let text = "changed ones are used from the next start on: hsvctl restart";
            rows.push(("Settings", cell(Style::Warning, text)));
        }
        rows
    }

    fn health(&self) -> Cell {
        let hint = if self.health == "ok" { "" } else { "; hsvctl doctor says more" };
        cell(words::verdict(&self.health), format!("{}{hint}", self.health))
    }

    fn privacy(&self) -> Cell {
        let switch = match self.privacy_switch.as_str() {
            "absent" => String::new(),
            "unreadable" => "the switch on the case cannot be read, which counts as on".to_owned(),
            position => format!("the switch on the case is {position}"),
        };
        let by_call = if self.software_privacy { "on (hsvctl privacy off ends it)" } else { "off" };
        let text =
            if switch.is_empty() { by_call.to_owned() } else { format!("{by_call}; {switch}") };
        cell(if self.manually_disabled { Style::Warning } else { Style::Plain }, text)
    }

    fn may(&self) -> Cell {
        let given: Vec<&str> = self
            .permits
            .iter()
            .filter(|(_, is_given)| **is_given)
            .map(|(name, _)| &**name)
            .collect();
        plain(if given.is_empty() { "nothing".to_owned() } else { given.join(", ") })
    }

    fn pairing(&self) -> Cell {
        let failed = usize::from(self.failed_attempts);
        let tries = match failed {
            0 => String::new(),
            1..100 => format!("; {} since the last right one", count(failed, "wrong setup code")),
            _ => "; locked after 100 wrong setup codes: hsvctl pairing unlock".to_owned(),
        };
        match self.paired {
            true => plain(format!("paired{tries}")),
            false => {
                cell(Style::Warning, format!("not paired; hsvctl pairing shows the code{tries}"))
            }
        }
    }
}
