// SPDX-License-Identifier: MIT OR Apache-2.0
//! What takes longer than a second says that it goes on, on standard error and on a terminal alone.

use std::future::Future;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Faster than this needs no bar.
const SOON: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);

/// Waits for `work`; from the first second on a sign of life beside `text` shows.
pub async fn waiting<F: Future>(text: &str, work: F) -> F::Output {
    tokio::pin!(work);
    if let Ok(done) = tokio::time::timeout(SOON, &mut work).await {
        return done;
    }
    let bar = ProgressBar::new_spinner().with_message(text.to_owned());
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.enable_steady_tick(TICK);
    let done = work.await;
    bar.finish_and_clear();
    done
}

/// How far `size` bytes are; shown once it is clear that they take a while.
pub struct Bar {
    bar: ProgressBar,
    since: Instant,
}

impl Bar {
    /// At the first byte.
    pub fn of(size: u64) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}")
            .expect("the template is right");
        let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::hidden());
        Self { bar: bar.with_style(style), since: Instant::now() }
    }

    /// At this byte.
    pub fn at(&self, position: u64) {
        if self.bar.is_hidden() && self.since.elapsed() >= SOON {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(position);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// How many percent are done of what takes long, and a sentence about it.
pub struct Percent(ProgressBar);

impl Percent {
    /// At nothing.
    pub fn begun() -> Self {
        let style = ProgressStyle::with_template("{bar:40} {pos:>3} % {wide_msg}")
            .expect("the template is right");
        let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::stderr());
        Self(bar.with_style(style))
    }

    /// At so many.
    pub fn at(&self, percent: u32, text: &str) {
        self.0.set_message(text.to_owned());
        self.0.set_position(percent.into());
    }
}

impl Drop for Percent {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
