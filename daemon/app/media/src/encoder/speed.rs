// SPDX-License-Identifier: MIT OR Apache-2.0
//! How fast the software encoder is on this machine.

use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use frame::{Pts, RawFrame, Size, YuvPicture};

use super::{Coding, EncodeError, EncoderSettings, Level, Openh264, Profile, VideoEncoder};
use crate::encode::effort::{Effort, macroblocks};

const SIZE: Size = Size::new(640, 360);
const PICTURES: u64 = 8;
/// So much of the processor's time is spent on it, and ten pictures at least.
const ENOUGH: Duration = Duration::from_millis(150);
const LEAST: u64 = 10;

/// Macroblocks (16 by 16 pixels) that the software encoder makes in a second on one core, measured
/// here and now with pictures that move and are noisy. Takes a fifth of a second of the processor.
///
/// # Errors
/// [`EncodeError`] as of any encoder.
pub fn software_speed() -> Result<u32, EncodeError> {
    let one = NonZeroU8::MIN;
    let settings = EncoderSettings {
        size: SIZE,
        fps: 30,
        profile: Profile::Main,
        level: Level::L3_1,
        bitrate_bps: 500_000,
        threads: one,
    };
    let mut encoder = Openh264::new(&settings)?;
    let pictures: Vec<Arc<YuvPicture>> =
        (0..PICTURES).map(|n| Arc::new(picture(SIZE, n))).collect();
    let (mut spent, mut coded) = (Duration::ZERO, 0);
    for (number, picture) in (0_u64..).zip(pictures.iter().cycle()) {
        let pts = Pts::from_ticks_90k(number * 3000);
        let frame = RawFrame { number, pts, picture: Arc::clone(picture) };
        let effort = Effort::begin();
        encoder.encode(&frame, Coding::Auto)?;
        if number > 0 {
            (spent, coded) = (spent + effort.spent(one), coded + 1); // without the setting up
        }
        if coded >= LEAST && spent >= ENOUGH {
            break;
        }
    }
    let speed = u128::from(coded * macroblocks(SIZE)) * 1_000_000 / spent.as_micros().max(1);
    Ok(u32::try_from(speed).unwrap_or(u32::MAX))
}

/// Slopes that move by a pixel a picture, under the noise of a small sensor.
pub(super) fn picture(size: Size, number: u64) -> YuvPicture {
    let mut picture = YuvPicture::black(size);
    let width = usize::from(size.width);
    let mut noise = 0x2545_f491_u32.wrapping_add(u32::try_from(number).unwrap_or_default());
    let shift = usize::try_from(number).unwrap_or_default();
    let [luma, ..] = picture.planes_mut();
    for (at, sample) in luma.iter_mut().enumerate() {
        let (x, y) = (at % width + shift, at / width);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = u8::try_from(noise >> 30).unwrap_or_default();
        *sample = 40
            + grain
            + u8::try_from((x / 3 + y / 2 + (x / 40 + y / 30) % 2 * 60) % 160).unwrap_or_default();
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_that_a_machine_can_have() {
        // 10 pictures of this size to 2000 of 1920 by 1080 in a second
        let speed = software_speed().unwrap();
        assert!((9_200..16_000_000).contains(&speed), "{speed}");
    }
}
