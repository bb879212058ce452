// SPDX-License-Identifier: MIT OR Apache-2.0
//! The live sessions as the control interface shows them.

use std::time::Instant;

use ::control::LiveSession;
use tracing::info;

use super::LiveViews;
use super::summary::Reason;
use super::view::View;
use crate::control::Signal;
use crate::core::Core;
use crate::core::history::{epoch_s, wall};

impl LiveViews {
    /// Sessions that were started.
    pub fn watching(&self) -> u32 {
        u32::try_from(self.views.iter().flatten().filter(|v| v.running.is_some()).count())
            .unwrap_or(u32::MAX)
    }

    /// What there is to tell of each.
    pub fn sessions(&self, now: Instant) -> impl Iterator<Item = LiveSession> {
        let views = self.views.iter().enumerate();
        views.filter_map(move |(service, view)| session(view.as_ref()?, service, now))
    }
}

impl Core {
    /// A viewer started.
    pub(super) fn tell_live_began(&mut self, now: Instant, service: usize) {
        self.control.history.counts.live_sessions += 1;
        let view = self.live.views[service].as_ref();
        if let Some(session) = view.and_then(|view| session(view, service, now)) {
            let LiveSession { id, viewer, .. } = &session;
            info!(event = "live-started", session = id, viewer, "a live view begins");
            self.control.outlet.tell(Signal::LiveSessionStarted(session));
        }
    }

    /// A viewer is gone, for `reason`; told on the bus if it had started.
    pub(super) fn tell_live_ended(&self, now: Instant, view: &View, reason: Reason) {
        let summary = view.summary(now, reason);
        info!(event = "live-ended", session = view.number, reason = summary.why(), "{summary}");
        if view.running.is_some() {
            let why = summary.why().to_owned();
            self.control.outlet.tell(Signal::LiveSessionEnded(view.number, why));
        }
    }
}

fn session(view: &View, service: usize, now: Instant) -> Option<LiveSession> {
    let running = view.running.as_ref()?;
    let (selection, stats) = (&running.selection, running.session.stats());
    Some(LiveSession {
        id: view.number,
        service: u32::try_from(service).unwrap_or(u32::MAX),
        viewer: view.controller.address.to_string(),
        width: selection.resolution.width.into(),
        height: selection.resolution.height.into(),
        fps: selection.resolution.fps.into(),
        bitrate: running.target_bps,
        started: epoch_s(wall(now, running.since)),
        suspended: running.is_suspended,
        sound: view.voice.is_some(),
        lost: f64::from(stats.fraction_lost) * 100.0 / 256.0,
    })
}
