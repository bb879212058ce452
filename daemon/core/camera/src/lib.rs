// SPDX-License-Identifier: MIT OR Apache-2.0
//! The appliance's rules: services, modes, motion, prebuffer, recording.

#![forbid(unsafe_code)]

pub mod motion;
pub mod prebuffer;
pub mod recording;
