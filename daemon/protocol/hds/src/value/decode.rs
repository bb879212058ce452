// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes to values: every form the format knows, whoever wrote it.

use super::{Dict, Value};

/// Containers within containers.
pub const MAX_DEPTH: usize = 64;
/// Values in one header or message, keys included. A real message has about twenty.
pub const MAX_VALUES: usize = 4096;
/// Bytes that back-references may repeat in one header or message.
pub const MAX_EXPANDED_BYTES: usize = 64 * 1024;

/// Bytes that are no value, with the place of the value at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct DecodeError {
    /// Offset of the tag of the value at fault.
    pub at: usize,
    /// What is wrong there.
    pub problem: DecodeProblem,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeProblem {
    /// The bytes end within the value.
    #[error("cut off value")]
    CutOff,
    /// A tag no value begins with.
    #[error("unknown tag {0:#04x}")]
    UnknownTag(u8),
    /// Text that is not UTF-8.
    #[error("text that is not UTF-8")]
    NotUtf8,
    /// A dictionary key that is not text.
    #[error("dictionary key that is not text")]
    KeyNotText,
    /// A back-reference to a value that was not read before.
    #[error("back-reference to nothing")]
    NoSuchReference,
    /// A dictionary was expected.
    #[error("not a dictionary")]
    NotADict,
    /// More than [`MAX_DEPTH`], [`MAX_VALUES`] or [`MAX_EXPANDED_BYTES`].
    #[error("value over a limit")]
    OverLimit,
}

impl Value {
    /// The value at the start of `input` and the number of bytes it took. What follows is the
    /// caller's.
    ///
    /// # Errors
    /// [`DecodeError`]. Nothing is allocated for a length that `input` does not hold.
    pub fn decode(input: &[u8]) -> Result<(Self, usize), DecodeError> {
        let mut reader = Reader { input, at: 0, seen: Vec::new(), values: 0, expanded: 0 };
        let value = reader.value(0)?;
        Ok((value, reader.at))
    }
}

impl Dict {
    /// As [`Value::decode`], for a dictionary.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(input: &[u8]) -> Result<(Self, usize), DecodeError> {
        match Value::decode(input)? {
            (Value::Dict(dict), len) => Ok((dict, len)),
            _ => Err(DecodeError { at: 0, problem: DecodeProblem::NotADict }),
        }
    }
}

struct Reader<'a> {
    input: &'a [u8],
    at: usize,
    /// What back-references count: neither truth values, null, integers of one byte, empty text or
    /// bytes, containers, nor what is already in it.
    seen: Vec<Value>,
    values: usize,
    expanded: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, DecodeError> {
        let at = self.at;
        self.value_at(depth).map_err(|fault| match fault {
            Fault::Here(problem) => DecodeError { at, problem },
            Fault::Inside(error) => error,
        })
    }

    fn value_at(&mut self, depth: usize) -> Result<Value, Fault> {
        self.values += 1;
        if self.values > MAX_VALUES || depth > MAX_DEPTH {
            return Err(DecodeProblem::OverLimit.into());
        }
        let tag = self.byte()?;
        let value = match tag {
            0x01 => return Ok(Value::Bool(true)),
            0x02 => return Ok(Value::Bool(false)),
            0x04 => return Ok(Value::Null),
            0x05 => Value::Uuid(self.array()?),
            0x06 => Value::Date(f64::from_le_bytes(self.array()?)),
            0x07 => return Ok(Value::Int(-1)),
            0x08..=0x2f => return Ok(Value::Int(i64::from(tag) - 8)),
            0x30 => Value::Int(i8::from_le_bytes(self.array()?).into()),
            0x31 => Value::Int(i16::from_le_bytes(self.array()?).into()),
            0x32 => Value::Int(i32::from_le_bytes(self.array()?).into()),
            0x33 => Value::Int(i64::from_le_bytes(self.array()?)),
            0x35 => Value::Float32(f32::from_le_bytes(self.array()?)),
            0x36 => Value::Float(f64::from_le_bytes(self.array()?)),
            0x40..=0x60 => text(self.take(usize::from(tag - 0x40))?)?,
            0x61..=0x64 => {
                let len = self.length(tag - 0x61)?;
                text(self.take(len)?)?
            }
            0x6f => text(self.take_until(0x00)?)?,
            0x70..=0x90 => Value::Data(self.take(usize::from(tag - 0x70))?.into()),
            0x91..=0x94 => {
                let len = self.length(tag - 0x91)?;
                Value::Data(self.take(len)?.into())
            }
            0x9f => Value::Data(self.take_until(0x03)?.into()),
            0xa0..=0xc0 => return self.seen_before(usize::from(tag - 0xa0)),
            0xc1..=0xc4 => {
                let index = self.length(tag - 0xc1)?;
                return self.seen_before(index);
            }
            0xd0..=0xde => return self.items(Some(usize::from(tag - 0xd0)), depth),
            0xdf => return self.items(None, depth),
            0xe0..=0xee => return self.pairs(Some(usize::from(tag - 0xe0)), depth),
            0xef => return self.pairs(None, depth),
            _ => return Err(DecodeProblem::UnknownTag(tag).into()),
        };
        let is_empty = match &value {
            Value::String(text) => text.is_empty(),
            Value::Data(data) => data.is_empty(),
            _ => false,
        };
        if !is_empty && !self.seen.contains(&value) {
            self.seen.push(value.clone());
        }
        Ok(value)
    }

    fn items(&mut self, count: Option<usize>, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        while self.goes_on(count, items.len())? {
            items.push(self.value(depth + 1)?);
        }
        Ok(Value::Array(items))
    }

    fn pairs(&mut self, count: Option<usize>, depth: usize) -> Result<Value, Fault> {
        let mut pairs: Vec<(String, Value)> = Vec::new();
        let mut read = 0;
        while self.goes_on(count, read)? {
            let at = self.at;
            let Value::String(key) = self.value(depth + 1)? else {
                return Err(DecodeError { at, problem: DecodeProblem::KeyNotText }.into());
            };
            pairs.push((key, self.value(depth + 1)?));
            read += 1;
        }
        // A key that comes twice: the last one counts.
        let mut dict = Dict::new();
        pairs.into_iter().for_each(|(key, value)| dict.insert(key, value));
        Ok(Value::Dict(dict))
    }

    /// Whether a container of `count` members, or one up to the terminator, has another one.
    fn goes_on(&mut self, count: Option<usize>, read: usize) -> Result<bool, Fault> {
        match count {
            Some(count) => Ok(read < count),
            None => match self.input.get(self.at) {
                Some(0x03) => {
                    self.at += 1;
                    Ok(false)
                }
                Some(_) => Ok(true),
                None => Err(DecodeProblem::CutOff.into()),
            },
        }
    }

    fn seen_before(&mut self, index: usize) -> Result<Value, Fault> {
        let value = self.seen.get(index).ok_or(DecodeProblem::NoSuchReference)?;
        if let Value::String(text) = value {
            self.expanded += text.len();
        }
        if self.expanded > MAX_EXPANDED_BYTES {
            return Err(DecodeProblem::OverLimit.into());
        }
        Ok(value.clone())
    }

    /// A length or index of 1, 2, 4 or 8 bytes, by `width` 0 to 3.
    fn length(&mut self, width: u8) -> Result<usize, Fault> {
        let length = match width {
            0 => u64::from(self.byte()?),
            1 => u16::from_le_bytes(self.array()?).into(),
            2 => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        usize::try_from(length).map_err(|_| DecodeProblem::CutOff.into())
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], Fault> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let bytes = rest.first_chunk::<LEN>().ok_or(DecodeProblem::CutOff)?;
        self.at += LEN;
        Ok(*bytes)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let bytes = rest.get(..len).ok_or(DecodeProblem::CutOff)?;
        self.at += len;
        Ok(bytes)
    }

    fn take_until(&mut self, end: u8) -> Result<&'a [u8], Fault> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|byte| *byte == end).ok_or(DecodeProblem::CutOff)?;
        let bytes = self.take(len)?;
        self.at += 1;
        Ok(bytes)
    }
}

fn text(bytes: &[u8]) -> Result<Value, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Value::String(text.to_owned())),
        Err(_) => Err(DecodeProblem::NotUtf8.into()),
    }
}

/// A problem of the value being read, or one found deeper.
enum Fault {
    Here(DecodeProblem),
    Inside(DecodeError),
}

impl From<DecodeProblem> for Fault {
    fn from(problem: DecodeProblem) -> Self {
        Self::Here(problem)
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Inside(error)
    }
}
