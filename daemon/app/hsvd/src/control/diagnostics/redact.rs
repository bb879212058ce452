// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes secrets out of text: those that are known, and what a line itself calls one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value as Json;

use super::named;
use crate::log::CUT;

/// In a secret's place.
pub(super) const REMOVED: &str = "(removed)";
/// A shorter text would be found everywhere.
const SHORTEST: usize = 4;

/// Knows what is secret.
#[derive(Debug, Default)]
pub struct Redactor {
    /// In every form in which they could stand in a line; the longest first.
    secrets: Vec<String>,
}

impl Redactor {
    /// Texts and keys of state documents, and further texts.
    pub fn new(documents: &[Json], texts: impl IntoIterator<Item = String>) -> Self {
        let mut secrets = Vec::new();
        for document in documents {
            collect(document, &mut secrets);
        }
        for text in texts {
            add_text(&text, &mut secrets);
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` without them.
    pub fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            out.push_str(&self.line(line));
            out.push('\n');
        }
        out
    }

    fn line(&self, line: &str) -> String {
        // First what was cut: taking out another secret could hide the beginning of this one
        let mut line = match line.strip_suffix(CUT) {
            Some(start) => format!("{}{CUT}", self.without_start_of_secret(start)),
            None => line.to_owned(),
        };
        for secret in &self.secrets {
            if line.contains(secret.as_str()) {
                line = line.replace(secret.as_str(), REMOVED);
            }
        }
        named::without_values(&line)
    }

    /// `line` without the beginning of a secret at its end.
    fn without_start_of_secret<'a>(&self, line: &'a str) -> &'a str {
        let starts = |secret: &String| {
            let ends = secret.char_indices().skip(1).map(|(at, _)| at).chain([secret.len()]);
            ends.filter(|end| line.ends_with(&secret[..*end])).max()
        };
        let longest = self.secrets.iter().filter_map(starts).max().unwrap_or(0);
        &line[..line.len() - longest]
    }
}

/// All texts, and all lists of bytes in their usual forms.
fn collect(value: &Json, secrets: &mut Vec<String>) {
    match value {
        Json::String(text) => add_text(text, secrets),
        Json::Array(values) => {
            let byte = |value: &Json| value.as_u64().and_then(|number| u8::try_from(number).ok());
            match values.iter().map(byte).collect::<Option<Vec<u8>>>() {
                Some(bytes) if bytes.len() >= SHORTEST => add_bytes(&bytes, secrets),
                _ => values.iter().for_each(|value| collect(value, secrets)),
            }
        }
        Json::Object(values) => values.values().for_each(|value| collect(value, secrets)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// A text as it is, as it is quoted, without what only separates, and its bytes.
fn add_text(text: &str, secrets: &mut Vec<String>) {
    secrets.push(text.to_owned());
    secrets.push(text.escape_debug().to_string());
    secrets.push(text.replace(['-', ':'], ""));
    if let Some((_, payload)) = text.split_once("://") {
        secrets.push(payload.to_owned()); // of a setup code to scan
    }
    if text.len() >= SHORTEST {
        add_bytes(text.as_bytes(), secrets);
    }
}

/// Bytes as hexadecimal digits, base64, a list, and text.
fn add_bytes(bytes: &[u8], secrets: &mut Vec<String>) {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for separator in ["", ":", "-", " ", ", "] {
        let digits = digits.join(separator);
        secrets.push(digits.to_uppercase());
        secrets.push(digits);
    }
    secrets.push(STANDARD_NO_PAD.encode(bytes));
    secrets.push(URL_SAFE_NO_PAD.encode(bytes));
    let list = format!("{bytes:?}");
    secrets.push(list.trim_matches(['[', ']']).to_owned());
    secrets.push(String::from_utf8_lossy(bytes).into_owned());
    secrets.push(bytes.escape_ascii().to_string());
}
