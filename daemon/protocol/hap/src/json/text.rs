// SPDX-License-Identifier: MIT OR Apache-2.0
//! What controllers get: the database, the answers to reads and writes, events.

use std::fmt::Write as _;

use super::value;
use crate::{Characteristic, Database, Format, Iid, Perms, Service, Status, Unit, Value};

/// `aid` of the one accessory.
pub const AID: u64 = 1;

/// Writes to a string, which cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {
        write!($out, $($arg)*).expect("writing to a string cannot fail")
    };
}

/// The body of /accessories. `values` holds one for each characteristic that can be read, in the
/// database's order; without them the text is the metadata alone.
pub fn accessories(database: &Database, values: Option<&[Value]>) -> String {
    let mut values = values.map(<[Value]>::iter);
    let mut out = String::with_capacity(16 * 1024);
    put!(out, r#"{{"accessories":[{{"aid":{AID},"services":["#);
    list(&mut out, database.services(), |out, service| {
        put!(out, r#"{{"iid":{},"type":"{:X}","characteristics":["#, service.iid, service.kind);
        list(out, &service.characteristics, |out, characteristic| {
            put!(out, r#"{{"iid":{},"#, characteristic.iid);
            kind(out, characteristic);
            perms(out, characteristic);
            meta(out, characteristic);
            if characteristic.perms.contains(Perms::READ)
                && let Some(values) = &mut values
            {
                out.push_str(r#","value":"#);
                value::write(out, values.next().unwrap_or(&Value::Null));
            }
            out.push('}');
        });
        out.push(']');
        traits(out, service);
        out.push('}');
    });
    out.push_str("]}]}");
    out
}

fn traits(out: &mut String, service: &Service) {
    if service.is_primary {
        out.push_str(r#","primary":true"#);
    }
    if service.is_hidden {
        out.push_str(r#","hidden":true"#);
    }
    if !service.linked.is_empty() {
        out.push_str(r#","linked":["#);
        list(out, &service.linked, |out, iid| put!(out, "{iid}"));
        out.push(']');
    }
}

fn list<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
}

fn kind(out: &mut String, characteristic: &Characteristic) {
    put!(out, r#""type":"{:X}","#, characteristic.kind);
}

fn perms(out: &mut String, characteristic: &Characteristic) {
    out.push_str(r#""perms":["#);
    let names = [
        (Perms::READ, "pr"),
        (Perms::WRITE, "pw"),
        (Perms::NOTIFY, "ev"),
        (Perms::ADDITIONAL_AUTHORIZATION, "aa"),
        (Perms::TIMED_WRITE, "tw"),
        (Perms::HIDDEN, "hd"),
        (Perms::WRITE_RESPONSE, "wr"),
    ];
    let mut comma = "";
    for (_, name) in names.iter().filter(|(perm, _)| characteristic.perms.contains(*perm)) {
        put!(out, r#"{comma}"{name}""#);
        comma = ",";
    }
    out.push_str("],");
}

fn meta(out: &mut String, characteristic: &Characteristic) {
    let format = match characteristic.format {
        Format::Bool => "bool",
        Format::UInt8 => "uint8",
        Format::UInt16 => "uint16",
        Format::UInt32 => "uint32",
        Format::UInt64 => "uint64",
        Format::Int => "int",
        Format::Float => "float",
        Format::String => "string",
        Format::Tlv8 => "tlv8",
        Format::Data => "data",
    };
    put!(out, r#""format":"{format}""#);
    if let Some(unit) = characteristic.unit {
        let unit = match unit {
            Unit::Celsius => "celsius",
            Unit::Percentage => "percentage",
            Unit::ArcDegrees => "arcdegrees",
            Unit::Lux => "lux",
            Unit::Seconds => "seconds",
        };
        put!(out, r#","unit":"{unit}""#);
    }
    let limits = &characteristic.limits;
    if let Some((min, max)) = limits.range {
        put!(out, r#","minValue":{min},"maxValue":{max}"#);
    }
    if let Some(step) = limits.step {
        put!(out, r#","minStep":{step}"#);
    }
    if let Some(max_len) = limits.max_len {
        put!(out, r#","maxLen":{max_len}"#);
    }
    if !limits.valid_values.is_empty() {
        out.push_str(r#","valid-values":["#);
        list(out, limits.valid_values, |out, value| put!(out, "{value}"));
        out.push(']');
    }
}

/// An entry of the answer to GET or PUT /characteristics.
pub struct Entry<'a> {
    pub aid: u64,
    pub iid: Iid,
    /// The value, if the answer tells one; or why it was not done.
    pub result: Result<Option<Value>, Status>,
    /// What else a read asked for.
    pub extras: Extras<'a>,
}

/// Parts of an [`Entry`] that the flags of a read add.
#[derive(Default)]
pub struct Extras<'a> {
    pub kind: Option<&'a Characteristic>,
    pub perms: Option<&'a Characteristic>,
    pub meta: Option<&'a Characteristic>,
    pub is_subscribed: Option<bool>,
}

/// Whether entries tell their status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statuses {
    /// All went well: HTTP 200, and events.
    Hidden,
    /// HTTP 207.
    Shown,
}

/// The body of /characteristics and of an event.
pub fn characteristics(entries: &[Entry<'_>], statuses: Statuses) -> String {
    let mut out = String::with_capacity(32 + entries.len() * 48);
    out.push_str(r#"{"characteristics":["#);
    list(&mut out, entries, |out, entry| {
        put!(out, r#"{{"aid":{},"iid":{},"#, entry.aid, entry.iid);
        if let Some(characteristic) = entry.extras.kind {
            kind(out, characteristic);
        }
        if let Some(characteristic) = entry.extras.perms {
            perms(out, characteristic);
        }
        if let Some(characteristic) = entry.extras.meta {
            meta(out, characteristic);
            out.push(',');
        }
        if let Some(is_subscribed) = entry.extras.is_subscribed {
            put!(out, r#""ev":{is_subscribed},"#);
        }
        if statuses == Statuses::Shown {
            put!(out, r#""status":{},"#, entry.result.as_ref().err().map_or(0, |s| s.code()));
        }
        if let Ok(Some(value)) = &entry.result {
            out.push_str(r#""value":"#);
            value::write(out, value);
        } else {
            out.pop();
        }
        out.push('}');
    });
    out.push_str("]}");
    out
}

/// The body of an answer that is nothing but a status; 0 means done.
pub fn status(status: Option<Status>) -> String {
    format!(r#"{{"status":{}}}"#, status.map_or(0, Status::code))
}
