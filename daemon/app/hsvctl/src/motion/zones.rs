// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl motion zones`: where in the picture motion counts, drawn.

use std::str::FromStr;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::bus::Bus;
use crate::out::{Form, Out, Style};
use crate::settings;

const KEY: &str = "motion.zones";
/// Of the drawing: a character is about twice as high as wide, and pictures are 16:9.
const COLUMNS: usize = 64;
const ROWS: usize = 18;

/// Where in the picture motion counts
///
/// A zone is LEFT,TOP,RIGHT,BOTTOM as shares of the picture from its top left
/// corner: 0,0.5,1,1 is the lower half. All zones are given at once; without any
/// the present ones are shown.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Zones {
    /// Motion counts here; with one such zone it counts nowhere else
    #[arg(long, value_name = "ZONE")]
    include: Vec<Corners>,
    /// Motion does not count here, whatever other zones say
    #[arg(long, value_name = "ZONE")]
    exclude: Vec<Corners>,
    /// No zones: motion counts in the whole picture
    #[arg(long, conflicts_with_all = ["include", "exclude"])]
    none: bool,
}

/// Left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Corners([f64; 4]);

impl FromStr for Corners {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<f64>, _> =
            text.split(',').map(|part| part.trim().parse()).collect();
        let numbers = numbers.map_err(|_| "four numbers with commas between them".to_owned())?;
        let corners: [f64; 4] =
            numbers.try_into().map_err(|_| "a zone is LEFT,TOP,RIGHT,BOTTOM".to_owned())?;
        match corners {
            [left, top, right, bottom] if left < right && top < bottom => {}
            _ => return Err("LEFT must be less than RIGHT, and TOP than BOTTOM".to_owned()),
        }
        if corners.iter().all(|corner| (0.0..=1.0).contains(corner)) {
            Ok(Self(corners))
        } else {
            Err("shares of the picture are 0 to 1".to_owned())
        }
    }
}

/// As the setting has it.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Zone {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    #[serde(default)]
    exclude: bool,
}

#[derive(Deserialize)]
struct Setting {
    x: Vec<Zone>,
}

impl Zones {
    /// Sets them if asked, and shows them.
    pub async fn run(self, bus: &Bus, out: &mut Out) -> anyhow::Result<()> {
        if self.none || !self.include.is_empty() || !self.exclude.is_empty() {
            bus.settings().await?.set(KEY, &self.toml()).await?;
        }
        let value = settings::find(settings::all(bus).await?, KEY)?.value;
        let zones = toml::from_str::<Setting>(&format!("x = {value}"))
            .context("the camera's zones are not what this hsvctl knows")?
            .x;
        let restart_needed = bus.settings().await?.restart_needed().await?;
        if out.form() == Form::Json {
            let zones: Vec<Value> = zones.iter().map(Zone::json).collect();
            return Ok(out.json(&json!({"zones": zones, "restart_needed": restart_needed}))?);
        }
        for line in drawing(&zones) {
            out.line(&line)?;
        }
        out.words(Style::Quiet, legend(&zones))?;
        for (at, zone) in zones.iter().enumerate() {
            out.line(&format!("  {}  {}", at + 1, zone.words()))?;
        }
        if restart_needed {
            out.words(Style::Warning, "Settings are used from the next start on: hsvctl restart")?;
        }
        Ok(())
    }

    fn toml(&self) -> String {
        let one = |Corners([left, top, right, bottom]): &Corners, exclude: bool| {
            format!(
                "{{ left = {left:?}, top = {top:?}, right = {right:?}, bottom = {bottom:?}, \
                 exclude = {exclude} }}"
            )
        };
        let include = self.include.iter().map(|corners| one(corners, false));
        let all: Vec<String> =
            include.chain(self.exclude.iter().map(|corners| one(corners, true))).collect();
        format!("[{}]", all.join(", "))
    }
}

impl Zone {
    fn json(&self) -> Value {
        json!({
            "left": self.left,
            "top": self.top,
            "right": self.right,
            "bottom": self.bottom,
            "exclude": self.exclude,
        })
    }

    fn words(&self) -> String {
        let Self { left, top, right, bottom, .. } = self;
        let kind = if self.exclude { "--exclude" } else { "--include" };
        format!("{kind} {left},{top},{right},{bottom}")
    }

    fn has(&self, x: f64, y: f64) -> bool {
        (self.left..self.right).contains(&x) && (self.top..self.bottom).contains(&y)
    }
}

fn legend(zones: &[Zone]) -> &'static str {
    match (zones.iter().any(|zone| !zone.exclude), zones.iter().any(|zone| zone.exclude)) {
        (false, false) => "No zones: motion counts in the whole picture.",
        (true, false) => "+ motion counts",
        (false, true) => "- motion does not count; elsewhere it does",
        (true, true) => "+ motion counts   - it does not",
    }
}

/// The zones as they lie on the picture, those that exclude on top.
fn drawing(zones: &[Zone]) -> Vec<String> {
    let edge = format!("+{}+", "-".repeat(COLUMNS));
    let mut lines = vec![edge.clone()];
    for row in 0..ROWS {
        let cells = (0..COLUMNS).map(|column| {
            let (x, y) = (middle(column, COLUMNS), middle(row, ROWS));
            match zones.iter().filter(|zone| zone.has(x, y)).map(|zone| zone.exclude).max() {
                Some(true) => '-',
                Some(false) => '+',
                None => ' ',
            }
        });
        lines.push(format!("|{}|", cells.collect::<String>()));
    }
    lines.push(edge);
    lines
}

#[expect(clippy::cast_precision_loss, reason = "cells of a drawing are few")]
fn middle(cell: usize, of: usize) -> f64 {
    (cell as f64 + 0.5) / of as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_four_ordered_shares() {
        assert_eq!("0, 0.5,1,1".parse(), Ok(Corners([0.0, 0.5, 1.0, 1.0])));
        for wrong in
            ["", "0,0,1", "0,0,1,1,1", "a,0,1,1", "1,0,0,1", "0,0,1,1.1", "-0.1,0,1,1", "NaN,0,1,1"]
        {
            assert!(wrong.parse::<Corners>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_excluded_lies_on_top() {
        let zone = |left, right, exclude| Zone { left, top: 0.0, right, bottom: 1.0, exclude };
        let drawn = drawing(&[zone(0.5, 0.75, true), zone(0.25, 1.0, false)]);
        let row =
            format!("|{}{}{}{}|", " ".repeat(16), "+".repeat(16), "-".repeat(16), "+".repeat(16));
        assert_eq!((drawn.len(), &drawn[1]), (ROWS + 2, &row));
    }
}
