// SPDX-License-Identifier: MIT OR Apache-2.0
//! A sink that nobody hears, for tests and for a look at what a loudspeaker would cost.

use super::{Drain, Playback, PlaybackError};
use crate::capture::PcmFormat;

/// Takes sound at the speed of life and drops it.
#[derive(Debug)]
pub struct Null(Drain);

impl Null {
    /// Takes samples of this shape.
    pub fn new(format: PcmFormat) -> Self {
        Self(Drain::new(format))
    }
}

impl Playback for Null {
    fn format(&self) -> PcmFormat {
        self.0.format
    }

    fn write(&mut self, samples: &[i16]) -> Result<(), PlaybackError> {
        self.0.write(samples.len());
        Ok(())
    }
}
