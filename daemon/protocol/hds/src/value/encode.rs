// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values to bytes: the shortest form of each, without back-references, because readers disagree
//! over what a back-reference counts.

use super::{Dict, Value};

/// Above this many items an array is written with a terminator: HAP-NodeJS does the same, and it
/// is what hubs have been seen to read.
const MAX_COUNTED_ITEMS: usize = 12;
const MAX_COUNTED_PAIRS: usize = 14;

impl Value {
    /// Appends this value's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0x04),
            Self::Bool(true) => out.push(0x01),
            Self::Bool(false) => out.push(0x02),
            Self::Int(value) => int(out, *value),
            Self::Float32(value) => tagged(out, 0x35, &value.to_le_bytes()),
            Self::Float(value) => tagged(out, 0x36, &value.to_le_bytes()),
            Self::String(value) => run(out, 0x40, value.as_bytes()),
            Self::Data(value) => run(out, 0x70, value),
            Self::Uuid(value) => tagged(out, 0x05, value),
            Self::Date(value) => tagged(out, 0x06, &value.to_le_bytes()),
            Self::Array(items) => {
                let terminated = open(out, 0xd0, items.len(), MAX_COUNTED_ITEMS);
                items.iter().for_each(|item| item.encode(out));
                out.extend(terminated);
            }
            Self::Dict(pairs) => pairs.encode(out),
        }
    }

    /// At least the number of bytes [`Value::encode`] appends, to reserve them in one piece.
    pub fn max_encoded_len(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Int(_) | Self::Float32(_) | Self::Float(_) | Self::Date(_) => 9,
            Self::String(value) => 9 + value.len(),
            Self::Data(value) => 9 + value.len(),
            Self::Uuid(_) => 17,
            Self::Array(items) => 2 + items.iter().map(Self::max_encoded_len).sum::<usize>(),
            Self::Dict(pairs) => pairs.max_encoded_len(),
        }
    }
}

impl Dict {
    /// Appends this dictionary's bytes to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let terminated = open(out, 0xe0, self.len(), MAX_COUNTED_PAIRS);
        for (key, value) in self.iter() {
            run(out, 0x40, key.as_bytes());
            value.encode(out);
        }
        out.extend(terminated);
    }

    /// At least the number of bytes [`Dict::encode`] appends.
    pub fn max_encoded_len(&self) -> usize {
        2 + self.iter().map(|(key, value)| 9 + key.len() + value.max_encoded_len()).sum::<usize>()
    }
}

/// An integer in eight bytes whatever its size, as message ids and states travel.
pub(crate) fn int64(out: &mut Vec<u8>, value: i64) {
    tagged(out, 0x33, &value.to_le_bytes());
}

/// 39 has a form of one byte that HAP-NodeJS cannot read, so it is written in two.
fn int(out: &mut Vec<u8>, value: i64) {
    if value == -1 {
        out.push(0x07);
    } else if let Some(tag) = u8::try_from(value).ok().filter(|value| *value <= 38) {
        out.push(tag + 8);
    } else if let Ok(value) = i8::try_from(value) {
        tagged(out, 0x30, &value.to_le_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        tagged(out, 0x31, &value.to_le_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        tagged(out, 0x32, &value.to_le_bytes());
    } else {
        int64(out, value);
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, body: &[u8]) {
    out.push(tag);
    out.extend_from_slice(body);
}

/// Text (`base` 0x40) or bytes (`base` 0x70) behind their length.
fn run(out: &mut Vec<u8>, base: u8, bytes: &[u8]) {
    let len = bytes.len();
    if let Some(short) = u8::try_from(len).ok().filter(|len| *len <= 32) {
        out.push(base + short);
    } else if let Ok(len) = u8::try_from(len) {
        tagged(out, base + 0x21, &len.to_le_bytes());
    } else if let Ok(len) = u16::try_from(len) {
        tagged(out, base + 0x22, &len.to_le_bytes());
    } else if let Ok(len) = u32::try_from(len) {
        tagged(out, base + 0x23, &len.to_le_bytes());
    } else {
        tagged(out, base + 0x24, &(len as u64).to_le_bytes());
    }
    out.extend_from_slice(bytes);
}

/// Begins a container; what it returns ends it.
fn open(out: &mut Vec<u8>, base: u8, len: usize, max_counted: usize) -> Option<u8> {
    match u8::try_from(len) {
        Ok(counted) if len <= max_counted => {
            out.push(base + counted);
            None
        }
        _ => {
            out.push(base + 0x0f);
            Some(0x03)
        }
    }
}
