// SPDX-License-Identifier: MIT OR Apache-2.0
//! The data format of HDS messages (OPACK): values and their way to and from bytes.

mod decode;
mod encode;

pub use decode::{DecodeError, DecodeProblem, MAX_DEPTH, MAX_EXPANDED_BYTES, MAX_VALUES};
pub(crate) use encode::int64;

use crate::Data;

/// A value of the data format. The width in which an integer travelled is not kept.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer of any width.
    Int(i64),
    /// A number of four bytes.
    Float32(f32),
    /// A number of eight bytes.
    Float(f64),
    /// Text.
    String(String),
    /// Bytes.
    Data(Data),
    /// A UUID, most significant byte first.
    Uuid([u8; 16]),
    /// Seconds since 2001-01-01T00:00:00Z.
    Date(f64),
    /// Values in order.
    Array(Vec<Value>),
    /// Values by name.
    Dict(Dict),
}

impl Value {
    /// The integer, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The bytes, if it is some.
    pub fn as_data(&self) -> Option<&Data> {
        match self {
            Self::Data(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if it is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Self::Array(value) => Some(value),
            _ => None,
        }
    }

    /// The dictionary, if it is one.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(value) => Some(value),
            _ => None,
        }
    }
}

/// Floating point numbers are equal when their bits are, so that equality is an equivalence.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float32(a), Self::Float32(b)) => a.to_bits() == b.to_bits(),
            (Self::Float(a), Self::Float(b)) | (Self::Date(a), Self::Date(b)) => {
                a.to_bits() == b.to_bits()
            }
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Data(a), Self::Data(b)) => a == b,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

macro_rules! from {
    ($($from:ty => |$name:ident| $value:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($name: $from) -> Self {
                $value
            }
        }
    )*};
}

from! {
    bool => |value| Self::Bool(value);
    i64 => |value| Self::Int(value);
    u32 => |value| Self::Int(value.into());
    &str => |value| Self::String(value.to_owned());
    String => |value| Self::String(value);
    Data => |value| Self::Data(value);
    Dict => |value| Self::Dict(value);
    Vec<Value> => |value| Self::Array(value);
}

/// A dictionary: keys are text, each at most once, in the order they were first set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dict(Vec<(String, Value)>);

impl Dict {
    /// An empty dictionary.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets `key`, over an older value if there is one.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(existing, _)| *existing == key) {
            Some((_, existing)) => *existing = value,
            None => self.0.push((key, value)),
        }
    }

    /// Sets `key`, for chains.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(existing, _)| existing == key).map(|(_, value)| value)
    }

    /// The integer at `key`; none when it is missing or of another type.
    pub fn int(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_int()
    }

    /// The text at `key`; none when it is missing or of another type.
    pub fn str(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str()
    }

    /// All pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The number of pairs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
