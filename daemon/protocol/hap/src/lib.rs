// SPDX-License-Identifier: MIT OR Apache-2.0
//! HomeKit Accessory Protocol over IP, without sockets, clocks or files.

#![forbid(unsafe_code)]

mod database;
mod status;
mod value;

pub use database::{Characteristic, Database, Iid, Limits, Perms, Service, Unit};
pub use status::Status;
pub use value::{Format, Value};
