// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's TLV values: bytes to meaning and back, without any state.

pub mod data_stream;
pub mod live;
pub mod recording;
pub mod selected;
pub mod selected_rtp;
pub mod setup_endpoints;
