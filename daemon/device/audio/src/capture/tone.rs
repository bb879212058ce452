// SPDX-License-Identifier: MIT OR Apache-2.0
//! A soft beep at every full second of the monotonic clock, so that the distance between sound and
//! picture can be heard.

use std::f64::consts::TAU;

use frame::Pts;

use super::{Capture, CaptureError, Generator, PcmFormat};

const PITCH_HZ: f64 = 440.0;
const BEEP_SECONDS: f64 = 0.12;
/// Rise and fall, against clicks.
const EDGE_SECONDS: f64 = 0.01;
/// About -14 dB of full scale.
const LOUDNESS: f64 = 6_500.0;

/// The beep.
#[derive(Debug)]
pub struct Tone(Generator);

impl Tone {
    /// A beep of this shape, the same in every channel.
    pub fn new(format: PcmFormat) -> Self {
        Self(Generator::new(format))
    }
}

impl Capture for Tone {
    fn format(&self) -> PcmFormat {
        self.0.format
    }

    fn read(&mut self, samples: &mut [i16]) -> Result<(Pts, usize), CaptureError> {
        let rate = self.0.format.sample_rate_hz;
        Ok(self.0.read(samples, |number, moment| moment.fill(beep(number, rate))))
    }
}

/// The sample with this number, counted from the clock's zero.
fn beep(number: u64, sample_rate_hz: u32) -> i16 {
    let within = u32::try_from(number % u64::from(sample_rate_hz)).expect("below the rate");
    let time = f64::from(within) / f64::from(sample_rate_hz);
    if time >= BEEP_SECONDS {
        return 0;
    }
    let edge = (time.min(BEEP_SECONDS - time) / EDGE_SECONDS).min(1.0);
    let value = LOUDNESS * edge * (TAU * PITCH_HZ * time).sin();
    #[expect(clippy::cast_possible_truncation, reason = "LOUDNESS is below i16::MAX")]
    let sample = value as i16;
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beep_begins_with_the_second_and_is_soft() {
        for rate in [8_000, 32_000, 44_100, 48_000] {
            let second: Vec<_> =
                (0..u64::from(rate)).map(|n| beep(7 * u64::from(rate) + n, rate)).collect();
            let loudest = second.iter().map(|sample| sample.unsigned_abs()).max().unwrap();
            assert!((6_000..=6_500).contains(&loudest), "{rate} Hz: {loudest}");
            let last = second.iter().rposition(|&sample| sample != 0).unwrap();
            assert!(last <= rate as usize * 12 / 100, "{rate} Hz: sounds until {last}");
            let first = second.iter().position(|sample| sample.unsigned_abs() > 1_000).unwrap();
            assert!(first < rate as usize / 100, "{rate} Hz: begins at {first}");
            let crossings = second.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
            assert!((51..=53).contains(&crossings), "{rate} Hz: {crossings} waves in 0.12 s");
        }
    }

    #[test]
    fn reads_are_paced_and_follow_each_other() {
        let format = PcmFormat { sample_rate_hz: 16_000, channels: 2 };
        let mut tone = Tone::new(format);
        let start = std::time::Instant::now();
        let mut samples = [0; 641];
        let (first, count) = tone.read(&mut samples).unwrap();
        assert_eq!(count, 640);
        let (second, _) = tone.read(&mut samples).unwrap();
        assert!(second.ticks_90k().abs_diff(first.ticks_90k() + 1_800) <= 1);
        let took = start.elapsed().as_millis();
        assert!(took >= 39, "40 ms of sound in {took} ms");
    }
}
