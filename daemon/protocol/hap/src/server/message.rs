// SPDX-License-Identifier: MIT OR Apache-2.0
//! What goes into the [`Server`](crate::Server) and what comes out of it.

use std::net::SocketAddr;

use zeroize::Zeroizing;

use crate::{ControllerId, Iid, PairingState, Status, Value};

/// A TCP connection, named by the driver and never again by the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Which question a reply answers; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// What happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// A controller connected. The answer may be to close the connection, or another one.
    Opened {
        /// The new connection.
        conn: ConnectionId,
        /// Where it comes from, for the log.
        peer: SocketAddr,
    },
    /// Bytes arrived.
    Received {
        /// On this connection.
        conn: ConnectionId,
        /// Any number of them.
        bytes: &'a [u8],
    },
    /// The connection is gone, by whomever. Harmless for one that [`Output::Close`] named.
    Closed {
        /// This one.
        conn: ConnectionId,
    },
    /// The camera answers an [`Output::Request`]. Ignored when it comes too late.
    Reply {
        /// The request's ticket.
        ticket: Ticket,
        /// Of the request's kind.
        reply: Reply,
    },
    /// An [`Output::Persist`] is done or failed.
    Persisted {
        /// Its ticket.
        ticket: Ticket,
        /// Whether the state is on the disk.
        result: Result<(), StoreFailed>,
    },
    /// A characteristic has a new value (ProgrammableSwitchEvent: it happened again).
    Changed {
        /// The characteristic.
        iid: Iid,
        /// Its new value.
        value: Value,
        /// The connection whose write did it; it gets no event.
        author: Option<ConnectionId>,
    },
    /// A data stream or a live session was set up over this connection, or the last one ended.
    /// A pinned connection is never closed to make room.
    Pinned {
        /// This one.
        conn: ConnectionId,
        /// Whether there is any.
        is_pinned: bool,
    },
    /// [`Server::next_timeout`](crate::Server::next_timeout) has come.
    Timeout,
    /// The owner removes all pairings by hand; also clears the count of wrong setup codes. When
    /// there is nothing to remove or to clear, nothing comes out.
    UnpairAll,
    /// The owner changes the pairings over the local control interface; answered with
    /// [`Output::Changed`].
    Change {
        /// To be given back.
        order: Order,
        /// What.
        change: Change,
    },
}

/// Which [`Input::Change`] an [`Output::Changed`] answers; named by the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Order(pub u64);

/// What the owner may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Wrong setup codes are forgotten, so that pairing is possible again.
    ClearAttempts,
    /// One controller goes, and with the last admin everybody.
    Remove(ControllerId),
    /// Everybody goes, and the count of wrong setup codes.
    UnpairAll,
}

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// It could not be stored. Who was removed stays out until the next start.
    #[error(transparent)]
    NotStored(#[from] StoreFailed),
    /// Nobody with this identifier is paired.
    #[error("no controller has this identifier")]
    UnknownController,
}

/// What the driver is to do, in order.
#[derive(Debug, PartialEq)]
#[must_use]
pub enum Output {
    /// Send these bytes.
    Send {
        /// To this connection.
        conn: ConnectionId,
        /// As they are.
        bytes: Vec<u8>,
    },
    /// Close the connection when all its bytes are sent. The server has forgotten it.
    Close {
        /// This one.
        conn: ConnectionId,
    },
    /// Ask the camera, and answer with [`Input::Reply`] within ten seconds.
    Request {
        /// To be given back.
        ticket: Ticket,
        /// Who asks.
        caller: Caller,
        /// For what.
        request: Request,
    },
    /// Store the state, and answer with [`Input::Persisted`]. One at a time.
    Persist {
        /// To be given back.
        ticket: Ticket,
        /// All of it, in place of what is stored.
        state: PairingState,
    },
    /// The accessory is paired now, or no longer: announce the new TXT record at once. No longer
    /// also means that the camera's settings go back to their defaults.
    PairingsChanged {
        /// Whether there is any pairing.
        is_paired: bool,
    },
    /// A verified session is over: its data streams and live sessions end with it.
    SessionEnded {
        /// It was this connection's.
        conn: ConnectionId,
    },
    /// An [`Input::Change`] is stored, or refused.
    Changed {
        /// From the input.
        order: Order,
        /// How it went.
        result: Result<(), ChangeRefused>,
    },
    /// Show which device this is (POST /identify, only while unpaired).
    Identify,
}

/// The state could not be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the pairings could not be stored")]
pub struct StoreFailed;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Over which connection.
    pub conn: ConnectionId,
    /// Which controller; one may have several connections.
    pub controller: ControllerId,
    /// Whether it may manage pairings.
    pub is_admin: bool,
}

/// A question to the camera.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// The values of these characteristics. All exist and can be read.
    Read(Vec<Iid>),
    /// Write these, in order. All exist, can be written by the caller, and fit their format.
    Write(Vec<WriteEntry>),
    /// A JPEG.
    Snapshot {
        /// In pixels, as shown; at least 1.
        width: u32,
        /// In pixels, as shown; at least 1.
        height: u32,
        /// Why; old controllers do not tell.
        reason: Option<SnapshotReason>,
    },
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteEntry {
    /// Its characteristic.
    pub iid: Iid,
    /// The value.
    pub value: Value,
    /// Whether the controller wants a value back.
    pub wants_response: bool,
}

/// Why a controller wants a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnapshotReason {
    /// To refresh the tile.
    Periodic,
    /// To show it in a notification.
    Event,
}

/// The camera's answer, of its [`Request`]'s kind and with as many entries.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// For [`Request::Read`].
    Read(Vec<Result<Value, Status>>),
    /// For [`Request::Write`]: the value for a controller that wants a response, if there is one.
    Write(Vec<Result<Option<Value>, Status>>),
    /// For [`Request::Snapshot`]: the JPEG file.
    Snapshot(Result<Zeroizing<Vec<u8>>, Status>),
}
