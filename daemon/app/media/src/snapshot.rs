// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "snapshot": JPEGs of the newest picture. Requests that wait together are served
//! from one picture, and an answer serves requests that come to its size for a second.

mod jpeg;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frame::{Coded, RawFrame, Size, YuvPicture};
use privacy::{Capture, Permit};

use crate::bus::{Received, TapOptions};
use crate::scale::{Scaler, shrink};
use crate::shrink::{DeviceScaler, Patience};
use crate::video::{Shared, SnapshotReply};

/// Why there is no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Capture is not permitted.
    #[error("capture is not permitted")]
    Denied,
    /// The source gave no picture in two seconds.
    #[error("no picture from the source")]
    NoPicture,
    /// Too many requests wait already.
    #[error("too many snapshot requests wait")]
    Busy,
    /// The picture could not be encoded.
    #[error("picture cannot be encoded")]
    Encoding,
    /// The video threads are ending.
    #[error("video is stopping")]
    Stopping,
}

/// A request.
pub(crate) struct Job {
    pub size: Size,
    pub reply: SnapshotReply,
}

/// Requests that wait.
#[derive(Default)]
pub(crate) struct Jobs(Mutex<VecDeque<Job>>);

impl Jobs {
    /// Takes `job`, or gives its reply back when too many wait.
    pub(crate) fn push(&self, job: Job) -> Option<SnapshotReply> {
        let mut jobs = self.lock();
        if jobs.len() >= MAX_WAITING {
            return Some(job.reply);
        }
        jobs.push_back(job);
        None
    }

    fn take(&self) -> VecDeque<Job> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn run(shared: &Shared) {
    let mut cache = Cache::default();
    loop {
        let seen = shared.signal.seen();
        cache.purge();
        let jobs = shared.jobs.take();
        if shared.is_stopped() {
            jobs.into_iter().for_each(|job| (job.reply)(Err(SnapshotError::Stopping)));
            return;
        }
        if !jobs.is_empty() {
            serve(shared, &mut cache, jobs);
        } else if cache.0.is_empty() {
            shared.signal.wait(seen);
        } else {
            shared.signal.wait_for(seen, FRESH_FOR);
        }
    }
}

fn serve(shared: &Shared, cache: &mut Cache, jobs: VecDeque<Job>) {
    let mut picture = None;
    for job in jobs {
        let answer = match shared.gate.permit::<Capture>() {
            Err(_) => Err(SnapshotError::Denied),
            Ok(permit) => answer(shared, cache, &mut picture, job.size, &permit).and_then(|jpeg| {
                if permit.is_valid() { Ok(jpeg) } else { Err(SnapshotError::Denied) }
            }),
        };
        (job.reply)(answer);
    }
}

fn answer(
    shared: &Shared,
    cache: &mut Cache,
    picture: &mut Option<(RawFrame, Permit<Capture>)>,
    size: Size,
    permit: &Permit<Capture>,
) -> Result<Coded, SnapshotError> {
    let bounds = Size::new(size.width.max(MIN_SIDE), size.height.max(MIN_SIDE));
    // every source delivers this size; requests that come to the same size share a picture
    let size = shrink(shared.config.size, bounds);
    cache.purge();
    if let Some(jpeg) = cache.get(size) {
        return Ok(jpeg);
    }
    let newest = match picture {
        Some((frame, permit)) if permit.is_valid() => frame.clone(),
        _ => {
            let frame = newest(shared, permit)?;
            *picture = Some((frame.clone(), permit.clone()));
            frame
        }
    };
    let mut device =
        DeviceScaler::counting(Arc::clone(&shared.scalers), &shared.counters.copied_bytes);
    let scaled = device.scale(&newest.picture, size, Patience::Full);
    let picture = scaled.as_ref().unwrap_or(&newest.picture);
    let jpeg = encode(picture, size, shared.config.snapshot_quality)?;
    shared.counters.snapshots.add(1);
    cache.put(size, jpeg.clone(), permit.clone());
    Ok(jpeg)
}

/// The next picture of the source: at most a frame time away while it runs.
fn newest(shared: &Shared, permit: &Permit<Capture>) -> Result<RawFrame, SnapshotError> {
    let tap = shared.bus.tap(permit.clone(), TapOptions::newest());
    match tap.recv(FIRST_PICTURE) {
        Received::Frame(frame) => Ok(frame),
        Received::Nothing => Err(SnapshotError::NoPicture),
        Received::Ended if shared.is_stopped() => Err(SnapshotError::Stopping),
        Received::Ended => Err(SnapshotError::Denied),
    }
}

fn encode(picture: &YuvPicture, bounds: Size, quality: u8) -> Result<Coded, SnapshotError> {
    let size = shrink(picture.size(), bounds);
    let jpeg = if size == picture.size() {
        jpeg::encode(picture, quality)
    } else {
        let mut small = YuvPicture::black(size);
        Scaler::default().letterbox(picture, &mut small);
        jpeg::encode(&small, quality)
    };
    match jpeg {
        Ok(jpeg) => Ok(jpeg.into()),
        Err(error) => {
            tracing::warn!(%error, ?size, "snapshot not encoded");
            Err(SnapshotError::Encoding)
        }
    }
}

#[derive(Default)]
struct Cache(VecDeque<Cached>);

struct Cached {
    size: Size,
    jpeg: Coded,
    made: Instant,
    permit: Permit<Capture>,
}

impl Cache {
    /// Drops what is old and everything made under a permit that was taken back.
    fn purge(&mut self) {
        self.0.retain(|cached| cached.permit.is_valid() && cached.made.elapsed() < FRESH_FOR);
    }

    fn get(&self, size: Size) -> Option<Coded> {
        self.0.iter().find(|cached| cached.size == size).map(|cached| cached.jpeg.clone())
    }

    fn put(&mut self, size: Size, jpeg: Coded, permit: Permit<Capture>) {
        if self.0.len() >= MAX_CACHED {
            self.0.pop_front();
        }
        self.0.push_back(Cached { size, jpeg, made: Instant::now(), permit });
    }
}

const FRESH_FOR: Duration = Duration::from_secs(1);
const FIRST_PICTURE: Duration = Duration::from_secs(2);
const MAX_WAITING: usize = 32;
const MAX_CACHED: usize = 4;
/// Hubs ask for 320 by 180 and more; less is not worth a picture.
const MIN_SIDE: u16 = 16;
