// SPDX-License-Identifier: MIT OR Apache-2.0
//! A loudspeaker behind ALSA.

use std::time::Duration;

use alsa::pcm::{Access, Format, Frames, HwParams, PCM};
use alsa::{Direction, ValueOr};

use super::{BUFFER, Playback, PlaybackError};
use crate::capture::PcmFormat;
use crate::clock::monotonic;

/// What the card plays before it wakes us, in microseconds.
const PERIOD_US: u32 = 20_000;
/// A card that takes nothing for this long is given up.
const STALL_MS: u32 = 1_000;
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
        let fail = |error: alsa::Error| device_error(device, error.errno());
        let pcm = PCM::new(device, Direction::Playback, false).map_err(fail)?;
        let format = configure(&pcm, wanted).map_err(fail)?;
        let Some(format) = format else { return Err(device_error(device, EINVAL)) };
        let (rate_hz, channels) = (format.sample_rate_hz, format.channels);
        tracing::debug!(device, rate_hz, channels, "open for playback");
        Ok(Self { device: device.to_owned(), pcm, format })
    }

    fn error(&self, error: alsa::Error) -> PlaybackError {
        device_error(&self.device, error.errno())
    }

    /// After it ran dry or a suspend the card has to be prepared again; it starts by itself.
    fn recover(&self, error: alsa::Error) -> Result<(), PlaybackError> {
        if !is_recoverable(error.errno()) {
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

/// Sets up the card; `None` when it has more than two channels only.
fn configure(pcm: &PCM, wanted: PcmFormat) -> alsa::Result<Option<PcmFormat>> {
    let params = HwParams::any(pcm)?;
    params.set_access(Access::RWInterleaved)?;
    params.set_format(Format::s16())?;
    let channels = params.set_channels_near(wanted.channels.into())?;
    let sample_rate_hz = params.set_rate_near(wanted.sample_rate_hz, ValueOr::Nearest)?;
    params.set_period_time_near(PERIOD_US, ValueOr::Nearest)?;
    let buffer_us = u32::try_from(BUFFER.as_micros()).expect("80 ms");
    params.set_buffer_time_near(buffer_us, ValueOr::Nearest)?;
    pcm.hw_params(&params)?;
    let software = pcm.sw_params_current()?;
    software.set_start_threshold((params.get_buffer_size()? / START_PART).max(1))?;
    pcm.sw_params(&software)?;
    let channels = u8::try_from(channels).ok().filter(|channels| (1..=2).contains(channels));
    Ok(channels.map(|channels| PcmFormat { sample_rate_hz, channels }))
}

const EPIPE: i32 = 32;
const ESTRPIPE: i32 = 86;
const EINTR: i32 = 4;
const EINVAL: i32 = 22;

/// Underrun, suspend and interruption; all else means that the device has to be opened anew.
fn is_recoverable(errno: i32) -> bool {
    [EPIPE, ESTRPIPE, EINTR].contains(&errno.abs())
}

fn device_error(device: &str, errno: i32) -> PlaybackError {
    let source = std::io::Error::from_raw_os_error(errno.abs());
    PlaybackError::Device { device: device.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: PcmFormat = PcmFormat { sample_rate_hz: 16_000, channels: 1 };

    #[test]
    fn a_missing_device_is_named_and_not_recovered() {
        let Err(PlaybackError::Device { device, source }) = Player::open("hw:77,0", WANTED) else {
            panic!("there is a 77th sound card");
        };
        assert_eq!(device, "hw:77,0");
        assert!(source.raw_os_error().is_some_and(|errno| !is_recoverable(errno)), "{source}");
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
