// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl identify`.

use clap::Args;
use serde_json::json;

use crate::bus::{Address, Bus};
use crate::out::Out;

/// Blink the status light, to tell this camera from others
#[derive(Debug, Args)]
pub struct Identify {}

impl Identify {
    /// Asks for it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        Bus::open(at).await?.camera().await?.identify().await?;
        out.answer(&json!({"done": true}), "the status light blinks")
    }
}
