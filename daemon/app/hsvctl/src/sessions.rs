// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl sessions`: who watches.

use clap::Args;
use control::LiveSession;
use serde_json::{Value, json};

use crate::bus::{Address, Bus};
use crate::out::{Form, Out, Style};
use crate::table::{Table, cell, plain};
use crate::words::{self, yes};

/// Who watches the live picture now
#[derive(Debug, Args)]
pub struct Sessions {}

impl Sessions {
    /// Prints them.
    pub async fn run(self, at: &Address, out: &mut Out) -> anyhow::Result<()> {
        let sessions = Bus::open(at).await?.camera().await?.live_sessions().await?;
        match out.form() {
            Form::Json => {
                let all: Vec<Value> = sessions.iter().map(session).collect();
                out.json(&json!({ "sessions": all }))?;
            }
            Form::Human if sessions.is_empty() => out.line("nobody watches")?,
            Form::Human => print(&sessions, out)?,
        }
        Ok(())
    }
}

/// As scripts see one.
pub fn session(session: &LiveSession) -> Value {
    json!({
        "id": session.id,
        "service": session.service,
        "viewer": session.viewer,
        "width": session.width,
        "height": session.height,
        "fps": session.fps,
        "bitrate": session.bitrate,
        "started": session.started,
        "suspended": session.suspended,
        "sound": session.sound,
        "lost": session.lost,
    })
}

fn print(sessions: &[LiveSession], out: &mut Out) -> std::io::Result<()> {
    let mut table = Table::headed(&["ID", "SINCE", "PICTURE", "RATE", "SOUND", "LOST", "VIEWER"]);
    for session in sessions {
        let LiveSession { width, height, fps, .. } = session;
        let rate =
            if session.suspended { "paused".to_owned() } else { words::bit_rate(session.bitrate) };
        let style = if session.lost >= 5.0 { Style::Warning } else { Style::Plain };
        table.row([
            plain(session.id.to_string()),
            plain(words::time(session.started)),
            plain(format!("{width}x{height}@{fps}")),
            plain(rate),
            plain(yes(session.sound)),
            cell(style, format!("{:.1} %", session.lost)),
            plain(&session.viewer),
        ]);
    }
    table.print(out)
}
