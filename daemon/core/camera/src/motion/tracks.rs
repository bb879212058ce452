// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blobs over time: only what is seen moving again nearby is movement, not a raindrop or a lamp.

use std::time::{Duration, Instant};

use super::blobs::Blob;

/// A blob must have been moving for this long.
const CONFIRM: Duration = Duration::from_millis(180);
/// A track not seen for this long is lost, unless frames come less often.
const LOST: Duration = Duration::from_millis(350);
/// How far a blob may be from where it was, in blocks.
const REACH: usize = 3;
/// Most tracks; with more going on than this, the picture is full of something else than walkers.
const MAX_TRACKS: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Track {
    blob: Blob,
    since: Instant,
    last: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Tracks {
    tracks: Vec<Track>,
}

impl Tracks {
    /// Forgets all.
    pub fn clear(&mut self) {
        self.tracks.clear();
    }

    /// Adds what moves now; whether any of it has been moving long enough. `gap` is the time since
    /// the frame before.
    pub fn observe(&mut self, now: Instant, gap: Duration, blobs: &[Blob]) -> bool {
        let lost = LOST.max(gap + gap / 2);
        self.tracks.retain(|track| now.duration_since(track.last) <= lost);
        let mut confirmed = false;
        let mut seen: Vec<Track> = Vec::with_capacity(blobs.len().min(MAX_TRACKS));
        for blob in blobs.iter().take(MAX_TRACKS) {
            let before = self.tracks.iter().filter(|track| is_near(&track.blob, blob));
            let since = before.map(|track| track.since).min().unwrap_or(now);
            confirmed |= now.duration_since(since) >= CONFIRM;
            seen.push(Track { blob: *blob, since, last: now });
        }
        self.tracks.retain(|old| !seen.iter().any(|new| is_near(&old.blob, &new.blob)));
        self.tracks.truncate(MAX_TRACKS);
        self.tracks.append(&mut seen);
        confirmed
    }
}

fn is_near(a: &Blob, b: &Blob) -> bool {
    a.left <= b.right + REACH
        && b.left <= a.right + REACH
        && a.top <= b.bottom + REACH
        && b.top <= a.bottom + REACH
}
