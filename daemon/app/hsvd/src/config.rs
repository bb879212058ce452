// SPDX-License-Identifier: MIT OR Apache-2.0
//! The owner's file: `hsvd --config FILE`.
//!
//! Every key has a default, every key that is not ours is refused with its line and column. Values
//! are checked while they are read, so nothing later has to. What changes at run time is state,
//! never configuration.

// The paths are written out because a fuzz target includes this file by its path.
#[path = "config/body.rs"]
mod body;
#[path = "config/control.rs"]
mod control;
#[path = "config/keys.rs"]
pub mod keys;
#[path = "config/live.rs"]
mod live;
#[path = "config/media.rs"]
mod media;
#[path = "config/recording.rs"]
mod recording;

use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

use hap::setup::{SetupCode, SetupId};
use serde::Deserialize;

pub use body::{BodyConfig, FittedPart};
pub use control::{Bus, ControlConfig};
pub use live::LiveConfig;
pub use media::{AudioConfig, Crop, MotionConfig, Scaler, SnapshotConfig, VideoConfig};
pub use recording::{RecordingConfig, SilentAudioTrack};

/// Why the file cannot be used. The owner can mend each.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A key is unknown, or its value is not allowed; the source says line and column.
    #[error("configuration {path}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Config {
    /// The accessory's name in Home.
    pub name: Name,
    /// `[hap]`
    pub hap: HapConfig,
    /// `[hds]`
    pub hds: HdsConfig,
    /// `[pairing]`
    pub pairing: PairingConfig,
    /// `[video]`
    pub video: VideoConfig,
    /// `[audio]`
    pub audio: AudioConfig,
    /// `[motion]`
    pub motion: MotionConfig,
    /// `[recording]`
    pub recording: RecordingConfig,
    /// `[live]`
    pub live: LiveConfig,
    /// `[body]`
    pub body: BodyConfig,
    /// `[control]`
    pub control: ControlConfig,
    /// `[snapshot]`
    pub snapshot: SnapshotConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: Name("Camera".to_owned()),
            hap: HapConfig::default(),
            hds: HdsConfig::default(),
            pairing: PairingConfig::default(),
            video: VideoConfig::default(),
            audio: AudioConfig::default(),
            motion: MotionConfig::default(),
            recording: RecordingConfig::default(),
            live: LiveConfig::default(),
            body: BodyConfig::default(),
            control: ControlConfig::default(),
            snapshot: SnapshotConfig::default(),
        }
    }
}

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The error's text shows line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// The owner's file as it was written, and what it means.
#[derive(Debug)]
pub struct OwnersFile {
    /// As TOML.
    pub table: toml::Table,
    /// As read.
    pub config: Config,
}

impl OwnersFile {
    /// Reads `path`.
    ///
    /// # Errors
    /// [`ConfigError`]: not readable, not TOML, an unknown key, a value that is not allowed.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|source| refused(path, source))
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        Ok(Self { config: Config::parse(text)?, table: toml::from_str(text)? })
    }

    /// This file with the keys of `path` in place of its own.
    ///
    /// # Errors
    /// As [`OwnersFile::read`], of `path`: by itself, so that line and column are its own, and above this one.
    pub fn with_over(&self, path: &Path) -> Result<Self, ConfigError> {
        let over = Self::read(path)?;
        let mut table = self.table.clone();
        put_over(&mut table, over.table);
        Self::parse(&table.to_string()).map_err(|source| refused(path, source))
    }
}

fn refused(path: &Path, source: toml::de::Error) -> ConfigError {
    ConfigError::Parse { path: path.to_owned(), source: Box::new(source) }
}

/// Tables are merged, all else is replaced.
fn put_over(table: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(over)) => put_over(inner, over),
            (_, value) => drop(table.insert(key, value)),
        }
    }
}

/// `name`: 1 to 63 bytes that begin and end with a letter or digit; inside also spaces and
/// `. , - ' ’`. Other characters make Home refuse the accessory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let inner =
            |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '\'' | '’');
        let ends = [name.chars().next(), name.chars().next_back()];
        if name.is_empty() || name.len() > 63 {
            Err("the name must be 1 to 63 bytes long")
        } else if !ends.iter().flatten().all(|c| c.is_alphanumeric()) {
            Err("the name must begin and end with a letter or a digit")
        } else if !name.chars().all(inner) {
            Err("the name may hold letters, digits, spaces and . , - ' only")
        } else {
            Ok(Self(name))
        }
    }
}

/// `[hap]`: the HomeKit Accessory Protocol server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HapConfig {
    /// The address to listen on, for HAP and the data stream; `::` means every one.
    pub bind: IpAddr,
    /// TCP port; 0 lets the system choose.
    pub port: u16,
    /// Publish the camera on the local network (mDNS).
    pub advertise: bool,
}

impl Default for HapConfig {
    fn default() -> Self {
        Self { bind: Ipv6Addr::UNSPECIFIED.into(), port: 51826, advertise: true }
    }
}

/// `[hds]`: the HomeKit Data Stream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HdsConfig {
    /// TCP port, one and always the same, so that a firewall can know it; 0 lets the system choose.
    pub port: u16,
}

impl Default for HdsConfig {
    fn default() -> Self {
        Self { port: 51827 }
    }
}

/// `[pairing]`: normally absent; both are drawn at first start.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PairingConfig {
    /// The code to type into Home, `XXX-XX-XXX`; trivial ones are refused.
    #[serde(deserialize_with = "setup_code")]
    pub setup_code: Option<SetupCode>,
    /// Four of `0-9A-Z`, part of the QR code.
    #[serde(deserialize_with = "setup_id")]
    pub setup_id: Option<SetupId>,
}

impl std::fmt::Debug for PairingConfig {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self.setup_code.as_ref().map(|_| "(not shown)");
        out.debug_struct("PairingConfig").field("setup_code", &code).finish_non_exhaustive()
    }
}

fn setup_code<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SetupCode>, D::Error> {
    SetupCode::parse(&String::deserialize(from)?).map(Some).map_err(serde::de::Error::custom)
}

fn setup_id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SetupId>, D::Error> {
    SetupId::parse(&String::deserialize(from)?).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn the_stable_interface_is_read() {
        let config = Config::parse(include_str!("../tests/data/porch.toml")).unwrap();
        assert_eq!(config.name.as_str(), "Porch");
        assert_eq!(config.hap.port, 51826);
        assert!(!config.hap.advertise);
        assert_eq!(config.hds.port, 51827);
        assert!(config.pairing.setup_code.is_some());
        assert_eq!(config.video.fps, 30.try_into().unwrap());
    }

    #[test]
    fn a_file_over_another_has_the_last_word_key_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("over.toml");
        let file = "name = 'Camera'\n[video]\nfps = 15\ncrop = [0, 0, 640, 360]";
        let file = OwnersFile::parse(file).unwrap();
        fs::write(&path, "name = 'Porch'\n[video]\nfps = 10\n[motion]\nhold-s = 5").unwrap();
        let both = file.with_over(&path).unwrap();
        assert_eq!(both.config.name.as_str(), "Porch");
        assert_eq!(both.config.video.fps, 10.try_into().unwrap());
        assert!(both.config.video.crop.is_some());
        assert_eq!(both.table["motion"]["hold-s"].as_integer(), Some(5));
        fs::write(&path, "\n[video]\nfps = 0").unwrap();
        let error = format!("{:#}", anyhow::Error::from(file.with_over(&path).unwrap_err()));
        assert!(error.contains("line 3") && error.contains("over.toml"), "{error}");
    }

    #[test]
    fn live_view_has_its_keys() {
        let text =
            "[live]\nmtu = 1378\nport-range = '50000-50007'\nmaximum-viewers = 2\ntalkback = false";
        let live = Config::parse(text).unwrap().live;
        let expected = LiveConfig {
            mtu: 1378,
            port_range: Some(50_000..=50_007),
            maximum_viewers: 2.try_into().unwrap(),
            talkback: false,
        };
        assert_eq!(live, expected);
    }

    #[test]
    fn what_is_not_allowed_is_refused_with_its_place() {
        // text, what the message must name
        let table = [
            ("nam = 'x'", "line 1, column 1"),
            ("name = 'Porch'\n[hap]\nports = 1", "line 3, column 1"),
            ("name = '_x'", "begin and end"),
            ("name = ''", "1 to 63"),
            ("[hap]\nport = 70000", "line 2"),
            ("[hap]\nbind = 'porch'", "line 2"),
            ("[pairing]\nsetup-code = '12345678'", "line 2"),
            ("[pairing]\nsetup-code = '111-11-111'", "line 2"),
            ("[pairing]\nsetup-id = 'abc'", "line 2"),
            ("[video]\nsource = 'rtsp://x'", "line 2"),
            ("[video]\nwidth = 321", "even"),
            ("[video]\nfps = 0", "line 2"),
            ("[video]\nencoder = 'magic'", "line 2"),
            ("[video]\nencoder-budget = 9", "10 to 100"),
            ("[video]\nencoder-budget = 101", "10 to 100"),
            ("[video]\nscaler = 'magic'", "unknown scaler"),
            ("[video]\nscaler = 'm2m:'", "unknown scaler"),
            ("[video]\ncrop = [0, 0, 640]", "line 2"),
            ("[video]\ncrop = [0, 0, 640, -360]", "line 2"),
            ("[video]\ncrop = [1, 0, 640, 360]", "even"),
            ("[video]\ncrop = [0, 0, 640, 8]", "16 or more"),
            ("[video]\ncrop = [65534, 0, 640, 360]", "left, top"),
            ("[audio]\nsource = 'radio'", "line 2"),
            ("[audio]\nspeaker = 'alsa:'", "not a loudspeaker"),
            ("[motion]\nsensitivity = 101", "line 2"),
            ("[motion]\nhold-s = 0", "line 2"),
            ("[motion]\nminimum-size = 1.5", "line 2"),
            ("[motion]\nzones = [{ left = 0.9, top = 0, right = 0.1, bottom = 1 }]", "line 2"),
            ("[recording]\nprebuffer-ms = 3999", "4000 to 8000"),
            ("[recording]\nsilent-audio-track = 'perhaps'", "line 2"),
            ("[recording]\nstall-s = 0", "line 2"),
            ("[recording]\nacknowledge-s = 0", "line 2"),
            ("[live]\nmtu = 255", "256 to 1472"),
            ("[live]\nmtu = 1473", "256 to 1472"),
            ("[live]\nport-range = '50000'", "first-last"),
            ("[live]\nport-range = '50001-50000'", "first-last"),
            ("[live]\nport-range = '50000-50000'", "first-last"),
            ("[live]\nport-range = '0-50000'", "first-last"),
            ("[live]\nmaximum-viewers = 0", "1 to 4"),
            ("[live]\nmaximum-viewers = 5", "1 to 4"),
            ("[live]\ntalkback = 1", "line 2"),
            ("[snapshot]\nquality = 0", "line 2"),
            ("[body]\nfitted = ['horn']", "line 2"),
            ("[control]\nbus = 'tcp:host=0.0.0.0'", "system, session"),
            ("[control]\nbus = ''", "system, session"),
            ("[control]\nmetrics = 0", "line 2"),
            ("name = ", "line 1"),
        ];
        for (text, named) in table {
            let message = Config::parse(text).expect_err(text).to_string();
            assert!(message.contains(named), "{text:?} gives {message:?} without {named:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _refused_or_read = Config::parse(&text).is_ok();
        }
    }
}
