// SPDX-License-Identifier: MIT OR Apache-2.0
//! The frame bus: one writer, many taps, each with a bound and a rule for when it is full. A tap
//! is built from a permit and ends with it; what it still held is dropped, not delivered.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frame::{Pts, RawFrame, Size};
use privacy::{Capture, Kind, Permit};

use crate::shrink::Shrinker;

/// What a full tap does with the next picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// Drop the oldest: only the newest matter.
    Replace,
    /// Drop the new one.
    Drop,
}

/// How a tap wants its pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapOptions {
    /// Pictures held for a reader that is late, at least 1.
    pub bound: usize,
    /// What happens to the one after.
    pub overflow: Overflow,
    /// At most one picture in this time, chosen on a grid; `None` takes every picture.
    pub interval: Option<Duration>,
    /// What of each picture.
    pub picture: TapPicture,
}

/// What of a picture a tap gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TapPicture {
    /// All of it.
    Whole,
    /// Luma alone, scaled down to fit this size at the writer, so that no full picture is held.
    /// Chroma is neutral grey.
    Luma(Size),
    /// Scaled down to fit this size where the machine's scaler does so, else whole.
    Small(Size),
}

impl TapOptions {
    /// For the motion detector: newest only, five a second, luma that fits `size`.
    pub const fn motion(size: Size) -> Self {
        Self {
            bound: 1,
            overflow: Overflow::Replace,
            interval: Some(Duration::from_millis(200)),
            picture: TapPicture::Luma(size),
        }
    }

    /// For an encoder: every picture, or those on a grid of `interval`.
    pub const fn encoder(interval: Option<Duration>) -> Self {
        Self {
            bound: ENCODER_BOUND,
            overflow: Overflow::Drop,
            interval,
            picture: TapPicture::Whole,
        }
    }

    /// For an encoder of live view: every picture, or those on a grid of `interval`. A late one
    /// goes on with the newest, since a viewer wants the present, and holds little of the memory
    /// that the recording needs.
    pub const fn live(interval: Option<Duration>) -> Self {
        Self {
            bound: LIVE_BOUND,
            overflow: Overflow::Replace,
            interval,
            picture: TapPicture::Whole,
        }
    }

    /// For a snapshot: the newest picture.
    pub const fn newest() -> Self {
        Self { bound: 1, overflow: Overflow::Replace, interval: None, picture: TapPicture::Whole }
    }
}

/// Pictures waiting for an encoder. So few that one which hangs leaves the camera memory for
/// everybody else: see `MAX_PICTURES` of the sources, and `LENT_BUFFERS` of `v4l2`.
const ENCODER_BOUND: usize = 4;
const LIVE_BOUND: usize = 2;

/// What [`Tap::recv`] returned.
#[derive(Debug)]
pub enum Received {
    /// A picture.
    Frame(RawFrame),
    /// None in the given time.
    Nothing,
    /// The permit was taken back or the bus is gone. It stays so.
    Ended,
}

/// What a tap stands on: it ends when this does.
pub(crate) trait Leave: Send + Sync + 'static {
    /// Whether it still holds.
    fn is_valid(&self) -> bool;
}

impl<P: Kind + Send + Sync + 'static> Leave for Permit<P> {
    fn is_valid(&self) -> bool {
        self.is_valid()
    }
}

/// The writer's side.
#[derive(Debug, Default)]
pub(crate) struct FrameBus {
    taps: Mutex<Vec<Arc<Shared>>>,
}

impl FrameBus {
    /// A new tap. It ends when `leave` does.
    pub(crate) fn tap(&self, leave: impl Leave, options: TapOptions) -> Tap {
        let shared = Arc::new(Shared {
            options,
            leave: Box::new(leave),
            state: Mutex::default(),
            arrived: Condvar::new(),
            dropped: AtomicU64::new(0),
        });
        self.lock().push(Arc::clone(&shared));
        Tap(shared)
    }

    /// Hands `frame` to every tap that is due. Nothing is handed on without a valid `permit`.
    pub(crate) fn publish(
        &self,
        frame: &RawFrame,
        permit: &Permit<Capture>,
        shrinker: &mut Shrinker,
    ) {
        let taps = self.sweep();
        for tap in taps {
            if permit.is_valid() && tap.is_due(frame.pts) {
                let picture = match tap.options.picture {
                    TapPicture::Whole => Arc::clone(&frame.picture),
                    TapPicture::Luma(size) => shrinker.luma(&frame.picture, size),
                    TapPicture::Small(size) => shrinker.small(&frame.picture, size),
                };
                tap.push(RawFrame { picture, ..*frame });
            }
        }
    }

    /// Ends taps whose permit was taken back, dropping what they hold, and forgets taps that
    /// nobody reads any more. Returns those that live.
    pub(crate) fn sweep(&self) -> Vec<Arc<Shared>> {
        let mut taps = self.lock();
        taps.retain(|tap| Arc::strong_count(tap) > 1 && !tap.end_if_revoked());
        taps.clone()
    }

    /// Ends every tap.
    pub(crate) fn close(&self) {
        for tap in self.lock().drain(..) {
            tap.end();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Shared>>> {
        self.taps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader's side of the bus. Dropping it leaves the bus.
#[derive(Debug)]
pub struct Tap(Arc<Shared>);

impl Tap {
    /// Waits for the next picture, at most `timeout`.
    pub fn recv(&self, timeout: Duration) -> Received {
        let deadline = Instant::now() + timeout;
        let mut state = self.0.lock();
        loop {
            if state.has_ended || !self.0.leave.is_valid() {
                state.end();
                return Received::Ended;
            }
            if let Some(frame) = state.frames.pop_front() {
                return Received::Frame(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Received::Nothing;
            }
            state = match self.0.arrived.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Pictures lost because the reader was late, whichever way [`Overflow`] chose.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Drop for Tap {
    /// What it holds is memory that the source needs.
    fn drop(&mut self) {
        self.0.lock().end();
    }
}

pub(crate) struct Shared {
    options: TapOptions,
    leave: Box<dyn Leave>,
    state: Mutex<State>,
    arrived: Condvar,
    dropped: AtomicU64,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").field("options", &self.options).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<RawFrame>,
    grid: Option<Grid>,
    has_ended: bool,
}

impl State {
    fn end(&mut self) {
        self.has_ended = true;
        self.frames = VecDeque::new();
    }
}

impl Shared {
    fn is_due(&self, pts: Pts) -> bool {
        let Some(interval) = self.options.interval else { return true };
        let mut state = self.lock();
        state.grid.get_or_insert(Grid { first: pts, next: 0 }).takes(pts, interval)
    }

    fn push(&self, frame: RawFrame) {
        let mut state = self.lock();
        if state.has_ended {
            return;
        }
        if state.frames.len() >= self.options.bound {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            match self.options.overflow {
                Overflow::Replace => drop(state.frames.pop_front()),
                Overflow::Drop => return,
            }
        }
        state.frames.push_back(frame);
        drop(state);
        self.arrived.notify_one();
    }

    fn end_if_revoked(&self) -> bool {
        let revoked = !self.leave.is_valid();
        if revoked {
            self.end();
        }
        revoked
    }

    fn end(&self) {
        self.lock().end();
        self.arrived.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Chooses pictures on a grid that begins with the first one.
#[derive(Debug, Clone, Copy)]
struct Grid {
    first: Pts,
    next: u64,
}

impl Grid {
    /// A picture may be a quarter of the interval early, so that a source that wavers does not
    /// lose pictures.
    fn takes(&mut self, pts: Pts, interval: Duration) -> bool {
        let interval = interval.as_nanos().max(1);
        let time = (pts - self.first).as_nanos() + interval / 4;
        let slot = u64::try_from(time / interval).unwrap_or(u64::MAX);
        if slot < self.next {
            return false;
        }
        self.next = slot + 1;
        true
    }
}

#[cfg(test)]
mod tests;
