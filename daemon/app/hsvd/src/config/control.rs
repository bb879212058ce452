// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[control]`

use std::num::NonZeroU16;

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `[control]`: who may look at the camera and command it on this machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ControlConfig {
    /// The bus of the D-Bus service: `system`, `session`, `none`, or an address as `unix:path=…`.
    #[serde(deserialize_with = "bus")]
    pub bus: Bus,
    /// TCP port of 127.0.0.1 on which counters are told as Prometheus reads them; absent: nowhere.
    pub metrics: Option<NonZeroU16>,
}

/// Where the D-Bus service is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Bus {
    /// Nowhere.
    None,
    /// The user's, by `DBUS_SESSION_BUS_ADDRESS`.
    Session,
    /// The machine's, by `DBUS_SYSTEM_BUS_ADDRESS` if that is set.
    #[default]
    System,
    /// At an address of this machine.
    Address(String),
}

fn bus<'de, D: Deserializer<'de>>(from: D) -> Result<Bus, D::Error> {
    let text = String::deserialize(from)?;
    match text.as_str() {
        "none" => Ok(Bus::None),
        "session" => Ok(Bus::Session),
        "system" => Ok(Bus::System),
        // Over a network nobody knows who calls
        address if address.starts_with("unix:") => Ok(Bus::Address(text)),
        _ => {
            Err(D::Error::custom("bus must be system, session, none, or an address as unix:path=…"))
        }
    }
}
