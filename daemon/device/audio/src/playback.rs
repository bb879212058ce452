// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where sound goes to.

use std::io;
use std::time::Duration;

use crate::capture::PcmFormat;
use crate::clock::monotonic;

#[cfg(feature = "alsa")]
pub(crate) mod alsa;
pub(crate) mod null;
pub(crate) mod wav;

/// What a sink holds before it makes its writer wait; the most that it adds to the delay.
const BUFFER: Duration = Duration::from_millis(80);

/// A sink of sound that takes it at the speed of life.
pub trait Playback {
    /// What [`write`](Playback::write) takes; never changes.
    fn format(&self) -> PcmFormat;

    /// Plays interleaved samples behind those before. Waits while more than 80 ms are still to be
    /// played. When the sink has run dry it begins anew, without a word.
    ///
    /// # Errors
    /// [`PlaybackError`]: the sink is of no use any more and has to be opened anew.
    fn write(&mut self, samples: &[i16]) -> Result<(), PlaybackError>;
}

/// A sink that ended.
#[derive(Debug, thiserror::Error)]
pub enum PlaybackError {
    /// The device is gone, busy, or cannot do what we need.
    #[error("sound device `{device}`")]
    Device {
        /// As the configuration names it.
        device: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The device is there but takes nothing.
    #[error("sound device `{device}` has taken nothing for a second")]
    Stalled {
        /// As the configuration names it.
        device: String,
    },
    /// The file cannot be written.
    #[error("the sound file cannot be written")]
    File(#[from] io::Error),
}

/// The pace of a sink that has no card.
#[derive(Debug)]
struct Drain {
    format: PcmFormat,
    /// When all that was written will have been played.
    empty_at: Duration,
}

impl Drain {
    fn new(format: PcmFormat) -> Self {
        Self { format, empty_at: Duration::ZERO }
    }

    /// Counts `values` interleaved samples; gives how long to wait before more may come. Pure.
    fn take(&mut self, values: usize, now: Duration) -> Duration {
        let moments = values / usize::from(self.format.channels);
        let moments = u64::try_from(moments).expect("a buffer's length");
        let lasts = moments * 1_000_000_000 / u64::from(self.format.sample_rate_hz);
        self.empty_at = self.empty_at.max(now) + Duration::from_nanos(lasts);
        self.empty_at.saturating_sub(now + BUFFER)
    }

    fn write(&mut self, values: usize) {
        std::thread::sleep(self.take(values, monotonic()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_takes_sound_at_the_speed_of_life_behind_its_buffer() {
        let ms = Duration::from_millis;
        let mut drain = Drain::new(PcmFormat { sample_rate_hz: 16_000, channels: 2 });
        for packet in 0..4 {
            assert_eq!(drain.take(640, ms(1_000)), Duration::ZERO, "packet {packet} of 20 ms");
        }
        assert_eq!(drain.take(640, ms(1_000)), ms(20));
        assert_eq!(drain.take(640, ms(1_020)), ms(20));
        assert_eq!(drain.take(640, ms(5_000)), Duration::ZERO, "it has run dry");
    }
}
