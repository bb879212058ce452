// SPDX-License-Identifier: MIT OR Apache-2.0
//! The appliance's rules: services, modes, motion, prebuffer, recording.

#![forbid(unsafe_code)]

mod camera;
pub mod motion;
pub mod plan;
pub mod prebuffer;
pub mod recording;
pub mod services;
pub mod tlv;

pub use camera::{
    Action, Camera, DisabledBy, FieldOfView, FieldOfViewRange, Input, LiveEnd, MaximumViewers,
    MaximumViewersRange, OWNER, Outcome, Outputs, START_WITHIN, Selected, Setup, Sound, Start,
    StoredState, StoredStateError, Ticket,
};
pub use hap::{ConnectionId, WriteEntry};
