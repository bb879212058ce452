// SPDX-License-Identifier: MIT OR Apache-2.0
//! Encodes: each a thread that takes pictures from its tap, fits them and encodes them while
//! somebody wants it and the gate permits it. What for, its [`Purpose`] knows: one loop serves
//! recordings and live view, so that neither can forget what the other checks.

pub(crate) mod effort;
mod idr;
mod live;
pub(crate) mod record;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frame::{EncodedFrame, RawFrame, Size};

use crate::backoff::Backoff;
use crate::bus::{Leave, Received, Tap, TapOptions};
use crate::encoder::{Coding, EncodeError, EncoderSettings, IdrCadence, VideoEncoder};
use crate::pool::Pool;
use crate::scale::{Scaler, fit};
use crate::shrink::{DeviceScaler, Patience};
use crate::video::Shared;

use effort::Effort;
pub(crate) use live::LiveSet;

/// What to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Order {
    /// With the wanted pictures a second, which may be more than the source has.
    settings: EncoderSettings,
    /// So many of those pictures are encoded.
    coded_fps: u32,
    /// No IDR comes later than this after the last.
    idr_interval: Duration,
}

impl Order {
    /// This with what a running encode takes of `other`.
    fn paced_as(self, other: Self) -> Self {
        let bitrate_bps = other.settings.bitrate_bps;
        let settings = EncoderSettings { bitrate_bps, ..self.settings };
        Self { settings, coded_fps: other.coded_fps, ..self }
    }

    /// Pictures a second of a source that has `source_fps`.
    fn pace(self, source_fps: u32) -> Pace {
        let fps = self.coded_fps.min(self.settings.fps).max(1);
        Pace {
            interval: (fps < source_fps).then(|| frame_time(fps)),
            frame_time: frame_time(fps.min(source_fps)),
        }
    }
}

/// How pictures follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    /// The grid on which they are taken; `None` takes every one.
    interval: Option<Duration>,
    /// How long each lasts.
    frame_time: Duration,
}

/// What an encode is for: who wants it and where its pictures go.
trait Purpose {
    /// What permits it.
    type Leave: Leave + Clone;

    /// What to do when nothing runs.
    fn next(&self) -> Next<Self::Leave>;

    /// What is wanted at this moment.
    fn order(&self) -> Option<Order>;

    /// Whether an IDR was asked for since the last call.
    fn take_idr_wish(&self) -> bool;

    /// How its pictures wait for it.
    fn tap(&self, interval: Option<Duration>) -> TapOptions;

    /// Pictures were lost because the encoder was late.
    fn lost(&self, pictures: u64);

    /// A picture is encoded.
    fn encoded(&self, frame: EncodedFrame);

    /// The encoder stopped, for the first time in a row.
    fn failed(&self, reason: EncodeError);
}

enum Next<L> {
    /// Encode this while permitted.
    Run(Order, L),
    /// Wait for a change.
    Rest,
    /// End the thread.
    End,
}

fn run<P: Purpose>(shared: &Shared, purpose: &P) {
    let mut backoff = Backoff::default();
    loop {
        let seen = shared.signal.seen();
        if shared.is_stopped() {
            return;
        }
        let (order, leave) = match purpose.next() {
            Next::Run(order, leave) => (order, leave),
            Next::Rest => {
                shared.signal.wait(seen);
                continue;
            }
            Next::End => return,
        };
        let Err(reason) = encode_until_changed(shared, purpose, order, &leave, &mut backoff) else {
            continue;
        };
        if !backoff.has_failed() {
            let error = &reason as &dyn std::error::Error;
            tracing::error!(error, ?order, "encoder failed");
            purpose.failed(reason);
        }
        pause(shared, purpose, order, &leave, &mut backoff);
    }
}

/// Waits before the next try. A change ends the wait, and with it the row of failures.
fn pause<P: Purpose>(
    shared: &Shared,
    purpose: &P,
    order: Order,
    leave: &P::Leave,
    backoff: &mut Backoff,
) {
    let end = Instant::now() + backoff.next();
    loop {
        let seen = shared.signal.seen();
        if shared.is_stopped() || !leave.is_valid() {
            return;
        }
        if purpose.order() != Some(order) {
            backoff.reset();
            return;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        shared.signal.wait_for(seen, left);
    }
}

/// Encodes until something else is wanted or nothing is permitted.
fn encode_until_changed<P: Purpose>(
    shared: &Shared,
    purpose: &P,
    mut order: Order,
    leave: &P::Leave,
    backoff: &mut Backoff,
) -> Result<(), EncodeError> {
    let source_fps = shared.config.fps;
    let mut pace = order.pace(source_fps);
    let fps = order.settings.fps.clamp(1, source_fps);
    let mut encoder = shared.config.encoder.open(&EncoderSettings { fps, ..order.settings })?;
    // After the encoder, so that it ends first: an encoder that hangs in its end holds no pictures.
    let mut tap = shared.bus.tap(leave.clone(), purpose.tap(pace.interval));
    tracing::info!(?order, "encoder started");
    let mut cadence = IdrCadence::new(order.idr_interval, pace.frame_time);
    let (threads, blocks) = (order.settings.threads, effort::macroblocks(order.settings.size));
    let mut fitter = Fitter::new(order.settings.size, shared);
    let (mut dropped, mut owes_idr) = (0, false);
    while !shared.is_stopped() && follow(purpose, &mut order, encoder.as_mut()) {
        if order.pace(source_fps) != pace {
            pace = order.pace(source_fps);
            cadence.set_frame_time(pace.frame_time);
            (tap, dropped) = (shared.bus.tap(leave.clone(), purpose.tap(pace.interval)), 0);
        }
        let frame = match tap.recv(LOOK_AROUND) {
            Received::Frame(frame) => frame,
            Received::Nothing => continue,
            Received::Ended => break,
        };
        let effort = Effort::begin();
        let frame = fitter.fit(frame);
        owes_idr |= purpose.take_idr_wish();
        let coding = if owes_idr { Coding::Idr } else { cadence.next(frame.pts) };
        let encoded = encoder.encode(&frame, coding)?;
        drop(frame);
        let copied = fitter.take_scaled_bytes() + encoder.take_copied_bytes();
        shared.counters.copied_bytes.add(copied);
        shared.counters.add_effort(effort.spent(threads), blocks);
        count_lost(purpose, &tap, &mut dropped);
        let Some(encoded) = encoded else { continue };
        if !leave.is_valid() {
            break;
        }
        if encoded.is_idr {
            cadence.started(encoded.pts);
            owes_idr = false;
        }
        backoff.reset();
        purpose.encoded(encoded);
    }
    Ok(())
}

/// Applies another bit rate to the running encoder and takes another number of pictures; `false`
/// when a new encoder is needed, or none.
fn follow<P: Purpose>(purpose: &P, order: &mut Order, encoder: &mut dyn VideoEncoder) -> bool {
    let Some(wanted) = purpose.order() else { return false };
    let bitrate_bps = wanted.settings.bitrate_bps;
    if order.paced_as(wanted) != wanted {
        return false;
    }
    if bitrate_bps != order.settings.bitrate_bps
        && let Err(error) = encoder.set_bitrate(bitrate_bps)
    {
        tracing::debug!(%error, bitrate_bps, "bit rate not taken, a new encoder tries");
        return false;
    }
    *order = wanted;
    true
}

fn count_lost<P: Purpose>(purpose: &P, tap: &Tap, counted: &mut u64) {
    let dropped = tap.dropped();
    if dropped > *counted {
        purpose.lost(dropped - *counted);
        *counted = dropped;
    }
}

fn frame_time(fps: u32) -> Duration {
    Duration::from_secs(1) / fps.max(1)
}

/// Brings pictures to the encode's size.
struct Fitter {
    pool: Pool,
    device: DeviceScaler,
    scaler: Scaler,
    scaled_bytes: u64,
}

impl Fitter {
    fn new(size: Size, shared: &Shared) -> Self {
        let (scalers, copied) = (Arc::clone(&shared.scalers), &shared.counters.copied_bytes);
        let device = DeviceScaler::counting(scalers, copied);
        Self { pool: Pool::new(size, 1), device, scaler: Scaler::default(), scaled_bytes: 0 }
    }

    /// Bytes written since the last call.
    fn take_scaled_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.scaled_bytes)
    }

    fn fit(&mut self, mut frame: RawFrame) -> RawFrame {
        let to = self.pool.size();
        let inner = fit(frame.picture.size(), to);
        if let Some(scaled) = self.device.scale(&frame.picture, inner, Patience::Full) {
            frame.picture = scaled;
        }
        if frame.picture.size() == to {
            return frame;
        }
        let fitted: Result<_, Infallible> = self.pool.paint(|picture, ()| {
            self.scaler.letterbox(&frame.picture, picture);
            self.scaled_bytes += u64::try_from(picture.bytes().len()).unwrap_or(u64::MAX);
            Ok(())
        });
        let Ok(picture) = fitted;
        let picture = picture.unwrap_or_else(|| Arc::clone(&frame.picture));
        RawFrame { picture, ..frame }
    }
}

/// A look at the order at least so often, even without pictures.
const LOOK_AROUND: Duration = Duration::from_millis(250);
