// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[recording]`

use std::time::Duration;

use camera::tlv::recording::PrebufferMs;
use serde::Deserialize;

/// `[recording]`: what is kept for the home hub, and when a recording ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RecordingConfig {
    /// Video kept in memory from before the motion, in milliseconds.
    #[serde(deserialize_with = "prebuffer")]
    pub prebuffer_ms: PrebufferMs,
    /// Whether recordings have a sound track while HomeKit wants no sound in them.
    pub silent_audio_track: SilentAudioTrack,
    /// Longest recording in seconds; the hub opens the next one at once. 0 means no bound.
    pub maximum_s: u32,
    /// How long fragments are still sent after the motion ended, in seconds.
    pub after_motion_s: u32,
    /// How long the hub may take to acknowledge the end, in seconds, at least 1.
    #[serde(deserialize_with = "patience")]
    pub acknowledge_s: u32,
    /// How long a hub may take no bytes before its connection is dropped, in seconds, at least 1.
    #[serde(deserialize_with = "patience")]
    pub stall_s: u32,
    /// Offer 1280x720 at 15 pictures a second too, as the specification asks.
    pub offer_15_fps: bool,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self {
            prebuffer_ms: PrebufferMs::MIN,
            silent_audio_track: SilentAudioTrack::Auto,
            maximum_s: 180,
            after_motion_s: 10,
            acknowledge_s: 12,
            stall_s: 15,
            offer_15_fps: true,
        }
    }
}

impl RecordingConfig {
    /// How long a hub may take no bytes.
    pub fn stall(&self) -> Duration {
        Duration::from_secs(self.stall_s.into())
    }

    /// The longest recording, if there is a bound.
    pub fn maximum(&self) -> Option<Duration> {
        (self.maximum_s > 0).then(|| Duration::from_secs(self.maximum_s.into()))
    }
}

/// `silent-audio-track`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SilentAudioTrack {
    /// As HomeKit says: no track while RecordingAudioActive is 0.
    Auto,
    /// A track always; it is silent while RecordingAudioActive is 0. For hubs whose Home app does
    /// not play clips without one.
    Always,
    /// No track that would be silent, even where there is no microphone.
    Never,
}

fn prebuffer<'de, D: serde::Deserializer<'de>>(from: D) -> Result<PrebufferMs, D::Error> {
    u32::deserialize(from)?.try_into().map_err(serde::de::Error::custom)
}

fn patience<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let seconds = u32::deserialize(from)?;
    let none = || serde::de::Error::custom("must be at least 1 second");
    (seconds > 0).then_some(seconds).ok_or_else(none)
}
