// SPDX-License-Identifier: MIT OR Apache-2.0
//! The last lines of the log, kept in memory for the diagnostics.

use std::collections::VecDeque;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Lines that are kept.
const LINES: usize = 500;
/// Bytes of a line; a longer one is cut there, and ends with [`CUT`].
const LINE_BYTES: usize = 400;
/// At the end of a line that was cut, perhaps in the middle of a secret.
pub const CUT: char = '…';

/// The lines; all clones share them.
#[derive(Debug, Clone, Default)]
pub struct Ring(Arc<Mutex<VecDeque<String>>>);

impl Ring {
    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for Ring {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let metadata = event.metadata();
        let mut line = Line(format!(
            "{}.{:03} {} {}:",
            since.as_secs(),
            since.subsec_millis(),
            metadata.level(),
            metadata.target()
        ));
        event.record(&mut line);
        self.push(line.0);
    }
}

struct Line(String);

impl Line {
    fn add(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        if self.0.ends_with(CUT) && self.0.len() > LINE_BYTES {
            return;
        }
        let was = self.0.len();
        let written = match name {
            "message" => write!(self.0, " {value}"),
            _ => write!(self.0, " {name}={value}"),
        };
        if written.is_err() {
            self.0.truncate(was);
        }
        if self.0.len() > LINE_BYTES {
            let mut end = LINE_BYTES;
            while !self.0.is_char_boundary(end) {
                end -= 1;
            }
            self.0.truncate(end);
            self.0.push(CUT);
        }
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field.name(), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use tracing::info;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_none_is_long() {
        let ring = Ring::default();
        let registry = tracing_subscriber::registry().with(ring.clone());
        tracing::subscriber::with_default(registry, || {
            for number in 0..LINES + 20 {
                info!(number, name = "é", "a line");
            }
            info!("{}", "é".repeat(3000));
        });
        let lines = ring.lines();
        assert_eq!(lines.len(), LINES);
        assert!(lines[0].ends_with("a line number=21 name=\"é\""), "{}", lines[0]);
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES + CUT.len_utf8()));
        assert!(lines[LINES - 1].ends_with("éé…"), "{}", lines[LINES - 1]);
        assert!(!lines[0].contains(CUT));
    }
}
