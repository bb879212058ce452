// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl mode`: what Home shows, and what the camera may do for it.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use crate::bus::{Address, Bus};
use crate::out::{Form, Out, Style};
use crate::table::{Table, cell, plain};
use crate::words;

/// The mode set in the Home app, and what the camera may do now
///
/// The mode is set in the Home app alone. hsvctl privacy stands above it.
#[derive(Debug, Args)]
pub struct Mode {}

impl Mode {
    /// Prints it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let camera = Bus::open(at).await?.camera().await?;
        let mode = camera.mode().await?;
        let permits: BTreeMap<String, bool> = camera.permits().await?.into_iter().collect();
        if out.form() == Form::Json {
            return Ok(out.json(&json!({"mode": mode, "permits": permits}))?);
        }
        let words = out.paint(Style::Strong, &crate::table::clean(words::mode(&mode)));
        out.line(&words)?;
        let mut table = Table::indented(2);
        for (name, is_given) in permits {
            let style = if is_given { Style::Good } else { Style::Quiet };
            table.row([plain(name), cell(style, words::yes(is_given))]);
        }
        Ok(table.print(out)?)
    }
}
