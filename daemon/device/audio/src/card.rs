// SPDX-License-Identifier: MIT OR Apache-2.0
//! What microphones and loudspeakers behind ALSA have in common: how a card is set up, and which of
//! its errors end it.

use std::io;
use std::time::Duration;

use alsa::pcm::{Access, Format, Frames, HwParams, PCM};
use alsa::{Direction, ValueOr};

use crate::capture::PcmFormat;

/// What a card does before it wakes us, in microseconds.
const PERIOD_US: u32 = 20_000;
/// A card that does nothing for this long is given up.
pub(crate) const STALL_MS: u32 = 1_000;

/// A card that is set up.
pub(crate) struct Card {
    pub pcm: PCM,
    /// The nearest to what was wanted that it has.
    pub format: PcmFormat,
    /// What it holds.
    pub buffer: Frames,
}

impl Card {
    /// Opens `device`, an ALSA name, for 16 bits and one or two channels.
    ///
    /// # Errors
    /// Also when it has more than two channels only.
    pub fn open(
        device: &str,
        direction: Direction,
        wanted: PcmFormat,
        buffer: Duration,
    ) -> io::Result<Self> {
        let (pcm, channels, sample_rate_hz, buffer) =
            set_up(device, direction, wanted, buffer).map_err(io_error)?;
        let few = u8::try_from(channels).ok().filter(|channels| (1..=2).contains(channels));
        let channels = few.ok_or_else(|| io::Error::from_raw_os_error(EINVAL))?;
        Ok(Self { pcm, format: PcmFormat { sample_rate_hz, channels }, buffer })
    }
}

fn set_up(
    device: &str,
    direction: Direction,
    wanted: PcmFormat,
    buffer: Duration,
) -> alsa::Result<(PCM, u32, u32, Frames)> {
    let pcm = PCM::new(device, direction, false)?;
    let params = HwParams::any(&pcm)?;
    params.set_access(Access::RWInterleaved)?;
    params.set_format(Format::s16())?;
    let channels = params.set_channels_near(wanted.channels.into())?;
    let rate = params.set_rate_near(wanted.sample_rate_hz, ValueOr::Nearest)?;
    params.set_period_time_near(PERIOD_US, ValueOr::Nearest)?;
    let buffer_us = u32::try_from(buffer.as_micros()).unwrap_or(u32::MAX);
    params.set_buffer_time_near(buffer_us, ValueOr::Nearest)?;
    pcm.hw_params(&params)?;
    let buffer = params.get_buffer_size()?;
    drop(params);
    Ok((pcm, channels, rate, buffer))
}

const EPIPE: i32 = 32;
const ESTRPIPE: i32 = 86;
const EINTR: i32 = 4;
const EINVAL: i32 = 22;

/// Overrun, underrun, suspend and interruption; all else means that the device has to be opened
/// anew.
pub(crate) fn is_recoverable(error: &alsa::Error) -> bool {
    is_passing(error.errno())
}

fn is_passing(errno: i32) -> bool {
    [EPIPE, ESTRPIPE, EINTR].contains(&errno.abs())
}

/// As the system says it.
pub(crate) fn io_error(error: alsa::Error) -> io::Error {
    io::Error::from_raw_os_error(error.errno().abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_device_is_not_recovered() {
        let enodev = 19;
        assert!(!is_passing(enodev) && !is_passing(-enodev));
        assert!(is_passing(EPIPE) && is_passing(-ESTRPIPE));
    }
}
