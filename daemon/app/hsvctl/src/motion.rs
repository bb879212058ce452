// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl motion trigger|zones|tune`.

mod tune;
mod zones;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::bus::{Address, Bus};
use crate::out::Out;

/// Pretend motion, choose where it counts, see how much there is
#[derive(Debug, Args)]
pub struct Motion {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// As if something had moved
    Trigger,
    Zones(zones::Zones),
    Tune(tune::Tune),
}

impl Motion {
    /// Whether Ctrl-C is how this command is meant to end.
    pub fn ends_at_interrupt(&self) -> bool {
        matches!(self.verb, Verb::Tune(_))
    }

    /// Does it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::open(at).await?;
        match self.verb {
            Verb::Trigger => {
                bus.camera().await?.trigger_motion().await?;
                out.answer(&json!({"done": true}), "motion begins")
            }
            Verb::Zones(zones) => zones.run(&bus, out).await,
            Verb::Tune(tune) => tune.run(&bus, out).await,
        }
    }
}
