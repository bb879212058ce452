// SPDX-License-Identifier: MIT OR Apache-2.0
//! What enters the recorder, what leaves it, and its times.

use std::time::Duration;

use hds::{ConnectionId, Message};
use privacy::{Permit, Record};

use super::{Reason, Refusal, Summary};

/// Times and bounds of recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timers {
    /// From an accepted open to the encoder's first IDR.
    pub first_picture_within: Duration,
    /// From an accepted open to the first packet of sound, where there is to be any.
    pub first_sound_within: Duration,
    /// Between one fragment and the next. Hubs close after 8 s; this is for those that do not.
    pub next_fragment_within: Duration,
    /// Sending goes on for this long after the motion ended.
    pub after_motion: Duration,
    /// From the last fragment to the hub's answer.
    pub answer_within: Duration,
    /// A hub that takes nothing for this long has stalled, and another one may take over.
    pub stalled_after: Duration,
    /// The longest recording, if there is one; the hub opens the next.
    pub maximum: Option<Duration>,
    /// Bytes that may wait for the hub before the next chunk is held back.
    pub max_queued_bytes: usize,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            first_picture_within: Duration::from_secs(5),
            first_sound_within: Duration::from_secs(1),
            next_fragment_within: Duration::from_secs(10),
            after_motion: Duration::from_secs(10),
            answer_within: Duration::from_secs(12),
            stalled_after: Duration::from_secs(5),
            maximum: Some(Duration::from_secs(180)),
            max_queued_bytes: 2 << 20,
        }
    }
}

/// What a recording that begins now would be made of.
#[derive(Debug)]
pub struct Conditions {
    /// Leave to record; see [`admit`](super::admit).
    pub permit: Result<Permit<Record>, Refusal>,
    /// The selected prebuffer length.
    pub prebuffer: Duration,
    /// Whether it has a sound track: sound is wanted and made.
    pub has_audio: bool,
}

/// Why no more video comes that fits the running recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceEnd {
    /// The encoder has other parameters now.
    Changed,
    /// Camera or encoder failed.
    Failed,
}

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// A hub said something.
    Message {
        /// Over which data stream.
        connection: ConnectionId,
        /// What.
        message: Message,
        /// As they are now.
        conditions: Conditions,
    },
    /// A data stream is gone.
    Closed(ConnectionId),
    /// The socket of a data stream took bytes, one or more.
    Written {
        /// Which.
        connection: ConnectionId,
        /// What still waits for it.
        queued_bytes: usize,
    },
    /// A frame went into the prebuffer.
    Pushed,
    /// The video does not go on as it was.
    SourceEnded(SourceEnd),
    /// Motion began or, its hold time over, ended.
    Motion(bool),
    /// Recording is no longer allowed.
    Revoked,
    /// The daemon ends.
    Stopping,
    /// The time of [`Recorder::next_timeout`](super::Recorder::next_timeout) has come.
    Timeout,
}

/// What the driver must do.
#[must_use]
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send this. If it cannot be sent, close the data stream.
    Send {
        /// Over which data stream.
        connection: ConnectionId,
        /// What.
        message: Message,
    },
    /// A hub wanted a recording and was told why not: remember it for the owner.
    Refused {
        /// Over which data stream.
        connection: ConnectionId,
        /// What the hub was told.
        reason: Reason,
    },
    /// A recording ended: write it to the journal.
    Ended(Summary),
}
