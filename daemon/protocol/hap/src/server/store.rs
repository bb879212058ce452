// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes of the pairings: one at a time, stored before they are in force and answered.

use std::collections::VecDeque;

use tlv8::{Fields, Writer};
use zeroize::Zeroizing;

use super::{
    Busy, Change, ChangeRefused, ConnectionId, Order, Output, Server, StoreFailed, Ticket,
    handshake::tlv,
};
use crate::{
    ControllerId,
    http::{Code, empty},
    pairing::{
        Pairing, PairingState,
        record::MAX_PAIRINGS,
        setup::{PairSetup, wrong_code},
        tlv::{Malformed, PairingError, error, kind, method},
    },
};

/// A change, and what to answer when it is made.
pub enum Mutation {
    /// Pair setup M3 with a wrong code.
    CountFailure { conn: ConnectionId },
    /// Pair setup M3 with the right code.
    ClearFailures { conn: ConnectionId, m4: Vec<u8> },
    /// Pair setup M5.
    AddFirst { conn: ConnectionId, pairing: Pairing, key: Zeroizing<[u8; 64]> },
    /// Add pairing.
    Add { conn: ConnectionId, pairing: Pairing },
    /// Remove pairing.
    Remove { conn: ConnectionId, identifier: ControllerId },
    /// By the owner's hand.
    UnpairAll,
    /// Over the local control interface.
    ByOwner { order: Order, change: Change },
}

/// Changes that wait, and the one that is being stored.
#[derive(Default)]
pub struct Store {
    waiting: VecDeque<Mutation>,
    current: Option<Storing>,
}

struct Storing {
    ticket: Ticket,
    mutation: Mutation,
    state: PairingState,
}

/// A request of /pairings.
enum PairingsRequest {
    Add(Pairing),
    Remove(ControllerId),
    List,
}

impl PairingsRequest {
    fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let fields = Fields::parse(body)?;
        if fields.number::<u8>(kind::STATE)? != 1 {
            return Err(Malformed::OutOfTurn);
        }
        let identifier =
            || ControllerId::new(fields.required(kind::IDENTIFIER)?).map_err(|_| Malformed::Value);
        match fields.number::<u8>(kind::METHOD)? {
            method::ADD_PAIRING => Ok(Self::Add(Pairing {
                identifier: identifier()?,
                public_key: fields.array(kind::PUBLIC_KEY)?,
                is_admin: match fields.number::<u8>(kind::PERMISSIONS)? {
                    0 => false,
                    1 => true,
                    _ => return Err(Malformed::Value),
                },
            })),
            method::REMOVE_PAIRING => Ok(Self::Remove(identifier()?)),
            method::LIST_PAIRINGS => Ok(Self::List),
            _ => Err(Malformed::Value),
        }
    }
}

impl Server {
    /// POST /pairings
    pub(super) fn pairings(&mut self, conn: ConnectionId, body: &[u8]) {
        let request = match PairingsRequest::parse(body) {
            Ok(request) => request,
            Err(error) => {
                tracing::debug!(?conn, %error, "malformed request of /pairings");
                return self.respond(conn, empty(Code::BadRequest));
            }
        };
        match request {
            PairingsRequest::Add(pairing) => self.mutate(Mutation::Add { conn, pairing }),
            PairingsRequest::Remove(identifier) => {
                self.mutate(Mutation::Remove { conn, identifier });
            }
            PairingsRequest::List if self.is_admin(conn) => {
                let body = list(&self.pairing_state.pairings);
                self.respond(conn, tlv(&body));
            }
            PairingsRequest::List => {
                self.respond(conn, tlv(&error(2, PairingError::Authentication)));
            }
        }
    }

    pub(super) fn unpair_all(&mut self) {
        self.mutate(Mutation::UnpairAll);
    }

    pub(super) fn change_by_owner(&mut self, order: Order, change: Change) {
        self.mutate(Mutation::ByOwner { order, change });
    }

    /// Makes the change when those before it are made; its connection is busy until then.
    pub(super) fn mutate(&mut self, mutation: Mutation) {
        if let Some(conn) = mutation.conn()
            && let Some(connection) = self.connections.get_mut(&conn)
        {
            connection.busy = Busy::Storing;
        }
        self.store.waiting.push_back(mutation);
        self.store_next();
    }

    fn store_next(&mut self) {
        while self.store.current.is_none()
            && let Some(mutation) = self.store.waiting.pop_front()
        {
            match self.apply(&mutation) {
                Ok(state) if state == self.pairing_state => {
                    self.settle(mutation, Ok(state), Ok(()));
                }
                Ok(state) => {
                    let ticket = self.ticket();
                    self.out.push(Output::Persist { ticket, state: state.clone() });
                    self.store.current = Some(Storing { ticket, mutation, state });
                }
                Err(error) => self.settle(mutation, Err(error), Ok(())),
            }
        }
    }

    pub(super) fn persisted(&mut self, ticket: Ticket, result: Result<(), StoreFailed>) {
        let Some(Storing { mutation, state, .. }) =
            self.store.current.take_if(|storing| storing.ticket == ticket)
        else {
            tracing::debug!(?ticket, "nothing is being stored under this ticket");
            return;
        };
        let outcome = match result {
            Ok(()) => Ok(state),
            // What restricts is in force though it will not survive a restart.
            Err(StoreFailed) if mutation.is_restriction() => Ok(state),
            Err(StoreFailed) => Err(PairingError::Unknown),
        };
        self.settle(mutation, outcome, result);
        self.store_next();
    }

    /// The state that the change leads to, or why it is refused.
    fn apply(&self, mutation: &Mutation) -> Result<PairingState, PairingError> {
        let mut state = self.pairing_state.clone();
        match mutation {
            Mutation::CountFailure { .. } => {
                state.failed_attempts = state.failed_attempts.saturating_add(1);
            }
            Mutation::ClearFailures { .. } => state.failed_attempts = 0,
            Mutation::AddFirst { .. } if state.is_paired() => {
                return Err(PairingError::Unavailable);
            }
            Mutation::AddFirst { pairing, .. } => state.pairings.push(pairing.clone()),
            Mutation::Add { conn, .. } | Mutation::Remove { conn, .. } if !self.is_admin(*conn) => {
                return Err(PairingError::Authentication);
            }
            Mutation::Add { pairing, .. } => add(&mut state, pairing)?,
            Mutation::Remove { identifier, .. } => remove(&mut state, identifier),
            Mutation::UnpairAll | Mutation::ByOwner { change: Change::UnpairAll, .. } => {
                state = PairingState::default();
            }
            Mutation::ByOwner { change: Change::ClearAttempts, .. } => state.failed_attempts = 0,
            Mutation::ByOwner { change: Change::Remove(identifier), .. } => {
                state.pairing(identifier).ok_or(PairingError::Unknown)?;
                remove(&mut state, identifier);
            }
        }
        Ok(state)
    }

    /// The change is in force or refused: answers, then ends the sessions of who is no longer
    /// paired.
    fn settle(
        &mut self,
        mutation: Mutation,
        result: Result<PairingState, PairingError>,
        stored: Result<(), StoreFailed>,
    ) {
        let was_paired = self.pairing_state.is_paired();
        let result = result.map(|state| self.pairing_state = state);
        self.seen.retain(|controller, _| self.pairing_state.pairing(controller).is_some());
        let conn = mutation.conn();
        let answer = match mutation {
            Mutation::CountFailure { .. } => Some(wrong_code()),
            Mutation::ClearFailures { m4, .. } => Some(m4),
            Mutation::AddFirst { conn, key, .. } => {
                self.release_claim(conn);
                Some(match result {
                    Ok(()) => PairSetup::finish(&key, &self.identity),
                    Err(refused) => error(6, refused),
                })
            }
            Mutation::Add { .. } | Mutation::Remove { .. } => Some(match result {
                Ok(()) => Writer::new().u8(kind::STATE, 2).finish(),
                Err(refused) => error(2, refused),
            }),
            Mutation::UnpairAll => None,
            Mutation::ByOwner { order, .. } => {
                let made = result.map_err(|_| ChangeRefused::UnknownController);
                let result = stored.map_err(ChangeRefused::from).and(made);
                self.out.push(Output::Changed { order, result });
                None
            }
        };
        if let (Some(conn), Some(answer)) = (conn, answer) {
            self.respond(conn, tlv(&answer));
        }
        let is_paired = self.pairing_state.is_paired();
        if is_paired != was_paired {
            tracing::info!(is_paired, event = "pairings", "pairings changed");
            self.out.push(Output::PairingsChanged { is_paired });
            self.keep_verifier_while_unpaired();
        }
        self.close_unpaired();
        if let Some(conn) = conn {
            self.ready.push(conn);
        }
    }

    fn close_unpaired(&mut self) {
        let unpaired: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| {
                connection.verified.as_ref().is_some_and(|verified| {
                    self.pairing_state.pairing(&verified.controller).is_none()
                })
            })
            .map(|(conn, _)| *conn)
            .collect();
        for conn in unpaired {
            self.close(conn);
        }
    }

    fn is_admin(&self, conn: ConnectionId) -> bool {
        let verified = self.connections.get(&conn).and_then(|c| c.verified.as_ref());
        verified.is_some_and(|verified| self.pairing_state.is_admin(&verified.controller))
    }
}

impl Mutation {
    fn conn(&self) -> Option<ConnectionId> {
        match self {
            Self::CountFailure { conn }
            | Self::ClearFailures { conn, .. }
            | Self::AddFirst { conn, .. }
            | Self::Add { conn, .. }
            | Self::Remove { conn, .. } => Some(*conn),
            Self::UnpairAll | Self::ByOwner { .. } => None,
        }
    }

    fn is_restriction(&self) -> bool {
        match self {
            Self::CountFailure { .. } | Self::UnpairAll => true,
            Self::ByOwner { change, .. } => *change != Change::ClearAttempts,
            _ => false,
        }
    }
}

fn remove(state: &mut PairingState, identifier: &ControllerId) {
    state.pairings.retain(|pairing| pairing.identifier != *identifier);
    state.drop_all_without_admin();
}

fn add(state: &mut PairingState, added: &Pairing) -> Result<(), PairingError> {
    let room = MAX_PAIRINGS - state.pairings.len();
    let known = state.pairings.iter_mut().find(|known| known.identifier == added.identifier);
    match known {
        Some(known) if known.public_key != added.public_key => return Err(PairingError::Unknown),
        Some(known) => known.is_admin = added.is_admin,
        None if room == 0 => return Err(PairingError::MaxPeers),
        None => state.pairings.push(added.clone()),
    }
    state.drop_all_without_admin();
    Ok(())
}

fn list(pairings: &[Pairing]) -> Vec<u8> {
    let mut body = Writer::new().u8(kind::STATE, 2);
    for (at, pairing) in pairings.iter().enumerate() {
        if at > 0 {
            body = body.separator(kind::SEPARATOR);
        }
        body = body
            .bytes(kind::IDENTIFIER, pairing.identifier.as_str().as_bytes())
            .bytes(kind::PUBLIC_KEY, &pairing.public_key)
            .u8(kind::PERMISSIONS, pairing.is_admin.into());
    }
    body.finish()
}
