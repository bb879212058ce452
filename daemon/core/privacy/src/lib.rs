// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decides what the camera may do now; nothing else decides.

#![forbid(unsafe_code)]
