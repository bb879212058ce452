// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the thread "sound" does.

use std::sync::Arc;

use audio::{AudioFormat, Capture, Converter, Encoder, PcmFormat, Silence, Tone, Wav};

use super::episode::Episode;
use super::{OnSound, Shared, SoundError, SoundEvent, SoundSource};

pub(super) struct Worker {
    source: SoundSource,
    shared: Arc<Shared>,
    on_event: OnSound,
    episode: Episode,
}

impl Worker {
    pub(super) fn new(source: SoundSource, shared: Arc<Shared>, on_event: OnSound) -> Self {
        Self { source, shared, on_event, episode: Episode::default() }
    }

    pub(super) fn run(mut self) {
        while let Some((number, format)) = self.shared.next_order() {
            let result = self.deliver(number, format);
            self.shared.set_open(false);
            if let Err(error) = result {
                let (is_first, wait) = self.episode.fail();
                if is_first {
                    tracing::debug!(source = %self.source, error = &error as &dyn std::error::Error,
                        "no sound");
                    self.tell(number, SoundEvent::Failed(error));
                }
                self.shared.sleep(number, wait);
            }
        }
    }

    /// Runs the source until order `number` no longer stands. It is closed when this returns.
    fn deliver(&mut self, number: u64, format: AudioFormat) -> Result<(), SoundError> {
        let wanted = PcmFormat { sample_rate_hz: format.sample_rate_hz, channels: format.channels };
        // first what cannot listen
        let mut encoder = Encoder::new(format)?;
        let mut capture = open(&self.source, wanted)?;
        self.shared.set_open(true);
        let shape = capture.format();
        let mut converter = Converter::new(shape, wanted)?;
        // 20 ms at a time
        let moments = usize::try_from(shape.sample_rate_hz / 50).expect("a rate");
        let mut samples = vec![0; moments * usize::from(shape.channels)];
        loop {
            let (pts, count) = capture.read(&mut samples)?;
            if self.episode.succeed() && !self.tell(number, SoundEvent::Recovered) {
                return Ok(());
            }
            if let Some((pts, converted)) = converter.convert(pts, &samples[..count])? {
                for packet in encoder.push(pts, &converted)? {
                    self.tell(number, SoundEvent::Packet(packet));
                }
            }
            if !self.shared.while_ordered(number, || {}) {
                return Ok(());
            }
        }
    }

    /// Tells an event if the order still stands; whether it did.
    fn tell(&mut self, number: u64, event: SoundEvent) -> bool {
        let on_event = &mut self.on_event;
        self.shared.while_ordered(number, || on_event(event))
    }
}

fn open(source: &SoundSource, wanted: PcmFormat) -> Result<Box<dyn Capture>, SoundError> {
    Ok(match source {
        #[cfg(feature = "alsa")]
        SoundSource::Alsa(device) => Box::new(audio::Alsa::open(device, wanted)?),
        #[cfg(not(feature = "alsa"))]
        SoundSource::Alsa(_) => return Err(SoundError::NoAlsa),
        SoundSource::Silence => Box::new(Silence::new(wanted)),
        SoundSource::Tone => Box::new(Tone::new(wanted)),
        SoundSource::Wav(path) => Box::new(Wav::open(path).map_err(audio::CaptureError::from)?),
    })
}
