// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fragmented MP4 for recordings: one init segment, then one fragment per GOP.
//!
//! A [`Muxer`] serves one recording. Its time begins at zero with the first picture, in both tracks,
//! and never jumps: what a fragment's durations add up to is where the next one begins. Frames keep
//! their capture times, so a camera that slows down at night is shown at the speed of life.
//! There are no B-frames here, and so no composition offsets and no edit list.
//!
//! ```text
//! ftyp moov(mvhd trak(avc1/avcC) [trak(mp4a/esds)] mvex)          init_segment()
//! moof(mfhd traf(tfhd tfdt trun) [traf(tfhd tfdt trun)]) mdat     fragment(): video, then sound
//! ```
//!
//! The boxes are written by hand and not with a box library. Every size in a fragment is known from
//! the number of samples, so the whole of it is one exact allocation into which each sample is
//! copied once; a library of owned boxes encodes `moof` twice to learn its data offsets, holds
//! every sample entry in memory and takes the media by value. The set of boxes is small and fixed.
//! The tests read the result with an independent box library and with ffmpeg.
//!
//! [`probe`] is the way back, for tests and simulators; the daemon itself never reads MP4.
//!
//! ```
//! # use std::sync::Arc;
//! # use frame::{AvcConfig, EncodedFrame, Pts, Size};
//! # let sps = vec![0x67, 0x42, 0xc0, 0x1f];
//! # let config = Arc::new(AvcConfig::new(sps, vec![0x68, 0xce, 0x3c, 0x80], Size::new(640, 360))?);
//! # let data = frame::Coded::from(&[0, 0, 0, 2, 0x65, 0x88][..]);
//! # let idr = EncodedFrame { pts: Pts::from_millis(7_000), is_idr: true, data, config };
//! let mut muxer = fmp4::Muxer::new(idr.config.clone(), None)?;
//! let init = muxer.init_segment();
//! let end = Pts::from_millis(7_040); // when the next IDR was captured
//! let gop = fmp4::Gop { frames: &[idr], end, audio: &[], audio_end: None };
//! let fragment = muxer.fragment(&gop)?;
//!
//! let init = fmp4::probe::init_segment(&init)?;
//! let fragment = fmp4::probe::fragment(&init, &fragment)?;
//! assert_eq!((fragment.sequence_number, fragment.video.samples[0].duration), (1, 3_600));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod avcc;
mod boxes;
mod init;
mod muxer;
pub mod probe;
mod timeline;

pub use avcc::SpsError;
pub use muxer::{Error, Gop, MAX_FRAGMENT_BYTES, MAX_SAMPLES, Muxer, VIDEO_TIMESCALE_HZ};
