// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the handle [`Speaker`](super::Speaker) and its thread share: who may talk, and what was said.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use audio::LiveFormat;
use rtp::TalkPacket;

use super::SpeakerStats;
use crate::sound::{ListenerId, Loudness};

/// Packets that wait for the thread; it is never so far behind.
const MAX_WAITING: usize = 64;

/// A packet and when it came.
pub(super) type Said = (Instant, TalkPacket);

/// One viewer that talks, from admission to dismissal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Talker {
    id: ListenerId,
    number: u64,
    pub(super) format: LiveFormat,
}

#[derive(Debug, Default)]
pub(super) struct Floor {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    admitted: Vec<(Talker, Box<dyn Fn() -> bool + Send>)>,
    waiting: VecDeque<(ListenerId, Said)>,
    loudness: Loudness,
    stats: SpeakerStats,
    /// Counts admissions.
    number: u64,
    ends: bool,
    is_open: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            admitted: Vec::new(),
            waiting: VecDeque::new(),
            loudness: Loudness::FULL,
            stats: SpeakerStats::default(),
            number: 0,
            ends: false,
            is_open: false,
        }
    }
}

impl Floor {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    pub(super) fn admit(
        &self,
        id: ListenerId,
        format: LiveFormat,
        is_allowed: Box<dyn Fn() -> bool + Send>,
    ) {
        self.change(|state| {
            state.forget(id);
            state.number += 1;
            let talker = Talker { id, number: state.number, format };
            state.admitted.push((talker, is_allowed));
        });
    }

    pub(super) fn dismiss(&self, id: ListenerId) {
        self.change(|state| state.forget(id));
    }

    pub(super) fn talk(&self, id: ListenerId, packet: TalkPacket) {
        let now = Instant::now();
        self.change(|state| {
            if state.talker(id).is_none() {
                return;
            }
            if state.waiting.len() >= MAX_WAITING {
                state.stats.dropped += 1;
                return;
            }
            state.waiting.push_back((id, (now, packet)));
        });
    }

    pub(super) fn set_loudness(&self, loudness: Loudness) {
        self.change(|state| state.loudness = loudness);
    }

    pub(super) fn loudness(&self) -> Loudness {
        self.lock().loudness
    }

    pub(super) fn end(&self) {
        self.change(|state| state.ends = true);
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().is_open
    }

    pub(super) fn set_open(&self, is_open: bool) {
        self.lock().is_open = is_open;
    }

    pub(super) fn stats(&self) -> SpeakerStats {
        self.lock().stats
    }

    /// Adds what one talk came to.
    pub(super) fn count(&self, talk: SpeakerStats) {
        let stats = &mut self.lock().stats;
        stats.played += talk.played;
        stats.concealed += talk.concealed;
        stats.dropped += talk.dropped;
    }

    /// Waits until somebody talks who may be heard; `None` when the thread shall end.
    pub(super) fn next_talk(&self) -> Option<(Talker, Said)> {
        let mut state = self.lock();
        loop {
            if state.ends {
                return None;
            }
            while let Some((id, said)) = state.waiting.pop_front() {
                match state.talker(id) {
                    Some(talker) if state.loudness.is_audible() => return Some((talker, said)),
                    _ => {}
                }
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until `deadline`, or until `talker` says something. `None` when the talk is over
    /// because the talker may not be heard any more.
    pub(super) fn listen(&self, talker: Talker, deadline: Instant) -> Option<Vec<Said>> {
        let mut state = self.lock();
        loop {
            if !state.hears(talker) {
                return None;
            }
            let all = std::mem::take(&mut state.waiting);
            let (theirs, others): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(id, _)| *id == talker.id);
            state.stats.dropped += u64::try_from(others.len()).unwrap_or(0);
            let left = deadline.saturating_duration_since(Instant::now());
            if !theirs.is_empty() || left.is_zero() {
                return Some(theirs.into_iter().map(|(_, said)| said).collect());
            }
            // A revoked permit wakes nobody.
            let left = left.min(REVOCATION_SEEN);
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Drops what is said for `time`, or until the thread shall end.
    pub(super) fn ignore_for(&self, time: Duration) {
        let state = self.lock();
        let waited = self.changed.wait_timeout_while(state, time, |state| {
            state.stats.dropped += u64::try_from(state.waiting.len()).unwrap_or(0);
            state.waiting.clear();
            !state.ends
        });
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// A permit is asked this often while nothing is said.
const REVOCATION_SEEN: Duration = Duration::from_millis(50);

impl State {
    fn talker(&self, id: ListenerId) -> Option<Talker> {
        let (talker, is_allowed) = self.admitted.iter().find(|(talker, _)| talker.id == id)?;
        is_allowed().then_some(*talker)
    }

    fn hears(&self, talker: Talker) -> bool {
        let stands = self.talker(talker.id).is_some_and(|now| now.number == talker.number);
        stands && self.loudness.is_audible() && !self.ends
    }

    fn forget(&mut self, id: ListenerId) {
        self.admitted.retain(|(talker, _)| talker.id != id);
        self.waiting.retain(|(from, _)| *from != id);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let admitted: Vec<_> = self.admitted.iter().map(|(talker, _)| talker).collect();
        f.debug_struct("State").field("admitted", &admitted).finish_non_exhaustive()
    }
}
