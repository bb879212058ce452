// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "capture": keeps the source open while it is permitted, and puts its pictures on
//! the bus.

use std::sync::Arc;

use privacy::{Capture, Permit};

use crate::backoff::Backoff;
use crate::shrink::Shrinker;
use crate::source::{self, SourceError};
use crate::video::{Shared, VideoEvent};

pub(crate) fn run(shared: &Shared) {
    let mut backoff = Backoff::default();
    let mut shrinker = Shrinker::new(Arc::clone(&shared.scalers), Arc::clone(&shared.signal.alarm));
    let mut camera = None;
    loop {
        let seen = shared.signal.seen();
        if shared.is_stopped() {
            return;
        }
        let Ok(permit) = shared.gate.permit::<Capture>() else {
            shared.signal.wait(seen);
            continue;
        };
        if let Err(reason) = capture(shared, &permit, &mut backoff, &mut shrinker, &mut camera) {
            if !backoff.has_failed() {
                tracing::debug!(error = &reason as &dyn std::error::Error, "picture source lost");
                shared.tell(VideoEvent::SourceLost { reason });
            }
            pause(shared, &permit, &mut backoff);
        }
    }
}

/// Captures until the permit is taken back or the threads are to stop.
fn capture(
    shared: &Shared,
    permit: &Permit<Capture>,
    backoff: &mut Backoff,
    shrinker: &mut Shrinker,
    camera: &mut Option<v4l2::Place>,
) -> Result<(), SourceError> {
    let copied = &shared.counters.copied_bytes;
    let before = (shared.counters.captured.read(), copied.read());
    let scaled_before = shared.scalers.scaled.read();
    shared.scalers.renew();
    let may = || permit.is_valid() && !shared.is_stopped();
    let opened = source::open(&shared.config, copied, camera, &may);
    if !may() {
        return Ok(());
    }
    let mut source = opened?;
    tracing::info!(source = ?shared.config.source, "capture started");
    shared.tell(VideoEvent::CaptureStarted);
    let result = deliver(shared, permit, backoff, shrinker, source.as_mut());
    drop(source); // before anything that a scaler might delay
    shrinker.rest();
    shared.bus.sweep();
    let captured = shared.counters.captured.read() - before.0;
    let copied_bytes_per_picture = (copied.read() - before.1) / captured.max(1);
    let scaled = shared.scalers.scaled.read() - scaled_before;
    tracing::info!(captured, copied_bytes_per_picture, scaled, "capture stopped");
    shared.tell(VideoEvent::CaptureStopped);
    result
}

fn deliver(
    shared: &Shared,
    permit: &Permit<Capture>,
    backoff: &mut Backoff,
    shrinker: &mut Shrinker,
    source: &mut dyn source::FrameSource,
) -> Result<(), SourceError> {
    let mut expected = None;
    loop {
        shared.signal.alarm.quiet(); // before the look at what it rings for
        if !permit.is_valid() || shared.is_stopped() {
            return Ok(());
        }
        let Some(frame) = source.next(&shared.signal)? else { continue };
        if backoff.has_failed() {
            backoff.reset();
            shared.tell(VideoEvent::SourceBack);
        }
        let missed = frame.number.saturating_sub(expected.unwrap_or(frame.number));
        expected = Some(frame.number + 1);
        shared.counters.missed.add(missed);
        shared.counters.captured.add(1);
        shared.bus.publish(&frame, permit, shrinker);
    }
}

/// Waits before the next try; a permit that ends ends the wait.
fn pause(shared: &Shared, permit: &Permit<Capture>, backoff: &mut Backoff) {
    let end = std::time::Instant::now() + backoff.next();
    loop {
        let seen = shared.signal.seen();
        let left = end.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() || shared.is_stopped() || !permit.is_valid() {
            return;
        }
        shared.signal.wait_for(seen, left);
    }
}
