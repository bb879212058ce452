// SPDX-License-Identifier: MIT OR Apache-2.0
//! What `hsvctl watch` tells, as a line for people or an object for scripts.

use control::{LiveSession, Recording};
use serde_json::{Map, Value, json};
use zbus::{Message, Variant};

use crate::out::{Form, Out, Style};
use crate::table::clean;
use crate::words;
use crate::{recordings, sessions};

/// Something that happened.
pub enum Event {
    /// For people alone, at the beginning.
    Opening(String),
    Property {
        interface: String,
        name: String,
        value: Value,
    },
    RecordingStarted(u64),
    RecordingEnded(Recording),
    SessionStarted(LiveSession),
    SessionEnded {
        id: u32,
        reason: String,
    },
    CameraStopped,
    CameraStarted,
    BusLost,
    BusBack,
}

/// Of a signal of Camera1; scores are for `hsvctl motion tune`, and what is not known is passed over.
pub fn from_signal(signal: &Message) -> zbus::Result<Option<Event>> {
    let header = signal.header();
    let body = signal.body();
    Ok(Some(match header.member().map(|member| member.as_str()) {
        Some("RecordingStarted") => Event::RecordingStarted(body.deserialize()?),
        Some("RecordingEnded") => Event::RecordingEnded(body.deserialize()?),
        Some("LiveSessionStarted") => Event::SessionStarted(body.deserialize()?),
        Some("LiveSessionEnded") => {
            let (id, reason) = body.deserialize()?;
            Event::SessionEnded { id, reason }
        }
        _ => return Ok(None),
    }))
}

/// What is so when watching begins.
pub fn opening<'a>(known: impl Fn(&str) -> Option<&'a Value>) -> Event {
    let mode = known("Mode").and_then(Value::as_str).map_or("watching", words::mode);
    let is = |name| known(name).and_then(Value::as_bool).unwrap_or(false);
    let viewers = known("Viewers").and_then(Value::as_u64).unwrap_or(0);
    let mut text = format!("{mode}, {viewers} watching");
    for (name, words) in [
        ("ManuallyDisabled", ", off by hand"),
        ("MotionDetected", ", motion"),
        ("Recording", ", recording"),
    ] {
        text.push_str(if is(name) { words } else { "" });
    }
    Event::Opening(text)
}

impl Event {
    /// Writes it.
    pub fn tell(&self, out: &mut Out) -> anyhow::Result<()> {
        if out.form() == Form::Json {
            let mut object = self.json();
            object["time"] = words::now().into();
            return Ok(out.json(&object)?);
        }
        if let Some((style, text)) = self.words() {
            let time = words::time(words::now());
            let head = format!("{}  ", out.paint(Style::Quiet, &time));
            out.headed(&head, time.len() + 2, style, &clean(&text))?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        match self {
            Self::Opening(text) => json!({"event": "opening", "text": text}),
            Self::Property { interface, name, value } => {
                json!({"event": "property", "interface": interface, "name": name, "value": value})
            }
            Self::RecordingStarted(id) => json!({"event": "recording-started", "id": id}),
            Self::RecordingEnded(recording) => {
                json!({"event": "recording-ended", "recording": recordings::recording(recording)})
            }
            Self::SessionStarted(session) => {
                json!({"event": "session-started", "session": sessions::session(session)})
            }
            Self::SessionEnded { id, reason } => {
                json!({"event": "session-ended", "id": id, "reason": reason})
            }
            Self::CameraStopped => json!({"event": "camera-stopped"}),
            Self::CameraStarted => json!({"event": "camera-started"}),
            Self::BusLost => json!({"event": "bus-lost"}),
            Self::BusBack => json!({"event": "bus-back"}),
        }
    }

    /// None for what another line says better.
    fn words(&self) -> Option<(Style, String)> {
        Some(match self {
            Self::Opening(text) => (Style::Plain, text.clone()),
            Self::Property { name, value, .. } => return property(name, value),
            Self::RecordingStarted(id) => (Style::Strong, format!("recording {id} begins")),
            Self::RecordingEnded(recording) => {
                let Recording { id, outcome, media_ms, bytes, reason, .. } = recording;
                let (lasts, size) = (words::duration(*media_ms), words::bytes(*bytes));
                let style = if outcome == "normal" { Style::Strong } else { Style::Warning };
                (style, format!("recording {id} ends, {outcome}: {lasts}, {size}; {reason}"))
            }
            Self::SessionStarted(session) => {
                let LiveSession { id, width, height, fps, viewer, .. } = session;
                (
                    Style::Strong,
                    format!("live view {id} begins: {width}x{height}@{fps} for {viewer}"),
                )
            }
            Self::SessionEnded { id, reason } => {
                (Style::Strong, format!("live view {id} ends: {reason}"))
            }
            Self::CameraStopped => (Style::Bad, "the camera's program stopped; waiting".to_owned()),
            Self::CameraStarted => (Style::Good, "the camera's program runs".to_owned()),
            Self::BusLost => (Style::Bad, "the bus is gone; waiting".to_owned()),
            Self::BusBack => (Style::Good, "the bus is back".to_owned()),
        })
    }
}

fn property(name: &str, value: &Value) -> Option<(Style, String)> {
    let is_on = value.as_bool().unwrap_or(false);
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (on, off) = match name {
        // Recordings and views have signals that say more.
        "Recording" | "Viewers" => return None,
        "MotionDetected" => ("motion begins", "motion ends"),
        "ManuallyDisabled" => ("off by hand", "no longer off by hand"),
        "SoftwarePrivacy" => ("privacy on", "privacy off"),
        "Paired" => ("paired", "no longer paired"),
        "RestartNeeded" => ("settings wait for a restart", "settings are as stored"),
        "Mode" => return Some((Style::Strong, format!("mode: {}", words::mode(&text)))),
        "Health" => return Some((words::verdict(&text), format!("health: {text}"))),
        "Permits" => return Some((Style::Plain, format!("may now: {}", given(value)))),
        "PrivacySwitch" => return Some((Style::Plain, format!("switch on the case: {text}"))),
        "NightVision" => return Some((Style::Plain, format!("night vision: {text}"))),
        "Night" => return Some((Style::Plain, format!("filter: {text}"))),
        "StatusLight" => return Some((Style::Plain, format!("status light: {text}"))),
        "FailedAttempts" => return Some((Style::Warning, format!("wrong setup codes: {text}"))),
        other => return Some((Style::Plain, format!("{other}: {text}"))),
    };
    Some((Style::Plain, if is_on { on } else { off }.to_owned()))
}

fn given(permits: &Value) -> String {
    let permits = permits.as_object().into_iter().flatten();
    let given: Vec<&str> =
        permits.filter(|(_, is)| **is == Value::Bool(true)).map(|(name, _)| &**name).collect();
    if given.is_empty() { "nothing".to_owned() } else { given.join(", ") }
}

/// A property's value for scripts. What JSON has no word for (a file) is null.
pub fn json_of(value: &Variant<'_>) -> Value {
    match value {
        Variant::Bool(value) => (*value).into(),
        Variant::U8(value) => (*value).into(),
        Variant::U16(value) => (*value).into(),
        Variant::U32(value) => (*value).into(),
        Variant::U64(value) => (*value).into(),
        Variant::I16(value) => (*value).into(),
        Variant::I32(value) => (*value).into(),
        Variant::I64(value) => (*value).into(),
        Variant::F64(value) => (*value).into(),
        Variant::Str(value) => value.as_str().into(),
        Variant::ObjectPath(value) => value.as_str().into(),
        Variant::Variant(value) => json_of(value),
        Variant::Array(values) => values.iter().map(json_of).collect(),
        Variant::Dict(entries) => {
            let name = |key: &Variant<'_>| match json_of(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let entries = entries.iter().map(|(key, value)| (name(key), json_of(value)));
            entries.collect::<Map<_, _>>().into()
        }
        _ => Value::Null,
    }
}
