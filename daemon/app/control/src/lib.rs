// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's D-Bus contract: what `hsvd` and `hsv-update` offer and `hsvctl` and others use.
//!
//! The files in `interfaces/` are the contract; a test of `hsvd` compares them with the running
//! service. This crate holds the same in Rust: names, records, proxies. It knows nothing of how a
//! camera works. Interfaces are small and versioned: keys, words, methods and signals may be added
//! to one, nothing is taken away or changed; what must change becomes a next version beside it.

#![forbid(unsafe_code)]

mod proxies;
mod records;

pub use proxies::{Camera1Proxy, Pairing1Proxy, Settings1Proxy, System1Proxy, Update1Proxy};
pub use records::{
    Condition, Controller, Finding, LiveSession, Recording, Setting, Update, UpdateOptions, Vitals,
};

/// The well-known name.
pub const BUS_NAME: &str = "org.hsvcam.Camera";
/// The one object.
pub const OBJECT_PATH: &str = "/org/hsvcam/Camera";

/// The well-known name of the program that looks after updates.
pub const UPDATE_NAME: &str = "org.hsvcam.Update";
/// Its one object.
pub const UPDATE_PATH: &str = "/org/hsvcam/Update";
/// Its contract.
pub const UPDATE_INTERFACE: (&str, &str) =
    ("org.hsvcam.Update1", include_str!("../interfaces/org.hsvcam.Update1.xml"));

/// The camera's contract, by interface.
pub const INTERFACES: [(&str, &str); 4] = [
    ("org.hsvcam.Camera1", include_str!("../interfaces/org.hsvcam.Camera1.xml")),
    ("org.hsvcam.Pairing1", include_str!("../interfaces/org.hsvcam.Pairing1.xml")),
    ("org.hsvcam.Settings1", include_str!("../interfaces/org.hsvcam.Settings1.xml")),
    ("org.hsvcam.System1", include_str!("../interfaces/org.hsvcam.System1.xml")),
];

/// Why a call is refused; on the bus `org.hsvcam.Error.` and the variant's name, with a sentence.
#[derive(Debug, zbus::DBusError)]
#[zbus(prefix = "org.hsvcam.Error")]
pub enum Error {
    /// The bus itself failed.
    #[zbus(error)]
    Bus(zbus::Error),
    /// The camera's state forbids it: off, disabled by hand, not paired.
    NotPermitted(String),
    /// An argument is out of its range.
    InvalidArgument(String),
    /// There is no such setting, or its value is not allowed.
    InvalidSetting(String),
    /// No controller has this identifier.
    UnknownController(String),
    /// Too many calls wait; try again.
    Busy(String),
    /// The disk refused. Nothing was opened; what was shut, or removed, stays so until the next start.
    StoreFailed(String),
    /// The camera gave no picture, or it took too long.
    NoPicture(String),
    /// An update is not taken, or another one is under way.
    Refused(String),
}
