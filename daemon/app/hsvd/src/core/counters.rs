// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every counter and gauge by its name, which ends in its unit or in what is counted.

use std::time::Instant;

use super::Core;

impl Core {
    /// Since the start.
    pub(super) fn counters(&self, now: Instant) -> Vec<(&'static str, f64)> {
        let video = self.video.stats();
        let history = &self.control.history;
        let counts = &history.counts;
        let count = |count: u64| {
            #[expect(clippy::cast_precision_loss, reason = "no counter comes near 2^53")]
            let told = count as f64;
            told
        };
        let held = u64::try_from(self.recordings.held().as_millis()).unwrap_or(u64::MAX);
        let size = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        vec![
            ("uptime_seconds", now.saturating_duration_since(history.started).as_secs_f64()),
            ("captured_pictures_total", count(video.captured)),
            ("missed_pictures_total", count(video.missed)),
            ("copied_bytes_total", count(video.copied_bytes)),
            ("record_encoded_pictures_total", count(video.encoded)),
            ("record_dropped_pictures_total", count(video.record_dropped)),
            ("live_encoded_pictures_total", count(video.live_encoded)),
            ("live_idrs_total", count(video.live_idrs)),
            ("live_dropped_pictures_total", count(video.live_dropped)),
            ("live_encoder_failures_total", count(video.live_failed)),
            ("snapshots_total", count(video.snapshots)),
            ("motions_total", count(counts.motions)),
            ("recordings_normal_total", count(counts.recordings_normal)),
            ("recordings_cut_short_total", count(counts.recordings_cut_short)),
            ("recordings_failed_total", count(counts.recordings_failed)),
            ("recordings_refused_total", count(counts.recordings_refused)),
            ("recorded_bytes_total", count(counts.recorded_bytes)),
            ("recorded_milliseconds_total", count(counts.recorded_ms)),
            ("live_sessions_total", count(counts.live_sessions)),
            ("source_losses_total", count(counts.source_losses)),
            ("record_encoder_failures_total", count(counts.encoder_failures)),
            ("data_streams_stalled_total", count(counts.data_streams_stalled)),
            ("prebuffer_milliseconds", count(held)),
            ("prebuffer_bytes", count(size(self.recordings.held_bytes()))),
            ("controller_sessions", count(size(self.hap.sessions().count()))),
            ("data_streams", count(size(self.recordings.data_streams()))),
            ("viewers", f64::from(self.live.watching())),
        ]
    }
}
