// SPDX-License-Identifier: MIT OR Apache-2.0
//! The accessory's server: all connections of all controllers, driven by one task.

mod admission;
mod attribute;
mod connection;
mod event;
mod handshake;
mod message;
mod route;
mod store;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use rand_chacha::ChaCha20Rng;
use rand_core::Rng;

pub use message::{
    Caller, Change, ChangeRefused, ConnectionId, Input, Order, Output, Reply, Request,
    SnapshotReason, StoreFailed, Ticket, WriteEntry,
};

use self::{
    connection::{Busy, Connection},
    handshake::Claim,
    route::Route,
    store::Store,
};
use crate::{
    ControllerId, Database, Identity, Iid, Value,
    http::{self, Code},
    json::text::{self, AID, Entry, Extras, Statuses},
    pairing::{PairingState, record::MAX_PAIRINGS, srp::Verifier},
    session::SharedSecret,
    setup::SetupCode,
};

/// Time in which the camera answers; after it the controller would no longer listen.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// What makes an accessory.
pub struct Accessory {
    /// Who it is.
    pub identity: Identity,
    /// Its setup code.
    pub setup_code: SetupCode,
    /// What was persisted last.
    pub pairing_state: PairingState,
    /// What it offers.
    pub database: Arc<Database>,
}

/// A verified connection, seen from outside.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Whose it is; one may have several.
    pub controller: &'a ControllerId,
    /// When it last sent anything.
    pub last_active: Instant,
    /// What it wants events of.
    pub subscriptions: &'a BTreeSet<Iid>,
}

/// HAP over IP for one accessory.
///
/// Inputs go into [`handle`](Self::handle), what is to be done comes out of it. Nothing waits
/// inside: a question to the camera or to the store carries a [`Ticket`], and its answer is
/// another input.
pub struct Server {
    identity: Identity,
    setup_code: SetupCode,
    verifier: Option<Box<Verifier>>,
    database: Arc<Database>,
    rng: ChaCha20Rng,
    pairing_state: PairingState,
    store: Store,
    claim: Option<Claim>,
    connections: BTreeMap<ConnectionId, Connection>,
    /// Which connection waits for the reply with this ticket.
    asked: HashMap<Ticket, ConnectionId>,
    last_ticket: u64,
    /// When sessions that are over were last heard, by paired controllers.
    seen: BTreeMap<ControllerId, Instant>,
    /// Connections that were answered while another input was handled.
    ready: Vec<ConnectionId>,
    out: Vec<Output>,
}

impl Server {
    /// Starts without connections. `rng` is to be seeded from the system's randomness: it makes
    /// the ephemeral keys. While there is no pairing this takes as long as a pair setup, since
    /// the verifier of the setup code is computed now.
    pub fn new(accessory: Accessory, rng: ChaCha20Rng) -> Self {
        let Accessory { identity, setup_code, mut pairing_state, database } = accessory;
        pairing_state.pairings.truncate(MAX_PAIRINGS);
        let mut server = Self {
            identity,
            setup_code,
            verifier: None,
            database,
            rng,
            pairing_state,
            store: Store::default(),
            claim: None,
            connections: BTreeMap::new(),
            asked: HashMap::new(),
            last_ticket: 0,
            seen: BTreeMap::new(),
            ready: Vec::new(),
            out: Vec::new(),
        };
        server.keep_verifier_while_unpaired();
        server
    }

    /// Takes one input and gives what is to be done, in order.
    #[must_use = "the outputs are the server's only effect"]
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Vec<Output> {
        match input {
            Input::Opened { conn, peer } => self.open(now, conn, peer),
            Input::Received { conn, bytes } => self.receive(now, conn, bytes),
            Input::Closed { conn } => self.forget(conn),
            Input::Reply { ticket, reply } => self.reply(ticket, reply),
            Input::Persisted { ticket, result } => self.persisted(ticket, result),
            Input::Changed { iid, value, author } => self.change(now, iid, &value, author),
            Input::Pinned { conn, is_pinned } => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.is_pinned = is_pinned;
                }
            }
            Input::Timeout => self.time_out(now),
            Input::UnpairAll => self.unpair_all(),
            Input::Change { order, change } => self.change_by_owner(order, change),
        }
        while let Some(conn) = self.ready.pop() {
            self.pump(now, conn);
        }
        std::mem::take(&mut self.out)
    }

    /// When [`Input::Timeout`] is to be given, unless another input comes first.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.connections.values().filter_map(Connection::next_timeout).min()
    }

    /// The secret of a verified connection, to derive the keys of a data stream from.
    pub fn shared_secret(&self, conn: ConnectionId) -> Option<&SharedSecret> {
        self.connections.get(&conn)?.shared_secret()
    }

    /// The pairings as they are in force.
    pub fn pairing_state(&self) -> &PairingState {
        &self.pairing_state
    }

    /// The verified sessions, one for each connection.
    pub fn sessions(&self) -> impl Iterator<Item = Session<'_>> {
        self.connections.values().filter_map(|connection| {
            let verified = connection.verified.as_ref()?;
            let (controller, subscriptions) = (&verified.controller, &verified.subscriptions);
            Some(Session { controller, last_active: connection.last_active, subscriptions })
        })
    }

    /// When a paired controller last sent anything over a verified connection, since the start.
    pub fn last_seen(&self, controller: &ControllerId) -> Option<Instant> {
        let open = self.sessions().filter(|session| session.controller == controller);
        open.map(|session| session.last_active).chain(self.seen.get(controller).copied()).max()
    }

    fn receive(&mut self, now: Instant, conn: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        match connection.receive(now, bytes) {
            Ok(()) => self.pump(now, conn),
            Err(error) => {
                tracing::debug!(?conn, %error, "session broken by the peer");
                self.close(conn);
            }
        }
    }

    /// Answers what was received, as far as it is whole and nothing is being answered already.
    fn pump(&mut self, now: Instant, conn: ConnectionId) {
        while let Some(connection) = self.connections.get_mut(&conn)
            && !connection.is_busy()
        {
            match connection.next_request() {
                Ok(Some(incoming)) => self.route(now, Route { conn, incoming }),
                Ok(None) => {
                    connection.note_rest(now);
                    self.flush_events(now, conn);
                    return;
                }
                Err(refused) => {
                    tracing::debug!(?conn, error = %refused, "request refused");
                    self.send(conn, http::empty(Code::from(refused)));
                    self.close(conn);
                    return;
                }
            }
        }
        if self.connections.get(&conn).is_some_and(Connection::is_overfull) {
            tracing::debug!(?conn, "peer does not wait for answers");
            self.close(conn);
        }
    }

    /// Sends a response; the connection is ready for the next request.
    fn respond(&mut self, conn: ConnectionId, message: Vec<u8>) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.busy = Busy::No;
        }
        self.send(conn, message);
    }

    fn send(&mut self, conn: ConnectionId, message: Vec<u8>) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            let bytes = connection.seal(message);
            self.out.push(Output::Send { conn, bytes });
        }
    }

    fn ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        Ticket(self.last_ticket)
    }

    fn reply(&mut self, ticket: Ticket, reply: Reply) {
        let Some(conn) = self.asked.remove(&ticket) else {
            tracing::debug!(?ticket, "reply without a request, or too late");
            return;
        };
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        if let Busy::Asked { plan, .. } = std::mem::replace(&mut connection.busy, Busy::No) {
            let message = attribute::finish(&self.database, plan, reply);
            self.respond(conn, message);
            self.ready.push(conn);
        }
    }

    fn change(&mut self, now: Instant, iid: Iid, value: &Value, author: Option<ConnectionId>) {
        let Some(kind) = self.database.characteristic(iid).map(|c| c.kind) else { return };
        let mut touched = Vec::new();
        for (&conn, connection) in &mut self.connections {
            if let Some(verified) = &mut connection.verified
                && author != Some(conn)
                && verified.subscriptions.contains(&iid)
            {
                verified.events.push(now, kind, iid, value.clone());
                touched.push(conn);
            }
        }
        for conn in touched {
            self.flush_events(now, conn);
        }
    }

    fn flush_events(&mut self, now: Instant, conn: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        if !connection.is_quiet() {
            return;
        }
        let Some(verified) = &mut connection.verified else { return };
        for message in verified.events.take_due(now) {
            let entries: Vec<Entry<'_>> = message
                .into_iter()
                .map(|(iid, value)| Entry {
                    aid: AID,
                    iid,
                    result: Ok(Some(value)),
                    extras: Extras::default(),
                })
                .collect();
            let body = text::characteristics(&entries, Statuses::Hidden);
            self.send(conn, http::event(&body));
        }
    }

    fn time_out(&mut self, now: Instant) {
        let conns: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for conn in conns {
            let Some(connection) = self.connections.get_mut(&conn) else { continue };
            if connection.expires().is_some_and(|expires| now >= expires) {
                tracing::debug!(?conn, peer = %connection.peer, "silent for too long");
                self.close(conn);
                continue;
            }
            match std::mem::replace(&mut connection.busy, Busy::No) {
                Busy::Asked { ticket, deadline, plan } if now >= deadline => {
                    tracing::warn!(?conn, ?ticket, "no reply in time");
                    self.asked.remove(&ticket);
                    let message = attribute::timed_out(&self.database, plan);
                    self.respond(conn, message);
                    self.ready.push(conn);
                }
                Busy::Held { until, public_key, proof } if now >= until => {
                    self.prove(conn, &public_key, &proof);
                    self.ready.push(conn);
                }
                Busy::No => self.flush_events(now, conn),
                busy => connection.busy = busy,
            }
        }
    }

    /// Closes a connection after all that was sent, and forgets it.
    fn close(&mut self, conn: ConnectionId) {
        if self.connections.contains_key(&conn) {
            self.out.push(Output::Close { conn });
            self.forget(conn);
        }
    }

    fn forget(&mut self, conn: ConnectionId) {
        let Some(connection) = self.connections.remove(&conn) else { return };
        if let Busy::Asked { ticket, .. } = connection.busy {
            self.asked.remove(&ticket);
        }
        self.release_claim(conn);
        if let Some(verified) = connection.verified {
            if self.pairing_state.pairing(&verified.controller).is_some() {
                self.seen.insert(verified.controller, connection.last_active);
            }
            self.out.push(Output::SessionEnded { conn });
        }
    }

    fn random_key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        self.rng.fill_bytes(&mut key);
        key
    }
}
