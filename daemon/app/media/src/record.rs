// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "record": encodes for the prebuffer while a configuration is selected and the gate
//! permits one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use frame::RawFrame;
use privacy::{Permit, Prebuffer};

use crate::bus::{Received, Tap, TapOptions};
use crate::encoder::{Coding, EncodeError, EncoderSettings, IdrCadence};
use crate::pool::Pool;
use crate::scale::Scaler;
use crate::video::{Backoff, RecordSettings, Shared, VideoEvent};

pub(crate) fn run(shared: &Shared) {
    let mut backoff = Backoff::default();
    loop {
        let seen = shared.signal.seen();
        if shared.is_stopped() {
            return;
        }
        let (Some(settings), Ok(permit)) = (shared.recording(), shared.gate.permit::<Prebuffer>())
        else {
            shared.signal.wait(seen);
            continue;
        };
        match encode_until_changed(shared, &settings, permit, &mut backoff) {
            Ok(Ending::Stopped) => return,
            Ok(Ending::Changed) => {}
            Err(reason) => {
                if !backoff.has_failed() {
                    let error = &reason as &dyn std::error::Error;
                    tracing::error!(error, ?settings, "recording encoder failed");
                    shared.tell(VideoEvent::EncoderFailed { reason });
                }
                shared.signal.wait_for(shared.signal.seen(), backoff.next());
            }
        }
    }
}

enum Ending {
    /// Other settings, or no permit.
    Changed,
    /// The threads are to end.
    Stopped,
}

fn encode_until_changed(
    shared: &Shared,
    settings: &RecordSettings,
    permit: Permit<Prebuffer>,
    backoff: &mut Backoff,
) -> Result<Ending, EncodeError> {
    let interval = (settings.fps < shared.config.fps).then(|| frame_time(settings.fps));
    let tap = shared.bus.tap(permit.clone(), TapOptions::encoder(interval));
    let fps = settings.fps.min(shared.config.fps).max(1);
    let mut encoder = shared.config.encoder.open(&EncoderSettings {
        size: settings.size,
        fps,
        profile: settings.profile,
        level: settings.level,
        bitrate_bps: settings.bitrate_bps,
    })?;
    tracing::info!(?settings, "recording encoder started");
    let mut cadence = IdrCadence::new(settings.idr_interval, frame_time(fps));
    let mut fitter = Fitter { pool: Pool::new(settings.size, 1), scaler: Scaler::default() };
    let mut dropped = 0;
    loop {
        if shared.is_stopped() {
            return Ok(Ending::Stopped);
        }
        if shared.recording().as_ref() != Some(settings) {
            return Ok(Ending::Changed);
        }
        let frame = match tap.recv(LOOK_AROUND) {
            Received::Frame(frame) => fitter.fit(frame),
            Received::Nothing => continue,
            Received::Ended => return Ok(Ending::Changed),
        };
        let wish = if shared.take_idr_wish() { Coding::Idr } else { cadence.next(frame.pts) };
        let encoded = encoder.encode(&frame, wish)?;
        drop(frame);
        count_dropped(shared, &tap, &mut dropped);
        let Some(encoded) = encoded else { continue };
        if !permit.is_valid() {
            return Ok(Ending::Changed);
        }
        if encoded.is_idr {
            cadence.started(encoded.pts);
        }
        backoff.reset();
        shared.counters.encoded.fetch_add(1, Ordering::Relaxed);
        shared.tell(VideoEvent::Encoded(encoded));
    }
}

fn count_dropped(shared: &Shared, tap: &Tap, dropped: &mut u64) {
    let now = tap.dropped();
    shared.counters.record_dropped.fetch_add(now - *dropped, Ordering::Relaxed);
    *dropped = now;
}

fn frame_time(fps: u32) -> Duration {
    Duration::from_secs(1) / fps.max(1)
}

/// Brings pictures to the recording's size.
struct Fitter {
    pool: Pool,
    scaler: Scaler,
}

impl Fitter {
    fn fit(&mut self, frame: RawFrame) -> RawFrame {
        if frame.picture.size() == self.pool.size() {
            return frame;
        }
        let fitted: Result<_, std::convert::Infallible> = self.pool.paint(|picture, ()| {
            self.scaler.letterbox(&frame.picture, picture);
            Ok(())
        });
        let Ok(picture) = fitted;
        let picture = picture.unwrap_or_else(|| Arc::clone(&frame.picture));
        RawFrame { picture, ..frame }
    }
}

/// A look at the settings at least so often, even without pictures.
const LOOK_AROUND: Duration = Duration::from_millis(250);
