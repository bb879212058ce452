// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's picture: one handle over the threads "capture", "record" and "snapshot".

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use frame::{EncodedFrame, Size};
use privacy::{GateWatch, Kind, Permit};

use crate::bus::{FrameBus, Tap, TapOptions};
use crate::clock::Signal;
use crate::encoder::{EncodeError, EncoderChoice, Level, Profile};
use crate::snapshot::{Job, Jobs, SnapshotError};
use crate::source::{SourceError, VideoSource};
use crate::{capture, record, snapshot};

/// What the configuration file says about video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoConfig {
    /// Where pictures come from.
    pub source: VideoSource,
    /// Their size; a source of another size is scaled, aspect kept.
    pub size: Size,
    /// Pictures a second, 1 to [`MAX_FPS`]; a device may deliver fewer.
    pub fps: u32,
    /// Which encoder to use.
    pub encoder: EncoderChoice,
    /// Of the JPEG pictures of [`Video::snapshot`], 1 to 100.
    pub snapshot_quality: u8,
}

/// More pictures a second than any source of ours has.
pub const MAX_FPS: u32 = 120;

/// The configuration cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VideoConfigError {
    /// Sides must be even, from 16 to 3840.
    #[error("picture size must be even and between 16 and 3840 pixels a side")]
    Size(Size),
    /// See [`MAX_FPS`].
    #[error("pictures a second must be between 1 and {MAX_FPS}")]
    Fps(u32),
}

/// What a hub selected for recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSettings {
    /// Size of the encoded picture.
    pub size: Size,
    /// Pictures a second; more than the source has means all.
    pub fps: u32,
    /// H.264 profile.
    pub profile: Profile,
    /// H.264 level.
    pub level: Level,
    /// Bits a second.
    pub bitrate_bps: u32,
    /// No IDR comes later than this after the last: the selected fragment length.
    pub idr_interval: Duration,
}

/// What the video threads tell. The callback runs on those threads and must not wait.
#[derive(Debug)]
pub enum VideoEvent {
    /// The source is open and running.
    CaptureStarted,
    /// The source is closed.
    CaptureStopped,
    /// The source gives no pictures. It is tried again after 1 to 10 s.
    SourceLost {
        /// Why.
        reason: SourceError,
    },
    /// The first picture after a loss.
    SourceBack,
    /// A picture for recordings. The first one after a start is an IDR; a `config` that differs
    /// from the one before means a new encoder.
    Encoded(EncodedFrame),
    /// The recording encoder stopped. It is tried again after 1 to 10 s.
    EncoderFailed {
        /// Why.
        reason: EncodeError,
    },
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VideoStats {
    /// Pictures from the source.
    pub captured: u64,
    /// Pictures the source skipped, or for which there was no memory because readers were late.
    pub missed: u64,
    /// Pictures encoded for recordings.
    pub encoded: u64,
    /// Pictures lost because the recording encoder was late.
    pub record_dropped: u64,
    /// JPEG pictures made; answers from the cache are not counted.
    pub snapshots: u64,
}

/// The threads. Dropping it stops them, closes the source and waits for their end.
pub struct Video {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Video {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Video").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl Video {
    /// Starts the threads. Nothing is captured before `gate` allows it and [`Video::wake`] is
    /// called, or allows it already.
    ///
    /// # Errors
    /// [`VideoConfigError`].
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn spawn(
        config: VideoConfig,
        gate: GateWatch,
        events: Box<dyn Fn(VideoEvent) + Send + Sync>,
    ) -> Result<Self, VideoConfigError> {
        let side = |side: u16| side.is_multiple_of(2) && (16..=3840).contains(&side);
        if !side(config.size.width) || !side(config.size.height) {
            return Err(VideoConfigError::Size(config.size));
        }
        if !(1..=MAX_FPS).contains(&config.fps) {
            return Err(VideoConfigError::Fps(config.fps));
        }
        let shared = Arc::new(Shared {
            config,
            gate,
            events,
            bus: FrameBus::default(),
            signal: Signal::default(),
            is_stopped: AtomicBool::new(false),
            recording: Mutex::default(),
            wants_idr: AtomicBool::new(false),
            jobs: Jobs::default(),
            counters: Counters::default(),
        });
        let spawn = |name: &str, run: fn(&Shared)| {
            let shared = Arc::clone(&shared);
            let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
            thread.spawn(move || run(&shared)).expect("the system can start a thread")
        };
        let threads = vec![
            spawn("capture", capture::run),
            spawn("record", record::run),
            spawn("snapshot", snapshot::run),
        ];
        Ok(Self { shared, threads })
    }

    /// Tells that the gate changed. When this returns, taps whose permit was taken back hold
    /// nothing; the source closes within 100 ms.
    pub fn wake(&self) {
        self.shared.bus.sweep();
        self.shared.signal.raise();
    }

    /// What to encode for recordings; it runs while `Some` and while the gate permits a prebuffer.
    pub fn record(&self, settings: Option<RecordSettings>) {
        *lock(&self.shared.recording) = settings;
        self.shared.signal.raise();
    }

    /// Codes the next picture for recordings as an IDR.
    pub fn request_idr(&self) {
        self.shared.wants_idr.store(true, Ordering::Relaxed);
    }

    /// Asks for a JPEG of the newest picture that fits in `size`, aspect kept and never enlarged.
    /// Answers are kept for a second. `reply` runs on the snapshot thread, or here and now when
    /// too many wait.
    pub fn snapshot(&self, size: Size, reply: SnapshotReply) {
        if let Some(reply) = self.shared.jobs.push(Job { size, reply }) {
            reply(Err(SnapshotError::Busy));
        }
        self.shared.signal.raise();
    }

    /// Pictures for another reader, such as motion detection; it ends with `permit`.
    pub fn tap<P: Kind + Send + Sync + 'static>(
        &self,
        permit: Permit<P>,
        options: TapOptions,
    ) -> Tap {
        self.shared.bus.tap(permit, options)
    }

    /// The counters.
    pub fn stats(&self) -> VideoStats {
        let counters = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        VideoStats {
            captured: read(&counters.captured),
            missed: read(&counters.missed),
            encoded: read(&counters.encoded),
            record_dropped: read(&counters.record_dropped),
            snapshots: read(&counters.snapshots),
        }
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        self.shared.bus.close();
        self.shared.signal.raise();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a video thread panicked");
            }
        }
    }
}

/// Gets the answer to [`Video::snapshot`].
pub type SnapshotReply = Box<dyn FnOnce(Result<Arc<[u8]>, SnapshotError>) + Send>;

/// What the threads share.
pub(crate) struct Shared {
    pub config: VideoConfig,
    pub gate: GateWatch,
    pub events: Box<dyn Fn(VideoEvent) + Send + Sync>,
    pub bus: FrameBus,
    /// Raised when the gate, the wanted recording, the snapshot jobs or `is_stopped` changed.
    pub signal: Signal,
    is_stopped: AtomicBool,
    recording: Mutex<Option<RecordSettings>>,
    wants_idr: AtomicBool,
    pub jobs: Jobs,
    pub counters: Counters,
}

impl Shared {
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
    }

    pub(crate) fn recording(&self) -> Option<RecordSettings> {
        lock(&self.recording).clone()
    }

    /// Whether an IDR was asked for since the last call.
    pub(crate) fn take_idr_wish(&self) -> bool {
        self.wants_idr.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn tell(&self, event: VideoEvent) {
        (self.events)(event);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub captured: AtomicU64,
    pub missed: AtomicU64,
    pub encoded: AtomicU64,
    pub record_dropped: AtomicU64,
    pub snapshots: AtomicU64,
}

/// Pauses between tries of something that fails: 1 s, doubled up to 10 s.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) fn next(&mut self) -> Duration {
        self.failures += 1;
        Duration::from_secs(1 << (self.failures - 1).min(4)).min(Duration::from_secs(10))
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Encoder and JPEG work are shallow; the default of 2 MiB is only address space, but so much is
/// not needed.
const STACK_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_ten_seconds() {
        let mut backoff = Backoff::default();
        let pauses: Vec<u64> = (0..7).map(|_| backoff.next().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10, 10]);
        backoff.reset();
        assert_eq!(backoff.next().as_secs(), 1);
    }

    #[test]
    fn a_bad_configuration_is_refused() {
        let config = |width, height, fps| VideoConfig {
            source: VideoSource::TestPattern(crate::pattern::Scene::Still),
            size: Size::new(width, height),
            fps,
            encoder: EncoderChoice::Auto,
            snapshot_quality: 80,
        };
        for config in [config(641, 360, 30), config(640, 8, 30), config(640, 360, 0)] {
            let gate = privacy::Gate::closed();
            let refused = Video::spawn(config.clone(), gate.watch(), Box::new(|_| {}));
            assert!(refused.is_err(), "{config:?}");
        }
    }
}
