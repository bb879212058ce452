// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[video]`, `[audio]`, `[motion]`, `[snapshot]`

use std::num::NonZeroU8;

use serde::Deserialize;

/// `[video]`: where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct VideoConfig {
    /// `test-pattern`, `test-pattern:walker`, `file:PATH` (Y4M), `v4l2:PATH`.
    #[serde(deserialize_with = "video_source")]
    pub source: media::VideoSource,
    /// Pixels per row, even.
    pub width: Side,
    /// Rows, even.
    pub height: Side,
    /// Pictures a second, 1 to 60.
    #[serde(deserialize_with = "fps")]
    pub fps: NonZeroU8,
    /// `auto` or `openh264`.
    #[serde(deserialize_with = "encoder")]
    pub encoder: media::EncoderChoice,
}

impl Default for VideoConfig {
    fn default() -> Self {
        Self {
            source: media::VideoSource::TestPattern { walker: false },
            width: Side(1920),
            height: Side(1080),
            fps: const { NonZeroU8::new(30).expect("30 is not 0") },
            encoder: media::EncoderChoice::Auto,
        }
    }
}

/// Width or height in pixels: even, 64 to 4096.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u16")]
pub struct Side(u16);

impl Side {
    /// In pixels.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for Side {
    type Error = &'static str;

    fn try_from(pixels: u16) -> Result<Self, Self::Error> {
        if (64..=4096).contains(&pixels) && pixels.is_multiple_of(2) {
            Ok(Self(pixels))
        } else {
            Err("width and height must be even, 64 to 4096")
        }
    }
}

fn fps<'de, D: serde::Deserializer<'de>>(from: D) -> Result<NonZeroU8, D::Error> {
    let fps = NonZeroU8::deserialize(from)?;
    if fps.get() <= 60 { Ok(fps) } else { Err(serde::de::Error::custom("fps must be 1 to 60")) }
}

fn video_source<'de, D: serde::Deserializer<'de>>(from: D) -> Result<media::VideoSource, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn encoder<'de, D: serde::Deserializer<'de>>(from: D) -> Result<media::EncoderChoice, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

/// `[audio]`: where sound comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct AudioConfig {
    /// `none`, `tone`, `file:PATH` (WAV), `alsa:DEVICE`.
    #[serde(deserialize_with = "sound_source")]
    pub source: Option<media::SoundSource>,
}

fn sound_source<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<media::SoundSource>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "none" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// `[motion]`: what counts as movement.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MotionConfig {
    /// 0 (only the obvious) to 100 (the slightest).
    #[serde(deserialize_with = "percent")]
    pub sensitivity: u8,
    /// Seconds that a motion lasts after its last movement, 1 to 600.
    #[serde(deserialize_with = "hold")]
    pub hold_s: u16,
    /// Rectangles in shares of the picture. None: the whole picture.
    pub zones: Vec<ZoneConfig>,
    /// Smallest thing that counts, as a share of the picture's area, 0 to 1.
    #[serde(deserialize_with = "share")]
    pub minimum_size: f32,
}

impl Default for MotionConfig {
    fn default() -> Self {
        Self { sensitivity: 50, hold_s: 10, zones: Vec::new(), minimum_size: 0.002 }
    }
}

fn percent<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let percent = u8::deserialize(from)?;
    if percent <= 100 { Ok(percent) } else { Err(serde::de::Error::custom("must be 0 to 100")) }
}

fn hold<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let hold = u16::deserialize(from)?;
    let allowed = (1..=600).contains(&hold);
    if allowed { Ok(hold) } else { Err(serde::de::Error::custom("hold-s must be 1 to 600")) }
}

fn share<'de, D: serde::Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let share = f32::deserialize(from)?;
    let allowed = (0.0..=1.0).contains(&share);
    if allowed { Ok(share) } else { Err(serde::de::Error::custom("must be 0 to 1")) }
}

/// One rectangle; the picture's left upper corner is 0, 0 and its right lower one 1, 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "RawZone")]
pub struct ZoneConfig {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge, greater than the left one.
    pub right: f32,
    /// Lower edge, greater than the upper one.
    pub bottom: f32,
    /// Movement inside does not count.
    pub exclude: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawZone {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    #[serde(default)]
    exclude: bool,
}

impl TryFrom<RawZone> for ZoneConfig {
    type Error = &'static str;

    fn try_from(RawZone { left, top, right, bottom, exclude }: RawZone) -> Result<Self, Self::Error> {
        let inside = [left, top, right, bottom].iter().all(|edge| (0.0..=1.0).contains(edge));
        if inside && left < right && top < bottom {
            Ok(Self { left, top, right, bottom, exclude })
        } else {
            Err("a zone's edges must be 0 to 1, left < right, top < bottom")
        }
    }
}

/// `[snapshot]`: still pictures for the Home app's tiles and notifications.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct SnapshotConfig {
    /// JPEG quality, 1 to 100.
    #[serde(deserialize_with = "quality")]
    pub quality: u8,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self { quality: 80 }
    }
}

fn quality<'de, D: serde::Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let quality = u8::deserialize(from)?;
    let allowed = (1..=100).contains(&quality);
    if allowed { Ok(quality) } else { Err(serde::de::Error::custom("quality must be 1 to 100")) }
}
