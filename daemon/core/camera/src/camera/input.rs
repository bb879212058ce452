// SPDX-License-Identifier: MIT OR Apache-2.0
//! What enters the camera and what leaves it.

use hap::{ConnectionId, Iid, Status, Value, WriteEntry};
use privacy::OperatingMode;

use super::live::LiveEnd;
use super::{Outputs, StoredState};
use crate::tlv::data_stream::{Refusal, SALT_BYTES};
use crate::tlv::selected::SelectedConfiguration;
use crate::tlv::selected_rtp::Selection;
use crate::tlv::setup_endpoints::{self, Prepared, SessionId};

/// One write request that waits for its [`Action::Reply`], by the driver's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(pub u64);

/// What became of one entry of a write: done, with a value if one was wanted, or not.
pub type Outcome = Result<Option<Value>, Status>;

/// Whose hand shuts the camera off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisabledBy {
    /// The switch on the case. It is where it is; nothing is stored.
    Switch,
    /// The owner, over the local control interface. Survives restarts and pairings. Answered like
    /// a write of one entry: with the ticket, when it is saved.
    Owner(Ticket),
}

/// The local control interface, as it writes and disables; no controller's connection has this
/// number, so that all of them are told.
pub const OWNER: ConnectionId = ConnectionId(0);

/// What the camera finds when it starts.
#[derive(Debug)]
pub struct Start {
    /// What the store holds; `None` also when it is damaged.
    pub stored: Option<StoredState>,
    /// There is a pairing.
    pub is_paired: bool,
    /// Where the switch on the case stands; `false` where there is none.
    pub is_switched_off: bool,
}

/// Everything that can happen to the camera.
#[derive(Debug)]
pub enum Input {
    /// A controller writes.
    Write {
        /// Comes back in the [`Action::Reply`].
        ticket: Ticket,
        /// Over which connection; it may write what it writes.
        connection: ConnectionId,
        /// In the order of the request; the server has checked them against the database.
        entries: Vec<WriteEntry>,
        /// Fresh random bytes, used if the request sets up a data stream.
        accessory_salt: [u8; SALT_BYTES],
    },
    /// The store did what [`Action::Persist`] said. Exactly one answers each.
    Persisted {
        /// It is on the disk for good.
        is_saved: bool,
    },
    /// The answer to [`Action::PrepareDataStream`]. Exactly one answers each.
    DataStreamPrepared {
        /// From the action.
        ticket: Ticket,
        /// The TCP port that listens already.
        prepared: Result<u16, Refusal>,
    },
    /// The answer to [`Action::PrepareLive`]. Exactly one answers each.
    LivePrepared {
        /// From the action.
        ticket: Ticket,
        /// From the action.
        service: usize,
        /// Our half of the session; the sockets are open already.
        prepared: Result<Prepared, setup_endpoints::Refusal>,
    },
    /// The viewer of this session is silent or said goodbye.
    LiveLost {
        /// Its stream service.
        service: usize,
        /// The session that was started there.
        session: SessionId,
    },
    /// A hand is laid on the camera.
    SetDisabled {
        /// Whose.
        by: DisabledBy,
        /// Off, or back to what HomeKit wants.
        is_disabled: bool,
    },
    /// The motion detector's opinion, its hold time included.
    MotionChanged(bool),
    /// Whether the camera has no network and is to look for a code that names one.
    SeeksNetwork(bool),
    /// Something that a person must see to is broken, or works again: StatusFault tells it.
    FaultChanged(bool),
    /// Somebody pressed the bell.
    Rung,
    /// The first pairing came, or the last one went.
    PairingsChanged {
        /// There is a pairing.
        is_paired: bool,
    },
    /// A connection is gone.
    ConnectionClosed(ConnectionId),
    /// [`Camera::next_timeout`](super::Camera::next_timeout) has come.
    Timeout,
}

impl Input {
    /// Whether it may change what is to be saved.
    pub(super) fn is_wish(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::SetDisabled { .. } | Self::PairingsChanged { .. })
    }
}

/// What the driver must do, in the order given.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Set the gate.
    Apply(OperatingMode),
    /// Save this and answer with [`Input::Persisted`]. No second one comes before that.
    Persist(StoredState),
    /// Answer a write request.
    Reply {
        /// Of the request.
        ticket: Ticket,
        /// One for each entry, in its order.
        outcomes: Vec<Outcome>,
    },
    /// A value changed, or the bell was pressed: tell every subscribed connection but the author's.
    Notify {
        /// The characteristic.
        iid: Iid,
        /// Its value now.
        value: Value,
        /// Who wrote it, if a controller did.
        author: Option<ConnectionId>,
    },
    /// Derive a data stream's keys from this connection's session and both salts, listen, and
    /// answer with [`Input::DataStreamPrepared`].
    PrepareDataStream {
        /// Of the request.
        ticket: Ticket,
        /// The HAP connection that the data stream belongs to.
        connection: ConnectionId,
        /// The controller's half.
        controller_salt: [u8; SALT_BYTES],
        /// Our half.
        accessory_salt: [u8; SALT_BYTES],
    },
    /// Open a live session's sockets on the address that `connection` came in on, draw keys and
    /// SSRCs, and answer with [`Input::LivePrepared`]. Nothing is sent yet.
    PrepareLive {
        /// Of the request.
        ticket: Ticket,
        /// The viewer's HAP connection.
        connection: ConnectionId,
        /// The stream service that the session has until [`Action::EndLive`].
        service: usize,
        /// Where the viewer listens, and its keys.
        request: setup_endpoints::Request,
    },
    /// Send what was selected, an IDR first.
    StartLive {
        /// A prepared one.
        service: usize,
        /// For [`Input::LiveLost`].
        session: SessionId,
        /// What to send.
        selection: Selection,
    },
    /// Send this from now on, without a break in SSRC, sequence and clock; or, where the session is
    /// suspended, when it is resumed.
    ReconfigureLive {
        /// A started one.
        service: usize,
        /// What to send, complete.
        selection: Selection,
    },
    /// Stop sending.
    SuspendLive {
        /// A running one.
        service: usize,
    },
    /// Send again, an IDR first.
    ResumeLive {
        /// A suspended one.
        service: usize,
    },
    /// Say goodbye if it was started, and free all that the session has.
    EndLive {
        /// One that was prepared.
        service: usize,
        /// Why.
        reason: LiveEnd,
    },
    /// Run the encoder of recordings like this from now on, or not at all. A running recording
    /// finishes on its old settings.
    Record(Option<SelectedConfiguration>),
    /// Drop all encoded video.
    ForgetPrebuffer,
    /// Drop all recorded sound that was not sent; the video stays.
    ForgetSound,
    /// Motion for the hold time although nothing was seen.
    TriggerMotion,
    /// Drop the newest pictures: snapshots in store and the motion detector's background.
    ForgetPictures,
    /// Close running recordings with reason NOT_ALLOWED.
    EndRecordings,
    /// Set lamps and sound to this.
    Output(Outputs),
    /// Show which camera is meant, by blinking or by sound.
    Identify,
}
