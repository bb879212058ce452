// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading recordings, for tests and simulators: as strict as a home hub, and not a general MP4
//! reader. What the rules for recordings forbid is an error here.
//!
//! Any bytes may come in: nothing panics, and nothing is allocated for a count that the bytes
//! behind it cannot back.

mod fragment;
mod init;
mod reader;

use frame::{AudioConfig, AvcConfig};

pub use fragment::{Fragment, Run, Sample, fragment};
pub use init::init_segment;

/// What an init segment tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitSegment {
    /// The pictures.
    pub video: Track<AvcConfig>,
    /// The sound, when there is any.
    pub audio: Option<Track<AudioConfig>>,
}

/// One track of an init segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track<Config> {
    /// Its number, which fragments refer to.
    pub id: u32,
    /// Units per second of its durations.
    pub timescale_hz: u32,
    /// What a decoder needs.
    pub config: Config,
}

/// Bytes that are no recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{fault} at byte {at}")]
pub struct Error {
    /// Where the faulty box or field begins, counted from the start of the segment.
    pub at: usize,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong with a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A box or a field ends behind the bytes that hold it.
    #[error("cut off")]
    CutOff,
    /// A box that has to be there is not, or a field's value makes no sense.
    #[error("bad or missing `{}`", .0.escape_ascii())]
    Bad([u8; 4]),
    /// The bytes of a sample are not inside `mdat`.
    #[error("a sample outside the media")]
    Outside,
    /// Allowed in MP4, but not in a recording.
    #[error("not for recordings: `{}`", .0.escape_ascii())]
    Unsuitable([u8; 4]),
}
