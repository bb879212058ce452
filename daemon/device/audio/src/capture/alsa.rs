// SPDX-License-Identifier: MIT OR Apache-2.0
//! A microphone behind ALSA.

use std::time::Duration;

use alsa::Direction;
use alsa::pcm::{PCM, State};
use frame::Pts;

use super::{Capture, CaptureError, PcmFormat};
use crate::card::{Card, STALL_MS, io_error, is_recoverable};
use crate::clock::monotonic;

/// What the card holds while we are busy.
const BUFFER: Duration = Duration::from_millis(200);

/// An open sound card.
pub struct Alsa {
    device: String,
    pcm: PCM,
    format: PcmFormat,
}

impl Alsa {
    /// Opens `device`, an ALSA name as `hw:1,0` or `plughw:CARD=Device`. The card's nearest rate
    /// and channels are taken when it does not have the wanted ones: see [`Capture::format`].
    ///
    /// # Errors
    /// [`CaptureError::Device`] when it is not there, busy, or cannot do 16 bits and one or two
    /// channels.
    pub fn open(device: &str, wanted: PcmFormat) -> Result<Self, CaptureError> {
        let fail = |source| CaptureError::Device { device: device.to_owned(), source };
        let Card { pcm, format, .. } =
            Card::open(device, Direction::Capture, wanted, BUFFER).map_err(fail)?;
        pcm.start().map_err(|error| fail(io_error(error)))?;
        tracing::debug!(
            device,
            rate_hz = format.sample_rate_hz,
            channels = format.channels,
            "open"
        );
        Ok(Self { device: device.to_owned(), pcm, format })
    }

    fn error(&self, error: alsa::Error) -> CaptureError {
        CaptureError::Device { device: self.device.clone(), source: io_error(error) }
    }

    /// After an overrun or a suspend the card has to be started again; the gap shows in the times.
    fn recover(&self, error: alsa::Error) -> Result<(), CaptureError> {
        if !is_recoverable(&error) {
            return Err(self.error(error));
        }
        self.pcm.try_recover(error, true).map_err(|error| self.error(error))?;
        if self.pcm.state() == State::Prepared {
            self.pcm.start().map_err(|error| self.error(error))?;
        }
        Ok(())
    }
}

impl Capture for Alsa {
    fn format(&self) -> PcmFormat {
        self.format
    }

    fn read(&mut self, samples: &mut [i16]) -> Result<(Pts, usize), CaptureError> {
        let channels = usize::from(self.format.channels);
        let deadline = monotonic() + Duration::from_millis(STALL_MS.into());
        while monotonic() < deadline {
            match self.pcm.wait(Some(STALL_MS)) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.recover(error)?;
                    continue;
                }
            }
            let (ready, now) = match self.pcm.avail() {
                Ok(ready) => (usize::try_from(ready).unwrap_or(0), monotonic()),
                Err(error) => {
                    self.recover(error)?;
                    continue;
                }
            };
            let whole = ready.min(samples.len() / channels) * channels;
            let io = self.pcm.io_i16().map_err(|error| self.error(error))?;
            match io.readi(&mut samples[..whole]) {
                Ok(0) => {}
                Ok(read) => {
                    let first = first_captured(now, ready, self.format.sample_rate_hz);
                    return Ok((Pts::from_monotonic(first), read * channels));
                }
                Err(error) => self.recover(error)?,
            }
        }
        Err(CaptureError::Stalled { device: self.device.clone() })
    }
}

/// When the oldest of `ready` samples was captured, if the newest is of `now`.
fn first_captured(now: Duration, ready: usize, sample_rate_hz: u32) -> Duration {
    let ready = u64::try_from(ready).expect("a buffer's length");
    now.saturating_sub(Duration::from_nanos(ready * 1_000_000_000 / u64::from(sample_rate_hz)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sample_is_as_old_as_what_is_in_the_buffer() {
        let now = Duration::from_millis(10_000);
        assert_eq!(first_captured(now, 640, 32_000), Duration::from_millis(9_980));
        assert_eq!(first_captured(now, 0, 32_000), now);
        assert_eq!(first_captured(Duration::from_millis(1), 32_000, 32_000), Duration::ZERO);
    }

    #[test]
    fn a_missing_device_is_named() {
        let wanted = PcmFormat { sample_rate_hz: 32_000, channels: 1 };
        let Err(CaptureError::Device { device, source }) = Alsa::open("hw:77,0", wanted) else {
            panic!("there is a 77th sound card");
        };
        assert_eq!(device, "hw:77,0");
        assert!(source.raw_os_error().is_some(), "{source}");
        println!("skipped: reading a real sound card, there is none to rely on");
    }
}
