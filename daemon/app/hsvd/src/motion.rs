// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "motion": looks at the newest picture about five times a second and tells when
//! movement begins and ends.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use camera::motion::{MotionChange, MotionConfig, MotionDetector, MotionHold};
use media::{Received, Tap};

/// How long the thread waits for a picture before it looks whether a motion has ended.
const TICK: Duration = Duration::from_millis(250);

/// The way to the thread, which ends when this is dropped and the last tap has ended.
pub struct MotionWatch {
    shared: Arc<Mutex<Shared>>,
    taps: Sender<Tap>,
}

/// What the core and the thread both change. Neither keeps it while it works, so that a look at a
/// picture keeps nobody waiting.
struct Shared {
    hold: MotionHold,
    /// What was seen so far says nothing any more, a look under way included.
    is_stale: bool,
    /// Until when each look is told.
    scores_until: Option<Instant>,
}

impl MotionWatch {
    /// Starts the thread; `tell` gets every change that the thread sees, `tell_score` while
    /// [`MotionWatch::tell_scores`] says so what it saw; neither may wait.
    pub fn spawn(
        config: MotionConfig,
        tell: impl Fn(MotionChange) + Send + 'static,
        tell_score: impl Fn(f64, f64) + Send + 'static,
    ) -> Self {
        let hold = MotionHold::new(config.hold);
        let shared = Arc::new(Mutex::new(Shared { hold, is_stale: false, scores_until: None }));
        let (taps, inbox) = channel();
        let ours = Arc::clone(&shared);
        let detector = MotionDetector::new(config);
        let look = Look { detector, shared: ours, tell, tell_score };
        thread::Builder::new()
            .name("motion".to_owned())
            .spawn(move || look.run(&inbox))
            .expect("the system can start a thread");
        Self { shared, taps }
    }

    /// Looks at the pictures of `tap` from now on, until its permit is taken back.
    pub fn watch(&self, tap: Tap) {
        self.taps.send(tap).expect("the motion thread lives as long as its handle");
    }

    /// Tells what each look for movement finds until then.
    pub fn tell_scores(&self, until: Instant) {
        lock(&self.shared).scores_until = Some(until);
    }

    /// Motion for the hold time although nothing was seen.
    pub fn trigger(&self) -> Option<MotionChange> {
        lock(&self.shared).hold.trigger(Instant::now())
    }

    /// Forgets the background, and a motion under way.
    pub fn reset(&self) -> Option<MotionChange> {
        let mut shared = lock(&self.shared);
        shared.is_stale = true;
        shared.hold.end()
    }
}

/// The thread's own.
struct Look<T, S> {
    detector: MotionDetector,
    shared: Arc<Mutex<Shared>>,
    tell: T,
    tell_score: S,
}

impl<T: Fn(MotionChange), S: Fn(f64, f64)> Look<T, S> {
    fn run(mut self, taps: &Receiver<Tap>) {
        while let Ok(tap) = taps.recv() {
            loop {
                let change = match tap.recv(TICK) {
                    Received::Frame(frame) => {
                        let now = Instant::now();
                        let moves = self.detector.look(now, frame.picture.y());
                        self.looked(now, moves)
                    }
                    Received::Nothing => lock(&self.shared).hold.handle_timeout(Instant::now()),
                    Received::Ended => break,
                };
                if let Some(change) = change {
                    (self.tell)(change);
                }
            }
        }
    }

    /// A look is over: whether something moves.
    fn looked(&mut self, now: Instant, moves: bool) -> Option<MotionChange> {
        let mut shared = lock(&self.shared);
        if std::mem::take(&mut shared.is_stale) {
            self.detector.forget();
            return shared.hold.handle_timeout(now);
        }
        let change = if moves { shared.hold.trigger(now) } else { shared.hold.handle_timeout(now) };
        shared.scores_until = shared.scores_until.filter(|until| now < *until);
        let is_told = shared.scores_until.is_some();
        drop(shared);
        if is_told && let Some((score, threshold)) = self.detector.score() {
            (self.tell_score)(score.into(), threshold.into());
        }
        change
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_before_a_reset_is_no_motion() {
        let config = MotionConfig::default();
        let hold = MotionHold::new(config.hold);
        let shared = Arc::new(Mutex::new(Shared { hold, is_stale: false, scores_until: None }));
        let watch = MotionWatch { shared: Arc::clone(&shared), taps: channel().0 };
        let detector = MotionDetector::new(config);
        let mut look = Look { detector, shared, tell: |_| {}, tell_score: |_, _| {} };
        let now = Instant::now();
        assert_eq!(watch.reset(), None);
        assert_eq!(look.looked(now, true), None, "it was under way");
        assert_eq!(look.looked(now, true), Some(MotionChange::Started));
        assert_eq!(watch.trigger(), None, "it is motion already");
        assert_eq!(watch.reset(), Some(MotionChange::Ended));
    }
}
