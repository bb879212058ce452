// SPDX-License-Identifier: MIT OR Apache-2.0
//! `hsvctl` as a process, with a camera that can be in any state on a bus of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it skips"
)]

mod answers;
mod contract;
mod fake;
mod fake_update;
mod faults;
mod files;
mod house;
mod installed;
mod shapes;
mod terminal;
mod watching;
