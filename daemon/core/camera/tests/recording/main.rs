// SPDX-License-Identifier: MIT OR Apache-2.0
//! Home hubs record: what they get, when it ends, and what the journal says of it.

#![allow(clippy::unwrap_used, reason = "a test")]

mod endings;
mod media;
mod opening;
mod stalls;
mod world;
