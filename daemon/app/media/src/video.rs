// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's picture: one handle over the threads "capture", "record", "live-N" and "snapshot".

mod config;
mod event;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;

use frame::{Coded, Size};
use privacy::{GateWatch, Kind, Permit};

pub use config::{EncodeId, LiveEncode, MAX_FPS, RecordSettings, VideoConfig, VideoConfigError};
pub(crate) use event::Counter;
pub use event::{VideoEvent, VideoStats};

use crate::bus::{FrameBus, Tap, TapOptions};
use crate::clock::Signal;
use crate::encode::{LiveSet, record};
use crate::shrink::Scalers;
use crate::snapshot::{Job, Jobs, SnapshotError};
use crate::{capture, snapshot};
use event::Counters;

/// The threads. Dropping it stops them, closes the source and waits for their end.
pub struct Video {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    live: Mutex<LiveSet>,
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
        config.check()?;
        let scalers = Arc::new(Scalers::new(config.scaler.clone()));
        let shared = Arc::new(Shared {
            scalers,
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
        openh264enc::return_large_blocks();
        let spawn = |name: &str, run: fn(&Shared)| {
            let shared = Arc::clone(&shared);
            start_thread(name.to_owned(), move || run(&shared))
        };
        let threads = vec![
            spawn("capture", capture::run),
            spawn("record", record::run),
            spawn("snapshot", snapshot::run),
        ];
        Ok(Self { shared, threads, live: Mutex::default() })
    }

    /// Tells that the gate changed. When this returns, taps whose permit was taken back hold
    /// nothing; the source closes within 100 ms.
    pub fn wake(&self) {
        self.shared.wake();
    }

    /// [`Video::wake`] for another thread.
    pub fn waker(&self) -> Waker {
        Waker(Arc::downgrade(&self.shared))
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

    /// What to encode for live view: exactly `encodes`, each while one of its permits is valid.
    /// One that was among them before goes on undisturbed; another bit rate alone is applied
    /// within a picture, anything else means a new encoder. A permit that is new to an encode, a
    /// viewer who joins, makes its next picture an IDR. Of equal ids the first counts. Pictures
    /// of an encode that is gone may still come for the time of one picture.
    ///
    /// # Panics
    /// When the system cannot start a thread.
    pub fn live(&self, encodes: Vec<LiveEncode>) {
        lock(&self.live).replace(encodes, &self.shared);
        self.wake();
    }

    /// Codes the next picture of `encode` as an IDR. Asked for again within 100 ms it counts once;
    /// for an encode that does not run it does nothing.
    pub fn request_live_idr(&self, encode: EncodeId) {
        lock(&self.live).request_idr(encode);
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
        self.shared.counters.read()
    }
}

/// Tells the threads that the gate changed, as long as there are any.
#[derive(Clone)]
pub struct Waker(Weak<Shared>);

impl Waker {
    /// As [`Video::wake`].
    pub fn wake(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.wake();
        }
    }
}

impl Drop for Video {
    fn drop(&mut self) {
        self.shared.is_stopped.store(true, Ordering::Release);
        self.shared.bus.close();
        self.shared.signal.raise();
        let live = self.live.get_mut().unwrap_or_else(PoisonError::into_inner).take_threads();
        self.threads.drain(..).chain(live).for_each(end_thread);
    }
}

/// Gets the answer to [`Video::snapshot`].
pub type SnapshotReply = Box<dyn FnOnce(Result<Coded, SnapshotError>) + Send>;

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
    pub scalers: Arc<Scalers>,
}

impl Shared {
    fn wake(&self) {
        self.bus.sweep();
        self.signal.raise();
    }

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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// # Panics
/// When the system cannot.
pub(crate) fn start_thread(name: String, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = std::thread::Builder::new().name(name).stack_size(STACK_BYTES);
    thread.spawn(run).expect("the system can start a thread")
}

/// Waits for the end of `thread`.
pub(crate) fn end_thread(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a video thread panicked");
    }
}

/// Encoder and JPEG work are shallow; the default of 2 MiB is only address space, but so much is
/// not needed.
const STACK_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoder::EncoderChoice;
    use crate::source::VideoSource;

    #[test]
    fn a_bad_configuration_is_refused() {
        let config = |width, height, fps| VideoConfig {
            source: VideoSource::TestPattern(crate::pattern::Scene::Still),
            size: Size::new(width, height),
            fps,
            encoder: EncoderChoice::Auto,
            scaler: crate::ScalerChoice::Software,
            snapshot_quality: 80,
            look: v4l2::Look::default(),
        };
        for config in [config(641, 360, 30), config(640, 8, 30), config(640, 360, 0)] {
            let gate = privacy::Gate::closed();
            let refused = Video::spawn(config.clone(), gate.watch(), Box::new(|_| {}));
            assert!(refused.is_err(), "{config:?}");
        }
    }
}
