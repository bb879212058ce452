// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl pairing [show|list|remove|reset|unlock]`.

use anyhow::Context;
use clap::{Args, Subcommand};
use control::Controller;
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde_json::{Value, json};

use crate::ask;
use crate::bus::{Address, Bus};
use crate::out::{Form, Out, Style};
use crate::table::{Table, cell, clean, plain};
use crate::words::{self, yes};

/// Pair the camera, or see and remove those who are paired
#[derive(Debug, Args)]
pub struct Pairing {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The setup code to type or to scan (without a verb this is done)
    Show,
    /// Who is paired
    List,
    /// Remove one controller; with the last admin all go
    Remove {
        /// As hsvctl pairing list says
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Remove all pairings; the camera can be added to a home again
    Reset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Let pairing be tried again after too many wrong setup codes
    Unlock,
}

impl Pairing {
    /// Does it.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let bus = Bus::open(at).await?;
        match self.verb.unwrap_or(Verb::Show) {
            Verb::Show => show(&bus, out).await,
            Verb::List => list(&bus, out).await,
            Verb::Remove { id, yes } => {
                ask::sure(yes, &format!("{} loses the camera.", clean(&id)))?;
                bus.pairing().await?.remove(&id).await?;
                done(out, "removed")
            }
            Verb::Reset { yes } => {
                ask::sure(yes, "The camera leaves its home; nothing is recorded any more.")?;
                bus.pairing().await?.unpair_all().await?;
                done(out, "no longer paired; hsvctl pairing shows the setup code")
            }
            Verb::Unlock => {
                bus.pairing().await?.clear_attempts().await?;
                done(out, "pairing can be tried again")
            }
        }
    }
}

fn done(out: &mut Out, text: &str) -> anyhow::Result<()> {
    out.answer(&json!({"done": true}), text)
}

async fn show(bus: &Bus, out: &mut Out) -> anyhow::Result<()> {
    let pairing = bus.pairing().await?;
    let is_paired = pairing.paired().await?;
    let (code, uri) = pairing.setup_code().await?;
    if out.form() == Form::Json {
        return Ok(out.json(&json!({"paired": is_paired, "code": code, "uri": uri}))?);
    }
    let qr = QrCode::with_error_correction_level(&uri, EcLevel::Q)
        .context("the setup URI does not fit a QR code")?;
    if is_paired {
        let text = "The camera is paired already: this code counts again after hsvctl pairing \
                    reset. Others are invited in the Home app.";
        out.words(Style::Warning, text)?;
    } else {
        let text = "Add this camera in the Home app: scan the code, or type it.";
        out.words(Style::Plain, text)?;
    }
    out.line("")?;
    for line in qr.render::<Dense1x2>().build().lines() {
        out.line(line)?;
    }
    let code = out.paint(Style::Strong, &clean(&code));
    out.line(&format!("\n  {code}\n  {}", clean(&uri)))?;
    Ok(())
}

async fn list(bus: &Bus, out: &mut Out) -> anyhow::Result<()> {
    let controllers = bus.pairing().await?.controllers().await?;
    if out.form() == Form::Json {
        let all: Vec<Value> = controllers.iter().map(controller).collect();
        return Ok(out.json(&json!({ "controllers": all }))?);
    }
    if controllers.is_empty() {
        return Ok(out.line("nobody is paired; hsvctl pairing shows the setup code")?);
    }
    let mut table = Table::headed(&["CONTROLLER", "ADMIN", "CONNECTED", "LAST SEEN"]);
    for Controller { id, admin, connected, last_seen } in &controllers {
        let seen = last_seen.map_or("not since the start".to_owned(), words::ago);
        let style = if *connected { Style::Good } else { Style::Plain };
        table.row([plain(id), plain(yes(*admin)), cell(style, yes(*connected)), plain(seen)]);
    }
    Ok(table.print(out)?)
}

fn controller(controller: &Controller) -> Value {
    json!({
        "id": controller.id,
        "admin": controller.admin,
        "connected": controller.connected,
        "last_seen": controller.last_seen,
    })
}
