// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `dataSend` messages: bytes of meaning only, no decisions.

use hds::{Data, Dict, Message, Status, Value};

const PROTOCOL: &str = "dataSend";

/// Why a recording is refused or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// 0
    Normal,
    /// 1
    NotAllowed,
    /// 2
    Busy,
    /// 3
    Cancelled,
    /// 4
    Unsupported,
    /// 5
    UnexpectedFailure,
    /// 6
    Timeout,
    /// 7
    BadData,
    /// 8
    ProtocolError,
    /// 9
    InvalidConfiguration,
    /// Any other number, or none.
    Other(Option<i64>),
}

impl Reason {
    const KNOWN: [Self; 10] = [
        Self::Normal,
        Self::NotAllowed,
        Self::Busy,
        Self::Cancelled,
        Self::Unsupported,
        Self::UnexpectedFailure,
        Self::Timeout,
        Self::BadData,
        Self::ProtocolError,
        Self::InvalidConfiguration,
    ];

    fn of(number: Option<i64>) -> Self {
        let known = number.and_then(|number| usize::try_from(number).ok());
        known.and_then(|index| Self::KNOWN.get(index).copied()).unwrap_or(Self::Other(number))
    }

    /// Its number.
    pub fn number(self) -> Option<i64> {
        match self {
            Self::Normal => Some(0),
            Self::NotAllowed => Some(1),
            Self::Busy => Some(2),
            Self::Cancelled => Some(3),
            Self::Unsupported => Some(4),
            Self::UnexpectedFailure => Some(5),
            Self::Timeout => Some(6),
            Self::BadData => Some(7),
            Self::ProtocolError => Some(8),
            Self::InvalidConfiguration => Some(9),
            Self::Other(number) => number,
        }
    }
}

/// What a hub says about recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Incoming {
    Open(Open),
    /// It has everything up to the end.
    Acknowledged {
        number: i64,
    },
    Closed {
        number: i64,
        reason: Reason,
    },
}

/// A request to open a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    /// Missing where the hub forgot it.
    pub number: Option<i64>,
    /// It wants a recording, to be sent to itself.
    pub is_recording: bool,
}

impl Incoming {
    /// `None` when it is about something else or lacks what it is about.
    pub fn parse(message: &Message) -> Option<Self> {
        let (body, number) = (&message.body, message.body.int("streamId"));
        let is_request = matches!(message.kind, hds::Kind::Request { .. });
        let is_event = matches!(message.kind, hds::Kind::Event);
        if is_request && message.is(PROTOCOL, "open") {
            let is_recording = body.str("type") == Some("ipcamera.recording")
                && body.str("target") == Some("controller");
            return Some(Self::Open(Open { number, is_recording }));
        }
        let number = number.filter(|_| is_event)?;
        if message.is(PROTOCOL, "ack") {
            let is_end = body.get("endOfStream").and_then(Value::as_bool) == Some(true);
            return is_end.then_some(Self::Acknowledged { number });
        }
        let reason = Reason::of(body.int("reason"));
        message.is(PROTOCOL, "close").then_some(Self::Closed { number, reason })
    }
}

/// The answer to an open that begins a recording; `None` when `open` is no request.
pub(super) fn accept(open: &Message) -> Option<Message> {
    open.response(Status::Success, Dict::new().with("status", 0i64))
}

/// The answer to an open that does not.
pub(super) fn refuse(open: &Message, reason: Reason) -> Option<Message> {
    let body = Dict::new().with("status", reason.number().unwrap_or_default());
    open.response(Status::ProtocolSpecificError, body)
}

/// Ends a stream.
pub(super) fn close(number: i64, reason: Reason) -> Message {
    let reason = reason.number().unwrap_or_default();
    Message::event(PROTOCOL, "close", Dict::new().with("streamId", number).with("reason", reason))
}

/// A piece of the init segment or of a fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// 1 is the init segment; fragments follow from 2.
    pub sequence: u32,
    /// From 1 within the sequence.
    pub number: u32,
    pub data: Data,
    /// Of all chunks of the sequence together; told with the first.
    pub total_bytes: u32,
    /// With the last chunk of a sequence: whether it ends the recording.
    pub end_of_stream: Option<bool>,
}

/// Sends `chunk`. Keys stand in the order HAP-NodeJS writes them.
pub(super) fn data(stream: i64, chunk: Chunk) -> Message {
    let kind = if chunk.sequence == 1 { "mediaInitialization" } else { "mediaFragment" };
    let mut metadata = Dict::new()
        .with("dataType", kind)
        .with("dataSequenceNumber", chunk.sequence)
        .with("dataChunkSequenceNumber", chunk.number)
        .with("isLastDataChunk", chunk.end_of_stream.is_some());
    if chunk.number == 1 {
        metadata.insert("dataTotalSize", chunk.total_bytes);
    }
    let packet = Dict::new().with("data", chunk.data).with("metadata", metadata);
    let mut body = Dict::new().with("streamId", stream).with("packets", vec![Value::Dict(packet)]);
    if let Some(end_of_stream) = chunk.end_of_stream {
        body.insert("endOfStream", end_of_stream);
    }
    Message::event(PROTOCOL, "data", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload_of(message: &Message) -> String {
        let mut payload = Vec::new();
        message.encode(&mut payload).unwrap();
        payload.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Payloads that HAP-NodeJS 2.2.3 makes of the same messages.
    #[test]
    fn messages_are_those_of_another_implementation() {
        let open = Message::request(PROTOCOL, "open", 2, Dict::new());
        let chunk = Chunk {
            sequence: 2,
            number: 1,
            data: vec![1, 2, 3, 4, 5].into(),
            total_bytes: 5,
            end_of_stream: Some(true),
        };
        let response = "3de44870726f746f636f6c486461746153656e6448726573706f6e7365446f70656e\
                        426964330200000000000000467374617475733300000000000000\
                        00e14673746174757308";
        let table = [
            ("success", accept(&open).unwrap(), response.to_owned()),
            (
                "busy",
                refuse(&open, Reason::Busy).unwrap(),
                response
                    .replace("73330000000000000000e1", "73330600000000000000e1")
                    .replace("7308", "730a"),
            ),
            (
                "close",
                close(1, Reason::Timeout),
                "1fe24870726f746f636f6c486461746153656e64456576656e7445636c6f7365\
                 e24873747265616d49640946726561736f6e0e"
                    .to_owned(),
            ),
            (
                "data",
                data(1, chunk),
                "1ee24870726f746f636f6c486461746153656e64456576656e744464617461\
                 e34873747265616d496409477061636b657473d1e24464617461750102030405\
                 486d65746164617461e54864617461547970654d6d65646961467261676d656e74\
                 526461746153657175656e63654e756d6265720a\
                 57646174614368756e6b53657175656e63654e756d62657209\
                 4f69734c617374446174614368756e6b014d64617461546f74616c53697a650d\
                 4b656e644f6653747265616d01"
                    .to_owned(),
            ),
        ];
        for (name, message, payload) in table {
            assert_eq!(payload_of(&message), payload, "{name}");
        }
    }

    #[test]
    fn a_chunk_tells_its_total_first_and_the_end_last() {
        // number, last, has total, has end
        for (number, end_of_stream) in [(1, None), (2, None), (3, Some(false)), (1, Some(true))] {
            let data_of =
                Chunk { sequence: 7, number, data: vec![0].into(), total_bytes: 3, end_of_stream };
            let body = data(1, data_of).body;
            let packets = body.get("packets").unwrap().as_array().unwrap();
            let metadata =
                packets[0].as_dict().unwrap().get("metadata").unwrap().as_dict().unwrap();
            assert_eq!(metadata.int("dataTotalSize"), (number == 1).then_some(3));
            let is_last = metadata.get("isLastDataChunk").unwrap().as_bool();
            assert_eq!(is_last, Some(end_of_stream.is_some()));
            assert_eq!(body.get("endOfStream").map(|end| end.as_bool().unwrap()), end_of_stream);
        }
    }

    #[test]
    fn reasons_keep_their_numbers() {
        for number in 0..10 {
            assert_eq!(Reason::of(Some(number)).number(), Some(number));
            assert!(!matches!(Reason::of(Some(number)), Reason::Other(_)), "{number}");
        }
        for number in [Some(-1), Some(10), Some(i64::MIN), None] {
            assert_eq!(Reason::of(number), Reason::Other(number));
        }
    }
}
