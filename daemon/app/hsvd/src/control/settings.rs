// SPDX-License-Identifier: MIT OR Apache-2.0
//! `org.hsvcam.Settings1`: translates, decides nothing.

use std::sync::Arc;

use ::control::{Error, Setting};
use tokio::sync::Mutex;
use tracing::{info, warn};
use zbus::interface;
use zbus::object_server::SignalEmitter;

use super::desk::Desk;
use super::diagnostics::Redactor;
use crate::overlay::{SettingError, Settings};
use crate::store::Store;

/// State documents of which every text and every key is a secret.
const SECRET: [&str; 2] = ["identity", "pairings"];

/// The settings and where they are kept; the same on every connection to a bus.
#[derive(Debug, Clone)]
pub struct SettingsDesk {
    settings: Arc<Mutex<Settings>>,
    store: Arc<Store>,
}

impl SettingsDesk {
    /// Over what the program runs with.
    pub fn new(settings: Settings, store: Arc<Store>) -> Self {
        Self { settings: Arc::new(Mutex::new(settings)), store }
    }

    /// Every setting as it will be.
    pub async fn list(&self) -> Vec<Setting> {
        self.settings.lock().await.list()
    }

    /// Knows every secret that is kept, in the state and in the owner's file, and those `texts`.
    ///
    /// # Errors
    /// The store's: a secret that cannot be read cannot be kept out of anything.
    pub async fn redactor(&self, texts: [String; 2]) -> Result<Redactor, Error> {
        let read = |domain: &&str| self.store.load(domain).transpose();
        let documents: Result<Vec<_>, _> = SECRET.iter().filter_map(read).collect();
        let documents = documents.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "no diagnostics");
            Error::StoreFailed("the state cannot be read, so its secrets are not known".to_owned())
        })?;
        let owners = self.settings.lock().await.secrets();
        Ok(Redactor::new(&documents, owners.into_iter().chain(texts)))
    }

    /// Changes and saves, one caller after the other; the disk is waited for elsewhere. Whether
    /// RestartNeeded is another now.
    async fn change(
        &self,
        change: impl FnOnce(&Settings) -> Result<Settings, SettingError>,
    ) -> Result<bool, Error> {
        let mut settings = self.settings.lock().await;
        let changed = change(&settings).map_err(refused)?;
        let (saved, store) = (changed.clone(), Arc::clone(&self.store));
        let saving = tokio::task::spawn_blocking(move || saved.save(&store));
        let saved = saving.await.map_err(|error| Error::StoreFailed(error.to_string()))?;
        saved.map_err(|error| refused(error.into()))?;
        let was_needed = std::mem::replace(&mut *settings, changed).is_restart_needed();
        Ok(settings.is_restart_needed() != was_needed)
    }
}

/// Errors map here and nowhere else.
fn refused(error: SettingError) -> Error {
    let text = error.to_string();
    match error {
        SettingError::Store(error) => {
            warn!(error = &error as &dyn std::error::Error, "a setting could not be saved");
            Error::StoreFailed(text)
        }
        _ => Error::InvalidSetting(text),
    }
}

/// Settings over the owner's file.
pub struct Settings1 {
    desk: Desk,
    settings: SettingsDesk,
}

impl Settings1 {
    /// Over `settings`; `desk` says how many may ask at once.
    pub fn new(desk: Desk, settings: SettingsDesk) -> Self {
        Self { desk, settings }
    }

    async fn tell(&self, emitter: &SignalEmitter<'_>) {
        if let Err(error) = self.restart_needed_changed(emitter).await {
            tracing::debug!(%error, "not told on D-Bus");
        }
    }
}

#[interface(name = "org.hsvcam.Settings1", introspection_docs = false)]
impl Settings1 {
    #[zbus(property)]
    async fn restart_needed(&self) -> bool {
        self.settings.settings.lock().await.is_restart_needed()
    }

    #[zbus(out_args("settings"))]
    async fn list(&self) -> Result<Vec<Setting>, Error> {
        let _slot = self.desk.look()?;
        Ok(self.settings.list().await)
    }

    async fn set(
        &self,
        key: String,
        value: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        let _slot = self.desk.change()?;
        let is_changed = self.settings.change(|settings| settings.with(&key, &value)).await?;
        info!(key, "a setting was set for the next start");
        if is_changed {
            self.tell(&emitter).await;
        }
        Ok(())
    }

    async fn unset(
        &self,
        key: String,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> Result<(), Error> {
        let _slot = self.desk.change()?;
        let is_changed = self.settings.change(|settings| settings.without(&key)).await?;
        info!(key, "a setting is the file's again from the next start on");
        if is_changed {
            self.tell(&emitter).await;
        }
        Ok(())
    }
}
