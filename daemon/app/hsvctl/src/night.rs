// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl night [auto|off]`.

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::bus::{Address, Bus};
use crate::out::{Form, Out};
use crate::table::clean;

/// Night vision: infrared light when it gets dark, or never
#[derive(Debug, Args)]
pub struct Night {
    /// Leave out to print the present state
    #[arg(value_enum)]
    vision: Option<Vision>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Vision {
    /// By how dark it is
    #[value(alias = "automatic")]
    Auto,
    /// Colours, however dark it is
    Off,
}

impl Night {
    /// Sets it if asked, and prints what is so then.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let camera = Bus::open(at).await?.camera().await?;
        match self.vision {
            Some(Vision::Auto) => camera.set_night_vision("automatic").await?,
            Some(Vision::Off) => camera.set_night_vision("off").await?,
            None => {}
        }
        let (vision, filter) = (camera.night_vision().await?, camera.night().await?);
        match out.form() {
            Form::Json => out.json(&json!({"night_vision": vision, "night": filter}))?,
            Form::Human => {
                let filter = match filter.as_str() {
                    "absent" => "no filter is fitted".to_owned(),
                    "unknown" => "where the filter is, is not known".to_owned(),
                    place => format!("the filter is at {place}"),
                };
                out.line(&clean(&format!("{vision}; {filter}")))?;
            }
        }
        Ok(())
    }
}
