// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where sound comes from.

use std::io;

use frame::Pts;

use crate::clock::{Pacer, monotonic};

#[cfg(feature = "alsa")]
pub(crate) mod alsa;
pub(crate) mod silence;
pub(crate) mod tone;
pub(crate) mod wav;

/// Samples of 16 bits, interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PcmFormat {
    /// Samples per second and channel, 4000 to 192000.
    pub sample_rate_hz: u32,
    /// 1 or 2.
    pub channels: u8,
}

/// A source of sound that runs at the speed of life.
pub trait Capture {
    /// What [`read`](Capture::read) delivers; never changes.
    fn format(&self) -> PcmFormat;

    /// Waits for samples and fills the front of `samples`. Gives the capture time of the first and
    /// how many values were written, a multiple of the channels and more than zero.
    ///
    /// Blocks for about as long as the samples last, and for a second at most.
    ///
    /// # Errors
    /// [`CaptureError`]: the source is of no use any more and has to be opened anew.
    fn read(&mut self, samples: &mut [i16]) -> Result<(Pts, usize), CaptureError>;
}

/// A source that ended.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The device is gone, busy, or cannot do what we need.
    #[error("sound device `{device}`")]
    Device {
        /// As the configuration names it.
        device: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The device is there but delivers nothing.
    #[error("sound device `{device}` has delivered nothing for a second")]
    Stalled {
        /// As the configuration names it.
        device: String,
    },
    /// The file cannot be played.
    #[error(transparent)]
    Wav(#[from] wav::WavError),
}

/// The pace and the shape of a source that makes its own samples.
#[derive(Debug)]
struct Generator {
    format: PcmFormat,
    pacer: Pacer,
}

impl Generator {
    fn new(format: PcmFormat) -> Self {
        Self { format, pacer: Pacer::new(format.sample_rate_hz, monotonic()) }
    }

    /// Calls `sample` with the number of each moment since the clock's zero, then sleeps until the
    /// last of them has passed.
    fn read(
        &mut self,
        samples: &mut [i16],
        mut sample: impl FnMut(u64, &mut [i16]),
    ) -> (Pts, usize) {
        let channels = usize::from(self.format.channels);
        let whole = samples.len() - samples.len() % channels;
        let (first, time, wait) = self.pacer.take(whole / channels, monotonic());
        for (number, moment) in (first..).zip(samples[..whole].chunks_exact_mut(channels)) {
            sample(number, moment);
        }
        std::thread::sleep(wait);
        (Pts::from_monotonic(time), whole)
    }
}
