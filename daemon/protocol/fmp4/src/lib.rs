// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fragmented MP4 from encoded frames.

#![forbid(unsafe_code)]
