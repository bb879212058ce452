// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the threads are told: by the configuration file, by a hub, by viewers.

use std::num::NonZeroU8;
use std::time::Duration;

use frame::Size;
use privacy::LivePermit;

use crate::encoder::{EncoderChoice, EncoderSettings, Level, Profile};
use crate::shrink::ScalerChoice;
use crate::source::VideoSource;

/// What the configuration file says about video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoConfig {
    /// Where pictures come from.
    pub source: VideoSource,
    /// Their size; a source of another size is scaled, aspect kept.
    pub size: Size,
    /// Pictures a second, 1 to [`MAX_FPS`]; a device may deliver fewer.
    pub fps: u32,
    /// Which encoder to use.
    pub encoder: EncoderChoice,
    /// Which scaler to use for smaller pictures.
    pub scaler: ScalerChoice,
    /// What the owner sets of a V4L2 camera.
    pub look: v4l2::Look,
    /// Of the JPEG pictures of [`Video::snapshot`](super::Video::snapshot), 1 to 100.
    pub snapshot_quality: u8,
}

impl VideoConfig {
    /// # Errors
    /// [`VideoConfigError`].
    pub(super) fn check(&self) -> Result<(), VideoConfigError> {
        let is_side = |side: u16| side.is_multiple_of(2) && (16..=3840).contains(&side);
        if !is_side(self.size.width) || !is_side(self.size.height) {
            return Err(VideoConfigError::Size(self.size));
        }
        if !(1..=MAX_FPS).contains(&self.fps) {
            return Err(VideoConfigError::Fps(self.fps));
        }
        Ok(())
    }
}

/// More pictures a second than any source of ours has.
pub const MAX_FPS: u32 = 120;

/// The configuration cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VideoConfigError {
    /// Sides must be even, from 16 to 3840.
    #[error("picture size must be even and between 16 and 3840 pixels a side")]
    Size(Size),
    /// See [`MAX_FPS`].
    #[error("pictures a second must be between 1 and {MAX_FPS}")]
    Fps(u32),
}

/// What a hub selected for recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSettings {
    /// Size of the encoded picture.
    pub size: Size,
    /// Pictures a second; more than the source has means all.
    pub fps: u32,
    /// So many of those are encoded, each with its share of the bits. Another number is taken by
    /// the running encoder, without an IDR.
    pub coded_fps: u32,
    /// H.264 profile.
    pub profile: Profile,
    /// H.264 level.
    pub level: Level,
    /// Bits a second.
    pub bitrate_bps: u32,
    /// Threads of the software encoder.
    pub threads: NonZeroU8,
    /// No IDR comes later than this after the last: the selected fragment length.
    pub idr_interval: Duration,
}

/// Names an encode for live view; chosen by who asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EncodeId(pub u32);

/// An encode for live view, which viewers with the same need share.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEncode {
    /// Names it in [`crate::VideoEvent::Live`].
    pub id: EncodeId,
    /// What to make; more pictures a second than the source has means all.
    pub settings: EncoderSettings,
    /// Those of its viewers. It ends when none is valid any more.
    pub permits: Vec<LivePermit>,
}
