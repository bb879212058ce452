// SPDX-License-Identifier: MIT OR Apache-2.0
//! Live sessions: who has which stream service, and what becomes of it. Sockets, packets and
//! encoders are the driver's.
//!
//! ```text
//!            SetupEndpoints          LivePrepared           start
//!   (free) ─────────────────► Preparing ────────► Prepared ───────► Running ◄─► Suspended
//!      ▲                          │                  │ 30 s            │            │
//!      └──────────────────────────┴──────────────────┴─────────────────┴────────────┘
//!              end, connection closed, not permitted any more, viewer lost
//! ```

mod request;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hap::ConnectionId;
use privacy::LIVE_SERVICES;

use super::{Action, Ticket};
use crate::tlv::selected_rtp::{self, Selection};
use crate::tlv::setup_endpoints::{Prepared, Refusal, Response, SessionId};

/// A session that was set up and not started in this time is given up.
pub const START_WITHIN: Duration = Duration::from_secs(30);

/// Answers that are kept for reads; one more drops the oldest connection's.
const MAX_RESPONSES: usize = 64;

/// Why a live session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveEnd {
    /// The viewer ended it.
    Viewer,
    /// The viewer set it up and never started it.
    NotStarted,
    /// The viewer's HAP connection closed.
    ConnectionClosed,
    /// The camera may not show it any more.
    NotPermitted,
    /// The viewer is silent, or said goodbye.
    Lost,
}

/// All sessions, at most one for each stream service.
#[derive(Debug)]
pub(super) struct Live {
    sessions: [Option<Session>; LIVE_SERVICES],
    responses: BTreeMap<(ConnectionId, usize), Response>,
    /// How many sessions there may be at once.
    maximum: usize,
}

#[derive(Debug)]
struct Session {
    id: SessionId,
    /// Who set it up. Nobody else may alter or end it.
    connection: ConnectionId,
    state: State,
    /// What was written last to SelectedRTPStreamConfiguration.
    value: Option<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    Preparing(Ticket),
    Prepared { until: Instant },
    Running(Selection),
    Suspended(Selection),
}

impl Live {
    pub(super) fn new(maximum: usize) -> Self {
        Self { sessions: Default::default(), responses: BTreeMap::new(), maximum }
    }

    /// Whether a viewer would get this service if it asked.
    pub(super) fn is_free(&self, service: usize) -> bool {
        self.sessions[service].is_none() && self.sessions.iter().flatten().count() < self.maximum
    }

    /// Whether the session of this request still waits to be prepared.
    pub(super) fn is_preparing(&self, service: usize, ticket: Ticket) -> bool {
        let session = self.sessions[service].as_ref();
        session.is_some_and(|s| matches!(s.state, State::Preparing(by) if by == ticket))
    }

    /// What `connection` reads from SetupEndpoints.
    pub(super) fn response(&self, connection: ConnectionId, service: usize) -> Vec<u8> {
        self.responses.get(&(connection, service)).unwrap_or(&Response::Idle).value()
    }

    /// What everybody reads from SelectedRTPStreamConfiguration.
    pub(super) fn selected(&self, service: usize) -> Vec<u8> {
        let session = self.sessions[service].as_ref();
        session.and_then(|s| s.value.clone()).unwrap_or_else(selected_rtp::idle_value)
    }

    /// The driver's half of a session is there, or cannot be.
    pub(super) fn prepared(
        &mut self,
        now: Instant,
        service: usize,
        ticket: Ticket,
        prepared: Result<Prepared, Refusal>,
    ) {
        if !self.is_preparing(service, ticket) {
            return;
        }
        let Some(session) = &mut self.sessions[service] else { return };
        let (id, connection) = (session.id, session.connection);
        let response = match prepared {
            Ok(prepared) => {
                session.state = State::Prepared { until: now + START_WITHIN };
                Response::Success(id, Box::new(prepared))
            }
            Err(refusal) => {
                self.sessions[service] = None;
                Response::Refused(id, refusal)
            }
        };
        self.respond(connection, service, response);
    }

    /// When [`Live::time_out`] is due.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let deadline = |session: &Session| match session.state {
            State::Prepared { until } => Some(until),
            _ => None,
        };
        self.sessions.iter().flatten().filter_map(deadline).min()
    }

    /// Gives up what was not started in time.
    pub(super) fn time_out(&mut self, now: Instant) -> Vec<Action> {
        let is_late = |s: &Session| matches!(s.state, State::Prepared { until } if now >= until);
        self.end_where(LiveEnd::NotStarted, |_, session| is_late(session))
    }

    /// Ends the sessions of services that are not permitted any more.
    pub(super) fn restrict(&mut self, permitted: [bool; LIVE_SERVICES]) -> Vec<Action> {
        self.end_where(LiveEnd::NotPermitted, |service, _| !permitted[service])
    }

    /// Ends the sessions of a connection that is gone, and forgets what it was answered.
    pub(super) fn connection_closed(&mut self, closed: ConnectionId) -> Vec<Action> {
        let ended = self.end_where(LiveEnd::ConnectionClosed, |_, s| s.connection == closed);
        self.responses.retain(|(connection, _), _| *connection != closed);
        ended
    }

    /// The driver hears nothing more from the viewer of this session.
    pub(super) fn lost(&mut self, service: usize, id: SessionId) -> Vec<Action> {
        self.end_where(LiveEnd::Lost, |of, session| of == service && session.id == id)
    }

    /// Nobody is paired any more: no answer is kept.
    pub(super) fn forget_responses(&mut self) {
        self.responses.clear();
    }

    fn end_where(
        &mut self,
        reason: LiveEnd,
        is_over: impl Fn(usize, &Session) -> bool,
    ) -> Vec<Action> {
        let over = |(service, session): (usize, &Option<Session>)| {
            session.as_ref().is_some_and(|session| is_over(service, session)).then_some(service)
        };
        let over: Vec<usize> = self.sessions.iter().enumerate().filter_map(over).collect();
        over.into_iter().filter_map(|service| self.end(service, reason)).collect()
    }

    /// Frees a service. A session that the driver does not know yet ends without an action.
    fn end(&mut self, service: usize, reason: LiveEnd) -> Option<Action> {
        let session = self.sessions[service].take()?;
        self.responses.remove(&(session.connection, service));
        let is_known = !matches!(session.state, State::Preparing(_));
        is_known.then_some(Action::EndLive { service, reason })
    }

    fn respond(&mut self, connection: ConnectionId, service: usize, response: Response) {
        let key = (connection, service);
        if self.responses.len() >= MAX_RESPONSES && !self.responses.contains_key(&key) {
            self.responses.pop_first();
        }
        self.responses.insert(key, response);
    }
}
