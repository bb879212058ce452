// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whether an encoder works, and how fast: it codes drawn pictures, so that no camera is needed.

use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::{Duration, Instant};

use frame::{Pts, RawFrame, Size};
use v4l2::StartError;

use super::speed::picture;
use super::{Coding, EncodeError, EncoderChoice, EncoderSettings, Level, M2mError, Profile};
use crate::encode::effort::macroblocks;

const SETTINGS: EncoderSettings = EncoderSettings {
    size: Size::new(1280, 720),
    fps: 30,
    profile: Profile::Main,
    level: Level::L3_1,
    bitrate_bps: 2_000_000,
    threads: NonZeroU8::MIN,
};
/// An encoder may keep a few for later.
const PICTURES: u64 = 8;
/// No more of them once it took so long and one came out.
const ENOUGH: Duration = Duration::from_millis(300);

/// How far an encoder came that does not work.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// It is not there, or another has it.
    #[error("it cannot be opened")]
    Open(#[source] EncodeError),
    /// It does not take 1280 by 720 pixels, or fails.
    #[error("it can be opened, but codes no picture")]
    Encode(#[source] EncodeError),
    /// It takes pictures and gives none.
    #[error("it can be opened, but of {PICTURES} pictures none came out")]
    Nothing,
}

/// Opens the chosen encoder and has it code drawn pictures of 1280 by 720 pixels, one after the
/// other as it gets a camera's: the macroblocks (16 by 16 pixels) that it makes in a second. Opens
/// nothing else.
///
/// The fastest picture counts: what else the machine does meanwhile is not the encoder's pace.
///
/// # Errors
/// [`TrialError`].
pub fn try_encoder(choice: &EncoderChoice) -> Result<u32, TrialError> {
    let mut encoder = choice.open(&SETTINGS).map_err(TrialError::Open)?;
    let (begin, mut fastest) = (Instant::now(), None::<Duration>);
    for number in 0..PICTURES {
        let pts = Pts::from_ticks_90k(number * 3000);
        let frame = RawFrame { number, pts, picture: Arc::new(picture(SETTINGS.size, number)) };
        let put = Instant::now();
        if encoder.encode(&frame, Coding::Auto).map_err(failed)?.is_some() {
            fastest = Some(fastest.unwrap_or(Duration::MAX).min(put.elapsed()));
        }
        if fastest.is_some() && begin.elapsed() > ENOUGH {
            break;
        }
    }
    let each = fastest.ok_or(TrialError::Nothing)?.as_micros().max(1);
    let speed = u128::from(macroblocks(SETTINGS.size)) * 1_000_000 / each;
    Ok(u32::try_from(speed).unwrap_or(u32::MAX))
}

/// V4L2's are opened with their first picture.
fn failed(error: EncodeError) -> TrialError {
    match error {
        EncodeError::M2m(M2mError::Start(StartError::Device(_))) => TrialError::Open(error),
        error => TrialError::Encode(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_came_is_told() {
        let speed = try_encoder(&EncoderChoice::Openh264).unwrap();
        assert!((1_000..100_000_000).contains(&speed), "{speed}");
        let nobody = EncoderChoice::M2m(Some("an encoder that nobody has".to_owned()));
        assert!(matches!(try_encoder(&nobody), Err(TrialError::Open(_))));
        let start = |error| failed(M2mError::Start(error).into());
        let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
        assert!(matches!(start(StartError::Device(absent)), TrialError::Open(_)));
        assert!(matches!(start(StartError::Size(1280, 720)), TrialError::Encode(_)));
        assert!(matches!(failed(M2mError::Stalled.into()), TrialError::Encode(_)));
    }
}
