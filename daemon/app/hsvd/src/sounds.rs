// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's ears and voice. Recordings have the microphone, silence in its place, or nothing;
//! viewers have the microphone, and the loudspeaker to talk through.

use std::io;

use media::{
    AudioFormat, Ducking, ListenerId, LiveFormat, Loudness, OnSound, OnSpeaker, Sound, SoundSource,
    Speaker, SpeakerSink,
};
use privacy::{Gate, Kind, LivePermit, Permit, Prebuffer, RecordAudio};
use rtp::TalkPacket;

use crate::config::SilentAudioTrack;

/// The threads of microphone, silence and loudspeaker; recordings have at most one of the first two.
pub struct Sounds {
    microphone: Option<Channel<RecordAudio>>,
    silence: Option<Channel<Prebuffer>>,
    silent_audio_track: SilentAudioTrack,
    speaker: Option<Speaker>,
}

/// Who is told what the threads say.
pub struct Listeners {
    /// Of the microphone's thread.
    pub microphone: OnSound,
    /// Of the thread that makes silence.
    pub silence: OnSound,
    /// Of the loudspeaker's thread.
    pub speaker: OnSpeaker,
}

/// A sound and what it runs on, so that it is not begun anew without need.
struct Channel<P: Kind> {
    sound: Sound,
    running: Option<(AudioFormat, Permit<P>)>,
}

impl Sounds {
    /// Starts the threads; microphone and loudspeaker are closed until somebody listens or talks.
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn spawn(
        source: Option<SoundSource>,
        sink: Option<SpeakerSink>,
        silent_audio_track: SilentAudioTrack,
        tell: Listeners,
    ) -> io::Result<Self> {
        let needs_silence = match silent_audio_track {
            SilentAudioTrack::Auto => source.is_none(),
            SilentAudioTrack::Always => true,
            SilentAudioTrack::Never => false,
        };
        let microphone =
            source.map(|source| Channel::spawn(source, tell.microphone)).transpose()?;
        let silence = needs_silence.then(|| Channel::spawn(SoundSource::Silence, tell.silence));
        let ducking = match &microphone {
            Some(microphone) => microphone.sound.ducking(),
            None => Ducking::default(),
        };
        let speaker = sink.map(|sink| Speaker::spawn(sink, ducking, tell.speaker)).transpose()?;
        Ok(Self { microphone, silence: silence.transpose()?, silent_audio_track, speaker })
    }

    /// There is a microphone.
    pub fn has_microphone(&self) -> bool {
        self.microphone.is_some()
    }

    /// A viewer hears the microphone, if there is one, for as long as `permit` holds.
    pub fn listen(&self, viewer: ListenerId, format: LiveFormat, permit: LivePermit) {
        if let Some(microphone) = &self.microphone {
            microphone.sound.listen(viewer, format, permit);
        }
    }

    /// A viewer may talk through the loudspeaker, if there is one, for as long as `permit` holds.
    pub fn admit(&self, viewer: ListenerId, format: LiveFormat, permit: LivePermit) {
        if let Some(speaker) = &self.speaker {
            speaker.admit(viewer, format, permit);
        }
    }

    /// A viewer says something.
    pub fn talk(&self, viewer: ListenerId, packet: TalkPacket) {
        if let Some(speaker) = &self.speaker {
            speaker.talk(viewer, packet);
        }
    }

    /// A viewer neither hears nor talks any more.
    pub fn leave(&self, viewer: ListenerId) {
        if let Some(microphone) = &self.microphone {
            microphone.sound.leave(viewer);
        }
        if let Some(speaker) = &self.speaker {
            speaker.dismiss(viewer);
        }
    }

    /// How loud viewers hear the microphone, and are heard.
    pub fn set_loudness(&self, microphone: Loudness, speaker: Loudness) {
        if let Some(ears) = &self.microphone {
            ears.sound.set_microphone(microphone);
        }
        if let Some(voice) = &self.speaker {
            voice.set_loudness(speaker);
        }
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
