// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records that travel as `a{sv}`, so that a key may be added without breaking anybody.
//! Times are seconds of the Unix epoch.

use zbus::{DeserializeDict, SerializeDict, Type};

/// One of the last recordings.
#[derive(Debug, Clone, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Recording {
    /// Counts from 1 at each start.
    pub id: u64,
    /// When the hub opened it.
    pub started: i64,
    /// From its opening to its end, or to now.
    pub open_ms: u64,
    /// What its fragments last.
    pub media_ms: u64,
    /// Whole fragments sent.
    pub fragments: u32,
    /// Their bytes.
    pub bytes: u64,
    /// `running`, `normal`, `cut-short`, `failed`.
    pub outcome: String,
    /// A sentence for the owner.
    pub reason: String,
}

/// Something that a recording needs.
#[derive(Debug, Clone, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Condition {
    /// A word that stays: `paired`, `camera-on`, `selected`, …
    pub name: String,
    /// It holds now.
    pub met: bool,
    /// What is so.
    pub text: String,
    /// What to do; empty where it is met.
    pub advice: String,
}

/// A live view.
#[derive(Debug, Clone, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct LiveSession {
    /// Counts from 1 at each start.
    pub id: u32,
    /// Which stream service, from 0.
    pub service: u32,
    /// The viewer's address.
    pub viewer: String,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
    /// Bits a second of the picture.
    pub bitrate: u32,
    /// When it was set up.
    pub started: i64,
    /// The viewer asked for a pause.
    pub suspended: bool,
    /// Sound is sent.
    pub sound: bool,
    /// Percent of the packets, as the viewer last reported.
    pub lost: f64,
}

/// Somebody who is paired.
#[derive(Debug, Clone, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Controller {
    /// HAP's pairing identifier.
    pub id: String,
    /// May pair others.
    pub admin: bool,
    /// Has a verified connection.
    pub connected: bool,
    /// The last verified connection's last request, if since the start.
    pub last_seen: Option<i64>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Setting {
    /// `table.key`, as in the file.
    pub key: String,
    /// As TOML.
    pub value: String,
    /// `default`, `file`, `set`.
    pub from: String,
}

/// One of the doctor's.
#[derive(Debug, Clone, PartialEq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Finding {
    /// A word that stays: `camera`, `encoder`, `clock`, …
    pub check: String,
    /// `ok`, `warning`, `fault`.
    pub verdict: String,
    /// What is so.
    pub text: String,
    /// One sentence; empty where all is well.
    pub advice: String,
}

/// What must go on for this to be a camera.
#[derive(Debug, Clone, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Vitals {
    /// Somebody may look, so pictures must come.
    pub wants_pictures: bool,
    /// Pictures of the sensor since the start.
    pub captured: u64,
    /// A hub has chosen what is recorded, and it may be held.
    pub wants_prebuffer: bool,
    /// Pictures that were encoded since the start.
    pub encoded: u64,
    /// Held whole fragments, in milliseconds.
    pub prebuffer_ms: u64,
    /// What the hub asked to be held, in milliseconds.
    pub wanted_prebuffer_ms: u64,
    /// State can be saved; what cannot be read keeps the program from starting.
    pub store_works: bool,
    /// Where HAP listens.
    pub hap_port: u16,
    /// The accessory's long-term public key (Ed25519).
    pub accessory_key: Vec<u8>,
}

/// How an update is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct UpdateOptions {
    /// Without waiting for a quiet moment.
    pub now: Option<bool>,
    /// Also a version that is not newer.
    pub older: Option<bool>,
    /// Not a version that was here before and was left.
    pub once: Option<bool>,
}

/// An update that is over.
#[derive(Debug, Clone, PartialEq, Eq, SerializeDict, DeserializeDict, Type)]
#[zbus(signature = "dict")]
pub struct Update {
    /// When it ended.
    pub at: i64,
    /// The system that installed it.
    pub from_version: String,
    /// The new one.
    pub to_version: String,
    /// `kept`, `came-back`, `not-installed`.
    pub outcome: String,
    /// Why; empty where all went well.
    pub reason: String,
}
