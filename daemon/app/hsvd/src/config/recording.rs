// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[recording]`

use std::time::Duration;

use serde::Deserialize;

/// `[recording]`: what is kept for the home hub, and when a recording ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct RecordingConfig {
    /// Video kept in memory from before the motion, in milliseconds.
    pub prebuffer_ms: PrebufferMs,
    /// Whether recordings have a sound track while HomeKit wants no sound in them.
    pub silent_audio_track: SilentAudioTrack,
    /// Longest recording in seconds; the hub opens the next one at once. 0 means no bound.
    pub maximum_s: u32,
    /// How long fragments are still sent after the motion ended, in seconds.
    pub after_motion_s: u32,
    /// How long the hub may take to acknowledge the end, in seconds.
    pub acknowledge_s: u32,
    /// How long a hub may take no bytes before its connection is dropped, in seconds.
    pub stall_s: u32,
    /// Offer 1280x720 at 15 pictures a second too, as the specification asks.
    pub offer_15_fps: bool,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self {
            prebuffer_ms: PrebufferMs(4000),
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
    /// The longest recording, if there is a bound.
    pub fn maximum(&self) -> Option<Duration> {
        (self.maximum_s > 0).then(|| Duration::from_secs(self.maximum_s.into()))
    }
}

/// 4000 to 8000 ms; hubs select 4000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct PrebufferMs(u32);

impl PrebufferMs {
    /// In milliseconds.
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for PrebufferMs {
    type Error = &'static str;

    fn try_from(ms: u32) -> Result<Self, Self::Error> {
        if (4000..=8000).contains(&ms) {
            Ok(Self(ms))
        } else {
            Err("prebuffer-ms must be 4000 to 8000")
        }
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
