// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl privacy [on|off]`.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::bus::{Address, Bus};
use crate::fault::{Fault, Word};
use crate::out::{Form, Out, Style};

/// Shut the camera off, or hand it back to HomeKit
///
/// It is kept over restarts and power cuts, and HomeKit cannot take it back.
#[derive(Debug, Args)]
pub struct Privacy {
    /// Leave out to print the present state
    #[arg(value_enum)]
    switch: Option<Switch>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    /// The sensor is off; nothing is seen, heard or recorded
    On,
    /// What the Home app says holds again
    Off,
}

impl Privacy {
    /// Sets it if asked, and prints what is so then.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let camera = Bus::open(at).await?.camera().await?;
        if let Some(switch) = self.switch {
            camera.set_software_privacy(switch == Switch::On).await?;
        }
        let is_on = camera.software_privacy().await?;
        let is_disabled = camera.manually_disabled().await?;
        let case = camera.privacy_switch().await?;
        if self.switch.is_some_and(|switch| (switch == Switch::On) != is_on) {
            return Err(Fault::new(Word::Failed, "the camera did not take it over").into());
        }
        match out.form() {
            Form::Json => out.json(&json!({
                "software_privacy": is_on,
                "privacy_switch": case,
                "manually_disabled": is_disabled,
            }))?,
            Form::Human => {
                let state = if is_on { "on" } else { "off" };
                let state = out.paint(if is_on { Style::Warning } else { Style::Plain }, state);
                out.line(&state)?;
                if is_disabled && !is_on {
                    let text = format!("the camera is off all the same: its switch is {case}");
                    out.words(Style::Warning, &crate::table::clean(&text))?;
                }
            }
        }
        Ok(())
    }
}
