// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stories of a camera in a home, through the public interface alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod data_stream;
mod doorbell;
mod live_view;
mod modes;
mod pairings;
mod persistence;
mod rig;
mod selection;
