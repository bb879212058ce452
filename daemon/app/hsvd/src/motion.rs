// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "motion": looks at the newest picture about five times a second and tells when
//! movement begins and ends.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use camera::motion::{MotionChange, MotionConfig, MotionDetector};
use media::{Received, Tap};

/// How long the thread waits for a picture before it looks whether a motion has ended.
const TICK: Duration = Duration::from_millis(250);

/// The detector and its thread, which ends when this is dropped and the last tap has ended.
pub struct MotionWatch {
    detector: Arc<Mutex<MotionDetector>>,
    taps: Sender<Tap>,
}

impl MotionWatch {
    /// Starts the thread; `tell` gets every change that the thread sees and must not wait.
    pub fn spawn(config: MotionConfig, tell: impl Fn(MotionChange) + Send + 'static) -> Self {
        let detector = Arc::new(Mutex::new(MotionDetector::new(config)));
        let (taps, inbox) = channel();
        let shared = Arc::clone(&detector);
        thread::Builder::new()
            .name("motion".to_owned())
            .spawn(move || run(&shared, &inbox, &tell))
            .expect("the system can start a thread");
        Self { detector, taps }
    }

    /// Looks at the pictures of `tap` from now on, until its permit is taken back.
    pub fn watch(&self, tap: Tap) {
        self.taps.send(tap).expect("the motion thread lives as long as its handle");
    }

    /// Motion for the hold time although nothing was seen.
    pub fn trigger(&self) -> Option<MotionChange> {
        lock(&self.detector).trigger(Instant::now())
    }

    /// Forgets the background, and a motion under way.
    pub fn reset(&self) -> Option<MotionChange> {
        lock(&self.detector).reset()
    }
}

fn run(detector: &Mutex<MotionDetector>, taps: &Receiver<Tap>, tell: &impl Fn(MotionChange)) {
    while let Ok(tap) = taps.recv() {
        loop {
            let change = match tap.recv(TICK) {
                Received::Frame(frame) => lock(detector).handle(Instant::now(), frame.picture.y()),
                Received::Nothing => lock(detector).handle_timeout(Instant::now()),
                Received::Ended => break,
            };
            if let Some(change) = change {
                tell(change);
            }
        }
    }
}

fn lock(detector: &Mutex<MotionDetector>) -> MutexGuard<'_, MotionDetector> {
    detector.lock().unwrap_or_else(PoisonError::into_inner)
}
