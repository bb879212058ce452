// SPDX-License-Identifier: MIT OR Apache-2.0
//! Takes secrets out of text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

/// In a secret's place.
const REMOVED: &str = "(removed)";
/// What a line calls a secret: the word before its value.
const WORDS: [&str; 10] =
    ["ssid", "psk", "password", "passphrase", "secret", "token", "key", "code", "salt", "setup_id"];
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
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` without them.
    pub fn text(&self, text: &str) -> String {
        let mut text = text.lines().map(named).collect::<Vec<_>>().join("\n") + "\n";
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), REMOVED);
            }
        }
        text
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

fn add_text(text: &str, secrets: &mut Vec<String>) {
    secrets.push(text.to_owned());
    secrets.push(text.replace('-', ""));
}

fn add_bytes(bytes: &[u8], secrets: &mut Vec<String>) {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    secrets.push(hex.to_uppercase());
    secrets.push(hex);
    secrets.push(STANDARD.encode(bytes));
    let list = format!("{bytes:?}");
    secrets.push(list.trim_matches(['[', ']']).to_owned());
    secrets.push(String::from_utf8_lossy(bytes).into_owned());
}

/// `line` without the values of words that name a secret: `word=value`, `word = "value"`,
/// `word: value`.
fn named(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        rest = after;
        let word = before[..at].trim_end();
        let word = word.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        let word = word.to_lowercase();
        if WORDS.iter().any(|secret| word == *secret || word.ends_with(&format!("_{secret}"))) {
            let value = rest.trim_start();
            out.push(' ');
            out.push_str(REMOVED);
            rest = match value.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').map_or("", |(_, rest)| rest),
                None => value.find(char::is_whitespace).map_or("", |end| &value[end..]),
            };
        }
    }
    out.push_str(rest);
    out
}
