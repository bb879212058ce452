// SPDX-License-Identifier: MIT OR Apache-2.0
//! H.264 in software, for boards without an encoder. CAVLC in every profile: the library's safe
//! face has no switch for CABAC.

use std::ptr::from_mut;

use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, Level as CodecLevel,
    Profile as CodecProfile, RateControlMode, SpsPpsStrategy, UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;
use openh264::{OpenH264API, Timestamp};
use openh264_sys2::{
    ENCODER_OPTION, ENCODER_OPTION_BITRATE, ENCODER_OPTION_MAX_BITRATE, ENCODER_OPTION_TRACE_LEVEL,
    SBitrateInfo, SPATIAL_LAYER_ALL, WELS_LOG_QUIET,
};

use frame::{EncodedFrame, RawFrame, Size};

use super::{AccessUnits, Coding, EncodeError, EncoderSettings, Level, Profile, VideoEncoder};

/// One encoder, one picture at a time, on the caller's thread.
pub struct Openh264 {
    encoder: Encoder,
    settings: EncoderSettings,
    units: AccessUnits,
    /// The byte stream of the last picture; kept for its memory.
    stream: Vec<u8>,
    /// The library sets itself up with the first picture and has no options before.
    has_begun: bool,
}

impl std::fmt::Debug for Openh264 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Openh264").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Openh264 {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] for odd or too large sizes, [`EncodeError::Openh264`].
    pub fn new(settings: &EncoderSettings) -> Result<Self, EncodeError> {
        let Size { width, height } = settings.size;
        let (long, short) = (width.max(height), width.min(height));
        if width % 2 != 0 || height % 2 != 0 || short < 16 || long > 3840 || short > 2160 {
            return Err(EncodeError::Unsupported(settings.size));
        }
        let mut encoder = Encoder::with_api_config(OpenH264API::from_source(), config(settings))?;
        silence(&mut encoder);
        Ok(Self {
            encoder,
            settings: settings.clone(),
            units: AccessUnits::new(settings.size),
            stream: Vec::new(),
            has_begun: false,
        })
    }

    #[expect(unsafe_code, reason = "the library's safe face cannot change the bit rate")]
    fn set_option(&mut self, option: ENCODER_OPTION, bitrate_bps: u32) -> Result<(), EncodeError> {
        let bitrate = i32::try_from(bitrate_bps).unwrap_or(i32::MAX);
        let mut info = SBitrateInfo { iLayer: SPATIAL_LAYER_ALL, iBitrate: bitrate };
        // SAFETY: both bit rate options read one SBitrateInfo, which outlives the call, and the
        // encoder is set up, because the first picture was encoded (`has_begun`).
        let code = unsafe { self.encoder.raw_api().set_option(option, from_mut(&mut info).cast()) };
        if code == 0 { Ok(()) } else { Err(EncodeError::Refused(code)) }
    }
}

impl VideoEncoder for Openh264 {
    fn encode(
        &mut self,
        frame: &RawFrame,
        kind: Coding,
    ) -> Result<Option<EncodedFrame>, EncodeError> {
        let (got, expected) = (frame.picture.size(), self.settings.size);
        if got != expected {
            return Err(EncodeError::Size { got, expected });
        }
        if kind == Coding::Idr && self.has_begun {
            self.encoder.force_intra_frame(); // the first picture is an IDR anyway
        }
        let (y, u, v) = (frame.picture.y(), frame.picture.u(), frame.picture.v());
        let planes = (y.samples, u.samples, v.samples);
        let picture = YUVSlices::new(planes, (y.width, y.height), (y.width, u.width, v.width));
        let time = Timestamp::from_millis(frame.pts.ticks_90k() / 90);
        let coded = self.encoder.encode_at(&picture, time)?;
        self.stream.clear();
        coded.write_vec(&mut self.stream);
        self.has_begun = true;
        Ok(self.units.package(&self.stream, frame.pts)?)
    }

    fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), EncodeError> {
        if self.has_begun {
            // The bound must never be below the aim, not even between the two calls.
            if bitrate_bps > self.settings.bitrate_bps {
                self.set_option(ENCODER_OPTION_MAX_BITRATE, bitrate_bps)?;
            }
            self.set_option(ENCODER_OPTION_BITRATE, bitrate_bps)?;
        } else {
            let settings = EncoderSettings { bitrate_bps, ..self.settings.clone() };
            *self = Self::new(&settings)?;
        }
        self.settings.bitrate_bps = bitrate_bps;
        Ok(())
    }
}

/// The library writes to the error output on its own; it would do so at every start, because we
/// do not let it skip pictures.
#[expect(unsafe_code, reason = "the library's safe face sets the level only after it has written")]
fn silence(encoder: &mut Encoder) {
    let mut level = WELS_LOG_QUIET;
    // SAFETY: this option reads one int, which outlives the call, and is allowed before set-up.
    unsafe {
        encoder.raw_api().set_option(ENCODER_OPTION_TRACE_LEVEL, from_mut(&mut level).cast())
    };
}

fn config(settings: &EncoderSettings) -> EncoderConfig {
    let fps = f32::from(u16::try_from(settings.fps).unwrap_or(u16::MAX));
    EncoderConfig::new()
        .usage_type(UsageType::CameraVideoRealTime)
        .rate_control_mode(RateControlMode::Bitrate)
        .bitrate(BitRate::from_bps(settings.bitrate_bps))
        .max_frame_rate(FrameRate::from_hz(fps))
        .profile(match settings.profile {
            Profile::Baseline => CodecProfile::Baseline,
            Profile::Main => CodecProfile::Main,
            Profile::High => CodecProfile::High,
        })
        .level(match settings.level {
            Level::L3_1 => CodecLevel::Level_3_1,
            Level::L3_2 => CodecLevel::Level_3_2,
            Level::L4_0 => CodecLevel::Level_4_0,
        })
        .complexity(Complexity::Low)
        .sps_pps_strategy(SpsPpsStrategy::ConstantId)
        .num_threads(1)
        .skip_frames(false) // hubs want a steady cadence
        .scene_change_detect(false) // it would place IDRs off the cadence
        .vui(VuiConfig::bt709())
}
