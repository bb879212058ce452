// SPDX-License-Identifier: MIT OR Apache-2.0
//! One Wi-Fi network, and the file by which iwd knows it.
//!
//! Spec: iwd.network(5), FILE FORMAT and NAMING

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a network is joined with. Has no `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Secret {
    /// A network that anybody may join.
    None,
    /// 8 to 63 characters of ASCII.
    Passphrase(String),
    /// 64 hexadecimal digits.
    Key(String),
}

/// Why a network cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// 0 bytes, more than 32, or a zero byte.
    #[error("the name of a network has 1 to 32 bytes")]
    Ssid,
    /// Neither a passphrase nor a key.
    #[error("a password has 8 to 63 characters (letters, digits and signs of a plain keyboard)")]
    Password,
}

/// A network that the owner named. Its name may be shown, its secret never.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// The name: 1 to 32 bytes.
    pub ssid: String,
    /// The password.
    pub secret: Secret,
    /// It does not tell its name by itself.
    pub is_hidden: bool,
}

impl fmt::Debug for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Network").field("ssid", &self.ssid).finish_non_exhaustive()
    }
}

impl Secret {
    /// The password as somebody types it.
    ///
    /// # Errors
    /// [`Unfit::Password`].
    pub fn of(password: &str) -> Result<Self, Unfit> {
        let is_plain = password.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        match password.len() {
            64 if password.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Ok(Self::Key(password.to_ascii_lowercase()))
            }
            8..=63 if is_plain => Ok(Self::Passphrase(password.to_owned())),
            _ => Err(Unfit::Password),
        }
    }
}

impl Network {
    /// The name as the standard allows it.
    ///
    /// # Errors
    /// [`Unfit::Ssid`].
    pub fn ensure_ssid(ssid: &str) -> Result<(), Unfit> {
        if (1..=32).contains(&ssid.len()) && !ssid.contains('\0') {
            Ok(())
        } else {
            Err(Unfit::Ssid)
        }
    }

    /// As iwd calls this kind on D-Bus, and in names of files.
    pub fn kind(&self) -> &'static str {
        match self.secret {
            Secret::None => "open",
            Secret::Passphrase(_) | Secret::Key(_) => "psk",
        }
    }

    /// The name of its file in iwd's folder.
    pub fn file_name(&self) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-');
        let name = if self.ssid.chars().all(is_plain) {
            self.ssid.clone()
        } else {
            let hex: String = self.ssid.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("={hex}")
        };
        format!("{name}.{}", self.kind())
    }

    /// What stands in that file.
    pub fn file(&self) -> String {
        let mut text = String::new();
        match &self.secret {
            Secret::None => {}
            Secret::Passphrase(passphrase) => {
                text += &format!("[Security]\nPassphrase={}\n", escaped(passphrase));
            }
            Secret::Key(key) => text += &format!("[Security]\nPreSharedKey={key}\n"),
        }
        if self.is_hidden {
            text += "[Settings]\nHidden=true\n";
        }
        text
    }
}

/// The name of the network that a file of iwd's folder is for; none for what is something else.
pub fn ssid_of(file_name: &str) -> Option<String> {
    let (name, kind) = file_name.rsplit_once('.')?;
    if !matches!(kind, "psk" | "open" | "8021x") {
        return None;
    }
    let Some(hex) = name.strip_prefix('=') else { return Some(name.to_owned()) };
    let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
    let digits = pairs.iter().map(|pair| str::from_utf8(pair).ok());
    let bytes: Option<Vec<u8>> = digits.map(|two| u8::from_str_radix(two?, 16).ok()).collect();
    Some(String::from_utf8_lossy(&bytes?).into_owned())
}

/// A value's spaces are dropped at its ends, and a backslash begins an escape.
fn escaped(value: &str) -> String {
    let inner = value.trim_matches(' ');
    let begin = value.len() - value.trim_start_matches(' ').len();
    let end = value.len() - begin - inner.len();
    format!("{}{}{}", r"\s".repeat(begin), inner.replace('\\', r"\\"), r"\s".repeat(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(ssid: &str, password: &str) -> Network {
        let secret = if password.is_empty() { Secret::None } else { Secret::of(password).unwrap() };
        Network { ssid: ssid.to_owned(), secret, is_hidden: false }
    }

    #[test]
    fn iwd_finds_its_file() {
        let key = "0123456789ABCDEF".repeat(4);
        let kept = format!("[Security]\nPreSharedKey={}\n", key.to_lowercase());
        // name, password, file, what is in it
        let rows = [
            ("Home", "12345678", "Home.psk", "[Security]\nPassphrase=12345678\n"),
            ("My Home_5-G", "", "My Home_5-G.open", ""),
            ("Caf\u{e9}", "", "=436166c3a9.open", ""),
            ("a/b", "12345678", "=612f62.psk", "[Security]\nPassphrase=12345678\n"),
            ("..", "", "=2e2e.open", ""),
            ("x", r" \back slash ", "x.psk", "[Security]\nPassphrase=\\s\\\\back slash\\s\n"),
            ("x", "        ", "x.psk", "[Security]\nPassphrase=\\s\\s\\s\\s\\s\\s\\s\\s\n"),
            ("x", &key, "x.psk", &kept),
        ];
        for (ssid, password, name, text) in rows {
            let network = network(ssid, password);
            assert_eq!((network.file_name().as_str(), network.file().as_str()), (name, text));
            assert_eq!(ssid_of(name).as_deref(), Some(ssid), "{name}");
        }
        let hidden = Network { is_hidden: true, ..network("x", "") };
        assert_eq!(hidden.file(), "[Settings]\nHidden=true\n");
    }

    #[test]
    fn other_files_are_no_networks() {
        for name in
            [".known_network.freq", "hotspot", "x.psk.new", "=4.psk", "=zz.psk", "main.conf"]
        {
            assert_eq!(ssid_of(name), None, "{name}");
        }
    }

    #[test]
    fn passwords_are_what_the_standard_allows() {
        let rows = [
            ("1234567", false),
            ("12345678", true),
            (&"x".repeat(63), true),
            (&"x".repeat(64), false),
            (&"f".repeat(64), true),
            (&"f".repeat(65), false),
            ("p\u{e4}ssword", false),
            ("tab\tulator", false),
        ];
        for (password, is_good) in rows {
            assert_eq!(Secret::of(password).is_ok(), is_good, "{password:?}");
        }
        for (ssid, is_good) in [("", false), ("x", true), (&"x".repeat(33), false), ("a\0", false)]
        {
            assert_eq!(Network::ensure_ssid(ssid).is_ok(), is_good, "{ssid:?}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_accident() {
        assert!(!format!("{:?}", network("Home", "12345678")).contains("1234"));
    }
}
