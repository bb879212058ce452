// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logs to standard error; below systemd with the journal's level prefix.

mod ring;

use std::{env, fmt, io};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

pub use ring::Ring;

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
    if env::var_os("JOURNAL_STREAM").is_some() {
        let plain = tracing_subscriber::fmt::format().without_time().with_ansi(false);
        registry.with(layer.with_ansi(false).event_format(Journal(plain))).init();
    } else {
        registry.with(layer.with_ansi(rustix::termios::isatty(io::stderr()))).init();
    }
    if is_refused {
        tracing::warn!(wanted, "RUST_LOG is not understood; logging as usual");
    }
    ring
}

/// Puts `<priority>` before each line. Spec: sd-daemon(3)
struct Journal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Journal
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
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            _ => 7,
        };
        write!(out, "<{priority}>")?;
        self.0.format_event(context, out, event)
    }
}
