// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pairings and the two handshakes: pair setup makes a pairing, pair verify makes a session of it.

pub(crate) mod keys;
pub(crate) mod probe;
pub(crate) mod record;
pub(crate) mod setup;
pub(crate) mod srp;
pub(crate) mod tlv;
pub(crate) mod verify;

pub use probe::{NotOurs, Probe};
pub use record::{ControllerId, NoControllerId, Pairing, PairingState};
