// SPDX-License-Identifier: MIT OR Apache-2.0
//! One listener's way from the microphone's samples to packets.

use audio::{Converter, Encoder, PcmFormat};
use frame::{AudioPacket, Pts};

use super::SoundError;
use super::ducking::Gain;
use super::shared::{Format, Order};

/// An encoder and what brings samples to it.
pub(super) struct Seat {
    pub(super) order: Order,
    wanted: PcmFormat,
    encoder: Encoder,
    converter: Option<Converter>,
    gain: Option<Gain>,
}

impl Seat {
    pub(super) fn new(order: Order) -> Result<Self, SoundError> {
        let (sample_rate_hz, channels) = (order.format.sample_rate_hz(), order.format.channels());
        let encoder = match order.format {
            Format::Recorded(format) => Encoder::new(format)?,
            Format::Live(format) => Encoder::live(format)?,
        };
        let wanted = PcmFormat { sample_rate_hz, channels };
        Ok(Self { order, wanted, encoder, converter: None, gain: None })
    }

    /// Takes samples of `shape`; `factor` is what a live listener's are multiplied with.
    pub(super) fn take(
        &mut self,
        shape: PcmFormat,
        pts: Pts,
        samples: &[i16],
        factor: f32,
    ) -> Result<Vec<AudioPacket>, SoundError> {
        let converter = match self.converter.take() {
            Some(converter) => converter,
            None => Converter::new(shape, self.wanted)?,
        };
        let converter = self.converter.insert(converter);
        let Some((pts, mut samples)) = converter.convert(pts, samples)? else {
            return Ok(Vec::new());
        };
        if let Format::Live(_) = self.order.format {
            let rate_hz = self.wanted.sample_rate_hz;
            let gain = self.gain.get_or_insert_with(|| Gain::new(rate_hz, factor));
            gain.apply(factor, &mut samples);
        }
        Ok(self.encoder.push(pts, &samples)?)
    }
}
