// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sound from a microphone, a file or a generator to AAC or Opus packets with capture times, and
//! from packets to a loudspeaker.
//!
//! ```text
//! Capture (ALSA | WAV | tone | silence) ─► Converter (channels, rate) ─► Encoder ─► AudioPacket
//! packets ─► Decoder ─► Converter ─► Playback (ALSA | WAV | null)
//! ```
//!
//! A [`Capture`] delivers samples at the speed of life and says when the first of them was
//! captured, a [`Playback`] takes them at that speed; nothing here owns a thread or decides whether
//! the microphone may run.
//! Why the AAC encoder is the one it is stands in `daemon/decisions/aac-encoder.md`.
//!
//! ```
//! use audio::{AudioFormat, Encoder};
//! use frame::{AudioCodec, Pts};
//!
//! let format = AudioFormat {
//!     codec: AudioCodec::AacLc,
//!     sample_rate_hz: 32_000,
//!     channels: 1,
//!     bitrate_bps: 64_000,
//! };
//! # if !cfg!(feature = "fdk-aac") { return Ok(()) }
//! let mut encoder = Encoder::new(format)?;
//! assert_eq!(encoder.config().specific_config, [0x12, 0x88]);
//! let packets = encoder.push(Pts::from_millis(60_000), &[0; 3_200])?;
//! assert_eq!(packets.len(), 3);
//! # Ok::<(), audio::EncodeError>(())
//! ```

mod anchor;
mod capture;
#[cfg(feature = "alsa")]
mod card;
mod clock;
mod coder;
mod convert;
mod decoder;
mod encoder;
mod live;
mod playback;

#[cfg(feature = "alsa")]
pub use capture::alsa::Alsa;
pub use capture::silence::Silence;
pub use capture::tone::Tone;
pub use capture::wav::{Wav, WavError, WavFault};
pub use capture::{Capture, CaptureError, PcmFormat};
pub use coder::CoderError;
pub use convert::{ConvertError, Converter};
pub use decoder::{DecodeError, Decoder};
pub use encoder::{AudioFormat, EncodeError, Encoder};
pub use live::{LiveCodec, LiveFormat, LiveRate, PacketTime};
#[cfg(feature = "alsa")]
pub use playback::alsa::Player;
pub use playback::null::Null;
pub use playback::wav::WavSink;
pub use playback::{Playback, PlaybackError};
