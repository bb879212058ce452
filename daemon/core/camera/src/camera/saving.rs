// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a wish to the disk and from the disk to the writer's answer.

use std::time::{Duration, Instant};

use hap::{ConnectionId, Status};

use super::values::stored_value;
use super::write::{Progress, Request, Slot};
use super::{Action, Camera, Outcome};

/// After this a failed save is tried again.
const SAVE_AGAIN: Duration = Duration::from_secs(5);

impl Camera {
    pub(super) fn persisted(&mut self, now: Instant, is_saved: bool, out: &mut Vec<Action>) {
        let Some(state) = self.saving.take() else {
            tracing::warn!("the store answers without a question");
            return;
        };
        if is_saved {
            self.granted = state.restricted_by(&self.wished);
            self.saved = Some(state);
            let saves = self.saves;
            self.settle(saves, out);
            for request in self.requests.iter_mut().filter(|request| request.save <= saves) {
                request.saved(&Ok(None));
            }
        } else {
            // Whoever saves warns, once an episode.
            tracing::debug!("state not saved: what it shuts stays shut, what it opens is dropped");
            self.save_again_at = Some(now + SAVE_AGAIN);
            self.wished = self.granted.clone();
            self.tell_authors_what_stayed(out);
            self.saved = None; // a failed save may yet have reached the disk
            for request in &mut self.requests {
                request.saved(&Err(Status::UnableToCommunicate));
            }
        }
    }

    /// A writer that is told of a failure must learn which of its values took effect none the less.
    fn tell_authors_what_stayed(&self, out: &mut Vec<Action>) {
        for &iid in &self.subscribable {
            let value = stored_value(&self.granted, iid).flatten();
            let saved = self.saved.as_ref().and_then(|saved| stored_value(saved, iid).flatten());
            let was_written = self.requests.iter().any(|request| request.is_saving(iid));
            if let Some(value) = value.filter(|v| was_written && saved.as_ref() != Some(v)) {
                out.push(Action::Notify { iid, value, author: None });
            }
        }
    }

    pub(super) fn is_all_saved(&self) -> bool {
        self.saving.is_none() && self.saved.as_ref() == Some(&self.wished)
    }

    /// Saves what is wished, unless the store has it or is busy.
    pub(super) fn save(&mut self, out: &mut Vec<Action>) {
        if self.saving.is_none() && self.saved.as_ref() != Some(&self.wished) {
            self.saves += 1;
            self.save_again_at = None;
            self.saving = Some(self.wished.clone());
            out.push(Action::Persist(self.wished.clone()));
        }
    }

    /// Answers every request that waits for nothing more.
    pub(super) fn finish(&mut self, out: &mut Vec<Action>) {
        if self.is_all_saved() {
            for request in &mut self.requests {
                request.saved(&Ok(None)); // it wished for nothing new
            }
        }
        let (done, waiting) =
            std::mem::take(&mut self.requests).into_iter().partition(Request::is_done);
        self.requests = waiting;
        let done: Vec<Request> = done;
        for request in done {
            let connection = request.connection;
            let outcomes = request.slots.into_iter().map(|slot| self.outcome(connection, slot));
            let outcomes = outcomes.collect();
            out.push(Action::Reply { ticket: request.ticket, outcomes });
        }
    }

    /// A wanted response without a value of its own is what a read would give.
    fn outcome(&self, connection: ConnectionId, slot: Slot) -> Outcome {
        match slot.progress {
            Progress::Done(Ok(None)) if slot.wants_response => {
                Ok(self.read(connection, slot.iid).ok())
            }
            Progress::Done(outcome) => outcome,
            Progress::Saving | Progress::PreparingDataStream | Progress::PreparingLive(_) => {
                Err(Status::UnableToCommunicate)
            }
        }
    }
}
