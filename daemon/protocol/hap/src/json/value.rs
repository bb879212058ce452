// SPDX-License-Identifier: MIT OR Apache-2.0
//! One characteristic value from and to JSON.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use crate::{Characteristic, Format, Limits, Value};

/// Longest string when the characteristic does not say otherwise, in bytes.
const DEFAULT_MAX_LEN: u16 = 64;

/// Reads what a controller wrote. `None` when it does not fit the characteristic's format,
/// range, valid values or length: -70410.
pub fn read(characteristic: &Characteristic, json: &Json) -> Option<Value> {
    let limits = &characteristic.limits;
    match characteristic.format {
        Format::Bool => match integer(json)? {
            0 => Some(Value::Bool(false)),
            1 => Some(Value::Bool(true)),
            _ => None,
        },
        Format::UInt8 => unsigned(json, u8::MAX.into(), limits),
        Format::UInt16 => unsigned(json, u16::MAX.into(), limits),
        Format::UInt32 => unsigned(json, u32::MAX.into(), limits),
        Format::UInt64 => unsigned(json, u64::MAX, limits),
        Format::Int => {
            let value = i32::try_from(integer(json)?).ok()?;
            is_in_range(f64::from(value), limits).then_some(Value::Int(value))
        }
        Format::Float => {
            let value = json.as_f64().filter(|value| value.is_finite())?;
            is_in_range(value, limits).then_some(Value::Float(value))
        }
        Format::String => {
            let text = json.as_str()?;
            let max_len = limits.max_len.unwrap_or(DEFAULT_MAX_LEN);
            (text.len() <= usize::from(max_len)).then(|| Value::String(text.to_owned()))
        }
        Format::Tlv8 | Format::Data => STANDARD.decode(json.as_str()?).ok().map(Value::Bytes),
    }
}

fn unsigned(json: &Json, max: u64, limits: &Limits) -> Option<Value> {
    let value = u64::try_from(integer(json)?).ok().filter(|&value| value <= max)?;
    let valid = &limits.valid_values;
    let is_valid = valid.is_empty() || valid.iter().any(|&one| u64::from(one) == value);
    #[expect(clippy::cast_precision_loss, reason = "no range ends near the largest numbers")]
    let is_in_range = is_in_range(value as f64, limits);
    (is_valid && is_in_range).then_some(Value::UInt(value))
}

/// A whole number. Controllers also send `true` for 1 and 2.0 for 2.
fn integer(json: &Json) -> Option<i128> {
    match json {
        Json::Bool(value) => Some((*value).into()),
        Json::Number(number) => number.as_i128().or_else(|| {
            let float = number.as_f64()?;
            #[expect(clippy::cast_possible_truncation, reason = "the bounds are checked before")]
            (float.fract() == 0.0 && float.abs() < 1e18).then_some(float as i128)
        }),
        _ => None,
    }
}

fn is_in_range(value: f64, limits: &Limits) -> bool {
    limits.range.is_none_or(|(min, max)| (min..=max).contains(&value))
}

/// Appends a value as JSON. Booleans are written 1 and 0, as Apple's own accessories do.
pub fn write(out: &mut String, value: &Value) {
    let result = match value {
        Value::Null => out.write_str("null"),
        Value::Bool(value) => out.write_char(if *value { '1' } else { '0' }),
        Value::UInt(value) => write!(out, "{value}"),
        Value::Int(value) => write!(out, "{value}"),
        Value::Float(value) if value.is_finite() => write!(out, "{value}"),
        Value::Float(_) => out.write_str("null"),
        Value::String(text) => {
            write_text(out, text);
            Ok(())
        }
        Value::Bytes(bytes) => {
            out.push('"');
            STANDARD.encode_string(bytes, out);
            out.write_char('"')
        }
    };
    result.expect("writing to a string cannot fail");
}

/// Appends a text in quotes.
pub fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{0}'..='\u{1f}' => {
                write!(out, "\\u{:04x}", u32::from(char)).expect("writing to a string cannot fail");
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Perms;
    use proptest::prelude::*;

    fn characteristic(format: Format, limits: Limits) -> Characteristic {
        Characteristic { iid: 9, kind: 1, format, perms: Perms::WRITE, limits, unit: None }
    }

    #[test]
    fn values_are_taken_or_refused_by_format_and_limits() {
        let range = Limits { range: Some((0.0, 100.0)), ..Limits::default() };
        let switch = Limits { valid_values: &[0, 1], ..Limits::default() };
        let short = Limits { max_len: Some(3), ..Limits::default() };
        let none = Limits::default;
        let text = |text: &str| Some(Value::String(text.to_owned()));
        for (format, limits, json, expected) in [
            (Format::Bool, none(), "true", Some(Value::Bool(true))),
            (Format::Bool, none(), "0", Some(Value::Bool(false))),
            (Format::Bool, none(), "2", None),
            (Format::Bool, none(), "\"1\"", None),
            (Format::UInt8, none(), "255", Some(Value::UInt(255))),
            (Format::UInt8, none(), "256", None),
            (Format::UInt8, none(), "-1", None),
            (Format::UInt8, none(), "true", Some(Value::UInt(1))),
            (Format::UInt8, none(), "2.0", Some(Value::UInt(2))),
            (Format::UInt8, none(), "2.5", None),
            (Format::UInt8, none(), "1e300", None),
            (Format::UInt8, range.clone(), "100", Some(Value::UInt(100))),
            (Format::UInt8, range.clone(), "101", None),
            (Format::UInt8, switch.clone(), "1", Some(Value::UInt(1))),
            (Format::UInt8, switch, "2", None),
            (Format::UInt16, none(), "65536", None),
            (Format::UInt32, none(), "4294967295", Some(Value::UInt(u32::MAX.into()))),
            (Format::UInt64, none(), "18446744073709551615", Some(Value::UInt(u64::MAX))),
            (Format::Int, none(), "-2147483648", Some(Value::Int(i32::MIN))),
            (Format::Int, none(), "2147483648", None),
            (Format::Float, range.clone(), "0.5", Some(Value::Float(0.5))),
            (Format::Float, range, "100.5", None),
            (Format::String, short.clone(), "\"abc\"", text("abc")),
            (Format::String, short, "\"\u{e9}\u{e9}\"", None),
            (Format::String, none(), &format!("\"{}\"", "x".repeat(65)), None),
            (Format::String, none(), "5", None),
            (Format::Tlv8, none(), "\"AQEA\"", Some(Value::Bytes(vec![1, 1, 0]))),
            (Format::Tlv8, none(), "\"\"", Some(Value::Bytes(vec![]))),
            (Format::Data, none(), "\"AQE\"", None),
            (Format::Data, none(), "[1]", None),
        ] {
            let read = read(&characteristic(format, limits), &serde_json::from_str(json).unwrap());
            assert_eq!(read, expected, "{format:?} {json}");
        }
    }

    proptest! {
        #[test]
        fn a_text_survives_the_way_out_and_back(text: String) {
            let mut json = String::new();
            write_text(&mut json, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn a_finite_float_survives_the_way_out_and_back(float in proptest::num::f64::NORMAL) {
            let mut json = String::new();
            write(&mut json, &Value::Float(float));
            prop_assert!(serde_json::from_str::<Json>(&json).unwrap().is_number());
            prop_assert_eq!(json.parse::<f64>().unwrap(), float);
        }
    }
}
