// SPDX-License-Identifier: MIT OR Apache-2.0
//! The privacy rule of the camera, and the only place that knows it.
//!
//! [`OperatingMode`] is what owner and switch want, [`Permits::of`] is the whole rule, [`Gate`]
//! turns it into [`Permit`]s. Nothing that sees or hears can be built without one, and a permit
//! ends when its reason ends. Who may ask for a change is not decided here.
//!
//! ```
//! use privacy::{Capture, Gate, OperatingMode};
//! let mut gate = Gate::closed();
//! assert!(gate.permit::<Capture>().is_err(), "before the stored state was read");
//! gate.set(OperatingMode { is_paired: true, ..OperatingMode::factory() });
//! let permit = gate.permit::<Capture>().unwrap();
//! gate.set(OperatingMode { manually_disabled: true, ..gate.mode().clone() });
//! assert!(!permit.is_valid());
//! ```

#![forbid(unsafe_code)]

mod gate;
mod rule;

pub use gate::{
    Capture, Denied, Gate, GateWatch, Kind, LivePermit, Motion, NetworkCode, Permit, Prebuffer,
    Record, RecordAudio, Shutter,
};
pub use rule::{LIVE_SERVICES, OperatingMode, Permits, Refusal, SnapshotReason};
