// SPDX-License-Identifier: MIT OR Apache-2.0
//! `/etc/hsv/update.toml`: where updates come from without being asked for. It is the image's, as the certificates are
//! that may sign them.

use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Without a file nothing is polled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// A bundle at a static http or https address; empty: none.
    pub url: String,
    /// Which row of versions is followed.
    pub channel: String,
    /// Between two looks.
    pub every_hours: NonZeroU32,
    /// What is offered is installed without anybody asking for it.
    pub automatic: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: String::new(),
            channel: "stable".to_owned(),
            every_hours: NonZeroU32::new(24).expect("24 is not 0"),
            automatic: true,
        }
    }
}

impl Settings {
    /// Of a file that may be missing.
    ///
    /// # Errors
    /// It cannot be read, or says what is not known.
    pub fn load(file: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error).context(file.display().to_string()),
        };
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let settings: Self = toml::from_str(text)?;
        let is_address =
            settings.url.starts_with("https://") || settings.url.starts_with("http://");
        ensure!(settings.url.is_empty() || is_address, "url is an http or https address");
        Ok(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_or_refused() {
        assert_eq!(Settings::parse("").unwrap(), Settings::default());
        let whole = "url = \"https://example.org/rock-3a.raucb\"\nchannel = \"beta\"\nevery_hours = 6\nautomatic = false\n";
        let settings = Settings::parse(whole).unwrap();
        assert_eq!(
            (settings.channel.as_str(), settings.every_hours.get(), settings.automatic),
            ("beta", 6, false)
        );
        for wrong in ["url = \"ftp://x\"", "every_hours = 0", "uri = \"x\"", "url = 7", "["] {
            assert!(Settings::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            Settings::load(Path::new("/nonexistent/update.toml")).unwrap(),
            Settings::default()
        );
    }
}
