// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the thread "speaker" does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use audio::{Converter, Decoder, Null, PcmFormat, Playback, WavSink};
use frame::Pts;
use rtp::{JitterBuffer, Playout};

use super::floor::{Floor, Said, Talker};
use super::{OnSpeaker, SpeakerError, SpeakerEvent, SpeakerSink, SpeakerStats};
use crate::sound::Ducking;
use crate::sound::ducking::Gain;
use crate::sound::episode::Episode;

/// The microphone is given back when nothing was played for this long: what the sink still held
/// has been heard.
const QUIET: Duration = Duration::from_millis(100);

pub(super) struct Worker {
    sink: SpeakerSink,
    floor: Arc<Floor>,
    ducking: Ducking,
    on_event: OnSpeaker,
    episode: Episode,
}

impl Worker {
    pub(super) fn new(
        sink: SpeakerSink,
        floor: Arc<Floor>,
        ducking: Ducking,
        on_event: OnSpeaker,
    ) -> Self {
        Self { sink, floor, ducking, on_event, episode: Episode::default() }
    }

    pub(super) fn run(mut self) {
        while let Some((talker, first)) = self.floor.next_talk() {
            let result = self.play(talker, first);
            self.ducking.end();
            self.floor.set_open(false);
            if let Err(error) = result {
                let (is_first, wait) = self.episode.fail();
                if is_first {
                    (self.on_event)(SpeakerEvent::Failed(error));
                }
                self.floor.ignore_for(wait);
            }
        }
    }

    /// One talk. The loudspeaker is closed when this returns.
    fn play(&mut self, talker: Talker, (came, packet): Said) -> Result<(), SpeakerError> {
        let rate_hz = talker.format.rate.hz();
        let mut buffer = JitterBuffer::new(rate_hz);
        buffer.insert(came, packet);
        let mut voice = Voice::open(&self.sink, talker, self.floor.loudness().factor())?;
        self.floor.set_open(true);
        let result = self.play_on(talker, &mut buffer, &mut voice);
        let stats = buffer.stats();
        self.floor.count(SpeakerStats {
            played: stats.played,
            concealed: stats.concealed,
            dropped: stats.dropped,
        });
        result
    }

    fn play_on(
        &mut self,
        talker: Talker,
        buffer: &mut JitterBuffer,
        voice: &mut Voice,
    ) -> Result<(), SpeakerError> {
        let mut quiet_at: Option<Instant> = None;
        loop {
            let now = Instant::now();
            if quiet_at.is_some_and(|at| now >= at) {
                quiet_at = None;
                self.ducking.end();
            }
            let playout = buffer.poll(now);
            let (deadline, is_sound) = match playout {
                Playout::Idle | Playout::Ended => return Ok(()),
                Playout::Wait(then) => (then, false),
                Playout::Play(_) | Playout::Conceal => (now, true),
            };
            let wakes = quiet_at.map_or(deadline, |at| at.min(deadline));
            let Some(said) = self.floor.listen(talker, wakes) else { return Ok(()) };
            for (came, packet) in said {
                buffer.insert(came, packet);
            }
            if is_sound {
                self.ducking.begin();
                let factor = self.floor.loudness().factor();
                match playout {
                    Playout::Play(packet) => voice.play(&packet.frames, factor)?,
                    _ => voice.conceal(factor)?,
                }
                if self.episode.succeed() {
                    (self.on_event)(SpeakerEvent::Recovered);
                }
                quiet_at = Some(Instant::now() + QUIET);
            }
        }
    }
}

/// From a talk's packets to the loudspeaker.
struct Voice {
    decoder: Decoder,
    gain: Gain,
    converter: Converter,
    playback: Box<dyn Playback>,
    rate_hz: u32,
    /// Samples decoded; the converter wants times.
    decoded: u64,
}

impl Voice {
    fn open(sink: &SpeakerSink, talker: Talker, factor: f32) -> Result<Self, SpeakerError> {
        let rate_hz = talker.format.rate.hz();
        let format = PcmFormat { sample_rate_hz: rate_hz, channels: 1 };
        let decoder = Decoder::new(talker.format)?;
        let playback = open(sink, format)?;
        let converter = Converter::new(format, playback.format())?;
        let gain = Gain::new(rate_hz, factor);
        Ok(Self { decoder, gain, converter, playback, rate_hz, decoded: 0 })
    }

    fn play(&mut self, frames: &[Vec<u8>], factor: f32) -> Result<(), SpeakerError> {
        for frame in frames {
            let samples = match self.decoder.decode(frame) {
                Ok(samples) => samples.to_vec(),
                Err(error) => {
                    tracing::debug!(%error, "a packet of talkback is made up");
                    self.decoder.conceal().to_vec()
                }
            };
            self.emit(samples, factor)?;
        }
        Ok(())
    }

    fn conceal(&mut self, factor: f32) -> Result<(), SpeakerError> {
        let samples = self.decoder.conceal().to_vec();
        self.emit(samples, factor)
    }

    fn emit(&mut self, mut samples: Vec<i16>, factor: f32) -> Result<(), SpeakerError> {
        self.gain.apply(factor, &mut samples);
        let ticks = self.decoded * u64::from(Pts::HZ) / u64::from(self.rate_hz);
        self.decoded += u64::try_from(samples.len()).unwrap_or(0);
        if let Some((_, out)) = self.converter.convert(Pts::from_ticks_90k(ticks), &samples)? {
            self.playback.write(&out)?;
        }
        Ok(())
    }
}

fn open(sink: &SpeakerSink, format: PcmFormat) -> Result<Box<dyn Playback>, SpeakerError> {
    Ok(match sink {
        #[cfg(feature = "alsa")]
        SpeakerSink::Alsa(device) => Box::new(audio::Player::open(device, format)?),
        #[cfg(not(feature = "alsa"))]
        SpeakerSink::Alsa(_) => return Err(SpeakerError::NoAlsa),
        SpeakerSink::Null => Box::new(Null::new(format)),
        SpeakerSink::Wav(path) => Box::new(WavSink::create(path, format)?),
    })
}
