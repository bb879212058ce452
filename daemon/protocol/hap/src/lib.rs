// SPDX-License-Identifier: MIT OR Apache-2.0
//! HomeKit Accessory Protocol over IP, without sockets, clocks or files.

#![forbid(unsafe_code)]

mod database;
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
pub use pairing::{ControllerId, NoControllerId, Pairing, PairingState};
pub use server::{
    Accessory, Caller, ConnectionId, Input, Output, Reply, Request, Server, SnapshotReason,
    StoreFailed, Ticket, WriteEntry,
};
pub use session::SharedSecret;
pub use status::Status;
pub use value::{Format, Value};
