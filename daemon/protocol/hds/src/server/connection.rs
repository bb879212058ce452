// SPDX-License-Identifier: MIT OR Apache-2.0
//! One connection: before it showed a key, and after.

use std::time::Instant;

use tracing::debug;

use super::{Config, Owner};
use crate::frame::{FrameError, Opener, Received, SealError, Sealer};
use crate::message::{Kind, Message, MessageError, Status};
use crate::value::Dict;

/// The largest payload of a first frame; a hello has 46 bytes.
const MAX_FIRST_PAYLOAD: usize = 1024;

/// A connection whose key is not known yet.
pub(super) struct Stranger {
    pub accepted: Instant,
    received: Received,
}

impl Stranger {
    pub fn new(now: Instant) -> Self {
        Self { accepted: now, received: Received::default() }
    }

    /// Takes bytes; the first frame, still sealed, when it is whole.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        self.received.push(bytes);
        self.received.frame(MAX_FIRST_PAYLOAD)
    }

    pub fn into_received(self) -> Received {
        self.received
    }

    pub fn deadline(&self, config: &Config) -> Instant {
        let within = match self.received.is_empty() {
            true => config.first_byte_within,
            false => config.hello_within,
        };
        self.accepted + within
    }
}

/// A connection that belongs to a HAP connection.
pub(super) struct Bound {
    pub owner: Owner,
    pub opener: Opener,
    pub said_hello: bool,
    /// Bytes handed out that the socket has not taken.
    pub queued: usize,
    sealer: Sealer,
    accepted: Instant,
    /// When the socket last took something, or the queue last began to fill.
    moved: Instant,
}

/// What a payload led to.
#[derive(Default)]
pub(super) struct Taken {
    pub answer: Option<Vec<u8>>,
    pub message: Option<Message>,
    pub is_broken: bool,
}

impl Bound {
    pub fn new(owner: Owner, sealer: Sealer, opener: Opener, accepted: Instant) -> Self {
        let (said_hello, queued, moved) = (false, 0, accepted);
        Self { owner, opener, said_hello, queued, sealer, accepted, moved }
    }

    pub fn seal(&mut self, now: Instant, message: &Message) -> Result<Vec<u8>, SealError> {
        let frame = self.sealer.seal(message)?;
        if self.queued == 0 {
            self.moved = now;
        }
        self.queued += frame.len();
        Ok(frame)
    }

    pub fn written(&mut self, now: Instant, bytes: usize) {
        self.queued = self.queued.saturating_sub(bytes);
        if bytes > 0 {
            self.moved = now;
        }
    }

    pub fn deadline(&self, config: &Config) -> Option<Instant> {
        if !self.said_hello {
            return Some(self.accepted + config.hello_within);
        }
        (self.queued > 0).then(|| self.moved + config.stalled_after)
    }

    pub fn take(&mut self, now: Instant, config: &Config, payload: &[u8]) -> Taken {
        let broken = Taken { is_broken: true, ..Taken::default() };
        let message = match Message::decode(payload) {
            Ok(message) => message,
            Err(error) => {
                debug!(%error, "data stream message not understood");
                let MessageError::Body { header, .. } = error else { return broken };
                let answer = self.answer(now, config, &header, Status::PayloadError);
                return Taken { answer, ..broken };
            }
        };
        let is_request = matches!(message.kind, Kind::Request { .. });
        if is_request && message.is("control", "hello") {
            self.said_hello = true;
            let answer = self.answer(now, config, &message, Status::Success);
            return Taken { answer, ..Taken::default() };
        }
        if !self.said_hello {
            debug!(protocol = message.protocol, topic = message.topic, "no hello first");
            return broken;
        }
        if is_request
            && !config.requests.iter().any(|(protocol, topic)| message.is(protocol, topic))
        {
            debug!(protocol = message.protocol, topic = message.topic, "request not known");
            let answer = self.answer(now, config, &message, Status::MissingProtocol);
            return Taken { answer, ..Taken::default() };
        }
        Taken { message: Some(message), ..Taken::default() }
    }

    /// The frame of an answer given without asking the accessory. A full queue gets none: whoever
    /// asks on and on without reading is not worth the memory.
    fn answer(
        &mut self,
        now: Instant,
        config: &Config,
        request: &Message,
        status: Status,
    ) -> Option<Vec<u8>> {
        if self.queued > config.max_queued_bytes {
            return None;
        }
        let response = request.response(status, Dict::new())?;
        self.seal(now, &response).inspect_err(|error| debug!(%error, "request not answered")).ok()
    }
}
