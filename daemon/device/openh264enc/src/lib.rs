// SPDX-License-Identifier: MIT OR Apache-2.0
//! H.264 in software: pictures in, the byte stream of ITU-T H.264 Annex B out. A safe face over
//! the openh264 crate, which cannot change the bit rate of a running encoder nor keep the library
//! from writing to the error output. Nothing is packed here and nobody decides when an IDR is due.
//!
//! CAVLC in every profile: the crate has no switch for CABAC.
//!
//! ```
//! use frame::{Pts, Size, YuvPicture};
//! use openh264enc::{Encoder, Level, Profile, Settings};
//!
//! let size = Size::new(320, 180);
//! let (profile, level) = (Profile::Main, Level::Level_3_1);
//! let threads = std::num::NonZeroU8::MIN;
//! let settings = Settings { size, fps: 30, profile, level, bitrate_bps: 300_000, threads };
//! let mut encoder = Encoder::new(&settings).unwrap();
//! let stream = encoder.encode(&YuvPicture::black(size), Pts::from_millis(0)).unwrap();
//! assert!(stream.starts_with(&[0, 0, 0, 1, 0x67])); // a sequence parameter set
//! ```

mod memory;

use std::num::NonZeroU8;
use std::ptr::from_mut;

use openh264::encoder::{
    BitRate, Complexity, EncoderConfig, FrameRate, QpRange, RateControlMode, SpsPpsStrategy,
    UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;
use openh264::{OpenH264API, Timestamp};
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_MAX_BITRATE, ENCODER_OPTION_TRACE_LEVEL,
    LAYER_NUM, SBitrateInfo, SPATIAL_LAYER_0, SPATIAL_LAYER_ALL, WELS_LOG_QUIET,
};

use frame::{Pts, Size, YuvPicture};

pub use memory::return_large_blocks;
pub use openh264::encoder::{Level, Profile};

/// What an encoder is to make.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Size of the pictures it will get: even, the short side 16 to 2160, the long one up to 3840.
    pub size: Size,
    /// Pictures a second, for the rate control.
    pub fps: u16,
    /// The profile.
    pub profile: Profile,
    /// The level written to the parameter sets; raised by the library to what `size` needs.
    pub level: Level,
    /// Bits a second to aim at.
    pub bitrate_bps: u32,
    /// Threads that share each picture, 1 to [`MOST_THREADS`]; more count as that. With more than
    /// one a picture has as many slices.
    pub threads: NonZeroU8,
}

/// The library has no more threads for one picture.
pub const MOST_THREADS: u8 = 4;

/// Why there is no byte stream.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The library said no.
    #[error("openh264")]
    Library(#[from] openh264::Error),
    /// The library did not take an option.
    #[error("option refused by openh264 with code {0}")]
    Refused(i32),
    /// A picture is not of the size the encoder was made for.
    #[error("picture is {got:?}, the encoder is set to {expected:?}")]
    Size {
        /// The picture's.
        got: Size,
        /// The encoder's.
        expected: Size,
    },
    /// Odd, too small or too large; see [`Settings::size`].
    #[error("cannot encode pictures of {0:?}")]
    Unsupported(Size),
}

/// One encoder, one picture at a time, on the caller's thread.
pub struct Encoder {
    library: openh264::encoder::Encoder,
    settings: Settings,
    /// The byte stream of the last picture; kept for its memory.
    stream: Vec<u8>,
    /// The library sets itself up with the first picture and has no options before.
    has_begun: bool,
}

impl Encoder {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`Error::Unsupported`] and [`Error::Library`].
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let Size { width, height } = settings.size;
        let (long, short) = (width.max(height), width.min(height));
        if width % 2 != 0 || height % 2 != 0 || short < 16 || long > 3840 || short > 2160 {
            return Err(Error::Unsupported(settings.size));
        }
        let api = OpenH264API::from_source();
        let mut library = openh264::encoder::Encoder::with_api_config(api, config(settings))?;
        silence(&mut library)?;
        Ok(Self { library, settings: settings.clone(), stream: Vec::new(), has_begun: false })
    }

    /// Encodes `picture` and lends its byte stream until the next call; the parameter sets stand
    /// before every IDR. Empty when the library dropped the picture. The first picture is an IDR.
    ///
    /// # Errors
    /// [`Error::Size`] and [`Error::Library`]; after the latter the encoder is of no more use.
    pub fn encode(&mut self, picture: &YuvPicture, pts: Pts) -> Result<&[u8], Error> {
        let (got, expected) = (picture.size(), self.settings.size);
        if got != expected {
            return Err(Error::Size { got, expected });
        }
        let (y, u, v) = (picture.y(), picture.u(), picture.v());
        let planes = (y.samples, u.samples, v.samples);
        let source = YUVSlices::new(planes, (y.width, y.height), (y.width, u.width, v.width));
        let coded =
            self.library.encode_at(&source, Timestamp::from_millis(pts.ticks_90k() / 90))?;
        self.stream.clear();
        coded.write_vec(&mut self.stream);
        self.has_begun = true;
        Ok(&self.stream)
    }

    /// Makes the next picture an IDR.
    pub fn force_idr(&mut self) {
        if self.has_begun {
            self.library.force_intra_frame(); // the first picture is an IDR anyway
        }
    }

    /// Aims at `bitrate_bps` from the next picture on, without an IDR.
    ///
    /// # Errors
    /// [`Error::Refused`], and before the first picture those of [`Self::new`].
    pub fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), Error> {
        if self.has_begun {
            // The layer's bound must never be below the aim; the bound of all layers bounds nothing.
            if bitrate_bps > self.settings.bitrate_bps {
                self.set_option(ENCODER_OPTION_MAX_BITRATE, SPATIAL_LAYER_0, bitrate_bps)?;
            }
            self.set_option(ENCODER_OPTION_BITRATE, SPATIAL_LAYER_ALL, bitrate_bps)?;
        } else {
            *self = Self::new(&Settings { bitrate_bps, ..self.settings.clone() })?;
        }
        self.settings.bitrate_bps = bitrate_bps;
        Ok(())
    }

    /// Sets one of the two bit rate options. Only for an encoder that has begun.
    fn set_option(
        &mut self,
        option: ENCODER_OPTION,
        layer: LAYER_NUM,
        bitrate_bps: u32,
    ) -> Result<(), Error> {
        assert!(self.has_begun, "the caller has checked it");
        let bitrate = i32::try_from(bitrate_bps).unwrap_or(i32::MAX);
        let mut info = SBitrateInfo { iLayer: layer, iBitrate: bitrate };
        // SAFETY: both bit rate options read one SBitrateInfo, which outlives the call, and the
        // encoder is set up, because the first picture was encoded (`has_begun`). The crate's own
        // encoder reads neither back, so its view of the library stays true.
        let code = unsafe { self.library.raw_api().set_option(option, from_mut(&mut info).cast()) };
        accepted(code)
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The library writes to the error output on its own, and the crate sets the level only after it
/// has written; it would do so at every start, because it is not allowed to skip pictures.
fn silence(library: &mut openh264::encoder::Encoder) -> Result<(), Error> {
    let mut level = WELS_LOG_QUIET;
    // SAFETY: this option reads one 32-bit int, which outlives the call, and is allowed before
    // the encoder is set up; nothing else depends on it.
    let code = unsafe {
        library.raw_api().set_option(ENCODER_OPTION_TRACE_LEVEL, from_mut(&mut level).cast())
    };
    accepted(code)
}

const _: () = assert!(size_of_val(&WELS_LOG_QUIET) == size_of::<std::ffi::c_int>());

fn accepted(code: std::ffi::c_int) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(Error::Refused(code)) }
}

fn config(settings: &Settings) -> EncoderConfig {
    let threads = settings.threads.get().min(MOST_THREADS);
    let config = EncoderConfig::new()
        .usage_type(UsageType::CameraVideoRealTime)
        .rate_control_mode(RateControlMode::Bitrate)
        .bitrate(BitRate::from_bps(settings.bitrate_bps))
        .max_frame_rate(FrameRate::from_hz(settings.fps.into()))
        .profile(settings.profile)
        .level(settings.level)
        .complexity(Complexity::Low) // the next costs a fifth more and gains a tenth of a dB
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .qp(QUANTISERS)
        .num_threads(threads.into())
        .skip_frames(false) // hubs want a steady cadence
        .scene_change_detect(false) // it would place IDRs off the cadence
        .vui(VuiConfig::bt709());
    if threads > 1 { config.max_slice_len(SLICE_BYTES) } else { config }
}

/// Of the two ways to slices that the library has, the crate can ask for the one by length; with
/// threads each has its part of the picture then, and no part of ours is so long.
const SLICE_BYTES: u32 = 128 << 10;

/// Up to the coarsest of H.264, so that a noisy night does not burst a thin line. A range that
/// begins at 0, the crate's own, makes the library stop at 42.
const QUANTISERS: QpRange = QpRange::new(12, 51);
