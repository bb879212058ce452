// SPDX-License-Identifier: MIT OR Apache-2.0
//! One connection: bytes to requests and messages to bytes, whether in clear or in frames.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use super::{attribute::Plan, event::EventQueue, message::Ticket};
use crate::{
    ControllerId, Iid,
    http::{Head, MAX_BODY, MAX_BODY_UNVERIFIED, MAX_HEAD, Refused},
    pairing::{setup::PairSetup, verify::PairVerify},
    session::{FrameError, Session, SharedSecret},
};

/// Time for a whole head, from its first byte.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a whole request, from its first byte.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Silence after which an unverified connection is closed. Long: a phone holds one open while
/// its owner looks for the setup code.
const UNVERIFIED_IDLE: Duration = Duration::from_secs(600);
/// Most bytes that may wait while a request is being answered.
const MAX_UNREAD: usize = MAX_HEAD + MAX_BODY_UNVERIFIED;
/// Buffers larger than this are given back after use.
const KEPT_CAPACITY: usize = 8 * 1024;

pub struct Connection {
    pub peer: SocketAddr,
    /// When it last sent anything.
    pub last_active: Instant,
    pub verified: Option<Verified>,
    pub handshake: Handshake,
    pub busy: Busy,
    pub is_pinned: bool,
    /// Bytes of an unfinished frame.
    raw: Vec<u8>,
    /// Plaintext that is not yet a request.
    plain: Vec<u8>,
    /// The head of a request whose body is not whole.
    head: Option<Head>,
    /// When the first byte of an unfinished request came.
    began: Option<Instant>,
}

/// What a connection has after pair verify.
pub struct Verified {
    pub controller: ControllerId,
    session: Session,
    pub subscriptions: BTreeSet<Iid>,
    pub events: EventQueue,
    pub prepared: Option<Prepared>,
}

/// The first half of a timed write.
pub struct Prepared {
    pub pid: u64,
    pub expires: Instant,
}

/// Where the connection stands in a handshake.
pub enum Handshake {
    None,
    Setup(PairSetup),
    Verify(PairVerify),
}

/// Whether a request is being answered; the next one waits.
pub enum Busy {
    No,
    /// The camera was asked.
    Asked {
        ticket: Ticket,
        deadline: Instant,
        plan: Plan,
    },
    /// The answer waits for the store.
    Storing,
    /// Pair setup's M3 waits, because there were many wrong ones.
    Held {
        until: Instant,
        public_key: Vec<u8>,
        proof: [u8; 64],
    },
}

/// A whole request.
pub struct Incoming {
    pub head: Head,
    pub body: Vec<u8>,
}

impl Connection {
    pub fn new(now: Instant, peer: SocketAddr) -> Self {
        Self {
            peer,
            last_active: now,
            verified: None,
            handshake: Handshake::None,
            busy: Busy::No,
            is_pinned: false,
            raw: Vec::new(),
            plain: Vec::new(),
            head: None,
            began: None,
        }
    }

    /// Takes bytes from the network.
    pub fn receive(&mut self, now: Instant, bytes: &[u8]) -> Result<(), FrameError> {
        self.last_active = now;
        match &mut self.verified {
            None => {
                self.plain.extend_from_slice(bytes);
                Ok(())
            }
            Some(verified) => {
                self.raw.extend_from_slice(bytes);
                verified.session.open(&mut self.raw, &mut self.plain)
            }
        }
    }

    /// Takes the next request out of what was received; `None` until it is whole.
    pub fn next_request(&mut self) -> Result<Option<Incoming>, Refused> {
        let head = match self.head.take() {
            Some(head) => head,
            None => {
                let Some(head) = Head::parse(&self.plain)? else { return Ok(None) };
                self.plain.drain(..head.len);
                head
            }
        };
        let max_body = if self.verified.is_some() { MAX_BODY } else { MAX_BODY_UNVERIFIED };
        if head.body_len > max_body {
            return Err(Refused::BodyTooLarge);
        }
        if self.plain.len() < head.body_len {
            self.head = Some(head);
            return Ok(None);
        }
        let body = self.plain.drain(..head.body_len).collect();
        if self.plain.capacity() > KEPT_CAPACITY {
            self.plain.shrink_to(KEPT_CAPACITY);
        }
        self.began = None;
        Ok(Some(Incoming { head, body }))
    }

    /// Notes when an unfinished request began; to be called when all whole ones are taken out.
    pub fn note_rest(&mut self, now: Instant) {
        if self.has_unread() {
            self.began.get_or_insert(now);
        } else {
            self.began = None;
        }
    }

    fn has_unread(&self) -> bool {
        self.head.is_some() || !self.plain.is_empty() || !self.raw.is_empty()
    }

    /// More is waiting than a peer that takes turns would send.
    pub fn is_overfull(&self) -> bool {
        self.is_busy() && self.plain.len() + self.raw.len() > MAX_UNREAD
    }

    pub fn is_busy(&self) -> bool {
        !matches!(self.busy, Busy::No)
    }

    /// No request is being received or answered, so that an event may be sent.
    pub fn is_quiet(&self) -> bool {
        !self.is_busy() && !self.has_unread()
    }

    /// From here on everything is in frames; also what was received already.
    pub fn secure(
        &mut self,
        now: Instant,
        controller: ControllerId,
        secret: SharedSecret,
    ) -> Result<(), FrameError> {
        self.verified = Some(Verified {
            controller,
            session: Session::new(secret),
            subscriptions: BTreeSet::new(),
            events: EventQueue::default(),
            prepared: None,
        });
        let early = std::mem::take(&mut self.plain);
        self.receive(now, &early)
    }

    pub fn shared_secret(&self) -> Option<&SharedSecret> {
        self.verified.as_ref().map(|verified| verified.session.shared_secret())
    }

    /// A message as it goes to the network. What only the verified peer may read, such as a picture,
    /// is not left in memory.
    pub fn seal(&mut self, message: Vec<u8>) -> Vec<u8> {
        match &mut self.verified {
            None => message,
            Some(verified) => verified.session.seal(&Zeroizing::new(message)),
        }
    }

    pub fn has_subscriptions(&self) -> bool {
        self.verified.as_ref().is_some_and(|verified| !verified.subscriptions.is_empty())
    }

    /// When the peer will have been silent for too long.
    pub fn expires(&self) -> Option<Instant> {
        if self.is_busy() {
            return None;
        }
        let limit = if self.head.is_some() { REQUEST_TIMEOUT } else { HEAD_TIMEOUT };
        let idle = self.verified.is_none().then(|| self.last_active + UNVERIFIED_IDLE);
        self.began.map(|began| began + limit).into_iter().chain(idle).min()
    }

    /// When something is to be done on this connection.
    pub fn next_timeout(&self) -> Option<Instant> {
        let busy = match &self.busy {
            Busy::Asked { deadline, .. } => Some(*deadline),
            Busy::Held { until, .. } => Some(*until),
            Busy::No | Busy::Storing => None,
        };
        let events = self.verified.as_ref().filter(|_| self.is_quiet());
        let events = events.and_then(|verified| verified.events.due());
        [busy, events, self.expires()].into_iter().flatten().min()
    }
}
