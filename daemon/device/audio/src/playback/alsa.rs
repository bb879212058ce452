// SPDX-License-Identifier: MIT OR Apache-2.0
//! A loudspeaker behind ALSA.

use std::time::Duration;

use alsa::Direction;
use alsa::pcm::{Frames, PCM};

use super::{BUFFER, Playback, PlaybackError};
use crate::capture::PcmFormat;
use crate::card::{Card, STALL_MS, io_error, is_recoverable};
use crate::clock::monotonic;

/// A dry card starts again when it holds one part in so many of its buffer, so that the next
/// packet may be a little late.
const START_PART: Frames = 2;

/// An open sound card.
pub struct Player {
    device: String,
    pcm: PCM,
    format: PcmFormat,
}

impl Player {
    /// Opens `device`, an ALSA name as `hw:1,0` or `plughw:CARD=Device`. The card's nearest rate
    /// and channels are taken when it does not have the wanted ones: see [`Playback::format`].
    ///
    /// # Errors
    /// [`PlaybackError::Device`] when it is not there, busy, or cannot do 16 bits and one or two
    /// channels.
    pub fn open(device: &str, wanted: PcmFormat) -> Result<Self, PlaybackError> {
        let fail = |source| PlaybackError::Device { device: device.to_owned(), source };
        let Card { pcm, format, buffer } =
            Card::open(device, Direction::Playback, wanted, BUFFER).map_err(fail)?;
        start_at(&pcm, (buffer / START_PART).max(1)).map_err(|error| fail(io_error(error)))?;
        let (rate_hz, channels) = (format.sample_rate_hz, format.channels);
        tracing::debug!(device, rate_hz, channels, "open for playback");
        Ok(Self { device: device.to_owned(), pcm, format })
    }

    fn error(&self, error: alsa::Error) -> PlaybackError {
        PlaybackError::Device { device: self.device.clone(), source: io_error(error) }
    }

    /// After it ran dry or a suspend the card has to be prepared again; it starts by itself.
    fn recover(&self, error: alsa::Error) -> Result<(), PlaybackError> {
        if !is_recoverable(&error) {
            return Err(self.error(error));
        }
        self.pcm.try_recover(error, true).map_err(|error| self.error(error))
    }
}

impl Playback for Player {
    fn format(&self) -> PcmFormat {
        self.format
    }

    fn write(&mut self, samples: &[i16]) -> Result<(), PlaybackError> {
        let channels = usize::from(self.format.channels);
        let mut rest = samples;
        let mut deadline = monotonic() + Duration::from_millis(STALL_MS.into());
        while rest.len() >= channels {
            if monotonic() >= deadline {
                return Err(PlaybackError::Stalled { device: self.device.clone() });
            }
            let room = match self.pcm.avail() {
                Ok(room) => usize::try_from(room).unwrap_or(0),
                Err(error) => {
                    self.recover(error)?;
                    continue;
                }
            };
            if room == 0 {
                if let Err(error) = self.pcm.wait(Some(STALL_MS)) {
                    self.recover(error)?;
                }
                continue;
            }
            let now = room.min(rest.len() / channels) * channels;
            let io = self.pcm.io_i16().map_err(|error| self.error(error))?;
            match io.writei(&rest[..now]) {
                Ok(written) => {
                    rest = &rest[(written * channels).min(now)..];
                    deadline = monotonic() + Duration::from_millis(STALL_MS.into());
                }
                Err(error) => self.recover(error)?,
            }
        }
        Ok(())
    }
}

/// Has the card play by itself once it holds so much.
fn start_at(pcm: &PCM, threshold: Frames) -> alsa::Result<()> {
    let software = pcm.sw_params_current()?;
    software.set_start_threshold(threshold)?;
    pcm.sw_params(&software)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: PcmFormat = PcmFormat { sample_rate_hz: 16_000, channels: 1 };

    #[test]
    fn a_missing_device_is_named() {
        let Err(PlaybackError::Device { device, source }) = Player::open("hw:77,0", WANTED) else {
            panic!("there is a 77th sound card");
        };
        assert_eq!(device, "hw:77,0");
        assert!(source.raw_os_error().is_some(), "{source}");
    }

    /// ALSA's own `null` has no pace, but it takes our set-up and our writes.
    #[test]
    fn alsa_takes_what_is_set_up() {
        let mut player = match Player::open("null", WANTED) {
            Ok(player) => player,
            Err(error) => {
                println!("skipped: ALSA has no `null` device here: {error:?}");
                return;
            }
        };
        assert_eq!(player.format(), WANTED);
        for _ in 0..20 {
            player.write(&[0; 320]).unwrap();
        }
        println!("skipped: playing on a real sound card, there is none to rely on");
    }
}
