// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sound of one live session: the microphone to the viewer, and the viewer to the loudspeaker.

use std::time::Instant;

use camera::tlv::live::AudioCodec;
use camera::tlv::selected_rtp::AudioSelection;
use frame::AudioPacket;
use media::{ListenerId, LiveCodec, LiveFormat, LiveRate, PacketTime};
use rand_chacha::rand_core::Rng;
use rtp::{
    AudioEvent, AudioInput, AudioOutput, AudioSession, AudioSessionConfig, Moment, StreamConfig,
    rtcp_interval,
};
use tracing::{debug, warn};

use super::moment;
use super::view::{View, draw_u16};
use crate::core::Core;

/// A viewer's sound, from the session's start to its end.
pub(super) struct Voice {
    pub listener: ListenerId,
    session: AudioSession,
    format: LiveFormat,
}

impl Voice {
    pub fn next_timeout(&self) -> Option<Instant> {
        self.session.next_timeout()
    }

    /// When the viewer counts as silent on this port.
    pub fn silent_at(&self) -> Option<Instant> {
        self.session.silent_at()
    }

    /// What came here and was not the viewer's, or not whole.
    pub fn rejected(&self) -> u64 {
        self.session.stats().rejected
    }
}

impl View {
    pub fn receive_audio(&mut self, at: Moment, bytes: &mut [u8]) -> Vec<AudioOutput> {
        self.early += u64::from(self.voice.is_none());
        self.voice_says(at, AudioInput::Received(bytes))
    }

    pub fn time_out_voice(&mut self, at: Moment) -> Vec<AudioOutput> {
        self.voice_says(at, AudioInput::Timeout)
    }

    /// Says goodbye if there was sound.
    pub fn close_voice(&mut self, at: Moment) {
        for output in self.voice_says(at, AudioInput::Close) {
            if let AudioOutput::Send(packet) = output {
                self.audio.send(&packet);
            }
        }
    }

    fn voice_says(&mut self, at: Moment, input: AudioInput<'_>) -> Vec<AudioOutput> {
        let Some(voice) = &mut self.voice else { return Vec::new() };
        voice.session.handle(at, input)
    }
}

impl Core {
    /// A session has sound from now on, both ways.
    pub(super) fn start_voice(&mut self, now: Instant, service: usize, selection: AudioSelection) {
        let Some(format) = live_format(selection) else {
            warn!(service, ?selection, "live view without sound: nothing codes it");
            return;
        };
        let Some(view) = &mut self.live.views[service] else { return };
        self.live.listeners = self.live.listeners.wrapping_add(1);
        let config = AudioSessionConfig {
            stream: StreamConfig {
                ssrc: view.sound_keys.ssrc,
                payload_type: selection.payload_type,
                first_sequence: draw_u16(&mut self.rng),
                timestamp_offset: self.rng.next_u32(),
                rtcp_interval: rtcp_interval(selection.rtcp_interval_s.unwrap_or_default()),
                cname: view.cname.clone(),
            },
            codec: format.audio_codec(),
            sample_rate_hz: format.rate.hz(),
        };
        let (ours, theirs) = (&view.sound_keys.ours, &view.sound_keys.theirs);
        view.voice = Some(Voice {
            listener: ListenerId(self.live.listeners),
            session: AudioSession::new(now, config, ours, theirs),
            format,
        });
        self.let_speak(service);
    }

    /// Codec and sample rate stay, since they are the stream's clock.
    pub(super) fn reconfigure_voice(&mut self, service: usize, selection: AudioSelection) {
        let view = self.live.views[service].as_mut();
        let Some(voice) = view.and_then(|view| view.voice.as_mut()) else { return };
        if let Some(seconds) = selection.rtcp_interval_s {
            voice.session.reconfigure(rtcp_interval(seconds));
        }
        let Some(wanted) = live_format(selection) else { return };
        let is_same_clock =
            wanted.audio_codec() == voice.format.audio_codec() && wanted.rate == voice.format.rate;
        if is_same_clock && wanted != voice.format {
            voice.format = wanted;
            self.let_speak(service);
        }
    }

    /// A viewer hears, and may talk.
    pub(super) fn let_speak(&mut self, service: usize) {
        let Some(view) = &self.live.views[service] else { return };
        let Some(voice) = &view.voice else { return };
        if view.is_suspended() {
            return; // resumed it is let speak again
        }
        self.sounds.listen(voice.listener, voice.format, view.permit.clone());
        if self.live.config.talkback {
            self.sounds.admit(voice.listener, voice.format, view.permit.clone());
        }
    }

    /// A viewer neither hears nor talks.
    pub(super) fn hush(&mut self, service: usize) {
        if let Some(voice) = self.live.views[service].as_ref().and_then(|view| view.voice.as_ref())
        {
            self.sounds.leave(voice.listener);
        }
    }

    /// A packet of the microphone for one viewer.
    pub(in crate::core) fn live_sound(
        &mut self,
        now: Instant,
        listener: ListenerId,
        packet: &AudioPacket,
    ) {
        let hears = |view: &View| view.voice.as_ref().is_some_and(|v| v.listener == listener);
        let views = self.live.views.iter_mut().enumerate();
        let mut views = views.filter_map(|(service, view)| Some((service, view.as_mut()?)));
        let Some((service, view)) = views.find(|(_, view)| hears(view)) else { return };
        if view.permit.is_valid() {
            let outputs = view.voice_says(moment(now), AudioInput::Media(packet));
            self.do_voice(service, outputs);
        }
    }

    /// Carries out what a session's sound wants. Its silence is no end: the picture's tells that.
    pub(super) fn do_voice(&mut self, service: usize, outputs: Vec<AudioOutput>) {
        for output in outputs {
            let Some(view) = &mut self.live.views[service] else { return };
            match output {
                AudioOutput::Send(packet) => {
                    view.audio.send(&packet);
                }
                AudioOutput::Talkback(packet) => {
                    if let Some(voice) = &view.voice {
                        self.sounds.talk(voice.listener, packet);
                    }
                }
                AudioOutput::Event(event @ (AudioEvent::Alive | AudioEvent::Silent)) => {
                    debug!(service, ?event, "reports about sound");
                }
                AudioOutput::Event(AudioEvent::Goodbye) => debug!(service, "the sound is left"),
            }
        }
    }
}

/// What is to be encoded and decoded; `None` for what no library here does.
fn live_format(selection: AudioSelection) -> Option<LiveFormat> {
    let codec = match selection.codec {
        AudioCodec::Opus => LiveCodec::Opus(packet_time(selection.packet_time_ms)),
        AudioCodec::AacEld => LiveCodec::AacEld,
    };
    Some(LiveFormat {
        codec,
        rate: LiveRate::from_hz(selection.sample_rate.hz())?,
        bitrate_bps: u32::from(selection.max_bitrate_kbps) * 1_000,
    })
}

/// The longest that is no longer than asked.
fn packet_time(ms: u8) -> PacketTime {
    match ms {
        0..40 => PacketTime::Ms20,
        40..60 => PacketTime::Ms40,
        60.. => PacketTime::Ms60,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_never_longer_than_asked() {
        for (ms, expected) in [(0, 20), (20, 20), (30, 20), (40, 40), (60, 60), (255, 60)] {
            assert_eq!(packet_time(ms).ms(), expected, "{ms} ms");
        }
    }
}
