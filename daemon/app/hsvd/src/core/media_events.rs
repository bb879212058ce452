// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the media threads tell, and what they are told.

use std::time::Instant;

use camera::motion::MotionChange;
use camera::tlv::recording::{self, Level, Profile};
use camera::tlv::selected::SelectedConfiguration;
use frame::{AudioCodec, Size};
use media::{AudioFormat, SoundEvent, SpeakerEvent, TapOptions, VideoEvent};
use privacy::{Motion, OperatingMode};
use tracing::{info, warn};

use super::stream::Effect;
use super::{Core, history};
use crate::control::Refused;

/// Motion is looked for in pictures no larger than this; finer detail is noise.
pub(super) const MOTION_SIZE: Size = Size::new(640, 360);

impl Core {
    pub(super) fn video_event(&mut self, now: Instant, event: VideoEvent) {
        match event {
            VideoEvent::Encoded(frame) => {
                self.control.history.troubles.encoder = None;
                self.recorded_frame(now, &frame);
                self.push_video(now, frame);
            }
            VideoEvent::Live { encode, frame } => self.live_frame(now, encode, &frame),
            VideoEvent::LiveFailed { encode, reason } => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(encode = encode.0, reason, "the encoder of live view stopped; trying again");
            }
            VideoEvent::CaptureStarted => self.capturing(true),
            VideoEvent::CaptureStopped => self.capturing(false),
            VideoEvent::SourceLost { reason } => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(event = "source-lost", reason, "no pictures; trying again");
                self.control.history.counts.source_losses += 1;
                self.control.history.troubles.source = history::reason(reason);
                self.source_lost(now);
            }
            VideoEvent::SourceBack => {
                info!(event = "source-back", "pictures again");
                self.control.history.troubles.source = None;
            }
            VideoEvent::EncoderFailed { reason } => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(reason, "the encoder stopped; trying again");
                self.control.history.counts.encoder_failures += 1;
                self.control.history.troubles.encoder = history::reason(reason);
                self.source_lost(now);
            }
        }
    }

    pub(super) fn sound_event(&mut self, now: Instant, event: SoundEvent) {
        match event {
            SoundEvent::Packet(packet) => self.push_audio(now, packet),
            SoundEvent::Live(viewer, packet) => self.live_sound(now, viewer, &packet),
            SoundEvent::Refused(viewer, reason) => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(viewer = viewer.0, reason, "a viewer hears nothing");
            }
            SoundEvent::Failed(reason) => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(reason, "no sound; trying again");
                self.control.history.troubles.sound = history::reason(reason);
            }
            SoundEvent::Recovered => {
                info!("sound again");
                self.control.history.troubles.sound = None;
            }
        }
    }

    pub(super) fn motion_changed(&mut self, now: Instant, change: MotionChange) {
        let is_moving = change == MotionChange::Started;
        info!(event = "motion", is_moving, "motion");
        if is_moving {
            self.control.history.counts.motions += 1;
            self.control.history.last_motion = Some(std::time::SystemTime::now());
        }
        let actions = self.camera.handle(now, camera::Input::MotionChanged(is_moving));
        self.act(now, actions);
        self.recorder(now, camera::recording::Input::Motion(is_moving));
    }

    /// Motion for the hold time because somebody asked for it.
    ///
    /// # Errors
    /// [`Refused::NotPermitted`] where motion may not be looked for.
    pub(super) fn trigger_motion(&mut self) -> Result<(), Refused> {
        if !self.gate.permits().motion {
            return Err(Refused::NotPermitted);
        }
        if let Some(change) = self.motion.trigger() {
            self.motion_changed(Instant::now(), change);
        }
        Ok(())
    }

    pub(super) fn speaker_event(&mut self, event: SpeakerEvent) {
        let speaker = &mut self.control.history.troubles.speaker;
        match event {
            SpeakerEvent::Failed(reason) => {
                let reason = format!("{:#}", anyhow::Error::from(reason));
                warn!(reason, "what viewers say is not heard; trying again");
                *speaker = history::reason(reason);
            }
            SpeakerEvent::Recovered => {
                info!("what viewers say is heard again");
                *speaker = None;
            }
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
            self.show_pictures_to_night();
        }
        self.seek.follow(&self.gate, &self.video);
        self.configure_sound();
        // A recording whose permit ended says so now.
        self.recorder(now, camera::recording::Input::Timeout);
    }

    pub(super) fn configure_recording(&mut self, selected: Option<SelectedConfiguration>) {
        if self.recordings.select(selected) == Effect::Later {
            return;
        }
        self.record_selected();
        self.plan_live();
        self.configure_sound();
    }

    /// Encodes what the hub selected, as far as the encoder manages.
    pub(super) fn record_selected(&mut self) {
        let selected = self.recordings.selected();
        self.video.record(selected.map(|selected| self.live.record_settings(selected)));
    }

    /// Opens or closes what recordings have for sound.
    fn configure_sound(&mut self) {
        let format = self.recordings.selected().map(audio_format);
        self.has_sound = self.sounds.run(format, &self.gate);
    }

    pub(super) fn forget_pictures(&mut self, now: Instant) {
        if let Some(change) = self.motion.reset() {
            self.motion_changed(now, change);
        }
    }
}

pub(super) fn profile(profile: Profile) -> media::Profile {
    match profile {
        Profile::Baseline => media::Profile::Baseline,
        Profile::Main => media::Profile::Main,
        Profile::High => media::Profile::High,
    }
}

pub(super) fn level(level: Level) -> media::Level {
    match level {
        Level::L3_1 => media::Level::L3_1,
        Level::L3_2 => media::Level::L3_2,
        Level::L4_0 => media::Level::L4_0,
    }
}

fn audio_format(selected: SelectedConfiguration) -> AudioFormat {
    let audio = selected.audio;
    AudioFormat {
        codec: match audio.codec {
            recording::AudioCodec::AacLc => AudioCodec::AacLc,
            recording::AudioCodec::AacEld => AudioCodec::AacEld,
        },
        sample_rate_hz: audio.sample_rate.hz(),
        channels: audio.channels,
        bitrate_bps: audio.bitrate_kbps.saturating_mul(1000),
    }
}
