// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a source's channels and rate to those the encoder was told.

use frame::Pts;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, ResampleError, Resampler, ResamplerConstructionError};

use crate::anchor::{Anchor, Continuity};
use crate::capture::PcmFormat;

/// Samples a channel that the resampler takes at a time: 10 ms at 48 kHz.
const CHUNK: usize = 480;

/// A rate that cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The two rates do not go together.
    #[error("no resampler from {from_hz} to {to_hz} Hz")]
    Rates {
        /// The source's.
        from_hz: u32,
        /// The encoder's.
        to_hz: u32,
        /// What the resampler says.
        #[source]
        source: ResamplerConstructionError,
    },
    /// The resampler failed.
    #[error("resampling")]
    Resample(#[from] ResampleError),
}

/// Mixes channels and changes the rate; does nothing where nothing is to be done.
pub struct Converter {
    from: PcmFormat,
    to: PcmFormat,
    rate: Option<Rate>,
}

struct Rate {
    resampler: Fft<f32>,
    anchor: Anchor,
    /// Interleaved, less than a chunk of them.
    pending: Vec<f32>,
    /// Moments that went in and came out since time began anew.
    taken: u64,
    given: u64,
    from_hz: u32,
}

impl Converter {
    /// A converter between two shapes.
    ///
    /// # Errors
    /// [`ConvertError::Rates`].
    pub fn new(from: PcmFormat, to: PcmFormat) -> Result<Self, ConvertError> {
        let (from_hz, to_hz) = (from.sample_rate_hz, to.sample_rate_hz);
        if from_hz == to_hz {
            return Ok(Self { from, to, rate: None });
        }
        let size = |hz: u32| usize::try_from(hz).expect("a rate");
        let channels = to.channels.into();
        let resampler = Fft::new(size(from_hz), size(to_hz), CHUNK, channels, FixedSync::Input)
            .map_err(|source| ConvertError::Rates { from_hz, to_hz, source })?;
        let anchor = Anchor::new(from_hz);
        Ok(Self {
            from,
            to,
            rate: Some(Rate {
                resampler,
                anchor,
                pending: Vec::new(),
                taken: 0,
                given: 0,
                from_hz,
            }),
        })
    }

    /// Takes interleaved samples, the first of which was captured at `pts`. Gives what they become,
    /// with the capture time of its first; nothing while the resampler still gathers.
    ///
    /// # Errors
    /// [`ConvertError::Resample`].
    pub fn convert(
        &mut self,
        pts: Pts,
        samples: &[i16],
    ) -> Result<Option<(Pts, Vec<i16>)>, ConvertError> {
        let mixed = mix(samples, self.from.channels, self.to.channels);
        let Some(rate) = &mut self.rate else { return Ok(Some((pts, mixed))) };
        rate.convert(pts, &mixed, self.to)
    }
}

/// Two channels into one by their mean, one into two by doubling.
fn mix(samples: &[i16], from: u8, to: u8) -> Vec<i16> {
    match (from, to) {
        (2, 1) => samples.chunks_exact(2).map(|pair| i16::midpoint(pair[0], pair[1])).collect(),
        (1, 2) => samples.iter().flat_map(|&sample| [sample, sample]).collect(),
        _ => samples.to_vec(),
    }
}

impl Rate {
    fn convert(
        &mut self,
        pts: Pts,
        samples: &[i16],
        to: PcmFormat,
    ) -> Result<Option<(Pts, Vec<i16>)>, ConvertError> {
        let channels = usize::from(to.channels);
        let mut samples = samples;
        match self.anchor.observe(pts) {
            Continuity::Continues => {}
            Continuity::Begins => {
                self.pending.clear();
                self.resampler.reset();
                (self.taken, self.given) = (0, 0);
            }
            Continuity::Overlaps(old) => {
                let old = old.saturating_mul(channels).min(samples.len());
                samples = &samples[old..];
            }
        }
        self.anchor.advance(samples.len() / channels);
        self.taken += len(samples) / len_of(channels);
        self.pending.extend(samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
        let start = self.anchor.before_next(self.held_back(to.sample_rate_hz));

        let (mut out, mut used) = (Vec::new(), 0);
        loop {
            let need = self.resampler.input_frames_next();
            let Some(chunk) = self.pending.get(used..used + need * channels) else { break };
            let input =
                InterleavedSlice::new(chunk, channels, need).expect("the slice is as long as said");
            out.extend(self.resampler.process(&input, None)?.take_data().into_iter().map(to_i16));
            used += need * channels;
        }
        self.pending.drain(..used);
        self.given += len(&out) / len_of(channels);
        Ok((!out.is_empty()).then_some((start, out)))
    }
}

impl Rate {
    /// Moments at the source's rate between the next one to come out and the end of what went in.
    /// What comes out is late by the resampler's delay and by what it keeps for the next chunk.
    fn held_back(&self, to_hz: u32) -> usize {
        let (from_hz, to_hz) = (i128::from(self.from_hz), i128::from(to_hz));
        let delay = i128::from(len_of(self.resampler.output_delay()));
        let out = (i128::from(self.given) - delay) * from_hz;
        let back = (i128::from(self.taken) * to_hz - out + to_hz / 2) / to_hz;
        usize::try_from(back).unwrap_or(0)
    }
}

fn len(samples: &[i16]) -> u64 {
    len_of(samples.len())
}

fn len_of(count: usize) -> u64 {
    u64::try_from(count).expect("64 bits hold any length")
}

fn to_i16(value: f32) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped; `as` gives zero for NaN")]
    let sample = (value * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16;
    sample
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    const fn shape(sample_rate_hz: u32, channels: u8) -> PcmFormat {
        PcmFormat { sample_rate_hz, channels }
    }

    #[test]
    fn channels_are_mixed_and_doubled() {
        let pts = Pts::from_millis(5);
        let mut down = Converter::new(shape(8_000, 2), shape(8_000, 1)).unwrap();
        let expected = vec![15, -32_768, 0];
        let stereo = [10, 20, -32_768, -32_768, 32_767, -32_767];
        assert_eq!(down.convert(pts, &stereo).unwrap(), Some((pts, expected)));
        let mut up = Converter::new(shape(8_000, 1), shape(8_000, 2)).unwrap();
        assert_eq!(up.convert(pts, &[1, 2]).unwrap(), Some((pts, vec![1, 1, 2, 2])));
        let mut same = Converter::new(shape(8_000, 2), shape(8_000, 2)).unwrap();
        assert_eq!(same.convert(pts, &[1, 2]).unwrap(), Some((pts, vec![1, 2])));
    }

    /// A sine at another rate is the same sine, and stands where its time says.
    #[expect(clippy::cast_possible_truncation, reason = "the sine is of 10000")]
    #[test]
    fn rates_change_without_a_change_of_pitch_loudness_or_time() {
        for (from, to) in [(48_000, 32_000), (44_100, 32_000), (16_000, 32_000), (8_000, 48_000)] {
            let wave = |seconds: f64| 10_000.0 * (TAU * 440.0 * seconds).sin();
            let start = Pts::from_millis(60_000);
            let mut converter = Converter::new(shape(from, 1), shape(to, 1)).unwrap();
            let mut checked = 0;
            let mut number = 0u32;
            while number < from {
                let block: Vec<i16> = (number..number + 441)
                    .map(|n| wave(f64::from(n) / f64::from(from)) as i16)
                    .collect();
                let ticks = u64::from(number) * 90_000 / u64::from(from);
                let pts = Pts::from_ticks_90k(start.ticks_90k() + ticks);
                number += 441;
                let Some((at, out)) = converter.convert(pts, &block).unwrap() else { continue };
                for (index, &sample) in out.iter().enumerate() {
                    let ticks = at.ticks_90k() as f64 - start.ticks_90k() as f64;
                    let seconds = ticks / 90_000.0 + index as f64 / f64::from(to);
                    if seconds > 0.1 {
                        let off = (f64::from(sample) - wave(seconds)).abs();
                        // one tick of 1/90000 s is 307 at the steepest
                        assert!(off < 700.0, "{from} to {to} Hz: {off} off at {seconds} s");
                        checked += 1;
                    }
                }
            }
            assert!(checked > to / 2, "{from} to {to} Hz: only {checked} samples");
        }
    }
}
