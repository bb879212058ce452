// SPDX-License-Identifier: MIT OR Apache-2.0
//! The software encoder as a back end, for boards without an encoder of their own.

use openh264enc::{Encoder, Error, Settings};

use frame::{EncodedFrame, RawFrame};

use super::{AccessUnits, Coding, EncodeError, EncoderSettings, Level, Profile, VideoEncoder};

/// One encoder, one picture at a time, on the caller's thread or on as many as it was told.
#[derive(Debug)]
pub struct Openh264 {
    encoder: Encoder,
    units: AccessUnits,
}

impl Openh264 {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`EncodeError::Unsupported`] for odd or too large sizes, [`EncodeError::Openh264`].
    pub fn new(settings: &EncoderSettings) -> Result<Self, EncodeError> {
        let encoder = Encoder::new(&Settings {
            size: settings.size,
            fps: u16::try_from(settings.fps).unwrap_or(u16::MAX),
            profile: match settings.profile {
                Profile::Baseline => openh264enc::Profile::Baseline,
                Profile::Main => openh264enc::Profile::Main,
                Profile::High => openh264enc::Profile::High,
            },
            level: match settings.level {
                Level::L3_1 => openh264enc::Level::Level_3_1,
                Level::L3_2 => openh264enc::Level::Level_3_2,
                Level::L4_0 => openh264enc::Level::Level_4_0,
            },
            bitrate_bps: settings.bitrate_bps,
            threads: settings.threads,
        })?;
        Ok(Self { encoder, units: AccessUnits::new(settings.size) })
    }
}

impl VideoEncoder for Openh264 {
    fn encode(
        &mut self,
        frame: &RawFrame,
        kind: Coding,
    ) -> Result<Option<EncodedFrame>, EncodeError> {
        if kind == Coding::Idr {
            self.encoder.force_idr();
        }
        let stream = self.encoder.encode(&frame.picture, frame.pts)?;
        Ok(self.units.package(stream, frame.pts)?)
    }

    fn set_bitrate(&mut self, bitrate_bps: u32) -> Result<(), EncodeError> {
        Ok(self.encoder.set_bitrate(bitrate_bps)?)
    }
}

impl From<Error> for EncodeError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(code) => Self::Refused(code),
            Error::Size { got, expected } => Self::Size { got, expected },
            Error::Unsupported(size) => Self::Unsupported(size),
            error @ Error::Library(_) => Self::Openh264(error),
        }
    }
}
