// SPDX-License-Identifier: MIT OR Apache-2.0
//! HomeKit Data Stream: the encrypted side channel over which a camera hands recordings to a home
//! hub. Frames, messages, and which TCP connection belongs to which HAP session; what a recording
//! is, is not known here, and no socket is.
//!
//! ```text
//! bytes ─► Server ─► frame ─► message ─► Output::Message ─► the accessory
//! bytes ◄────────── frame ◄─ message ◄────── Server::send ◄─┘
//! ```
//!
//! The hub writes its salt over HAP, the accessory answers with its own and a port, and calls
//! [`Server::prepare`]. The hub connects there; its first frame tells which prepared session it
//! belongs to, by the key that opens it.
//!
//! ```
//! use hds::{ConnectionId, Config, Dict, Input, Keys, Message, Output, Owner, Sealer, Server};
//! # let now = std::time::Instant::now();
//! let mut server = Server::new(Config::default());
//! let keys = Keys::accessory(&[1; 32], &[2; 32], &[3; 32]);
//! let mut hub = Sealer::new(&keys.of_peer());
//! server.prepare(now, Owner(7), [192, 168, 1, 20].into(), keys)?;
//!
//! let connection = ConnectionId(1);
//! let peer = "192.168.1.20".parse().unwrap();
//! assert!(server.handle(now, Input::Accepted { connection, peer }).is_empty());
//! let hello = hub.seal(&Message::request("control", "hello", 1, Dict::new()))?;
//! let outputs = server.handle(now, Input::Received { connection, bytes: &hello });
//! assert!(matches!(outputs[..], [Output::Send { .. }]), "hello is answered here");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod data;
mod frame;
mod keys;
mod message;
mod server;
mod value;

pub use data::Data;
pub use frame::{FrameError, MAX_PAYLOAD, OVERHEAD, Opener, SealError, Sealer};
pub use keys::{Keys, SALT_LEN};
pub use message::{HeaderTooLong, Kind, Message, MessageError, Status};
pub use server::{
    CloseReason, Closing, Config, ConnectionId, Input, Output, Owner, PeerRule, SendError, Server,
    TooManyPrepared,
};
pub use value::{
    DecodeError, DecodeProblem, Dict, MAX_DEPTH, MAX_EXPANDED_BYTES, MAX_VALUES, Value,
};
