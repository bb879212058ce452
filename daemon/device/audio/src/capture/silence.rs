// SPDX-License-Identifier: MIT OR Apache-2.0
//! Nothing to hear, for recordings that need a sound track while the microphone is closed.

use frame::Pts;

use super::{Capture, CaptureError, Generator, PcmFormat};

/// Digital silence.
#[derive(Debug)]
pub struct Silence(Generator);

impl Silence {
    /// Silence of this shape.
    pub fn new(format: PcmFormat) -> Self {
        Self(Generator::new(format))
    }
}

impl Capture for Silence {
    fn format(&self) -> PcmFormat {
        self.0.format
    }

    fn read(&mut self, samples: &mut [i16]) -> Result<(Pts, usize), CaptureError> {
        Ok(self.0.read(samples, |_, moment| moment.fill(0)))
    }
}
