// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl factory-reset`.

use clap::Args;
use serde_json::json;

use crate::ask;
use crate::bus::{Address, Bus};
use crate::fault::{Fault, Word};
use crate::out::Out;
use crate::restart::Owner;
use crate::settings;
use crate::table::clean;

/// Forget pairings, settings and identity, and start as if new
///
/// The setup code is another one afterwards. The owner's file stays.
#[derive(Debug, Args)]
pub struct FactoryReset {
    /// Do not ask for the camera's name
    #[arg(long)]
    yes: bool,
    /// Do not wait until the camera is back
    #[arg(long)]
    no_wait: bool,
}

impl FactoryReset {
    /// Asks, does it, and waits.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::open(at).await?;
        // Who may not see the name may not do this either: the bus says so in the call.
        if let Some(name) = settings::name_of_camera(&bus).await? {
            let shown = clean(&name);
            let question = format!(
                "The camera forgets its home and all settings made with hsvctl.\n\
                 Type its name ({shown}) to go on:"
            );
            ask::typed(self.yes, &question, name.trim())?;
        } else {
            ask::sure(self.yes, "The camera forgets its home and all settings made with hsvctl.")?;
        }
        let before = Owner::of(&bus).await?;
        match bus.pairing().await?.factory_reset().await.map_err(anyhow::Error::from) {
            // It may be gone before its answer is.
            Err(error) if Fault::of(&error).word != Word::NoAnswer => return Err(error),
            _ => {}
        }
        if !self.no_wait {
            before.wait_for_next("the camera starts as if new").await?;
        }
        out.answer(&json!({"done": true}), "as if new; hsvctl pairing shows the new setup code")
    }
}
