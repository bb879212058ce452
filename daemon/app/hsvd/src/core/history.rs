// SPDX-License-Identifier: MIT OR Apache-2.0
//! What happened, for whoever asks afterwards: the last recordings, the last motion, and what does
//! not work.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ::control::Recording;
use camera::recording::Summary;

use crate::control::{Last, Troubles};

/// Recordings that are remembered.
const RECORDINGS: usize = 100;

/// Since the start.
#[derive(Debug)]
pub struct History {
    pub started: Instant,
    pub troubles: Troubles,
    pub last_motion: Option<SystemTime>,
    pub last_refusal: Option<(SystemTime, String)>,
    pub last_stream_end: Option<(SystemTime, String)>,
    pub counts: Counts,
    /// Newest last.
    recordings: VecDeque<Recording>,
    running: Option<Running>,
    last_id: u64,
}

/// A recording that a hub has opened.
#[derive(Debug)]
struct Running {
    id: u64,
    since: Instant,
    started: SystemTime,
}

/// How often what happened.
#[derive(Debug, Default)]
pub struct Counts {
    pub motions: u64,
    pub recordings_normal: u64,
    pub recordings_cut_short: u64,
    pub recordings_failed: u64,
    pub recordings_refused: u64,
    pub recorded_bytes: u64,
    pub recorded_ms: u64,
    pub live_sessions: u64,
    pub source_losses: u64,
    pub encoder_failures: u64,
    pub data_streams_stalled: u64,
}

impl History {
    /// Nothing yet.
    pub fn new(now: Instant) -> Self {
        Self {
            started: now,
            troubles: Troubles::default(),
            last_motion: None,
            last_refusal: None,
            last_stream_end: None,
            counts: Counts::default(),
            recordings: VecDeque::new(),
            running: None,
            last_id: 0,
        }
    }

    /// A hub opened a recording: its number, unless one runs already.
    pub fn recording_began(&mut self, now: Instant) -> Option<u64> {
        if self.running.is_some() {
            return None;
        }
        self.last_id += 1;
        let (id, started) = (self.last_id, SystemTime::now());
        self.running = Some(Running { id, since: now, started });
        Some(id)
    }

    /// It is over.
    pub fn recording_ended(&mut self, summary: &Summary) -> Recording {
        let running = self.running.take();
        let (id, started) = match running {
            Some(running) => (running.id, running.started),
            None => {
                self.last_id += 1; // it began and ended at once
                (self.last_id, SystemTime::now())
            }
        };
        let counts = &mut self.counts;
        let (outcome, count) = match summary {
            _ if summary.ending.is_normal() => ("normal", &mut counts.recordings_normal),
            Summary { fragments: 0, .. } => ("failed", &mut counts.recordings_failed),
            _ => ("cut-short", &mut counts.recordings_cut_short),
        };
        *count += 1;
        counts.recorded_bytes += summary.bytes;
        counts.recorded_ms += ms(summary.media);
        let recording = Recording {
            id,
            started: epoch_s(started),
            open_ms: ms(summary.open_for),
            media_ms: ms(summary.media),
            fragments: summary.fragments,
            bytes: summary.bytes,
            outcome: outcome.to_owned(),
            reason: sentence(summary),
        };
        self.recordings.push_back(recording.clone());
        if self.recordings.len() > RECORDINGS {
            self.recordings.pop_front();
        }
        recording
    }

    /// The recordings, newest first.
    pub fn recordings(&self, now: Instant) -> Vec<Recording> {
        let running = self.running.as_ref().map(|running| Recording {
            id: running.id,
            started: epoch_s(running.started),
            open_ms: ms(now.saturating_duration_since(running.since)),
            media_ms: 0,
            fragments: 0,
            bytes: 0,
            outcome: "running".to_owned(),
            reason: "A home hub takes it now".to_owned(),
        });
        running.into_iter().chain(self.recordings.iter().rev().cloned()).take(RECORDINGS).collect()
    }

    /// What happened last.
    pub fn last(&self, now: Instant) -> Last {
        Last {
            motion: self.last_motion,
            recording: self.recordings(now).into_iter().next(),
            refusal: self.last_refusal.clone(),
            stream_end: self.last_stream_end.clone(),
        }
    }
}

/// A reason to remember.
pub fn reason(error: impl Display) -> Option<Arc<str>> {
    Some(error.to_string().into())
}

/// Seconds of the Unix epoch; 0 before it.
pub fn epoch_s(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// When that was, by the clock on the wall.
pub fn wall(now: Instant, then: Instant) -> SystemTime {
    let ago = now.saturating_duration_since(then);
    SystemTime::now().checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The journal's line, with a capital.
fn sentence(summary: &Summary) -> String {
    let line = summary.to_string();
    let mut rest = line.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use camera::recording::{Ending, Reason};

    use super::*;

    fn summary(ending: Ending, fragments: u32) -> Summary {
        Summary {
            connection: hds::ConnectionId(1),
            ending,
            open_for: Duration::from_secs(9),
            fragments,
            media: Duration::from_secs(8),
            bytes: 1_000_000,
        }
    }

    #[test]
    fn recordings_are_remembered_with_their_outcome() {
        let now = Instant::now();
        let mut history = History::new(now);
        assert_eq!(history.recording_began(now), Some(1));
        assert_eq!(history.recording_began(now), None, "it runs already");
        let later = now + Duration::from_secs(2);
        let running = &history.recordings(later)[0];
        assert_eq!((running.outcome.as_str(), running.open_ms), ("running", 2000));
        let table = [
            (Ending::HubClosed(Reason::Normal), 2, "normal", "Recording ended normally"),
            (Ending::ConnectionLost, 1, "cut-short", "Recording cut short: the connection"),
            (Ending::NoPicture, 0, "failed", "Recording failed: the encoder gave no picture"),
            (Ending::Revoked, 0, "normal", "Recording ended: recording is no longer allowed"),
        ];
        for (ending, fragments, outcome, words) in table {
            let ended = history.recording_ended(&summary(ending, fragments));
            assert_eq!(ended.outcome, outcome, "{ending:?}");
            assert!(ended.reason.starts_with(words), "{}", ended.reason);
        }
        let ids: Vec<u64> = history.recordings(now).iter().map(|one| one.id).collect();
        assert_eq!(ids, [4, 3, 2, 1]);
        let counts = &history.counts;
        let told =
            (counts.recordings_normal, counts.recordings_cut_short, counts.recordings_failed);
        assert_eq!(told, (2, 1, 1));
    }

    #[test]
    fn only_so_many_are_remembered() {
        let mut history = History::new(Instant::now());
        for _ in 0..250 {
            history.recording_ended(&summary(Ending::Acknowledged, 1));
        }
        let kept = history.recordings(Instant::now());
        assert_eq!((kept.len(), kept[0].id, kept[99].id), (100, 250, 151));
    }
}
