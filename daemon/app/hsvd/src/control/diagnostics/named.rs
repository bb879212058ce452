// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a line itself calls a secret: `word=value`, `"word": "value"`, `wordOne: [1, 2]`,
//! `word "value"`.

use super::redact::REMOVED;

/// Whatever has a name that ends with one of these is a secret; the last part of a name counts,
/// `wifi_password`, `apiKey` and `setup-code` say so too.
const WORDS: [&str; 24] = [
    "authorization",
    "bssid",
    "code",
    "codes",
    "credential",
    "credentials",
    "key",
    "keys",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "pin",
    "psk",
    "pwd",
    "salt",
    "secret",
    "secrets",
    "seed",
    "setup_id",
    "ssid",
    "token",
    "tokens",
];

/// `line` without the values of such names.
pub(super) fn without_values(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(name) = next_name(rest) {
        let (before, after) = rest.split_at(name.end);
        out.push_str(before);
        rest = after;
        let Some(sign) = sign(after).filter(|_| is_secret(&before[name.start..])) else { continue };
        let (sign, value) = after.split_at(sign);
        let end = end_of_value(value);
        if end == 0 {
            continue;
        }
        out.push_str(sign.trim_end());
        out.push(' ');
        out.push_str(REMOVED);
        rest = &value[end..];
    }
    out.push_str(rest);
    out
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// The first name in `text`.
fn next_name(text: &str) -> Option<std::ops::Range<usize>> {
    let start = text.find(is_part_of_name)?;
    let length = text[start..].find(|c| !is_part_of_name(c)).unwrap_or(text.len() - start);
    Some(start..start + length)
}

fn is_secret(name: &str) -> bool {
    let whole = name.to_lowercase().replace('-', "_");
    let camel = name.char_indices().rfind(|(at, c)| {
        c.is_uppercase() && name[..*at].chars().next_back().is_some_and(char::is_lowercase)
    });
    let last = camel.map(|(at, _)| name[at..].to_lowercase());
    WORDS.iter().any(|word| {
        let is_end = |rest: &str| rest.is_empty() || rest.ends_with('_');
        whole.strip_suffix(word).is_some_and(is_end) || last.as_deref() == Some(word)
    })
}

/// The length of what stands between a name and its value, where a value follows.
fn sign(after: &str) -> Option<usize> {
    let rest = after.strip_prefix(['"', '\'']).unwrap_or(after).trim_start();
    let signs = ["=>", "->", "=", ":"];
    let value = match signs.iter().find_map(|sign| rest.strip_prefix(sign)) {
        Some(value) => value,
        None if rest.starts_with('"') => rest,
        None => return None,
    };
    Some(after.len() - value.trim_start().len())
}

/// Where a value ends: with its closing quote or bracket, or before the next `name=`.
fn end_of_value(value: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in value.char_indices() {
        let end = at + c.len_utf8();
        match quote {
            Some(_) if std::mem::take(&mut is_escaped) => {}
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) if c == open => {
                quote = None;
                if depth == 0 && value.starts_with(open) {
                    return end;
                }
            }
            Some(_) => {}
            None if c == '"' || (c == '\'' && at == 0) => quote = Some(c),
            None if "([{".contains(c) => depth += 1,
            None if ")]}".contains(c) && depth == 0 => return at,
            None if ")]}".contains(c) => {
                depth -= 1;
                if depth == 0 && value.starts_with(['(', '[', '{']) {
                    return end;
                }
            }
            None if c.is_whitespace() && depth == 0 && is_name_with_sign(&value[end..]) => {
                return at;
            }
            None => {}
        }
    }
    value.len()
}

/// `name=` stands at the beginning.
fn is_name_with_sign(text: &str) -> bool {
    let length = text.find(|c| !is_part_of_name(c)).unwrap_or(text.len());
    length > 0 && text[length..].starts_with('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_names_are_taken_out_and_nothing_else() {
        for (line, told) in [
            ("joined ssid=\"Home Sweet\" channel=6", "joined ssid= (removed) channel=6"),
            ("PSK: \"correct horse\" taken", "PSK: (removed) taken"),
            ("wifi_password=battery-staple retry=2", "wifi_password= (removed) retry=2"),
            ("ssid=Home Sweet Home channel=6", "ssid= (removed) channel=6"),
            ("{\"psk\": \"horse\", \"channel\": 6}", "{\"psk\": (removed), \"channel\": 6}"),
            ("key=[1, 2, 3] length=3", "key= (removed) length=3"),
            ("apiKey: Some(\"a b=c\") of=x", "apiKey: (removed) of=x"),
            ("Keys { signing_seed: [7, 8], id: 4 }", "Keys { signing_seed: (removed), id: 4 }"),
            ("password=\"a\\\" b=c\" x=1", "password= (removed) x=1"),
            ("passwd='two words' x=1", "passwd= (removed) x=1"),
            ("Authorization: Bearer abc.def", "Authorization: (removed)"),
            ("associated with ssid \"Home\" now", "associated with ssid (removed) now"),
            ("setup-code => 314-15-926", "setup-code => (removed)"),
            ("password=\"cut in the midd…", "password= (removed)"),
            ("cannot decode: it has no key", "cannot decode: it has no key"),
            ("monkeys=3 encode=4 status: 5", "monkeys=3 encode=4 status: 5"),
            ("key=", "key="),
            ("", ""),
        ] {
            assert_eq!(without_values(line), told);
        }
    }
}
