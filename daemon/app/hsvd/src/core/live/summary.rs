// SPDX-License-Identifier: MIT OR Apache-2.0
//! The line in the log that every live session ends with.

use std::fmt::{Display, Formatter, Result};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use camera::LiveEnd;
use rtp::Stats;

use super::view::View;
use super::voice::Voice;
use crate::udp::Dropped;

/// Why a live session is over.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason {
    /// The camera ended it.
    Ended(LiveEnd),
    /// The daemon stops.
    Stopping,
}

/// How a live session was.
pub(super) struct Summary {
    viewer: IpAddr,
    reason: Reason,
    /// `None` when it was never started.
    watched: Option<Watched>,
    dropped: Dropped,
    /// Not the viewer's or not whole, on both ports.
    rejected: u64,
    /// Came before the start.
    early: u64,
}

struct Watched {
    lasted: Duration,
    frames: u64,
    stats: Stats,
}

impl View {
    /// How it was, when it ends `now`.
    pub fn summary(&self, now: Instant, reason: Reason) -> Summary {
        let watched = self.running.as_ref().map(|running| Watched {
            lasted: now.saturating_duration_since(running.since),
            frames: running.frames,
            stats: running.session.stats(),
        });
        let (video, audio) = (self.video.dropped(), self.audio.dropped());
        let dropped = Dropped {
            foreign: video.foreign + audio.foreign,
            not_read: video.not_read + audio.not_read,
            not_sent: video.not_sent + audio.not_sent,
        };
        let seen = watched.as_ref().map_or(0, |watched| watched.stats.rejected);
        let rejected = seen + self.voice.as_ref().map_or(0, Voice::rejected);
        let (viewer, early) = (self.controller.address, self.early);
        Summary { viewer, reason, watched, dropped, rejected, early }
    }
}

impl Summary {
    /// Why it is over.
    pub fn why(&self) -> &'static str {
        match self.reason {
            Reason::Ended(LiveEnd::Viewer) => "the viewer ended it",
            Reason::Ended(LiveEnd::NotStarted) => "the viewer never started it",
            Reason::Ended(LiveEnd::ConnectionClosed) => "the viewer's connection closed",
            Reason::Ended(LiveEnd::NotPermitted) => "the camera may not be watched any more",
            Reason::Ended(LiveEnd::Lost) => "the viewer is gone",
            Reason::Stopping => "the camera stops",
        }
    }
}

impl Display for Summary {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        let why = self.why();
        let Self { viewer, watched, dropped, rejected, early, .. } = self;
        match watched {
            None => write!(out, "live view for {viewer} ended before its start: {why}")?,
            Some(Watched { lasted, frames, stats }) => write!(
                out,
                "live view for {viewer} ended after {:.1} s: {why}; {frames} pictures in {} \
                 packets, {} of them lost on the way",
                lasted.as_secs_f32(),
                stats.packets,
                stats.lost,
            )?,
        }
        for (count, what) in [
            (dropped.not_sent, "not sent since the network was full"),
            (*rejected, "received that were not the viewer's or not whole"),
            (*early, "received before the start"),
            (dropped.foreign, "received from elsewhere"),
            (dropped.not_read, "received faster than they could be read"),
        ] {
            if count > 0 {
                write!(out, "; {count} {what}")?;
            }
        }
        Ok(())
    }
}
