// SPDX-License-Identifier: MIT OR Apache-2.0
//! What callers use. The documentation of each member is in `interfaces/`.
#![expect(missing_docs, reason = "the contract's files document every member")]

use std::collections::HashMap;

use zbus::OwnedFd;

use crate::{
    Condition, Controller, Error, Finding, LiveSession, Recording, Setting, Update, UpdateOptions,
    Vitals,
};

/// State, motion, pictures.
#[zbus::proxy(
    interface = "org.hsvcam.Camera1",
    default_service = "org.hsvcam.Camera",
    default_path = "/org/hsvcam/Camera"
)]
pub trait Camera1 {
    #[zbus(property)]
    fn manually_disabled(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn software_privacy(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn set_software_privacy(&self, is_on: bool) -> zbus::Result<()>;
    #[zbus(property)]
    fn privacy_switch(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn mode(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn permits(&self) -> zbus::Result<HashMap<String, bool>>;
    #[zbus(property)]
    fn motion_detected(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn night_vision(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn set_night_vision(&self, mode: &str) -> zbus::Result<()>;
    #[zbus(property)]
    fn night(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn status_light(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn recording(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn viewers(&self) -> zbus::Result<u32>;

    fn trigger_motion(&self) -> Result<(), Error>;
    fn snapshot(&self, width: u32, height: u32) -> Result<OwnedFd, Error>;
    fn live_sessions(&self) -> Result<Vec<LiveSession>, Error>;
    fn recordings(&self) -> Result<Vec<Recording>, Error>;
    fn explain_recording(&self) -> Result<Vec<Condition>, Error>;
    fn identify(&self) -> Result<(), Error>;
    fn watch_motion(&self, seconds: u32) -> Result<(), Error>;

    #[zbus(signal)]
    fn recording_started(&self, id: u64) -> zbus::Result<()>;
    #[zbus(signal)]
    fn recording_ended(&self, recording: Recording) -> zbus::Result<()>;
    #[zbus(signal)]
    fn live_session_started(&self, session: LiveSession) -> zbus::Result<()>;
    #[zbus(signal)]
    fn live_session_ended(&self, id: u32, reason: String) -> zbus::Result<()>;
    #[zbus(signal)]
    fn motion_score(&self, score: f64, threshold: f64) -> zbus::Result<()>;
}

/// Who is paired.
#[zbus::proxy(
    interface = "org.hsvcam.Pairing1",
    default_service = "org.hsvcam.Camera",
    default_path = "/org/hsvcam/Camera"
)]
pub trait Pairing1 {
    #[zbus(property)]
    fn paired(&self) -> zbus::Result<bool>;
    #[zbus(property)]
    fn failed_attempts(&self) -> zbus::Result<u16>;

    fn controllers(&self) -> Result<Vec<Controller>, Error>;
    fn setup_code(&self) -> Result<(String, String), Error>;
    fn remove(&self, id: &str) -> Result<(), Error>;
    fn unpair_all(&self) -> Result<(), Error>;
    fn factory_reset(&self) -> Result<(), Error>;
    fn clear_attempts(&self) -> Result<(), Error>;
}

/// Settings over the owner's file.
#[zbus::proxy(
    interface = "org.hsvcam.Settings1",
    default_service = "org.hsvcam.Camera",
    default_path = "/org/hsvcam/Camera"
)]
pub trait Settings1 {
    #[zbus(property)]
    fn restart_needed(&self) -> zbus::Result<bool>;

    fn list(&self) -> Result<Vec<Setting>, Error>;
    fn set(&self, key: &str, value: &str) -> Result<(), Error>;
    fn unset(&self, key: &str) -> Result<(), Error>;
}

/// The program and its machine.
#[zbus::proxy(
    interface = "org.hsvcam.System1",
    default_service = "org.hsvcam.Camera",
    default_path = "/org/hsvcam/Camera"
)]
pub trait System1 {
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "const"))]
    fn board(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn health(&self) -> zbus::Result<String>;

    fn doctor(&self) -> Result<Vec<Finding>, Error>;
    fn stats(&self) -> Result<HashMap<String, f64>, Error>;
    fn diagnostics(&self) -> Result<OwnedFd, Error>;
    fn vitals(&self) -> Result<Vitals, Error>;
    fn set_update_fault(&self, fault: &str) -> Result<(), Error>;
    fn restart(&self) -> Result<(), Error>;
}

/// Updates.
#[zbus::proxy(
    interface = "org.hsvcam.Update1",
    default_service = "org.hsvcam.Update",
    default_path = "/org/hsvcam/Update"
)]
pub trait Update1 {
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> zbus::Result<String>;
    #[zbus(property(emits_changed_signal = "const"))]
    fn slot(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn text(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn percent(&self) -> zbus::Result<u32>;
    #[zbus(property)]
    fn pending(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn available(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn notes(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn fault(&self) -> zbus::Result<String>;

    fn install(&self, source: &str, options: UpdateOptions) -> Result<(), Error>;
    fn check(&self, source: &str, options: UpdateOptions) -> Result<String, Error>;
    fn now(&self) -> Result<(), Error>;
    fn rollback(&self) -> Result<(), Error>;
    fn history(&self) -> Result<Vec<Update>, Error>;
    fn seen(&self) -> Result<(), Error>;
}
