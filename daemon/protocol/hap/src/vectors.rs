// SPDX-License-Identifier: MIT OR Apache-2.0
//! The published bytes that the unit tests compare with; see `tests/data/README.md`.

use std::sync::LazyLock;

use serde_json::Value;

pub static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../tests/data/hap-vectors.json")).expect("valid JSON")
});

pub fn text(value: &Value) -> &str {
    value.as_str().expect("the vector is a text")
}

pub fn hex(value: &Value) -> Vec<u8> {
    let digits = text(value);
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("the vector is hexadecimal"))
        .collect()
}

pub fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().expect("the vector has the right length")
}
