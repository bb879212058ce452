// SPDX-License-Identifier: MIT OR Apache-2.0
//! The accessory's end of all data streams: prepared sessions, connections, their timers and
//! bounds. Sockets belong to the driver, which feeds [`Input`]s and carries [`Output`]s out.

mod config;
mod connection;

pub use config::{Config, PeerRule};

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

use tracing::debug;

use crate::frame::{Opener, SealError, Sealer};
use crate::keys::Keys;
use crate::message::Message;
use connection::{Bound, Stranger};

/// A TCP connection; the driver numbers them and never uses a number twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// The HAP connection over which a data stream was set up, and with which it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(pub u64);

/// What happened outside.
#[derive(Debug)]
pub enum Input<'a> {
    /// Someone connected.
    Accepted {
        /// The new connection.
        connection: ConnectionId,
        /// The other end's address.
        peer: IpAddr,
    },
    /// Bytes arrived.
    Received {
        /// Where.
        connection: ConnectionId,
        /// What.
        bytes: &'a [u8],
    },
    /// The socket took bytes that were to be sent.
    Written {
        /// Which.
        connection: ConnectionId,
        /// How many since the last time.
        bytes: usize,
    },
    /// The connection is gone.
    Closed {
        /// Which.
        connection: ConnectionId,
    },
    /// A HAP connection is gone: its data streams end with it.
    OwnerGone(Owner),
    /// The time of [`Server::next_timeout`] has come.
    Timeout,
}

/// What the driver must do or the accessory wants to know.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Send these bytes, and report them as [`Input::Written`] when the socket took them.
    Send {
        /// Where.
        connection: ConnectionId,
        /// What.
        bytes: Vec<u8>,
    },
    /// Close the socket. No [`Input::Closed`] is expected for it any more; one does no harm.
    Close {
        /// Which.
        connection: ConnectionId,
        /// What becomes of bytes not yet sent.
        closing: Closing,
        /// Why.
        reason: CloseReason,
    },
    /// A message for the accessory.
    Message {
        /// From where.
        connection: ConnectionId,
        /// The HAP connection behind it.
        owner: Owner,
        /// What it says.
        message: Message,
    },
    /// A data stream ended, whoever ended it. Told once for every one that belonged to an owner.
    Closed {
        /// Which.
        connection: ConnectionId,
        /// The HAP connection behind it.
        owner: Owner,
        /// Why.
        reason: CloseReason,
    },
}

/// How a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Closing {
    /// Send first what is still to be sent, for a second at most.
    AfterSending,
    /// At once.
    Now,
}

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CloseReason {
    /// The other end closed it, or the network did.
    #[error("the other end closed the connection")]
    PeerClosed,
    /// The accessory asked for it.
    #[error("closed by the camera")]
    Asked,
    /// The HAP connection that set it up is gone.
    #[error("its HAP connection ended")]
    OwnerGone,
    /// Bytes stood in the queue and the socket took none of them for too long.
    #[error("the other end took no data for too long")]
    Stalled,
    /// The address is none that may connect.
    #[error("its address may not connect")]
    AddressRefused,
    /// As many connections as are allowed.
    #[error("too many connections")]
    TooMany,
    /// No first byte or no hello in time.
    #[error("it did not say hello in time")]
    NoHello,
    /// The first frame opens with no key that is prepared.
    #[error("its first frame belongs to no prepared session")]
    Unidentified,
    /// Bytes that are no frame, no message, or a message before hello.
    #[error("it broke the protocol")]
    Protocol,
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no such connection, or it has not said hello.
    #[error("no such data stream")]
    NotConnected,
    /// More bytes wait already than [`Config::max_queued_bytes`].
    #[error("the send queue is full")]
    QueueFull,
    /// The message fits no frame.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// As many sessions wait for their connection as are allowed; the controller is told busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many data streams are being set up")]
pub struct TooManyPrepared;

/// A session whose TCP connection is still to come.
struct Prepared {
    owner: Owner,
    /// Where its HAP connection comes from.
    peer: IpAddr,
    keys: Keys,
    until: Instant,
}

/// All data streams of an accessory.
pub struct Server {
    config: Config,
    prepared: Vec<Prepared>,
    strangers: BTreeMap<ConnectionId, Stranger>,
    bound: BTreeMap<ConnectionId, Bound>,
}

impl Server {
    /// Without connections.
    pub fn new(config: Config) -> Self {
        let (strangers, bound) = (BTreeMap::new(), BTreeMap::new());
        Self { config, prepared: Vec::new(), strangers, bound }
    }

    /// Expects a connection that speaks with `keys`, for [`Config::prepared_lifetime`], and lets
    /// `peer`, the address behind the HAP connection, in whatever [`Config::peers`] says. Listen
    /// before the controller is answered: it connects within milliseconds.
    ///
    /// # Errors
    /// [`TooManyPrepared`].
    pub fn prepare(
        &mut self,
        now: Instant,
        owner: Owner,
        peer: IpAddr,
        keys: Keys,
    ) -> Result<(), TooManyPrepared> {
        self.prepared.retain(|prepared| prepared.until > now);
        if self.prepared.len() >= self.config.max_prepared {
            // A controller that asks again and again takes its own place, nobody else's.
            let own = self.prepared.iter().position(|prepared| prepared.owner == owner);
            self.prepared.remove(own.ok_or(TooManyPrepared)?);
        }
        self.prepared.push(Prepared {
            owner,
            peer,
            keys,
            until: now + self.config.prepared_lifetime,
        });
        Ok(())
    }

    /// The only way in for what happens outside.
    #[must_use]
    pub fn handle(&mut self, now: Instant, input: Input<'_>) -> Vec<Output> {
        let mut outputs = Vec::new();
        match input {
            Input::Accepted { connection, peer } => {
                self.accept(now, connection, peer, &mut outputs);
            }
            Input::Received { connection, bytes } => {
                self.receive(now, connection, bytes, &mut outputs);
            }
            Input::Written { connection, bytes } => {
                if let Some(bound) = self.bound.get_mut(&connection) {
                    bound.written(now, bytes);
                }
            }
            Input::Closed { connection } => {
                self.strangers.remove(&connection);
                if let Some(bound) = self.bound.remove(&connection) {
                    let (owner, reason) = (bound.owner, CloseReason::PeerClosed);
                    outputs.push(Output::Closed { connection, owner, reason });
                }
            }
            Input::OwnerGone(owner) => {
                self.prepared.retain(|prepared| prepared.owner != owner);
                self.close_where(
                    |bound| bound.owner == owner,
                    (Closing::Now, CloseReason::OwnerGone),
                    &mut outputs,
                );
            }
            Input::Timeout => self.time_out(now, &mut outputs),
        }
        outputs
    }

    /// Sends `message`.
    ///
    /// # Errors
    /// [`SendError`]; nothing was sent and the connection is as it was.
    pub fn send(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: &Message,
    ) -> Result<Output, SendError> {
        let bound = self.bound.get_mut(&connection).ok_or(SendError::NotConnected)?;
        if !bound.said_hello {
            return Err(SendError::NotConnected);
        }
        if bound.queued > self.config.max_queued_bytes {
            return Err(SendError::QueueFull);
        }
        Ok(Output::Send { connection, bytes: bound.seal(now, message)? })
    }

    /// Closes a connection after what was sent to it; nothing happens when it is gone already.
    #[must_use]
    pub fn close(&mut self, connection: ConnectionId) -> Vec<Output> {
        let mut outputs = Vec::new();
        let how = (Closing::AfterSending, CloseReason::Asked);
        if self.bound.contains_key(&connection) {
            self.close_one(connection, how, &mut outputs);
        }
        outputs
    }

    /// Bytes handed out for `connection` that its socket has not taken; 0 when it is unknown.
    pub fn queued_bytes(&self, connection: ConnectionId) -> usize {
        self.bound.get(&connection).map_or(0, |bound| bound.queued)
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let prepared = self.prepared.iter().map(|prepared| prepared.until);
        let strangers = self.strangers.values().map(|stranger| stranger.deadline(&self.config));
        let bound = self.bound.values().filter_map(|bound| bound.deadline(&self.config));
        prepared.chain(strangers).chain(bound).min()
    }

    fn accept(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        peer: IpAddr,
        outputs: &mut Vec<Output>,
    ) {
        let is_expected = self.prepared.iter().any(|prepared| prepared.peer == peer);
        let reason = if !is_expected && !self.config.peers.allows(peer) {
            CloseReason::AddressRefused
        } else if self.strangers.len() >= self.config.max_unidentified {
            CloseReason::TooMany
        } else {
            self.strangers.insert(connection, Stranger::new(now));
            return;
        };
        debug!(connection = connection.0, %peer, %reason, "data stream connection refused");
        outputs.push(Output::Close { connection, closing: Closing::Now, reason });
    }

    fn receive(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        bytes: &[u8],
        outputs: &mut Vec<Output>,
    ) {
        if let Some(bound) = self.bound.get_mut(&connection) {
            bound.opener.push(bytes);
        } else if let Some(mut stranger) = self.strangers.remove(&connection) {
            match stranger.receive(bytes) {
                Ok(None) => {
                    self.strangers.insert(connection, stranger);
                    return;
                }
                Ok(Some(frame)) => {
                    if let Err(reason) = self.bind(now, connection, stranger, frame, outputs) {
                        debug!(connection = connection.0, %reason, "data stream refused");
                        let closing = Closing::Now;
                        outputs.push(Output::Close { connection, closing, reason });
                        return;
                    }
                }
                Err(error) => {
                    debug!(connection = connection.0, %error, "data stream refused");
                    let (closing, reason) = (Closing::Now, CloseReason::Protocol);
                    outputs.push(Output::Close { connection, closing, reason });
                    return;
                }
            }
        }
        self.read(now, connection, outputs);
    }

    /// Gives the stranger to the prepared session whose key opens its first frame.
    fn bind(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        stranger: Stranger,
        mut frame: Vec<u8>,
        outputs: &mut Vec<Output>,
    ) -> Result<(), CloseReason> {
        self.prepared.retain(|prepared| prepared.until > now);
        let found = self.prepared.iter().enumerate().find_map(|(index, prepared)| {
            let mut opener = Opener::new(&prepared.keys);
            opener.open_first(&mut frame).is_ok().then_some((index, opener))
        });
        let (index, mut opener) = found.ok_or(CloseReason::Unidentified)?;
        if self.bound.len() >= self.config.max_connections {
            return Err(CloseReason::TooMany);
        }
        let Prepared { owner, keys, .. } = self.prepared.swap_remove(index);
        let accepted = stranger.accepted;
        opener.continue_with(stranger.into_received());
        let bound = Bound::new(owner, Sealer::new(&keys), opener, accepted);
        self.bound.insert(connection, bound);
        debug!(connection = connection.0, owner = owner.0, "data stream identified");
        self.take(now, connection, &frame, outputs);
        Ok(())
    }

    /// Reads all whole frames that have arrived.
    fn read(&mut self, now: Instant, connection: ConnectionId, outputs: &mut Vec<Output>) {
        while let Some(bound) = self.bound.get_mut(&connection) {
            match bound.opener.payload() {
                Ok(Some(payload)) => self.take(now, connection, &payload, outputs),
                Ok(None) => return,
                Err(error) => {
                    debug!(connection = connection.0, %error, "data stream broken");
                    let how = (Closing::Now, CloseReason::Protocol);
                    self.close_one(connection, how, outputs);
                }
            }
        }
    }

    /// Takes one payload to where it belongs.
    fn take(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        payload: &[u8],
        outputs: &mut Vec<Output>,
    ) {
        let Some(bound) = self.bound.get_mut(&connection) else { return };
        let owner = bound.owner;
        let taken = bound.take(now, &self.config, payload);
        if let Some(bytes) = taken.answer {
            outputs.push(Output::Send { connection, bytes });
        }
        if let Some(message) = taken.message {
            outputs.push(Output::Message { connection, owner, message });
        }
        if taken.is_broken {
            let how = (Closing::AfterSending, CloseReason::Protocol);
            self.close_one(connection, how, outputs);
        }
    }

    fn time_out(&mut self, now: Instant, outputs: &mut Vec<Output>) {
        let config = self.config.clone();
        self.prepared.retain(|prepared| prepared.until > now);
        self.strangers.retain(|connection, stranger| {
            let is_late = now >= stranger.deadline(&config);
            if is_late {
                let (closing, reason) = (Closing::Now, CloseReason::NoHello);
                outputs.push(Output::Close { connection: *connection, closing, reason });
            }
            !is_late
        });
        let is_due = |bound: &Bound| bound.deadline(&config).is_some_and(|due| now >= due);
        let how = |reason| (Closing::Now, reason);
        self.close_where(
            |bound| !bound.said_hello && is_due(bound),
            how(CloseReason::NoHello),
            outputs,
        );
        self.close_where(is_due, how(CloseReason::Stalled), outputs);
    }

    fn close_where(
        &mut self,
        which: impl Fn(&Bound) -> bool,
        how: (Closing, CloseReason),
        outputs: &mut Vec<Output>,
    ) {
        let which: Vec<_> =
            self.bound.iter().filter(|(_, bound)| which(bound)).map(|(id, _)| *id).collect();
        which.into_iter().for_each(|connection| self.close_one(connection, how, outputs));
    }

    fn close_one(
        &mut self,
        connection: ConnectionId,
        (closing, reason): (Closing, CloseReason),
        outputs: &mut Vec<Output>,
    ) {
        if let Some(bound) = self.bound.remove(&connection) {
            let owner = bound.owner;
            outputs.push(Output::Close { connection, closing, reason });
            outputs.push(Output::Closed { connection, owner, reason });
        }
    }
}
