// SPDX-License-Identifier: MIT OR Apache-2.0
//! What recordings have for sound: the microphone, silence in its place, or nothing.

use std::io;

use media::{AudioFormat, OnSound, Sound, SoundSource};
use privacy::{Gate, Prebuffer, RecordAudio};

use crate::config::SilentAudioTrack;

/// The microphone's thread and that of silence; at most one of them runs.
pub struct Sounds {
    microphone: Option<Sound>,
    silence: Option<Sound>,
    silent_audio_track: SilentAudioTrack,
}

impl Sounds {
    /// Starts the threads; both are closed until [`Sounds::run`].
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn spawn(
        source: Option<SoundSource>,
        silent_audio_track: SilentAudioTrack,
        tell: impl Fn() -> OnSound,
    ) -> io::Result<Self> {
        let needs_silence = match silent_audio_track {
            SilentAudioTrack::Auto => source.is_none(),
            SilentAudioTrack::Always => true,
            SilentAudioTrack::Never => false,
        };
        let spawn = |source| Sound::spawn(source, tell());
        let microphone = source.map(spawn).transpose()?;
        let silence = needs_silence.then(|| spawn(SoundSource::Silence)).transpose()?;
        Ok(Self { microphone, silence, silent_audio_track })
    }

    /// Makes sound of `format` as far as `gate` allows, and tells whether there is any. Without a
    /// format there is none. The microphone runs with its own permit only.
    pub fn run(&self, format: Option<AudioFormat>, gate: &Gate) -> bool {
        let heard = format.zip(gate.permit::<RecordAudio>().ok());
        let is_heard = match (&self.microphone, &heard) {
            (Some(microphone), Some((format, permit))) => {
                microphone.run(*format, permit.clone());
                true
            }
            (Some(microphone), None) => {
                microphone.stop();
                false
            }
            (None, _) => false,
        };
        let wants_silence = match self.silent_audio_track {
            SilentAudioTrack::Auto => heard.is_some() && !is_heard,
            SilentAudioTrack::Always => !is_heard,
            SilentAudioTrack::Never => false,
        };
        let Some(silence) = &self.silence else { return is_heard };
        match format.zip(gate.permit::<Prebuffer>().ok()) {
            Some((format, permit)) if wants_silence => {
                silence.run(format, permit);
                true
            }
            _ => {
                silence.stop();
                is_heard
            }
        }
    }
}
