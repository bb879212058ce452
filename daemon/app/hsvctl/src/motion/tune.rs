// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl motion tune`: how much moves, against what counts as motion, as a live bar.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::bus::{Bus, next};
use crate::fault::Fault;
use crate::out::{Form, Out, Style};
use crate::words::count;

/// Columns of the bar; the threshold stands in its middle.
const BAR: usize = 40;
/// After the last look, one more may be under way.
const GRACE: Duration = Duration::from_secs(1);

/// A live bar of what moves, against what counts as motion
///
/// The mark in the middle of the bar is the threshold, which the settings
/// motion.sensitivity and motion.minimum-size move.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Tune {
    /// How long; Ctrl-C ends it before
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

#[derive(Default)]
struct Seen {
    looks: usize,
    above: usize,
    highest: f64,
}

impl Tune {
    /// Shows it until the time is over or Ctrl-C comes.
    pub async fn run(self, bus: &Bus, out: &mut Out) -> anyhow::Result<()> {
        let camera = bus.camera().await?;
        let mut scores = camera.receive_motion_score().await?;
        camera.watch_motion(self.seconds).await?;
        let over = tokio::time::sleep(Duration::from_secs(self.seconds.into()) + GRACE);
        tokio::pin!(over);
        let interrupt = crate::interrupt();
        tokio::pin!(interrupt);
        let mut seen = Seen::default();
        loop {
            let score = tokio::select! {
                score = next(&mut scores) => score.ok_or_else(Fault::not_running)?,
                () = &mut over => break,
                () = &mut interrupt => break,
            };
            let score = score.args()?;
            seen.look(*score.score(), *score.threshold(), out)?;
        }
        seen.sum_up(out)
    }
}

impl Seen {
    fn look(&mut self, score: f64, threshold: f64, out: &mut Out) -> anyhow::Result<()> {
        self.looks += 1;
        self.above += usize::from(score >= threshold);
        self.highest = self.highest.max(score);
        if out.form() == Form::Json {
            return Ok(out.json(&json!({"score": score, "threshold": threshold}))?);
        }
        let style = if score >= threshold { Style::Warning } else { Style::Good };
        let word = if score >= threshold { "motion" } else { "" };
        let bar = out.paint(style, &bar(score, threshold));
        let line = format!("{score:.4} of {threshold:.4}  {bar} {word:<6}");
        if out.is_terminal() {
            out.piece(&format!("\r{line}"))?;
        } else {
            out.line(&line)?;
        }
        Ok(())
    }

    fn sum_up(&self, out: &mut Out) -> anyhow::Result<()> {
        if out.form() == Form::Json {
            return Ok(());
        }
        if out.is_terminal() && self.looks > 0 {
            out.line("")?;
        }
        let text = match self.looks {
            0 => "The camera did not look: hsvctl mode says whether it may.".to_owned(),
            looks => format!(
                "{}, {} of them motion; the highest score was {:.4}.",
                count(looks, "look"),
                self.above,
                self.highest
            ),
        };
        Ok(out.words(Style::Plain, &text)?)
    }
}

/// The threshold in the middle, twice of it and more at the end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "columns of a bar, bounded first"
)]
fn bar(score: f64, threshold: f64) -> String {
    let share = if threshold > 0.0 { (score / threshold / 2.0).clamp(0.0, 1.0) } else { 1.0 };
    let filled = (share * BAR as f64).round() as usize;
    let cells = (0..BAR).map(|cell| match (cell == BAR / 2, cell < filled) {
        (true, _) => '|',
        (false, true) => '#',
        (false, false) => '.',
    });
    format!("[{}]", cells.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_passes_its_mark_where_motion_begins() {
        let filled = |score, threshold| bar(score, threshold).matches('#').count();
        assert_eq!(filled(0.0, 0.01), 0);
        assert_eq!(filled(0.005, 0.01), 10);
        assert_eq!(filled(0.01, 0.01), 20);
        assert_eq!(filled(0.02, 0.01), 39, "all but the mark");
        assert_eq!(filled(1.0, 0.01), 39);
        assert_eq!(filled(0.0, 0.0), 39, "everything is above nothing");
        assert_eq!(bar(0.3, 0.4).len(), BAR + 2);
    }
}
