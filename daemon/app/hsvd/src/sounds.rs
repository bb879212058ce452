// SPDX-License-Identifier: MIT OR Apache-2.0
//! What recordings have for sound: the microphone, silence in its place, or nothing.

use std::io;

use media::{AudioFormat, OnSound, Sound, SoundSource};
use privacy::{Gate, Kind, Permit, Prebuffer, RecordAudio};

use crate::config::SilentAudioTrack;

/// The microphone's thread and that of silence; at most one of them runs.
pub struct Sounds {
    microphone: Option<Channel<RecordAudio>>,
    silence: Option<Channel<Prebuffer>>,
    silent_audio_track: SilentAudioTrack,
}

/// A sound and what it runs on, so that it is not begun anew without need.
struct Channel<P: Kind> {
    sound: Sound,
    running: Option<(AudioFormat, Permit<P>)>,
}

impl Sounds {
    /// Starts the threads; both are closed until [`Sounds::run`].
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn spawn(
        source: Option<SoundSource>,
        silent_audio_track: SilentAudioTrack,
        tell_microphone: OnSound,
        tell_silence: OnSound,
    ) -> io::Result<Self> {
        let needs_silence = match silent_audio_track {
            SilentAudioTrack::Auto => source.is_none(),
            SilentAudioTrack::Always => true,
            SilentAudioTrack::Never => false,
        };
        let microphone =
            source.map(|source| Channel::spawn(source, tell_microphone)).transpose()?;
        let silence = needs_silence.then(|| Channel::spawn(SoundSource::Silence, tell_silence));
        Ok(Self { microphone, silence: silence.transpose()?, silent_audio_track })
    }

    /// Makes sound of `format` as far as `gate` allows, and tells whether there is any. Without a
    /// format there is none. The microphone runs with its own permit only.
    pub fn run(&mut self, format: Option<AudioFormat>, gate: &Gate) -> bool {
        let heard = format.zip(gate.permit().ok());
        let is_wanted = heard.is_some();
        let is_heard = match &mut self.microphone {
            Some(microphone) => microphone.run(heard),
            None => false,
        };
        let wants_silence = match self.silent_audio_track {
            SilentAudioTrack::Auto => is_wanted && !is_heard,
            SilentAudioTrack::Always => !is_heard,
            SilentAudioTrack::Never => false,
        };
        let silent = format.zip(gate.permit().ok()).filter(|_| wants_silence);
        let is_silent = match &mut self.silence {
            Some(silence) => silence.run(silent),
            None => false,
        };
        is_heard || is_silent
    }
}

impl<P: Kind + Clone + Send + Sync + 'static> Channel<P> {
    fn spawn(source: SoundSource, tell: OnSound) -> io::Result<Self> {
        Ok(Self { sound: Sound::spawn(source, tell)?, running: None })
    }

    /// Runs as `wanted`, or not at all; tells which.
    fn run(&mut self, wanted: Option<(AudioFormat, Permit<P>)>) -> bool {
        let Some((format, permit)) = wanted else {
            self.running = None;
            self.sound.stop();
            return false;
        };
        let runs_so =
            |running: &(AudioFormat, Permit<P>)| running.0 == format && running.1.is_valid();
        if !self.running.as_ref().is_some_and(runs_so) {
            self.sound.run(format, permit.clone());
            self.running = Some((format, permit));
        }
        true
    }
}
