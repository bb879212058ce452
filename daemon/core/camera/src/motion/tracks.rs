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
/// Of a blob at least this share (its reciprocal) must have changed since it was first seen.
const CHANGED_SHARE: u32 = 4;
/// Most tracks; with more going on than this, the picture is full of something else than walkers.
const MAX_TRACKS: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Track {
    blob: Blob,
    since: Instant,
    last: Instant,
    /// Cells that changed in all frames but the first.
    changed: u32,
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
        let seen: Vec<Track> =
            blobs.iter().take(MAX_TRACKS).map(|blob| self.follow(now, blob)).collect();
        let is_gone = |old: &Track| !seen.iter().any(|new| is_near(&old.blob, &new.blob));
        self.tracks.retain(is_gone);
        self.tracks.truncate(MAX_TRACKS);
        let confirmed = seen.iter().any(|track| track.is_confirmed(now));
        self.tracks.extend(seen);
        confirmed
    }

    /// The track that `blob` continues or begins.
    fn follow(&self, now: Instant, blob: &Blob) -> Track {
        let mut track = Track { blob: *blob, since: now, last: now, changed: 0 };
        let mut is_known = false;
        for before in self.tracks.iter().filter(|before| is_near(&before.blob, blob)) {
            is_known = true;
            track.since = track.since.min(before.since);
            track.changed = track.changed.max(before.changed);
        }
        if is_known {
            track.changed += blob.fresh;
        }
        track
    }
}

impl Track {
    /// What appeared at once and then stayed as it was is light, not a walker.
    fn is_confirmed(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= CONFIRM && self.changed >= self.blob.area / CHANGED_SHARE
    }
}

fn is_near(a: &Blob, b: &Blob) -> bool {
    a.left <= b.right + REACH
        && b.left <= a.right + REACH
        && a.top <= b.bottom + REACH
        && b.top <= a.bottom + REACH
}
