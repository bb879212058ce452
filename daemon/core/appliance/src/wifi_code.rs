// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a QR code says of a Wi-Fi network: `WIFI:T:WPA;S:name;P:password;H:true;;`, as telephones and routers show it.
//! Where the code comes from, and whether the network is joined, is decided elsewhere.
//!
//! Read is the form that telephones write: fields in any order, each ended by `;`, `\` before `\ ; , : "`. A value may
//! stand in quotation marks. One that is too long to be meant as it stands, and is of hexadecimal digits, means their
//! bytes; a shorter one is never taken so, since `cafe` and `12345678` are names and passwords that people have.

use std::fmt;

use zeroize::Zeroizing;

/// No code of a network comes near this, in bytes.
pub const MAX_BYTES: usize = 512;

/// A network that a code names. Its name may be shown, its password never.
#[derive(Clone, PartialEq, Eq)]
pub struct WifiCode {
    /// The network's name: 1 to 32 bytes.
    pub ssid: String,
    /// 8 to 63 printable characters of ASCII, or a key of 64 hexadecimal digits; none for a network that anybody may
    /// join.
    pub password: Option<Zeroizing<String>>,
    /// It does not tell its name by itself.
    pub is_hidden: bool,
}

impl fmt::Debug for WifiCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("WifiCode").field("ssid", &self.ssid).finish_non_exhaustive()
    }
}

/// Why a code is none of a network that this camera can join. Holds nothing of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoNetwork {
    /// It does not begin with `WIFI:`.
    #[error("it is no code of a Wi-Fi network")]
    AnotherCode,
    /// Longer than [`MAX_BYTES`], not UTF-8, not ended by `;;`, or a field that is no field.
    #[error("it is cut off or spoilt")]
    Spoilt,
    /// The same field twice.
    #[error("a part of it stands there twice")]
    Twice,
    /// No name, or none of 1 to 32 bytes of text without control characters.
    #[error("the name of a network has 1 to 32 bytes of text")]
    Ssid,
    /// WEP, or a network whose members have names of their own.
    #[error("it is of a kind that this camera does not join")]
    Kind,
    /// Neither a passphrase nor a key, or none where there must be one.
    #[error("a password has 8 to 63 characters (letters, digits and signs of a plain keyboard)")]
    Password,
}

impl WifiCode {
    /// Reads what a code says.
    ///
    /// # Errors
    /// [`NoNetwork`].
    pub fn parse(code: &[u8]) -> Result<Self, NoNetwork> {
        let (scheme, text) = code.split_at_checked(SCHEME.len()).ok_or(NoNetwork::AnotherCode)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(NoNetwork::AnotherCode);
        }
        if code.len() > MAX_BYTES {
            return Err(NoNetwork::Spoilt);
        }
        let fields = Fields::parse(str::from_utf8(text).map_err(|_| NoNetwork::Spoilt)?)?;
        let ssid = fields.ssid.and_then(|ssid| ssid.fitting(is_ssid)).ok_or(NoNetwork::Ssid)?;
        let is_hidden = fields.hidden.is_some_and(|hidden| hidden.is("true"));
        let secret = fields.password.filter(|password| !password.text.is_empty());
        let kind = fields.kind.filter(|kind| !kind.text.is_empty());
        let wants_secret = match kind {
            Some(kind) if kind.is("nopass") => false,
            Some(kind) if KINDS.iter().any(|known| kind.is(known)) => true,
            Some(_) => return Err(NoNetwork::Kind),
            None => secret.is_some(),
        };
        let password = match (wants_secret, secret) {
            (false, _) => None,
            (true, None) => return Err(NoNetwork::Password),
            (true, Some(secret)) => Some(secret.fitting(is_password).ok_or(NoNetwork::Password)?),
        };
        Ok(Self { ssid: ssid.to_string(), password, is_hidden })
    }
}

const SCHEME: &[u8] = b"WIFI:";
/// What is joined with one password for everybody.
const KINDS: [&str; 4] = ["WPA", "WPA2", "WPA3", "SAE"];

/// Spec: IEEE 802.11-2020 §9.4.2.2
fn is_ssid(text: &str) -> bool {
    (1..=32).contains(&text.len()) && !text.contains(char::is_control)
}

/// Spec: IEEE 802.11-2020 §J.4.1
fn is_password(text: &str) -> bool {
    let is_key = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_key || (8..=63).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Fields of whose meaning we know something; others (`R`, `I`, `PH2`, …) are passed over.
#[derive(Default)]
struct Fields {
    kind: Option<Value>,
    ssid: Option<Value>,
    password: Option<Value>,
    hidden: Option<Value>,
}

impl Fields {
    fn parse(text: &str) -> Result<Self, NoNetwork> {
        let mut fields = Self::default();
        let mut rest = text;
        while !matches!(rest, "" | ";") {
            let (name, value) = rest.split_once(':').ok_or(NoNetwork::Spoilt)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(NoNetwork::Spoilt);
            }
            let (value, tail) = Value::split_off(value).ok_or(NoNetwork::Spoilt)?;
            rest = tail;
            let place = match name {
                "T" => &mut fields.kind,
                "S" => &mut fields.ssid,
                "P" => &mut fields.password,
                "H" => &mut fields.hidden,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return Err(NoNetwork::Twice);
            }
        }
        Ok(fields)
    }
}

/// A value without its escapes.
struct Value {
    text: Zeroizing<String>,
    /// Between two quotation marks, which are gone.
    is_quoted: bool,
}

impl Value {
    /// The value that `text` begins with, and what comes after its end; none where it has no end.
    fn split_off(text: &str) -> Option<(Self, &str)> {
        // So large that it never moves and leaves nothing behind
        let mut value = Zeroizing::new(String::with_capacity(text.len()));
        let (mut first, mut last) = (None, None);
        let mut chars = text.char_indices();
        loop {
            let (at, c) = chars.next()?;
            let (c, is_escaped) = match c {
                ';' => {
                    let is_quoted = value.len() >= 2 && first == Some('"') && last == Some('"');
                    if is_quoted {
                        value.pop();
                        value.remove(0);
                    }
                    return Some((Self { text: value, is_quoted }, text.get(at + 1..)?));
                }
                '\\' => (chars.next()?.1, true),
                c => (c, false),
            };
            last = (!is_escaped).then_some(c);
            if value.is_empty() {
                first = last;
            }
            value.push(c);
        }
    }

    fn is(&self, word: &str) -> bool {
        self.text.eq_ignore_ascii_case(word)
    }

    /// The value as it stands where `is_fit` says so, else the bytes that its digits mean.
    fn fitting(self, is_fit: fn(&str) -> bool) -> Option<Zeroizing<String>> {
        if is_fit(&self.text) {
            return Some(self.text);
        }
        let (pairs, []) = self.text.as_bytes().as_chunks::<2>() else { return None };
        let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
        for pair in pairs {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            bytes.push(u8::try_from(high? << 4 | low?).ok()?);
        }
        let text = str::from_utf8(&bytes).ok()?;
        (!self.is_quoted && is_fit(text)).then(|| Zeroizing::new(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;
