// SPDX-License-Identifier: MIT OR Apache-2.0
//! Characteristic values.

/// A characteristic's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the standard's own")]
pub enum Format {
    Bool,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Int,
    Float,
    String,
    Tlv8,
    Data,
}

/// A value as read or written, already checked against its characteristic's format and limits.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// JSON `null`: a characteristic that can be read but holds nothing (ProgrammableSwitchEvent).
    Null,
    /// Format `bool`; JSON takes `true`, `false`, `1` and `0`.
    Bool(bool),
    /// Formats `uint8` to `uint64`.
    UInt(u64),
    /// Format `int`.
    Int(i32),
    /// Format `float`.
    Float(f64),
    /// Format `string`.
    String(String),
    /// Formats `tlv8` and `data`, decoded from base64.
    Bytes(Vec<u8>),
}
