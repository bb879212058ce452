// SPDX-License-Identifier: MIT OR Apache-2.0
//! How loud sound is, and how that changes without a click. Pure but for one flag that two threads
//! share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How loud a microphone or a loudspeaker is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loudness {
    /// Not at all.
    Muted,
    /// In percent of the full amplitude; more than 100 is 100, 0 is as muted.
    Percent(u8),
}

impl Loudness {
    /// As loud as it comes.
    pub const FULL: Self = Self::Percent(100);

    /// Whether anything is to be heard.
    pub fn is_audible(self) -> bool {
        !matches!(self, Self::Muted | Self::Percent(0))
    }

    /// What samples are multiplied with, 0 to 1.
    pub(crate) fn factor(self) -> f32 {
        match self {
            Self::Muted => 0.0,
            Self::Percent(percent) => f32::from(percent.min(100)) / 100.0,
        }
    }
}

/// Whether talkback plays just now, so that the microphone does not send it back as an echo.
/// Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Ducking(Arc<AtomicBool>);

impl Ducking {
    /// What a live listener's sound is multiplied with while talkback plays: -20 dB.
    pub(crate) const FACTOR: f32 = 0.1;

    /// Talkback begins to play.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Talkback is over.
    pub(crate) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// What a live listener's sound is to be multiplied with now.
    pub(crate) fn factor(&self) -> f32 {
        if self.0.load(Ordering::Relaxed) { Self::FACTOR } else { 1.0 }
    }
}

/// A full change downward takes this long, so that an echo's beginning is caught.
const FALL_MS: u16 = 20;
/// A full change upward takes this long, so that it is no pop.
const RISE_MS: u16 = 150;

/// A factor that moves evenly to where it is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    now: f32,
    fall: f32,
    rise: f32,
}

impl Gain {
    /// Begins at `factor`.
    pub(crate) fn new(sample_rate_hz: u32, factor: f32) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a sample rate")]
        let step = |ms: u16| 1_000.0 / (f32::from(ms) * sample_rate_hz as f32);
        Self { now: factor, fall: step(FALL_MS), rise: step(RISE_MS) }
    }

    /// Multiplies samples of one channel, on the way to `target`.
    pub(crate) fn apply(&mut self, target: f32, samples: &mut [i16]) {
        for sample in samples {
            self.now = if self.now > target {
                (self.now - self.fall).max(target)
            } else {
                (self.now + self.rise).min(target)
            };
            if self.now < 1.0 {
                let value = f32::from(*sample) * self.now;
                #[expect(clippy::cast_possible_truncation, reason = "smaller than the sample")]
                let scaled = value as i16;
                *sample = scaled;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 16_000;

    /// The level at the end of `ms` of a steady sound.
    fn after(gain: &mut Gain, target: f32, ms: usize) -> i16 {
        let mut samples = vec![10_000; ms * 16];
        for block in samples.chunks_mut(320) {
            gain.apply(target, block);
        }
        let steps = samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap();
        assert!(steps < 50, "a click of {steps}");
        *samples.last().unwrap()
    }

    #[test]
    fn talkback_takes_20_db_off_at_once_and_gives_them_back_within_200_ms() {
        let ducking = Ducking::default();
        let mut gain = Gain::new(RATE, ducking.factor());
        assert_eq!(after(&mut gain, ducking.factor(), 100), 10_000);
        ducking.clone().begin();
        assert_eq!(after(&mut gain, ducking.factor(), 20), 1_000, "a tenth is 20 dB less");
        assert_eq!(after(&mut gain, ducking.factor(), 5_000), 1_000);
        ducking.end();
        assert!(after(&mut gain, ducking.factor(), 40) < 5_000, "not at once");
        assert_eq!(after(&mut gain, ducking.factor(), 160), 10_000, "200 ms in all");
    }

    #[test]
    fn percents_are_of_the_amplitude() {
        for (loudness, level, audible) in [
            (Loudness::Muted, 0, false),
            (Loudness::Percent(0), 0, false),
            (Loudness::Percent(25), 2_500, true),
            (Loudness::FULL, 10_000, true),
            (Loudness::Percent(250), 10_000, true),
        ] {
            let mut gain = Gain::new(RATE, loudness.factor());
            assert_eq!(after(&mut gain, loudness.factor(), 20), level, "{loudness:?}");
            assert_eq!(loudness.is_audible(), audible, "{loudness:?}");
        }
    }
}
