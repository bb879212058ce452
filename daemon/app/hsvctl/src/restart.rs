// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl restart`.

use std::time::Duration;

use clap::Args;
use serde_json::json;
use zbus::fdo::DBusProxy;
use zbus::names::{BusName, OwnedUniqueName};

use crate::bus::{Address, Bus};
use crate::fault::{Fault, Word};
use crate::out::Out;
use crate::progress;

/// A start includes the sensor's and the encoder's; service managers wait a little before it.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(200);

/// Start the camera's program anew
///
/// Recordings and views end as at a stop.
#[derive(Debug, Args)]
pub struct Restart {
    /// Do not wait until it is back
    #[arg(long)]
    no_wait: bool,
}

impl Restart {
    /// Asks, and waits.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::open(at).await?;
        let before = Owner::of(&bus).await?;
        match bus.system().await?.restart().await.map_err(anyhow::Error::from) {
            // It may be gone before its answer is.
            Err(error) if Fault::of(&error).word != Word::NoAnswer => return Err(error),
            _ => {}
        }
        if !self.no_wait {
            before.wait_for_next("the camera starts anew").await?;
        }
        let text = if self.no_wait { "the camera starts anew" } else { "the camera runs again" };
        out.answer(&json!({"done": true}), text)
    }
}

/// Who has the camera's name, to tell when somebody else has it.
pub struct Owner {
    daemon: DBusProxy<'static>,
    unique: Option<OwnedUniqueName>,
}

impl Owner {
    /// At this moment.
    pub async fn of(bus: &Bus) -> zbus::Result<Self> {
        let daemon = bus.daemon().await?;
        let unique = owner(&daemon).await?;
        Ok(Self { daemon, unique })
    }

    /// Returns when another has it.
    pub async fn wait_for_next(self, text: &str) -> anyhow::Result<()> {
        let back = async {
            loop {
                let now = owner(&self.daemon).await?;
                if now.is_some() && now != self.unique {
                    return zbus::Result::Ok(());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match progress::waiting(text, tokio::time::timeout(PATIENCE, back)).await {
            Ok(back) => Ok(back?),
            Err(_) => {
                let text = format!("the camera did not come back in {} s", PATIENCE.as_secs());
                let fault = Fault::new(Word::NotRunning, text);
                Err(fault.advise("systemctl status hsvd and hsvctl logs say why").into())
            }
        }
    }
}

async fn owner(daemon: &DBusProxy<'_>) -> zbus::Result<Option<OwnedUniqueName>> {
    match daemon.get_name_owner(BusName::try_from(control::BUS_NAME)?).await {
        Ok(owner) => Ok(Some(owner)),
        Err(zbus::fdo::Error::NameHasNoOwner(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
