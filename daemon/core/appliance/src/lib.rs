// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of what can be seen and touched on the camera's body. Times come in as arguments,
//! what is to be done goes out as values; lines, lamps and threads are elsewhere.
//!
//! | Module | Decides |
//! |---|---|
//! | [`night`] | when the IR-cut filter moves and the IR lamp shines |
//! | [`status`] | what the status light shows |
//! | [`button`] | what a press means, by its length |
//! | [`bell`] | when the bell at the door rings |
//! | [`power`] | when the sensor has power |
//! | [`seeking`] | when a camera without a network looks for a code that names one |
//! | [`switch`] | when the privacy switch counts as on |
//! | [`wifi_code`] | what such a code says |
//!
//! Not decided here: what the camera may see (`privacy`) and what HomeKit is told (`camera`).

#![forbid(unsafe_code)]

pub mod bell;
pub mod button;
pub mod night;
pub mod power;
pub mod seeking;
pub mod status;
pub mod switch;
pub mod wifi_code;
