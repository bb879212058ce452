// SPDX-License-Identifier: MIT OR Apache-2.0
//! HomeKit Data Stream frames and messages, without sockets.

#![forbid(unsafe_code)]
