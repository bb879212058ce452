// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state document `settings`: what was set over the control interface, above the owner's file.
//! The two are merged as TOML and read by the file's own code, so nothing is checked twice. What is
//! set is used from the next start on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ::control::Setting;
use tracing::error;

use crate::config::keys::{KEYS, OWNERS, SECRETS};
use crate::config::{Config, OwnersFile};
use crate::store::{Store, StoreError};

const DOMAIN: &str = "settings";
/// No value comes near this.
const MAX_VALUE_BYTES: usize = 4096;

/// `table.key` and the value as TOML.
type Overlay = BTreeMap<String, String>;

/// Why a setting is refused.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// The file has no such key.
    #[error("there is no setting {0}")]
    Unknown(String),
    /// The key's table is the owner's file's.
    #[error("{0} is set in the configuration file alone")]
    Owners(String),
    /// Not one TOML value, or one that the key cannot have.
    #[error("{key}: {reason}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong, in the words of the file's reader.
        reason: String,
    },
    /// A caller may not choose what the program opens, loads or overwrites.
    #[error("{0}: a value that names a file is set in the configuration file alone")]
    File(String),
    /// It is on the disk or not; what is used next is uncertain until it is set again.
    #[error("the setting could not be saved")]
    Store(#[from] StoreError),
}

/// The owner's file and what was set above it.
#[derive(Debug, Clone)]
pub struct Settings {
    file: toml::Table,
    /// What the program runs with.
    running: Overlay,
    /// What it will run with.
    wanted: Overlay,
}

impl Settings {
    /// What is stored above `file`, and the configuration that follows. Settings that cannot be
    /// used, those of another version say, are left out, and the log says so: the camera starts.
    ///
    /// # Errors
    /// The store's, but for a document that is of no use: that one is left out, too.
    pub fn load(store: &Store, file: OwnersFile) -> Result<(Self, Config), StoreError> {
        Self::over(store.load(DOMAIN), file)
    }

    /// The same of a state folder that a camera may be running on; nothing there is changed.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn glance(folder: &Path, file: OwnersFile) -> Result<Config, StoreError> {
        Self::over(Store::glance(folder, DOMAIN), file).map(|(_, config)| config)
    }

    fn over(
        stored: Result<Option<Overlay>, StoreError>,
        file: OwnersFile,
    ) -> Result<(Self, Config), StoreError> {
        let stored = match stored {
            Ok(stored) => stored.unwrap_or_default(),
            Err(error @ (StoreError::Damaged(_) | StoreError::Content { .. })) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                error!(error, "what was set over D-Bus is lost; the file alone is used");
                Overlay::new()
            }
            Err(error) => return Err(error),
        };
        let mut settings = Self { file: file.table, running: Overlay::new(), wanted: stored };
        let config = match settings.config() {
            Ok(config) => config,
            Err(_) => settings.keep_what_can_be_used(file.config),
        };
        settings.running = settings.wanted.clone();
        Ok((settings, config))
    }

    /// The configuration with what is wanted, or why there is none.
    fn config(&self) -> Result<Config, String> {
        let text = merge(&self.file, &self.wanted)?;
        Config::parse(&text).map_err(|error| error.message().to_owned())
    }

    /// Leaves out what cannot stand beside what comes before it; `config` is the file's.
    fn keep_what_can_be_used(&mut self, mut config: Config) -> Config {
        for (key, value) in std::mem::take(&mut self.wanted) {
            self.wanted.insert(key.clone(), value);
            match self.config() {
                Ok(with) => config = with,
                Err(reason) => {
                    self.wanted.remove(&key);
                    error!(key, reason, "what was set over D-Bus cannot be used and is left out");
                }
            }
        }
        config
    }

    /// What is set differs from what the program runs with.
    pub fn is_restart_needed(&self) -> bool {
        self.running != self.wanted
    }

    /// Every setting as it will be.
    pub fn list(&self) -> Vec<Setting> {
        let setting = |(key, default): &(&str, &str)| {
            let (from, value) = match (self.wanted.get(*key), find(&self.file, key)) {
                (Some(value), _) => ("set", value.clone()),
                (None, Some(value)) => ("file", value.to_string()),
                (None, None) => ("default", (*default).to_owned()),
            };
            let is_hidden = SECRETS.contains(key) && from != "default";
            let value = if is_hidden { "\"(not shown)\"".to_owned() } else { value };
            Setting { key: (*key).to_owned(), value, from: from.to_owned() }
        };
        KEYS.iter().map(setting).collect()
    }

    /// What the owner's file keeps secret.
    pub fn secrets(&self) -> Vec<String> {
        let values = SECRETS.iter().filter_map(|key| find(&self.file, key)?.as_str());
        values.map(str::to_owned).collect()
    }

    /// With `key` set to `value`, if that can be used.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn with(&self, key: &str, value: &str) -> Result<Self, SettingError> {
        self.ensure_settable(key)?;
        let refused = |reason: String| SettingError::Value { key: key.to_owned(), reason };
        let parsed = one_value(value).map_err(refused)?;
        if names_file(key, &parsed) {
            return Err(SettingError::File(key.to_owned()));
        }
        let mut wanted = self.wanted.clone();
        wanted.insert(key.to_owned(), parsed.to_string());
        self.checked(key, wanted)
    }

    /// With `key` as the file has it.
    ///
    /// # Errors
    /// There is no such key, or it is needed by another that is set.
    pub fn without(&self, key: &str) -> Result<Self, SettingError> {
        self.ensure_settable(key)?;
        let mut wanted = self.wanted.clone();
        wanted.remove(key);
        self.checked(key, wanted)
    }

    /// Saves what is wanted.
    ///
    /// # Errors
    /// The store's.
    pub fn save(&self, store: &Arc<Store>) -> Result<(), StoreError> {
        store.save(DOMAIN, &self.wanted)
    }

    fn checked(&self, key: &str, wanted: Overlay) -> Result<Self, SettingError> {
        let changed = Self { wanted, ..self.clone() };
        match changed.config() {
            Ok(_) => Ok(changed),
            Err(reason) => Err(SettingError::Value { key: key.to_owned(), reason }),
        }
    }

    fn ensure_settable(&self, key: &str) -> Result<(), SettingError> {
        if !KEYS.iter().any(|(known, _)| *known == key) {
            return Err(SettingError::Unknown(key.to_owned()));
        }
        let table = key.split('.').next().unwrap_or_default();
        if OWNERS.contains(&table) { Err(SettingError::Owners(key.to_owned())) } else { Ok(()) }
    }
}

/// The text as exactly one TOML value.
fn one_value(text: &str) -> Result<toml::Value, String> {
    if text.len() > MAX_VALUE_BYTES {
        return Err("the value is too long".to_owned());
    }
    let table: toml::Table =
        toml::from_str(&format!("value = {text}")).map_err(|error| error.message().to_owned())?;
    let mut values = table.into_iter();
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Ok(value),
        _ => Err("that is more than one value".to_owned()),
    }
}

/// Sources and sinks may be files, encoders libraries, and ALSA's device strings can name files
/// too.
fn names_file(key: &str, value: &toml::Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "_=,:-".contains(c));
    match key {
        "video.source" => text.starts_with("file:"),
        "video.encoder" => text.starts_with("rkmpp:"),
        "audio.source" | "audio.speaker" => text.contains("file") || !plain(text),
        _ => false,
    }
}

fn find<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        Some((first, rest)) => find(table.get(first)?.as_table()?, rest),
        None => table.get(key),
    }
}

/// The file's text with the overlay in it.
fn merge(file: &toml::Table, overlay: &Overlay) -> Result<String, String> {
    let mut merged = file.clone();
    for (key, text) in overlay {
        let mut table = &mut merged;
        let mut path = key.split('.').peekable();
        while let Some(name) = path.next() {
            if path.peek().is_none() {
                table.insert(name.to_owned(), one_value(text)?);
                break;
            }
            let inner = table.entry(name).or_insert_with(|| toml::Table::new().into());
            table = inner.as_table_mut().ok_or_else(|| format!("{name} is no table"))?;
        }
    }
    toml::to_string(&merged).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
