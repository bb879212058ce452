// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's TLV values against those that real controllers and another accessory write.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod live;
mod recording;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

fn bytes(vector: &Json) -> Vec<u8> {
    let bytes = STANDARD.decode(vector["base64"].as_str().expect("a vector has base64")).unwrap();
    assert_eq!(hex(&bytes), vector["hex"], "the vector's two forms differ");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
