// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the control interface asks for, and what it is told. Whatever changes the camera goes the
//! way that a controller's write or a hand's doing goes.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use ::control::{Controller, LiveSession, Recording};
use appliance::status::Code;
use camera::services::iid;
use camera::{DisabledBy, OWNER, Outcome};
use frame::{Coded, Size};
use hap::{ChangeRefused, Status, Value};
use media::SnapshotError;
use tracing::{debug, info};

use super::history::{History, epoch_s, wall};
use super::{Core, End};
use crate::advert::Published;
use crate::control::{Answer, Facts, Outlet, Refused, Request, Signal, State, Verdict};

/// The core's side of the control interface.
pub struct Control {
    pub outlet: Outlet,
    pub history: History,
    pub published: tokio::sync::watch::Receiver<Published>,
    /// Who waits for a change of the pairings.
    changes: HashMap<hap::Order, Answer<()>>,
    next_change: u64,
    /// Who waits for the promise of a factory reset.
    resets: Vec<Answer<()>>,
    /// Answers to what changes the camera. They leave after its new state is published, so that
    /// whoever has one and looks sees it.
    settled: Vec<Box<dyn FnOnce() + Send>>,
    /// When the state is to be looked at though nothing happened.
    look_at: Option<Instant>,
}

/// An answer to a passing blink of the light is over by then.
const BLINK: Duration = Duration::from_secs(1);

impl Control {
    /// Nobody has asked for anything.
    pub fn new(
        outlet: Outlet,
        published: tokio::sync::watch::Receiver<Published>,
        now: Instant,
    ) -> Self {
        let (changes, next_change) = (HashMap::new(), 0);
        let history = History::new(now);
        Self {
            outlet,
            history,
            published,
            changes,
            next_change,
            resets: Vec::new(),
            settled: Vec::new(),
            look_at: None,
        }
    }

    /// The camera's answer to the owner.
    pub fn settle_write(&mut self, to: Answer<()>, outcomes: &[Outcome]) {
        let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err());
        let result = match refused {
            None => Ok(()),
            Some(Status::Busy) => Err(Refused::Busy),
            Some(Status::UnableToCommunicate) => Err(Refused::StoreFailed),
            Some(_) => Err(Refused::NotPermitted),
        };
        self.settle(to, result);
    }

    /// Answers once the state that it led to is published.
    fn settle(&mut self, to: Answer<()>, result: Result<(), Refused>) {
        self.settled.push(Box::new(move || answer(to, result)));
    }

    /// When [`Core::publish`] is due though nothing happened.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.look_at
    }
}

impl Core {
    /// Does what a caller asks for. Answers that nobody waits for any more are dropped.
    pub(super) fn asked(&mut self, now: Instant, request: Request) {
        match request {
            Request::SetSoftwarePrivacy(is_on, to) => self.set_software_privacy(now, is_on, to),
            Request::SetNightVision(is_automatic, to) => {
                self.set_night_vision(now, is_automatic, to);
            }
            Request::TriggerMotion(to) => {
                let result = self.trigger_motion();
                self.control.settle(to, result);
            }
            Request::Snapshot(size, to) => self.snapshot_for_owner(size, to),
            Request::LiveSessions(to) => answer(to, Ok(self.live_sessions(now))),
            Request::Recordings(to) => answer(to, Ok(self.control.history.recordings(now))),
            Request::Facts(to) => answer(to, Ok(Box::new(self.facts(now)))),
            Request::Identify(to) => {
                if self.hands.light() != Code::Identify {
                    self.identify(); // else it is being shown
                }
                answer(to, Ok(()));
            }
            Request::WatchMotion(time, to) => {
                self.motion.tell_scores(now + time);
                answer(to, Ok(()));
            }
            Request::Controllers(to) => answer(to, Ok(self.controllers(now))),
            Request::SetupCode(to) => {
                let help = &self.pairing_help;
                answer(to, Ok((help.code.as_str().to_owned(), help.uri.clone())));
            }
            Request::Change(change, to) => self.change_pairings(now, change, to),
            Request::FactoryReset(to) => {
                self.control.resets.push(to);
                self.factory_reset();
            }
            Request::SetUpdateFault(fault, to) => {
                self.control.history.troubles.update = fault;
                self.show_situation();
                self.control.settle(to, Ok(()));
            }
            Request::Restart(to) => {
                info!(event = "restart", "a restart was asked for");
                self.end = Some(End::Restart);
                answer(to, Ok(()));
            }
        }
    }

    /// Shut at once, opened when that is saved; answered when it is saved either way.
    fn set_software_privacy(&mut self, now: Instant, is_on: bool, to: Answer<()>) {
        if self.camera.state().disabled_by_owner != is_on {
            info!(event = "privacy", is_on, "software privacy");
        }
        let ticket = self.write_ticket(super::Writer::Owner(to));
        let by = DisabledBy::Owner(ticket);
        let input = camera::Input::SetDisabled { by, is_disabled: is_on };
        let actions = self.camera.handle(now, input);
        self.act(now, actions);
    }

    /// As if Home had written it.
    fn set_night_vision(&mut self, now: Instant, is_automatic: bool, to: Answer<()>) {
        if self.camera.state().night_vision != is_automatic {
            info!(is_automatic, "night vision");
        }
        let ticket = self.write_ticket(super::Writer::Owner(to));
        let entry = camera::WriteEntry {
            iid: iid::NIGHT_VISION,
            value: Value::Bool(is_automatic),
            wants_response: false,
        };
        let (connection, accessory_salt) = (OWNER, [0; 32]); // no data stream is set up
        let entries = vec![entry];
        let write = camera::Input::Write { ticket, connection, entries, accessory_salt };
        let actions = self.camera.handle(now, write);
        self.act(now, actions);
    }

    /// The gate decides as it does for an event's snapshot. The picture goes from its thread to
    /// the caller.
    fn snapshot_for_owner(&self, size: Size, to: Answer<Coded>) {
        if self.camera.snapshot(Some(privacy::SnapshotReason::Event)).is_err() {
            return answer(to, Err(Refused::NotPermitted));
        }
        let reply = Box::new(move |picture: Result<_, SnapshotError>| {
            let picture = picture.map_err(|error| match error {
                SnapshotError::Denied => Refused::NotPermitted,
                SnapshotError::Busy => Refused::Busy,
                _ => Refused::NoPicture,
            });
            answer(to, picture);
        });
        self.video.snapshot(size, reply);
    }

    fn controllers(&self, now: Instant) -> Vec<Controller> {
        let connected: Vec<_> = self.hap.sessions().map(|session| session.controller).collect();
        let pairings = &self.hap.pairing_state().pairings;
        let controller = |pairing: &hap::Pairing| Controller {
            id: pairing.identifier.to_string(),
            admin: pairing.is_admin,
            connected: connected.contains(&&pairing.identifier),
            last_seen: self.hap.last_seen(&pairing.identifier).map(|at| epoch_s(wall(now, at))),
        };
        pairings.iter().map(controller).collect()
    }

    fn change_pairings(&mut self, now: Instant, change: hap::Change, to: Answer<()>) {
        let what = match &change {
            hap::Change::ClearAttempts => "wrong setup codes are forgotten",
            hap::Change::Remove(_) => "one controller is removed", // who, is in no log
            hap::Change::UnpairAll => "everybody is unpaired",
        };
        info!(what, "the owner changes the pairings");
        let order = hap::Order(self.control.next_change);
        self.control.next_change += 1;
        self.control.changes.insert(order, to);
        let outputs = self.hap.handle(now, hap::Input::Change { order, change });
        self.do_hap(now, outputs);
    }

    /// A factory reset is promised, or not.
    pub(super) fn reset_answered(&mut self, is_promised: bool) {
        for to in std::mem::take(&mut self.control.resets) {
            self.control.settle(to, is_promised.then_some(()).ok_or(Refused::StoreFailed));
        }
    }

    /// A change of the pairings is stored, or refused.
    pub(super) fn pairings_answered(
        &mut self,
        order: hap::Order,
        result: Result<(), ChangeRefused>,
    ) {
        let Some(to) = self.control.changes.remove(&order) else { return };
        let result = result.map_err(|refused| match refused {
            ChangeRefused::NotStored(_) => Refused::StoreFailed,
            ChangeRefused::UnknownController => Refused::UnknownController,
        });
        self.control.settle(to, result);
    }

    /// A hub's recording began or not; told when it did.
    pub(super) fn tell_recording_began(&mut self, now: Instant) {
        if self.recordings.is_recording()
            && let Some(id) = self.control.history.recording_began(now)
        {
            info!(event = "recording-started", session = id, "a home hub takes a recording");
            self.control.outlet.tell(Signal::RecordingStarted(id));
        }
    }

    /// A hub's recording is over.
    pub(super) fn tell_recording_ended(&mut self, recording: Recording) {
        self.control.outlet.tell(Signal::RecordingEnded(recording));
    }

    /// The live sessions that were started.
    fn live_sessions(&self, now: Instant) -> Vec<LiveSession> {
        self.live.sessions(now).collect()
    }

    /// Lets properties show what is so now.
    pub(super) fn publish(&mut self, now: Instant) {
        let troubles = &mut self.control.history.troubles;
        troubles.has_body_fault =
            self.hands.has_fault() || self.hands.switch() == crate::hands::Switch::Unreadable;
        troubles.is_store_failing = self.saver.is_failing();
        let has_fault = troubles.health() == Verdict::Fault;
        if has_fault != self.camera.has_fault() {
            let actions = self.camera.handle(now, camera::Input::FaultChanged(has_fault));
            self.act(now, actions);
        }
        let state = self.state();
        let is_passing = matches!(state.light, Code::Identify | Code::Step(_));
        self.control.look_at = is_passing.then_some(now + BLINK);
        self.control.outlet.publish(state);
        self.control.settled.drain(..).for_each(|answer| answer());
    }

    fn state(&self) -> State {
        let set = self.camera.state();
        State {
            mode: self.camera.mode(),
            is_disabled_by_owner: set.disabled_by_owner,
            switch: self.hands.switch(),
            is_switched_off: self.hands.is_private(),
            is_moving: self.camera.is_moving(),
            night_vision: set.night_vision,
            filter: self.hands.filter(),
            light: self.hands.light(),
            is_recording: self.recordings.is_recording(),
            viewers: self.live.watching(),
            failed_attempts: self.hap.pairing_state().failed_attempts,
            health: self.control.history.troubles.health(),
        }
    }

    fn facts(&self, now: Instant) -> Facts {
        let history = &self.control.history;
        let video = self.video.stats();
        let selected = self.recordings.selected().map_or(0, |selected| selected.prebuffer_ms);
        let hears =
            |session: &hap::Session<'_>| session.subscriptions.contains(&iid::MOTION_DETECTED);
        Facts {
            state: self.state(),
            now: SystemTime::now(),
            uptime: now.saturating_duration_since(history.started),
            sessions: self.hap.sessions().count(),
            listeners: self.hap.sessions().filter(hears).count(),
            data_streams: self.recordings.data_streams(),
            troubles: history.troubles.clone(),
            is_capturing: self.is_capturing,
            captured: video.captured,
            encoded: video.encoded + video.live_encoded,
            has_microphone: self.sounds.has_microphone(),
            prebuffer: self.recordings.held(),
            wanted_prebuffer: Duration::from_millis(selected.into()),
            last: history.last(now),
            published: self.control.published.borrow().clone(),
            ports: self.listens_at,
            counters: self.counters(now),
        }
    }
}

fn answer<T>(to: Answer<T>, result: Result<T, Refused>) {
    if to.send(result).is_err() {
        debug!("a caller did not wait for its answer");
    }
}
