// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a frame carries: an event, a request or a response, each with a dictionary as its body.

use crate::value::{DecodeError, Dict, Value, int64};

/// One message. `protocol` and `topic` together name what it is about, such as `dataSend` `open`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Event, request or response.
    pub kind: Kind,
    /// The family of messages, such as `control`.
    pub protocol: String,
    /// The message within its family, such as `hello`.
    pub topic: String,
    /// What is said.
    pub body: Dict,
}

/// Whether a message wants an answer, or is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Wants none.
    Event,
    /// Wants the response with the same number.
    Request {
        /// Chosen by the asker.
        id: i64,
    },
    /// Answers a request.
    Response {
        /// The number of the request.
        id: i64,
        /// How it went.
        status: Status,
    },
}

/// The state in the header of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0
    Success,
    /// 1
    OutOfMemory,
    /// 2
    Timeout,
    /// 3
    HeaderError,
    /// 4
    PayloadError,
    /// 5
    MissingProtocol,
    /// 6: the body says why, in the protocol's own numbers.
    ProtocolSpecificError,
    /// Any other number.
    Other(i64),
}

impl Status {
    const KNOWN: [Self; 7] = [
        Self::Success,
        Self::OutOfMemory,
        Self::Timeout,
        Self::HeaderError,
        Self::PayloadError,
        Self::MissingProtocol,
        Self::ProtocolSpecificError,
    ];
}

impl From<i64> for Status {
    fn from(number: i64) -> Self {
        let known = usize::try_from(number).ok().and_then(|index| Self::KNOWN.get(index));
        known.copied().unwrap_or(Self::Other(number))
    }
}

impl From<Status> for i64 {
    fn from(status: Status) -> Self {
        match status {
            Status::Success => 0,
            Status::OutOfMemory => 1,
            Status::Timeout => 2,
            Status::HeaderError => 3,
            Status::PayloadError => 4,
            Status::MissingProtocol => 5,
            Status::ProtocolSpecificError => 6,
            Status::Other(number) => number,
        }
    }
}

/// Bytes that are no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The header is longer than the payload, or there is none.
    #[error("header is cut off")]
    NoHeader,
    /// The header is no dictionary.
    #[error("header: {0}")]
    Header(DecodeError),
    /// The header names no protocol, no kind, or a request or response without its number.
    #[error("header does not say what the message is")]
    Unspecified,
    /// The body is no dictionary. Where the message was a request it can still be refused.
    #[error("body: {error}")]
    Body {
        /// What is wrong with the body.
        error: DecodeError,
        /// The message as far as it is known, with an empty body.
        header: Box<Message>,
    },
}

impl Message {
    /// An event.
    pub fn event(protocol: impl Into<String>, topic: impl Into<String>, body: Dict) -> Self {
        Self { kind: Kind::Event, protocol: protocol.into(), topic: topic.into(), body }
    }

    /// A request with the number `id`.
    pub fn request(
        protocol: impl Into<String>,
        topic: impl Into<String>,
        id: i64,
        body: Dict,
    ) -> Self {
        let kind = Kind::Request { id };
        Self { kind, protocol: protocol.into(), topic: topic.into(), body }
    }

    /// The response to this request; `None` when this is no request.
    pub fn response(&self, status: Status, body: Dict) -> Option<Self> {
        let Kind::Request { id } = self.kind else { return None };
        let (protocol, topic) = (self.protocol.clone(), self.topic.clone());
        Some(Self { kind: Kind::Response { id, status }, protocol, topic, body })
    }

    /// Whether it is about `protocol` and `topic`.
    pub fn is(&self, protocol: &str, topic: &str) -> bool {
        self.protocol == protocol && self.topic == topic
    }

    /// The message in a frame's payload. Bytes behind it are ignored.
    ///
    /// # Errors
    /// [`MessageError`].
    pub fn decode(payload: &[u8]) -> Result<Self, MessageError> {
        let (&header_len, rest) = payload.split_first().ok_or(MessageError::NoHeader)?;
        let (header, body) =
            rest.split_at_checked(header_len.into()).ok_or(MessageError::NoHeader)?;
        let (header, _) = Dict::decode(header).map_err(MessageError::Header)?;
        let mut message = Self::of_header(&header).ok_or(MessageError::Unspecified)?;
        match Dict::decode(body) {
            Ok((body, _)) => message.body = body,
            Err(error) => return Err(MessageError::Body { error, header: Box::new(message) }),
        }
        Ok(message)
    }

    fn of_header(header: &Dict) -> Option<Self> {
        let protocol = header.str("protocol")?.to_owned();
        let (kind, topic) = if let Some(topic) = header.str("event") {
            (Kind::Event, topic)
        } else if let Some(topic) = header.str("request") {
            (Kind::Request { id: header.int("id")? }, topic)
        } else {
            let (id, status) = (header.int("id")?, header.int("status")?.into());
            (Kind::Response { id, status }, header.str("response")?)
        };
        Some(Self { kind, protocol, topic: topic.to_owned(), body: Dict::new() })
    }

    /// Appends the payload of this message to `out`.
    ///
    /// # Errors
    /// [`HeaderTooLong`] when protocol and topic are too long for the header's length of one byte;
    /// `out` is then as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), HeaderTooLong> {
        let start = out.len();
        out.push(0);
        self.encode_header(out);
        let Ok(header_len) = u8::try_from(out.len() - start - 1) else {
            out.truncate(start);
            return Err(HeaderTooLong);
        };
        out[start] = header_len;
        self.body.encode(out);
        Ok(())
    }

    /// At least the length [`Message::encode`] appends.
    pub fn max_encoded_len(&self) -> usize {
        1 + usize::from(u8::MAX) + self.body.max_encoded_len()
    }

    /// The keys stand in the order HAP-NodeJS writes them, number and state in eight bytes.
    fn encode_header(&self, out: &mut Vec<u8>) {
        let text = |out: &mut Vec<u8>, text: &str| Value::from(text).encode(out);
        let (pairs, kind, id, status) = match self.kind {
            Kind::Event => (0xe2, "event", None, None),
            Kind::Request { id } => (0xe3, "request", Some(id), None),
            Kind::Response { id, status } => (0xe4, "response", Some(id), Some(status.into())),
        };
        out.push(pairs);
        for (key, value) in [("protocol", &self.protocol), (kind, &self.topic)] {
            text(out, key);
            text(out, value);
        }
        for (key, value) in [("id", id), ("status", status)] {
            if let Some(value) = value {
                text(out, key);
                int64(out, value);
            }
        }
    }
}

/// Protocol and topic do not fit a header of 255 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("names too long for a message header")]
pub struct HeaderTooLong;
