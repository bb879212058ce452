// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the thread "sound" does.

use std::sync::Arc;

use audio::{Capture, PcmFormat, Silence, Tone, Wav};

use super::episode::Episode;
use super::seat::Seat;
use super::shared::{Order, Shared, Who};
use super::{Ducking, OnSound, SoundError, SoundEvent, SoundSource};

pub(super) struct Worker {
    source: SoundSource,
    shared: Arc<Shared>,
    ducking: Ducking,
    on_event: OnSound,
    episode: Episode,
    seats: Vec<Seat>,
}

impl Worker {
    pub(super) fn new(
        source: SoundSource,
        shared: Arc<Shared>,
        ducking: Ducking,
        on_event: OnSound,
    ) -> Self {
        let (episode, seats) = (Episode::default(), Vec::new());
        Self { source, shared, ducking, on_event, episode, seats }
    }

    pub(super) fn run(mut self) {
        while let Some(orders) = self.shared.next_orders() {
            let result = self.deliver(&orders);
            self.shared.set_open(false);
            self.seats.clear();
            if let Err(error) = result {
                let (is_first, wait) = self.episode.fail();
                if is_first {
                    tracing::debug!(source = %self.source, error = &error as &dyn std::error::Error,
                        "no sound");
                    let on_event = &mut self.on_event;
                    self.shared.while_any_ordered(|| on_event(SoundEvent::Failed(error)));
                }
                self.shared.sleep(wait);
            }
        }
    }

    /// Runs the source until nobody may hear it any more. It is closed when this returns.
    fn deliver(&mut self, orders: &[Order]) -> Result<(), SoundError> {
        // first what cannot listen
        self.seat(orders);
        let Some(wanted) = self.wanted() else { return Ok(()) };
        let mut capture = open(&self.source, wanted)?;
        self.shared.set_open(true);
        let shape = capture.format();
        // 20 ms at a time
        let moments = usize::try_from(shape.sample_rate_hz / 50).expect("a rate");
        let mut samples = vec![0; moments * usize::from(shape.channels)];
        loop {
            let (pts, count) = capture.read(&mut samples)?;
            if self.episode.succeed() {
                let on_event = &mut self.on_event;
                self.shared.while_any_ordered(|| on_event(SoundEvent::Recovered));
            }
            let orders = self.shared.orders();
            let is_recorded = self.seats.iter().any(|seat| seat.order.who == Who::Recording);
            self.seat(&orders);
            let Some(wanted) = self.wanted() else { return Ok(()) };
            // A recording that begins gets its full bandwidth; one that runs is never disturbed.
            if wanted.sample_rate_hz > shape.sample_rate_hz && !is_recorded {
                return Ok(());
            }
            let factor = self.shared.microphone().factor() * self.ducking.factor();
            for seat in &mut self.seats {
                let on_event = &mut self.on_event;
                let order = seat.order;
                match seat.take(shape, pts, &samples[..count], factor) {
                    Ok(packets) => {
                        for packet in packets {
                            let event = match order.who {
                                Who::Recording => SoundEvent::Packet(packet),
                                Who::Live(id) => SoundEvent::Live(id, packet),
                            };
                            self.shared.while_ordered(order.number, || on_event(event));
                        }
                    }
                    Err(error) => refuse(&self.shared, on_event, order, error),
                }
            }
        }
    }

    /// Seats those who came, and lets those go who are no longer among `orders`.
    fn seat(&mut self, orders: &[Order]) {
        self.seats.retain(|seat| orders.contains(&seat.order));
        for &order in orders {
            if self.seats.iter().any(|seat| seat.order == order) {
                continue;
            }
            match Seat::new(order) {
                Ok(seat) => self.seats.push(seat),
                Err(error) => refuse(&self.shared, &mut self.on_event, order, error),
            }
        }
    }

    /// The shape that serves all who sit; `None` when nobody does.
    fn wanted(&self) -> Option<PcmFormat> {
        let formats = || self.seats.iter().map(|seat| seat.order.format);
        let sample_rate_hz = formats().map(|format| format.sample_rate_hz()).max()?;
        let channels = formats().map(|format| format.channels()).max()?;
        Some(PcmFormat { sample_rate_hz, channels })
    }
}

/// Tells that an order cannot be carried out and forgets it. The others' go on.
fn refuse(shared: &Shared, on_event: &mut OnSound, order: Order, error: SoundError) {
    let event = match order.who {
        Who::Recording => SoundEvent::Failed(error),
        Who::Live(id) => SoundEvent::Refused(id, error),
    };
    shared.while_ordered(order.number, || on_event(event));
    shared.drop_order(order.number);
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
