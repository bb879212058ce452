// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the camera remembers over restarts, and its file format.
//!
//! Purged when the last pairing goes, all but `disabled_by_owner`, which only the owner's hand
//! clears. New fields get a default and leave the version alone, so that an older daemon, back
//! after a failed update, still reads the file; a change of meaning raises it and adds a migration.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use privacy::LIVE_SERVICES;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

/// The version that is written.
const VERSION: u64 = 1;
/// Longest file that is read.
const MAX_FILE_BYTES: usize = 64 * 1024;
/// Step `n` turns version `n + 1` into version `n + 2`.
const MIGRATIONS: &[Migration] = &[];

type Migration = fn(Json) -> Json;

/// Everything HomeKit and the owner set. The default is the factory's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct StoredState {
    /// HomeKitCameraActive, 0x21B.
    pub homekit_camera_active: bool,
    /// EventSnapshotsActive, 0x223.
    pub event_snapshots_active: bool,
    /// PeriodicSnapshotsActive, 0x225.
    pub periodic_snapshots_active: bool,
    /// Active of each CameraRTPStreamManagement. One that a file does not name is active only if
    /// all are that it names: a newer daemon opens nothing that was shut.
    #[serde(deserialize_with = "rtp_active")]
    pub rtp_active: [bool; LIVE_SERVICES],
    /// Active of CameraRecordingManagement.
    pub recording_active: bool,
    /// RecordingAudioActive, 0x226.
    pub recording_audio_active: bool,
    /// CameraOperatingModeIndicator, 0x21D: the status light may shine.
    pub operating_mode_indicator: bool,
    /// NightVision, 0x11B: infrared light may shine.
    pub night_vision: bool,
    /// Of live view's sound from the camera.
    pub microphone: Sound,
    /// Of live view's sound to the camera.
    pub speaker: Sound,
    /// What a hub selected, with the offer it selected from.
    pub selected: Option<Selected>,
    /// Shut off by the owner over the local control interface.
    pub disabled_by_owner: bool,
}

impl Default for StoredState {
    fn default() -> Self {
        Self {
            homekit_camera_active: true,
            event_snapshots_active: true,
            periodic_snapshots_active: true,
            rtp_active: [true; LIVE_SERVICES],
            recording_active: false,
            recording_audio_active: false,
            operating_mode_indicator: true,
            night_vision: true,
            microphone: Sound::default(),
            speaker: Sound::default(),
            selected: None,
            disabled_by_owner: false,
        }
    }
}

/// Mute and volume of Microphone or Speaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Sound {
    /// Nothing is to be heard.
    pub is_muted: bool,
    /// In percent.
    pub volume: u8,
}

impl Default for Sound {
    fn default() -> Self {
        Self { is_muted: false, volume: 100 }
    }
}

/// A SelectedCameraRecordingConfiguration as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Selected {
    /// The characteristic's bytes.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub value: Vec<u8>,
    /// [`Offer::hash`](crate::tlv::recording::Offer::hash) of the offer it was made from.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub offer_hash: Vec<u8>,
}

/// Why a stored state cannot be used. The camera then starts as if it had none: shut.
#[derive(Debug, thiserror::Error)]
pub enum StoredStateError {
    /// Over 64 KiB, which no camera ever wrote.
    #[error("stored state of {0} bytes is too long")]
    TooLong(usize),
    /// Of a later daemon whose meaning is not known here.
    #[error("stored state has version {0}, known is up to {VERSION}")]
    Version(u64),
    /// Without a version.
    #[error("stored state has no version")]
    NoVersion,
    /// Not the JSON that a camera writes.
    #[error("stored state is damaged")]
    Json(#[from] serde_json::Error),
}

#[derive(Serialize)]
struct File<'a> {
    version: u64,
    state: &'a StoredState,
}

impl StoredState {
    /// The bytes of the state's file.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(&File { version: VERSION, state: self })
            .expect("the state has no map keys and no numbers that JSON cannot hold")
    }

    /// Reads the state's file, of this version or an older one.
    ///
    /// # Errors
    /// [`StoredStateError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, StoredStateError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(StoredStateError::TooLong(bytes.len()));
        }
        Ok(serde_json::from_value(migrate(serde_json::from_slice(bytes)?, MIGRATIONS)?)?)
    }

    /// What stays when the last pairing goes.
    pub(super) fn without_homekit(&self) -> Self {
        Self { disabled_by_owner: self.disabled_by_owner, ..Self::default() }
    }

    /// This state, but shut wherever `wished` is shut. Nothing is opened, and what neither shuts
    /// nor opens stays as it is.
    #[must_use]
    pub(super) fn restricted_by(&self, wished: &Self) -> Self {
        let mut rtp_active = self.rtp_active;
        for (active, wished) in rtp_active.iter_mut().zip(wished.rtp_active) {
            *active &= wished;
        }
        Self {
            homekit_camera_active: self.homekit_camera_active && wished.homekit_camera_active,
            event_snapshots_active: self.event_snapshots_active && wished.event_snapshots_active,
            periodic_snapshots_active: self.periodic_snapshots_active
                && wished.periodic_snapshots_active,
            rtp_active,
            recording_active: self.recording_active && wished.recording_active,
            recording_audio_active: self.recording_audio_active && wished.recording_audio_active,
            microphone: self.microphone.restricted_by(wished.microphone),
            speaker: self.speaker.restricted_by(wished.speaker),
            selected: self.selected.clone().filter(|_| wished.selected.is_some()),
            disabled_by_owner: self.disabled_by_owner || wished.disabled_by_owner,
            ..self.clone()
        }
    }
}

impl Sound {
    fn restricted_by(self, wished: Self) -> Self {
        Self { is_muted: self.is_muted || wished.is_muted, ..self }
    }
}

/// Brings a file to the present version and takes the state out of it.
fn migrate(mut file: Json, steps: &[Migration]) -> Result<Json, StoredStateError> {
    let version = file.get("version").and_then(Json::as_u64).ok_or(StoredStateError::NoVersion)?;
    let done = version.checked_sub(1).and_then(|n| usize::try_from(n).ok());
    let steps = done.and_then(|n| steps.get(n..)).ok_or(StoredStateError::Version(version))?;
    let state = file.get_mut("state").map(Json::take).unwrap_or_default();
    Ok(steps.iter().fold(state, |state, step| step(state)))
}

fn rtp_active<'de, D: Deserializer<'de>>(from: D) -> Result<[bool; LIVE_SERVICES], D::Error> {
    let named = Vec::<bool>::deserialize(from)?;
    let mut active = [named.iter().all(|&is_active| is_active); LIVE_SERVICES];
    for (active, named) in active.iter_mut().zip(named) {
        *active = named;
    }
    Ok(active)
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_round_trips() {
        let state = StoredState {
            homekit_camera_active: false,
            rtp_active: [true, false, true, true],
            recording_active: true,
            speaker: Sound { is_muted: true, volume: 40 },
            selected: Some(Selected { value: vec![1, 2, 3], offer_hash: vec![9; 32] }),
            disabled_by_owner: true,
            ..StoredState::default()
        };
        assert_eq!(StoredState::decode(&state.encode()).unwrap(), state);
    }

    #[test]
    fn a_file_of_another_day_is_read() {
        // A field that this daemon does not know, and none of those it knows.
        let state = StoredState::decode(br#"{"version":1,"state":{"later":5}}"#).unwrap();
        assert_eq!(state, StoredState::default());
    }

    #[test]
    fn a_stream_service_that_came_later_opens_nothing_that_was_shut() {
        let table = [
            ("[]", [true; 4]),
            ("[true,true]", [true; 4]),
            ("[true,false]", [true, false, false, false]),
            ("[false,false]", [false; 4]),
            ("[true,true,false,true,false,true]", [true, true, false, true]),
        ];
        for (list, active) in table {
            let file = format!("{{\"version\":1,\"state\":{{\"rtp-active\":{list}}}}}");
            let state = StoredState::decode(file.as_bytes()).unwrap();
            assert_eq!(state.rtp_active, active, "{list}");
        }
    }

    #[test]
    fn damage_is_an_error_and_never_a_default() {
        for bytes in [
            &b""[..],
            b"{}",
            b"{\"version\":0,\"state\":{}}",
            b"{\"version\":2,\"state\":{}}",
            b"{\"version\":18446744073709551615,\"state\":{}}",
            b"{\"version\":1}",
            b"{\"version\":1,\"state\":{\"homekit-camera-active\":2}}",
            b"{\"version\":1,\"state\":{\"selected\":{\"value\":\"?\",\"offer-hash\":\"\"}}}",
        ] {
            let shown = String::from_utf8_lossy(bytes);
            assert!(StoredState::decode(bytes).is_err(), "{shown}");
        }
        let whole = StoredState::default().encode();
        for end in 0..whole.len() {
            assert!(StoredState::decode(&whole[..end]).is_err(), "cut at {end}");
        }
        assert!(StoredState::decode(&vec![b' '; MAX_FILE_BYTES + 1]).is_err());
    }

    #[test]
    fn old_versions_take_each_step_from_theirs_on() {
        fn add(name: &str, mut state: Json) -> Json {
            state[name] = Json::Bool(true);
            state
        }
        let steps: &[Migration] = &[|s| add("to-2", s), |s| add("to-3", s)];
        let file = |version: u64| serde_json::json!({ "version": version, "state": {} });
        assert_eq!(
            migrate(file(1), steps).unwrap(),
            serde_json::json!({ "to-2": true, "to-3": true })
        );
        assert_eq!(migrate(file(2), steps).unwrap(), serde_json::json!({ "to-3": true }));
        assert_eq!(migrate(file(3), steps).unwrap(), serde_json::json!({}));
        assert!(migrate(file(4), steps).is_err());
        assert_eq!(u64::try_from(MIGRATIONS.len()).unwrap() + 1, VERSION);
    }
}
