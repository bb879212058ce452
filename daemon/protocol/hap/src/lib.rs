// SPDX-License-Identifier: MIT OR Apache-2.0
//! HomeKit Accessory Protocol over IP, without sockets, clocks or files.
//!
//! [`Server`] is one accessory with all its connections. One task gives it what happened and does
//! what it says; questions to the camera and to the store come with a ticket and are answered by
//! another input. What a value means, where pairings are stored and how the accessory is announced
//! is not known here.
//!
//! ```text
//!            Opened, Received, Closed            Send, Close
//!   sockets ──────────────────────────► Server ───────────────► sockets
//!                         Reply ──────►   │    ──► Request, SessionEnded  ──► camera
//!                     Persisted ──────►   │    ──► Persist                ──► store
//!    Changed, Pinned, Change … ───────►   │    ──► PairingsChanged        ──► mDNS
//!                       Timeout ◄──── next_timeout()
//!
//!   bytes ─► session (frames) ─► http (head, body) ─► server/route ─┬─► pairing (setup, verify, store)
//!                                                                   └─► json, database (attributes, events)
//! ```
//!
//! ```
//! use std::{sync::Arc, time::Instant};
//!
//! use hap::{Accessory, ConnectionId, Database, Identity, Input, Output, PairingState, Server, Service};
//! use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
//!
//! let mut rng = ChaCha20Rng::from_seed([7; 32]); // the daemon takes the system's randomness
//! let information = Service {
//!     iid: 1,
//!     kind: 0x3e,
//!     is_primary: false,
//!     is_hidden: false,
//!     linked: vec![],
//!     characteristics: vec![],
//! };
//! let accessory = Accessory {
//!     identity: Identity::generate(&mut rng),
//!     setup_code: hap::setup::SetupCode::generate(&mut rng),
//!     pairing_state: PairingState::default(),
//!     database: Arc::new(Database::new(vec![information])),
//! };
//! let mut server = Server::new(accessory, rng);
//!
//! let (now, conn) = (Instant::now(), ConnectionId(1));
//! let peer = "192.0.2.1:50000".parse()?;
//! assert!(server.handle(now, Input::Opened { conn, peer }).is_empty());
//! let bytes = b"GET /accessories HTTP/1.1\r\n\r\n";
//! match &server.handle(now, Input::Received { conn, bytes })[..] {
//!     [Output::Send { bytes, .. }] => assert!(bytes.starts_with(b"HTTP/1.1 470 ")),
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), std::net::AddrParseError>(())
//! ```

#![forbid(unsafe_code)]

mod database;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
mod identity;
mod json;
mod pairing;
mod server;
mod session;
pub mod setup;
mod status;
pub mod txt;
mod value;
#[cfg(test)]
mod vectors;

pub use database::{Characteristic, Database, Iid, Limits, Perms, Service, Unit};
pub use identity::{DeviceId, Identity, NoDeviceId};
pub use pairing::{ControllerId, NoControllerId, NotOurs, Pairing, PairingState, Probe};
pub use server::{
    Accessory, Caller, Change, ChangeRefused, ConnectionId, Input, Order, Output, Reply, Request,
    Server, Session, SnapshotReason, StoreFailed, Ticket, WriteEntry,
};
pub use session::SharedSecret;
pub use status::Status;
pub use value::{Format, Value};
