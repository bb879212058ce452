// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera daemon.

fn main() {}
