// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads from sensor and microphone to encoded frames.
//!
//! ```text
//!  source ─► capture ─► FrameBus ─┬─► Tap ─► record ─► VideoEvent::Encoded
//!                                 ├─► Tap ─► live-N ─► VideoEvent::Live, one for each encode
//!                                 ├─► Tap (luma, 5/s) ─► motion, elsewhere
//!                                 └─► Tap (newest) ─► snapshot ─► JPEG
//! ```
//!
//! Nothing runs without a permit: the source is open only while `Permit<Capture>` holds, every tap
//! is made from a permit and ends with it. What a picture means is not decided here.
//!
//! ```
//! use std::sync::mpsc::channel;
//! use frame::Size;
//! use media::{EncoderChoice, Look, ScalerChoice, Video, VideoConfig};
//! use privacy::{Gate, OperatingMode};
//!
//! let mut gate = Gate::closed();
//! gate.set(OperatingMode { is_paired: true, ..OperatingMode::factory() });
//! let source = "test-pattern".parse().unwrap();
//! let size = Size::new(640, 360);
//! let (encoder, scaler, look) = (EncoderChoice::Auto, ScalerChoice::Software, Look::default());
//! let config = VideoConfig { source, size, fps: 30, encoder, scaler, look, snapshot_quality: 80 };
//! let video = Video::spawn(config, gate.watch(), Box::new(|event| drop(event))).unwrap();
//! let (reply, answer) = channel();
//! video.snapshot(Size::new(320, 180), Box::new(move |jpeg| reply.send(jpeg).unwrap()));
//! assert!(answer.recv().unwrap().unwrap().starts_with(&[0xff, 0xd8]));
//! ```

#![forbid(unsafe_code)]

mod backoff;
mod bus;
mod capture;
mod clock;
mod colour;
mod encode;
mod encoder;
mod lent;
mod mean;
mod pool;
mod scale;
mod shrink;
mod snapshot;
mod sound;
mod source;
mod speaker;
mod video;

pub use audio::{AudioFormat, LiveCodec, LiveFormat, LiveRate, PacketTime};
pub use bus::{Overflow, Received, Tap, TapOptions, TapPicture};
pub use clock::monotonic;
pub use encoder::{
    AccessUnits, Coding, EncodeError, EncoderChoice, EncoderFound, EncoderKind, EncoderSettings,
    IdrCadence, Level, M2m, M2mError, MAX_ACCESS_UNIT_BYTES, Openh264, PackageError, Profile,
    TrialError, UnknownEncoder, VideoEncoder, software_speed, try_encoder,
};
#[cfg(feature = "rkmpp")]
pub use encoder::{Rkmpp, RkmppError};
pub use mean::Mean;
pub use shrink::{ScalerChoice, UnknownScaler};
pub use snapshot::SnapshotError;
pub use sound::{
    Ducking, ListenerId, Loudness, OnSound, Sound, SoundError, SoundEvent, SoundSource,
    UnknownSound,
};
pub use source::{FoundCamera, SourceError, UnknownSource, UnusableFormat, VideoSource};
pub use source::{pattern, y4m};
pub use speaker::{
    OnSpeaker, Speaker, SpeakerError, SpeakerEvent, SpeakerSink, SpeakerStats, UnknownSpeaker,
};
pub use v4l2::{Look, Rect};
pub use video::{
    EncodeId, LiveEncode, MAX_FPS, RecordSettings, SnapshotReply, Video, VideoConfig,
    VideoConfigError, VideoEvent, VideoStats, Waker,
};
