// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the threads tell and count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use frame::EncodedFrame;

use super::config::EncodeId;
use crate::encoder::EncodeError;
use crate::source::SourceError;

/// What the video threads tell. The callback runs on those threads and must not wait.
#[derive(Debug)]
pub enum VideoEvent {
    /// The source is open and running.
    CaptureStarted,
    /// The source is closed.
    CaptureStopped,
    /// The source gives no pictures. It is tried again after 1 to 10 s.
    SourceLost {
        /// Why.
        reason: SourceError,
    },
    /// The first picture after a loss.
    SourceBack,
    /// A picture for recordings. The first one after a start is an IDR; a `config` that differs
    /// from the one before means a new encoder.
    Encoded(EncodedFrame),
    /// The recording encoder stopped. It is tried again after 1 to 10 s.
    EncoderFailed {
        /// Why.
        reason: EncodeError,
    },
    /// A picture for live view. The first one of an encode is an IDR; a `config` that differs
    /// from the one before means a new encoder and comes with an IDR.
    Live {
        /// Which encode it is of.
        encode: EncodeId,
        /// The picture.
        frame: EncodedFrame,
    },
    /// An encoder for live view stopped. It is tried again after 1 to 10 s.
    LiveFailed {
        /// Which encode it was of.
        encode: EncodeId,
        /// Why.
        reason: EncodeError,
    },
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VideoStats {
    /// Pictures from the source.
    pub captured: u64,
    /// Pictures the source skipped, or for which there was no memory because readers were late.
    pub missed: u64,
    /// Pictures encoded for recordings.
    pub encoded: u64,
    /// Bytes of whole pictures that the processor wrote on their way from the camera to encoders
    /// and snapshots: conversions, scaling, copies. Divided by `captured` it is bytes a picture;
    /// zero when the encoder reads the camera's own memory.
    pub copied_bytes: u64,
    /// Pictures lost because the recording encoder was late.
    pub record_dropped: u64,
    /// Pictures encoded for live view, of all encodes together.
    pub live_encoded: u64,
    /// Those of them that are IDRs.
    pub live_idrs: u64,
    /// Pictures lost because an encoder for live view was late.
    pub live_dropped: u64,
    /// Times an encoder for live view stopped.
    pub live_failed: u64,
    /// Macroblocks (16 by 16 pixels) encoded, of all encodes together.
    pub coded_macroblocks: u64,
    /// The processor's time for it, scaling included.
    pub encoding: Duration,
    /// JPEG pictures made; answers from the cache are not counted.
    pub snapshots: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub captured: Counter,
    pub missed: Counter,
    pub encoded: Counter,
    pub copied_bytes: Arc<Counter>,
    pub record_dropped: Counter,
    pub live_encoded: Counter,
    pub live_idrs: Counter,
    pub live_dropped: Counter,
    pub live_failed: Counter,
    pub coded_macroblocks: Counter,
    pub encoding_us: Counter,
    pub snapshots: Counter,
}

impl Counters {
    /// A picture of so many macroblocks took the processor so long.
    pub(crate) fn add_effort(&self, spent: Duration, macroblocks: u64) {
        self.coded_macroblocks.add(macroblocks);
        self.encoding_us.add(u64::try_from(spent.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn read(&self) -> VideoStats {
        VideoStats {
            captured: self.captured.read(),
            missed: self.missed.read(),
            encoded: self.encoded.read(),
            copied_bytes: self.copied_bytes.read(),
            record_dropped: self.record_dropped.read(),
            live_encoded: self.live_encoded.read(),
            live_idrs: self.live_idrs.read(),
            live_dropped: self.live_dropped.read(),
            live_failed: self.live_failed.read(),
            coded_macroblocks: self.coded_macroblocks.read(),
            encoding: Duration::from_micros(self.encoding_us.read()),
            snapshots: self.snapshots.read(),
        }
    }
}

/// Counts from several threads.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
