// SPDX-License-Identifier: MIT OR Apache-2.0
//! `[video]`, `[audio]`, `[motion]`, `[snapshot]`

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use camera::motion::{self, Hold, MinimumSize, Point, Sensitivity, Zone, ZoneKind, Zones};
use camera::plan::Share;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// `[video]`: where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct VideoConfig {
    /// `test-pattern`, `test-pattern:walker`, `file:PATH` (Y4M), `v4l2:PATH` or
    /// `v4l2:` and the name or place that V4L2 tells.
    #[serde(deserialize_with = "video_source")]
    pub source: media::VideoSource,
    /// Pixels per row, even.
    pub width: Side,
    /// Rows, even.
    pub height: Side,
    /// Pictures a second, 1 to 60.
    #[serde(deserialize_with = "fps")]
    pub fps: NonZeroU8,
    /// `auto`, `m2m`, `m2m:NAME`, `rkmpp`, `rkmpp:PATH` or `openh264`.
    #[serde(deserialize_with = "encoder")]
    pub encoder: media::EncoderChoice,
    /// Percent of the machine's processor that the software encoder may use, 10 to 100.
    #[serde(deserialize_with = "encoder_budget")]
    pub encoder_budget: Share,
    /// What makes small pictures of large ones: `auto`, the scaler of the board's table; `m2m`,
    /// `m2m:NAME` (a V4L2 scaler) or `software`.
    #[serde(deserialize_with = "scaler")]
    pub scaler: Scaler,
    /// `[left, top, width, height]`: the part of what a V4L2 camera's sensor sees that is used, in
    /// the sensor's pixels. A camera that cannot cut it out is not used.
    pub crop: Option<Crop>,
    /// What a V4L2 camera is told.
    pub controls: ControlsConfig,
}

/// `[video.controls]`: settings of a V4L2 camera. What is absent stays as the camera has it; what
/// it does not have is told in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ControlsConfig {
    /// Mirrored.
    pub horizontal_flip: bool,
    /// On its head. Both together turn the picture of a camera that hangs.
    pub vertical_flip: bool,
    /// Exposure time in microseconds, fixed.
    pub exposure_us: Option<NonZeroU32>,
    /// Gain in the camera's own unit, fixed.
    pub gain: Option<u32>,
    /// White balance in kelvin, fixed.
    pub white_balance_k: Option<NonZeroU32>,
}

impl Default for VideoConfig {
    fn default() -> Self {
        Self {
            source: media::VideoSource::TestPattern(media::pattern::Scene::Still),
            width: Side(1920),
            height: Side(1080),
            fps: const { NonZeroU8::new(30).expect("30 is not 0") },
            encoder: media::EncoderChoice::Auto,
            encoder_budget: Share::default(),
            scaler: Scaler::OfTheBoard,
            crop: None,
            controls: ControlsConfig::default(),
        }
    }
}

/// What makes small pictures of large ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scaler {
    /// `auto`
    OfTheBoard,
    /// This one.
    Chosen(media::ScalerChoice),
}

/// A part of what a sensor sees, in its pixels: even numbers, sides of 16 at least, no edge
/// further than 65534 from the upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "[u16; 4]")]
pub struct Crop(media::Rect);

impl Crop {
    /// As `media` wants it.
    pub fn rect(self) -> media::Rect {
        self.0
    }
}

impl TryFrom<[u16; 4]> for Crop {
    type Error = &'static str;

    fn try_from([left, top, width, height]: [u16; 4]) -> Result<Self, Self::Error> {
        let is_even = [left, top, width, height].into_iter().all(|side| side.is_multiple_of(2));
        let fits = |from: u16, side: u16| side >= 16 && from.checked_add(side).is_some();
        if !is_even || !fits(left, width) || !fits(top, height) {
            return Err(
                "crop must be [left, top, width, height], even, width and height 16 or more",
            );
        }
        let [left, top, width, height] = [left, top, width, height].map(u32::from);
        Ok(Self(media::Rect { left, top, width, height }))
    }
}

/// Width or height in pixels: even, 64 to 3840.
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
        if (64..=3840).contains(&pixels) && pixels.is_multiple_of(2) {
            Ok(Self(pixels))
        } else {
            Err("width and height must be even, 64 to 3840")
        }
    }
}

fn fps<'de, D: Deserializer<'de>>(from: D) -> Result<NonZeroU8, D::Error> {
    let fps = NonZeroU8::deserialize(from)?;
    if fps.get() <= 60 { Ok(fps) } else { Err(D::Error::custom("fps must be 1 to 60")) }
}

fn video_source<'de, D: Deserializer<'de>>(from: D) -> Result<media::VideoSource, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn encoder<'de, D: Deserializer<'de>>(from: D) -> Result<media::EncoderChoice, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn encoder_budget<'de, D: Deserializer<'de>>(from: D) -> Result<Share, D::Error> {
    Share::try_from(u8::deserialize(from)?).map_err(D::Error::custom)
}

fn scaler<'de, D: Deserializer<'de>>(from: D) -> Result<Scaler, D::Error> {
    match String::deserialize(from)?.as_str() {
        "auto" => Ok(Scaler::OfTheBoard),
        other => other.parse().map(Scaler::Chosen).map_err(D::Error::custom),
    }
}

/// `[audio]`: where sound comes from and goes to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct AudioConfig {
    /// `none`, `tone`, `file:PATH` (WAV), `alsa:DEVICE`.
    #[serde(deserialize_with = "sound_source")]
    pub source: Option<media::SoundSource>,
    /// What viewers say: `none`, `alsa:DEVICE`, `file:PATH` (WAV), `null`.
    #[serde(deserialize_with = "speaker")]
    pub speaker: Option<media::SpeakerSink>,
}

fn sound_source<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<media::SoundSource>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "none" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

fn speaker<'de, D: Deserializer<'de>>(from: D) -> Result<Option<media::SpeakerSink>, D::Error> {
    let text = String::deserialize(from)?;
    if text == "none" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(D::Error::custom)
}

/// `[motion]`: what counts as movement.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MotionConfig {
    /// 0 (only the obvious) to 100 (the slightest).
    #[serde(deserialize_with = "sensitivity")]
    pub sensitivity: Sensitivity,
    /// Seconds that a motion lasts after its last movement, 1 to 600.
    #[serde(deserialize_with = "hold")]
    pub hold_s: Hold,
    /// Rectangles in shares of the picture. None: the whole picture.
    #[serde(deserialize_with = "zones")]
    pub zones: Zones,
    /// Smallest thing that counts, as a share of the picture's area, 0 to 0.5.
    #[serde(deserialize_with = "minimum_size")]
    pub minimum_size: MinimumSize,
}

impl MotionConfig {
    /// As the detector wants it.
    pub fn detector(&self) -> motion::MotionConfig {
        motion::MotionConfig {
            sensitivity: self.sensitivity,
            hold: self.hold_s,
            minimum_size: self.minimum_size,
            zones: self.zones.clone(),
        }
    }
}

fn sensitivity<'de, D: Deserializer<'de>>(from: D) -> Result<Sensitivity, D::Error> {
    Sensitivity::new(u8::deserialize(from)?).map_err(D::Error::custom)
}

fn hold<'de, D: Deserializer<'de>>(from: D) -> Result<Hold, D::Error> {
    Hold::new(Duration::from_secs(u16::deserialize(from)?.into())).map_err(D::Error::custom)
}

fn minimum_size<'de, D: Deserializer<'de>>(from: D) -> Result<MinimumSize, D::Error> {
    MinimumSize::new(f32::deserialize(from)?).map_err(D::Error::custom)
}

fn zones<'de, D: Deserializer<'de>>(from: D) -> Result<Zones, D::Error> {
    let zones = Vec::<Rectangle>::deserialize(from)?.into_iter().map(|rectangle| rectangle.0);
    Zones::new(zones.collect()).map_err(D::Error::custom)
}

/// One rectangle; the picture's left upper corner is 0, 0 and its right lower one 1, 1.
#[derive(Deserialize)]
#[serde(try_from = "Edges")]
struct Rectangle(Zone);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Edges {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    #[serde(default)]
    exclude: bool,
}

impl TryFrom<Edges> for Rectangle {
    type Error = String;

    fn try_from(Edges { left, top, right, bottom, exclude }: Edges) -> Result<Self, String> {
        if left >= right || top >= bottom {
            return Err("a zone must have left < right and top < bottom".to_owned());
        }
        let kind = if exclude { ZoneKind::Exclude } else { ZoneKind::Include };
        let (first, second) = (Point { x: left, y: top }, Point { x: right, y: bottom });
        Zone::rectangle(kind, first, second).map(Self).map_err(|error| error.to_string())
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

fn quality<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let quality = u8::deserialize(from)?;
    let allowed = (1..=100).contains(&quality);
    if allowed { Ok(quality) } else { Err(D::Error::custom("quality must be 1 to 100")) }
}
