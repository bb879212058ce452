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
    scores: Arc<Scores>,
}

/// Who is told of each look for movement, until when.
struct Scores {
    until: Mutex<Option<Instant>>,
    tell: Box<dyn Fn(f64, f64) + Send + Sync>,
}

impl MotionWatch {
    /// Starts the thread; `tell` gets every change that the thread sees, `tell_score` while
    /// [`MotionWatch::tell_scores`] says so what it saw; neither may wait.
    pub fn spawn(
        config: MotionConfig,
        tell: impl Fn(MotionChange) + Send + 'static,
        tell_score: impl Fn(f64, f64) + Send + Sync + 'static,
    ) -> Self {
        let scores = Arc::new(Scores { until: Mutex::default(), tell: Box::new(tell_score) });
        let told = Arc::clone(&scores);
        let detector = Arc::new(Mutex::new(MotionDetector::new(config)));
        let (taps, inbox) = channel();
        let shared = Arc::clone(&detector);
        thread::Builder::new()
            .name("motion".to_owned())
            .spawn(move || run(&shared, &inbox, &tell, &told))
            .expect("the system can start a thread");
        Self { detector, taps, scores }
    }

    /// Looks at the pictures of `tap` from now on, until its permit is taken back.
    pub fn watch(&self, tap: Tap) {
        self.taps.send(tap).expect("the motion thread lives as long as its handle");
    }

    /// Tells what each look for movement finds until then.
    pub fn tell_scores(&self, until: Instant) {
        *lock(&self.scores.until) = Some(until);
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

impl Scores {
    fn look(&self, now: Instant, detector: &Mutex<MotionDetector>) {
        let mut until = lock(&self.until);
        *until = until.filter(|until| now < *until);
        if until.is_some()
            && let Some((score, threshold)) = lock(detector).score()
        {
            (self.tell)(score.into(), threshold.into());
        }
    }
}

fn run(
    detector: &Mutex<MotionDetector>,
    taps: &Receiver<Tap>,
    tell: &impl Fn(MotionChange),
    scores: &Scores,
) {
    while let Ok(tap) = taps.recv() {
        loop {
            let change = match tap.recv(TICK) {
                Received::Frame(frame) => {
                    let now = Instant::now();
                    let change = lock(detector).handle(now, frame.picture.y());
                    scores.look(now, detector);
                    change
                }
                Received::Nothing => lock(detector).handle_timeout(Instant::now()),
                Received::Ended => break,
            };
            if let Some(change) = change {
                tell(change);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
