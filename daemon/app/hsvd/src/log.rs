// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logs to standard error; where that is systemd's journal, to the journal itself, with every field,
//! or with the journal's level prefix where it cannot be reached.

mod journal;
mod ring;

use std::{env, fmt, io};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use journal::Journal;
pub use ring::{CUT, Ring};

/// Begins logging, and keeps the last lines. `RUST_LOG` chooses (`debug`, `hap=trace,hsvd=debug`); the default is `info`.
pub fn start() -> Ring {
    let wanted = env::var("RUST_LOG").unwrap_or_default();
    let usual = || Targets::new().with_default(Level::INFO);
    let chosen = wanted.parse();
    let is_refused = !wanted.is_empty() && chosen.is_err();
    let filter = chosen.ok().filter(|_| !wanted.is_empty()).unwrap_or_else(usual);
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let ring = Ring::default();
    let registry = tracing_subscriber::registry().with(filter).with(ring.clone());
    match (is_journals(), Journal::open(journal::SOCKET.as_ref())) {
        (true, Ok(journal)) => registry.with(journal).init(),
        (true, Err(_)) => {
            let plain = tracing_subscriber::fmt::format().without_time().with_ansi(false);
            registry.with(layer.with_ansi(false).event_format(Prefixed(plain))).init();
        }
        (false, _) => registry.with(layer.with_ansi(rustix::termios::isatty(io::stderr()))).init(),
    }
    if is_refused {
        tracing::warn!(wanted, "RUST_LOG is not understood; logging as usual");
    }
    ring
}

/// Standard error leads to the journal. Spec: `JOURNAL_STREAM`, systemd.exec(5)
fn is_journals() -> bool {
    let Some(stream) = env::var_os("JOURNAL_STREAM") else { return false };
    let ours = rustix::fs::fstat(io::stderr());
    ours.is_ok_and(|ours| stream.to_str() == Some(&format!("{}:{}", ours.st_dev, ours.st_ino)))
}

/// Puts `<priority>` before each line. Spec: sd-daemon(3)
struct Prefixed(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Prefixed
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut out: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = journal::priority(*event.metadata().level());
        write!(out, "<{priority}>")?;
        self.0.format_event(context, out, event)
    }
}
