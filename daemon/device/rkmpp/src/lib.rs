// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rockchip's encoders through `librockchip_mpp`: pictures in a camera's memory (DMABUF) or copied
//! into the encoder's go in, the byte stream of H.264 (ITU-T H.264 Annex B) or a JPEG comes out.
//! The library is loaded at run time, so that one program serves boards with it and without.
//!
//! One picture at a time, on the caller's thread, and no picture takes for ever: every wait has a
//! bound. Nobody decides here when an IDR is due, or what to do where memory cannot be imported.
//!
//! ```text
//!  Library ──► Encoder ──┬─ encode_import(DMABUF) ─┐
//!  (stays loaded)        └─ encode_copy(fill) ─────┴─► Packet (given back by drop)
//! ```
//!
//! ```no_run
//! use frame::{Chroma, Colour};
//! use rkmpp::{Codec, Encoder, EncoderConfig, Layout, Library};
//!
//! let library = Library::load(None)?;
//! let layout = Layout { chroma: Chroma::Pairs, stride: 640, lines: 360 };
//! let codec = Codec::H264 { profile_idc: 77, level_idc: 31, fps: 30, bitrate_bps: 500_000 };
//! let colour = Colour { is_bt709: true, is_full_range: false };
//! let config = EncoderConfig { width: 640, height: 360, layout, colour, codec };
//! let mut encoder = Encoder::new(library, &config)?;
//! let packet = encoder.encode_copy(0, |memory| memory.fill(128))?;
//! assert!(packet.is_intra());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod context;
mod encoder;
mod ending;
mod error;
mod library;
mod memory;
mod packet;

pub use config::{Codec, EncoderConfig, Layout};
pub use encoder::{Encoder, PICTURE_TIMEOUT};
pub use error::{Error, LoadError};
pub use library::Library;
pub use packet::{MAX_PACKET_BYTES, Packet};

/// What the build knows about our declarations of the library and this machine's headers of it.
pub const HEADERS: &str = rkmpp_sys::HEADERS;
