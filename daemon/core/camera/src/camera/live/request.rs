// SPDX-License-Identifier: MIT OR Apache-2.0
//! What viewers write: set-up, start, reconfiguration, suspension, end.

use hap::{ConnectionId, Status};

use super::{Live, LiveEnd, Session, State};
use crate::camera::{Action, Ticket};
use crate::tlv::live::{CryptoSuite, LiveOffer};
use crate::tlv::selected_rtp::{Command, Request, Selection};
use crate::tlv::setup_endpoints::{self, Refusal, Response};

impl Live {
    /// A viewer wants a service. The action, if there is one, prepares the session and is
    /// answered; without one the viewer's answer is there already.
    pub(in crate::camera) fn set_up(
        &mut self,
        ticket: Ticket,
        connection: ConnectionId,
        service: usize,
        request: setup_endpoints::Request,
    ) -> Option<Action> {
        let id = request.session_id;
        let is_protected =
            [&request.video_srtp, &request.audio_srtp].iter().all(|s| s.suite != CryptoSuite::None);
        let refusal = if !self.is_free(service) {
            Some(Refusal::Busy)
        } else if !is_protected {
            Some(Refusal::Error)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            tracing::debug!(service, ?refusal, "live session refused");
            self.respond(connection, service, Response::Refused(id, refusal));
            return None;
        }
        let state = State::Preparing(ticket);
        self.sessions[service] = Some(Session { id, connection, state, value: None });
        Some(Action::PrepareLive { ticket, connection, service, request })
    }

    /// A viewer says what is to become of its session.
    ///
    /// # Errors
    /// `InvalidValue` when `connection` has no session of that id on this service, or the command
    /// does not fit the session's state or lacks something.
    pub(in crate::camera) fn select(
        &mut self,
        connection: ConnectionId,
        service: usize,
        value: &[u8],
        offer: &LiveOffer,
    ) -> Result<Option<Action>, Status> {
        let request = Request::parse(value).map_err(invalid)?;
        let control = request.control;
        let session = self.sessions[service].as_mut();
        let session = session
            .filter(|session| session.id == control.session_id && session.connection == connection);
        let Some(session) = session else {
            tracing::debug!(service, command = ?control.command, "no such live session");
            return Err(Status::InvalidValue);
        };
        let (state, action) = match (&session.state, control.command) {
            (State::Prepared { .. } | State::Running(_) | State::Suspended(_), Command::End) => {
                return Ok(self.end(service, LiveEnd::Viewer));
            }
            (State::Prepared { .. }, Command::Start) => {
                let selection = Selection::new(&request, offer).map_err(invalid)?;
                let action = Action::StartLive { service, session: session.id, selection };
                (State::Running(selection), action)
            }
            (State::Running(now), Command::Reconfigure) => {
                let selection = now.merged(&request);
                (State::Running(selection), Action::ReconfigureLive { service, selection })
            }
            (State::Suspended(now), Command::Reconfigure) => {
                let selection = now.merged(&request);
                (State::Suspended(selection), Action::ReconfigureLive { service, selection })
            }
            (State::Running(now), Command::Suspend) => {
                (State::Suspended(*now), Action::SuspendLive { service })
            }
            (State::Suspended(now), Command::Resume) => {
                (State::Running(*now), Action::ResumeLive { service })
            }
            (State::Running(_), Command::Resume) | (State::Suspended(_), Command::Suspend) => {
                return Ok(None);
            }
            (state, command) => {
                tracing::debug!(service, ?state, ?command, "not now");
                return Err(Status::InvalidValue);
            }
        };
        session.state = state;
        if matches!(control.command, Command::Start | Command::Reconfigure) {
            session.value = Some(value.to_vec());
        }
        Ok(Some(action))
    }
}

fn invalid(error: impl std::error::Error) -> Status {
    tracing::debug!(%error, "stream selection refused");
    Status::InvalidValue
}
