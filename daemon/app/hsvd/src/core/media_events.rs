// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the media threads tell, and what they are told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use camera::motion::MotionChange;
use camera::tlv::recording::{Level, Profile};
use camera::tlv::selected::SelectedConfiguration;
use frame::{AudioConfig, Size};
use media::{AudioFormat, RecordSettings, SoundEvent, TapOptions, VideoEvent};
use privacy::{Motion, OperatingMode, RecordAudio};
use tracing::{debug, info, warn};

use super::Core;
use crate::config::SilentAudioTrack;

/// Motion is looked for in pictures no larger than this; finer detail is noise.
const MOTION_SIZE: Size = Size::new(640, 360);

impl Core {
    pub(super) fn video_event(&mut self, now: Instant, event: VideoEvent) {
        match event {
            VideoEvent::Encoded(frame) => self.push_video(now, frame),
            VideoEvent::CaptureStarted => debug!("the camera looks"),
            VideoEvent::CaptureStopped => debug!("the camera does not look"),
            VideoEvent::SourceLost { reason } => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(reason, "no pictures; trying again");
                self.source_lost(now);
            }
            VideoEvent::SourceBack => info!("pictures again"),
            VideoEvent::EncoderFailed { reason } => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(reason, "the encoder stopped; trying again");
                self.source_lost(now);
            }
        }
    }

    pub(super) fn sound_event(&mut self, _now: Instant, event: SoundEvent) {
        match event {
            SoundEvent::Packet(packet) => {
                if self.audio_config.as_ref() != Some(&packet.config) {
                    self.audio_config = Some(Arc::clone(&packet.config));
                }
                self.push_audio(packet);
            }
            SoundEvent::Lost { reason } => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(reason, "no sound; trying again");
            }
            SoundEvent::Back => info!("sound again"),
        }
    }

    pub(super) fn motion_changed(&mut self, now: Instant, change: MotionChange) {
        let is_moving = change == MotionChange::Started;
        info!(is_moving, "motion");
        let actions = self.camera.handle(now, camera::Input::MotionChanged(is_moving));
        self.act(now, actions);
        self.recorder(now, camera::recording::Input::Motion(is_moving));
    }

    /// Motion for the hold time because somebody asked for it.
    pub(super) fn trigger_motion(&mut self) {
        if !self.gate.permits().motion {
            info!("the camera is off or unpaired: no motion");
            return;
        }
        if let Some(change) = self.motion.trigger() {
            self.motion_changed(Instant::now(), change);
        }
    }

    /// Makes `mode` the present one and lets every thread know.
    pub(super) fn apply(&mut self, now: Instant, mode: OperatingMode) {
        self.gate.set(mode);
        self.video.wake();
        if !self.gate.permits().motion {
            self.is_watching = false;
            if let Some(change) = self.motion.reset() {
                self.motion_changed(now, change);
            }
        } else if !self.is_watching
            && let Ok(permit) = self.gate.permit::<Motion>()
        {
            self.motion.watch(self.video.tap(permit, TapOptions::motion(MOTION_SIZE)));
            self.is_watching = true;
        }
        self.configure_sound();
        self.recordings_revoked(now);
    }

    pub(super) fn configure_recording(&mut self, selected: Option<SelectedConfiguration>) {
        self.recordings.select(selected);
        self.video.record(selected.map(record_settings));
        self.configure_sound();
    }

    /// Opens or closes the microphone, or stands silence in for it.
    fn configure_sound(&mut self) {
        let Some(selected) = self.recordings.selected() else {
            self.sound.run(None);
            self.audio_config = None;
            return;
        };
        let format = AudioFormat::of(selected);
        let wanted = match self.gate.permit::<RecordAudio>() {
            Ok(permit) => Some((format, Some(permit))),
            Err(_) if self.silent_audio_track == SilentAudioTrack::Always => Some((format, None)),
            Err(_) => None,
        };
        todo(wanted)
    }

    /// The sound of a recording that begins now.
    pub(super) fn recorded_sound(&self) -> Option<Arc<AudioConfig>> {
        self.audio_config.clone()
    }

    pub(super) fn forget_pictures(&mut self, now: Instant) {
        if let Some(change) = self.motion.reset() {
            self.motion_changed(now, change);
        }
    }
}

fn record_settings(selected: SelectedConfiguration) -> RecordSettings {
    let video = selected.video;
    let fragment_ms = selected.fragment_ms.min(video.idr_interval_ms);
    RecordSettings {
        size: Size::new(video.resolution.width, video.resolution.height),
        fps: video.resolution.fps.into(),
        profile: match video.profile {
            Profile::Baseline => media::Profile::Baseline,
            Profile::Main => media::Profile::Main,
            Profile::High => media::Profile::High,
        },
        level: match video.level {
            Level::L3_1 => media::Level::L3_1,
            Level::L3_2 => media::Level::L3_2,
            Level::L4_0 => media::Level::L4_0,
        },
        bitrate_bps: video.bitrate_kbps.saturating_mul(1000),
        idr_interval: Duration::from_millis(fragment_ms.into()),
    }
}
