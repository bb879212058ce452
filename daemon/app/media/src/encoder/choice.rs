// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which encoder is used.

#[cfg(feature = "rkmpp")]
use std::path::{Path, PathBuf};

use v4l2::{EncoderNode, FourCc};

#[cfg(feature = "rkmpp")]
use super::Rkmpp;
use super::{EncodeError, EncoderSettings, M2m, M2mError, Openh264, VideoEncoder};

/// A kind of H.264 encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderKind {
    /// A stateful V4L2 M2M encoder.
    M2m,
    /// Rockchip's, by its library and a kernel of theirs.
    Rkmpp,
    /// In software.
    Openh264,
}

/// Which encoder to use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum EncoderChoice {
    /// A V4L2 encoder where there is one, else Rockchip's where kernel and library have it, else
    /// software.
    #[default]
    Auto,
    /// The one that the board has; software where it is not to be found. Others are not looked for.
    Board(EncoderKind),
    /// `m2m`, the first V4L2 encoder of this machine, or `m2m:NAME`, the one whose driver, name or
    /// place (such as `platform:bcm2835-codec`) is `NAME`. `/dev/videoN` changes between starts.
    M2m(Option<String>),
    /// In software.
    Openh264,
    /// `rkmpp`, Rockchip's by its library, or `rkmpp:PATH` where that has another name.
    #[cfg(feature = "rkmpp")]
    Rkmpp(Option<PathBuf>),
}

/// What a choice comes to on this machine.
enum BackEnd {
    M2m(EncoderNode),
    Openh264,
    #[cfg(feature = "rkmpp")]
    Rkmpp(Option<PathBuf>),
    /// The wished one is not there.
    Absent,
}

/// What a choice comes to on this machine, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncoderFound {
    /// A V4L2 encoder.
    M2m {
        /// Its name.
        name: String,
        /// Its place.
        bus: String,
    },
    /// Rockchip's; whether its library and kernel are there shows when it is opened, where the
    /// owner named it.
    Rkmpp,
    /// Software.
    Openh264,
    /// The wished one is not there.
    Absent,
}

impl std::fmt::Display for EncoderFound {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::M2m { name, bus } => write!(out, "the V4L2 encoder {name} at {bus}"),
            Self::Rkmpp => out.write_str("Rockchip's encoder"),
            Self::Openh264 => out.write_str("openh264, in software"),
            Self::Absent => out.write_str("MISSING: no such V4L2 encoder"),
        }
    }
}

impl EncoderChoice {
    /// Makes an encoder.
    ///
    /// # Errors
    /// [`EncodeError`].
    pub fn open(&self, settings: &EncoderSettings) -> Result<Box<dyn VideoEncoder>, EncodeError> {
        Ok(match self.back_end() {
            BackEnd::M2m(node) => Box::new(M2m::new(node, settings)?),
            BackEnd::Openh264 => Box::new(Openh264::new(settings)?),
            #[cfg(feature = "rkmpp")]
            BackEnd::Rkmpp(path) => Box::new(Rkmpp::new(path.as_deref(), settings)?),
            BackEnd::Absent => return Err(M2mError::Absent.into()),
        })
    }

    /// Looks which encoder that is at this moment.
    pub fn look(&self) -> EncoderFound {
        match self.back_end() {
            BackEnd::M2m(EncoderNode { capabilities, .. }) => {
                EncoderFound::M2m { name: capabilities.card, bus: capabilities.bus }
            }
            BackEnd::Openh264 => EncoderFound::Openh264,
            #[cfg(feature = "rkmpp")]
            BackEnd::Rkmpp(_) => EncoderFound::Rkmpp,
            BackEnd::Absent => EncoderFound::Absent,
        }
    }

    /// Formats in which the encoder reads pictures out of a camera's memory.
    pub(crate) fn reads(&self) -> Vec<FourCc> {
        match self.back_end() {
            BackEnd::M2m(node) => node.formats,
            #[cfg(feature = "rkmpp")]
            BackEnd::Rkmpp(_) => vec![FourCc::NV12, FourCc::YUV420],
            BackEnd::Openh264 | BackEnd::Absent => Vec::new(),
        }
    }

    /// The kinds that are looked for where the owner names none, the first that is there wins.
    fn kinds(&self) -> &'static [EncoderKind] {
        match self {
            Self::Board(EncoderKind::M2m) => &[EncoderKind::M2m],
            Self::Board(EncoderKind::Rkmpp) => &[EncoderKind::Rkmpp],
            Self::Auto => &[EncoderKind::M2m, EncoderKind::Rkmpp],
            _ => &[],
        }
    }

    fn back_end(&self) -> BackEnd {
        match self {
            Self::Auto | Self::Board(_) => {
                self.kinds().iter().find_map(|kind| kind.found()).unwrap_or(BackEnd::Openh264)
            }
            Self::M2m(name) => node(name.as_deref()).map_or(BackEnd::Absent, BackEnd::M2m),
            Self::Openh264 => BackEnd::Openh264,
            #[cfg(feature = "rkmpp")]
            Self::Rkmpp(path) => BackEnd::Rkmpp(path.clone()),
        }
    }
}

impl EncoderKind {
    fn found(self) -> Option<BackEnd> {
        match self {
            Self::M2m => node(None).map(BackEnd::M2m),
            Self::Rkmpp => rockchips(),
            Self::Openh264 => Some(BackEnd::Openh264),
        }
    }
}

fn node(name: Option<&str>) -> Option<EncoderNode> {
    match name {
        Some(name) => v4l2::find_encoder_called(name).ok()?,
        None => v4l2::find_encoders().ok()?.into_iter().next(),
    }
}

/// Rockchip's kernels have this and no V4L2 encoder.
#[cfg(feature = "rkmpp")]
fn rockchips() -> Option<BackEnd> {
    let is_there = Path::new("/dev/mpp_service").exists() && Rkmpp::is_installed();
    is_there.then_some(BackEnd::Rkmpp(None))
}

#[cfg(not(feature = "rkmpp"))]
fn rockchips() -> Option<BackEnd> {
    None
}

impl std::str::FromStr for EncoderChoice {
    type Err = UnknownEncoder;

    fn from_str(text: &str) -> Result<Self, UnknownEncoder> {
        match text.split_once(':') {
            None if text == "auto" => Ok(Self::Auto),
            None if text == "m2m" => Ok(Self::M2m(None)),
            None if text == "openh264" => Ok(Self::Openh264),
            Some(("m2m", name)) if !name.is_empty() => Ok(Self::M2m(Some(name.to_owned()))),
            #[cfg(feature = "rkmpp")]
            None if text == "rkmpp" => Ok(Self::Rkmpp(None)),
            #[cfg(feature = "rkmpp")]
            Some(("rkmpp", path)) if !path.is_empty() => Ok(Self::Rkmpp(Some(path.into()))),
            #[cfg(not(feature = "rkmpp"))]
            _ if text == "rkmpp" || text.starts_with("rkmpp:") => Err(UnknownEncoder::NotBuilt),
            _ => Err(UnknownEncoder::Name),
        }
    }
}

/// The configuration names an encoder that this program does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownEncoder {
    /// There is none of that name.
    #[error("unknown encoder, expected auto, m2m, m2m:NAME, rkmpp, rkmpp:PATH or openh264")]
    Name,
    /// It was left out when the program was built.
    #[error("this program was built without Rockchip's encoder (feature rkmpp)")]
    NotBuilt,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_configuration() {
        let good = [
            ("auto", EncoderChoice::Auto),
            ("m2m", EncoderChoice::M2m(None)),
            ("m2m:platform:x", EncoderChoice::M2m(Some("platform:x".to_owned()))),
            ("openh264", EncoderChoice::Openh264),
        ];
        for (text, choice) in good {
            assert_eq!(text.parse(), Ok(choice));
        }
        for bad in ["", "m2m:", "x264", "auto:", "AUTO", "rkmppp"] {
            assert_eq!(bad.parse::<EncoderChoice>(), Err(UnknownEncoder::Name), "{bad:?}");
        }
    }

    #[test]
    fn what_the_board_has_not_is_not_looked_for() {
        use EncoderKind::{M2m, Openh264, Rkmpp};
        let table: [(_, &[EncoderKind]); 4] = [
            (EncoderChoice::Auto, &[M2m, Rkmpp]),
            (EncoderChoice::Board(M2m), &[M2m]),
            (EncoderChoice::Board(Rkmpp), &[Rkmpp]),
            (EncoderChoice::Board(Openh264), &[]),
        ];
        for (choice, kinds) in table {
            assert_eq!(choice.kinds(), kinds, "{choice:?}");
        }
        assert_eq!(EncoderChoice::Board(Openh264).look(), EncoderFound::Openh264);
        let named = EncoderChoice::M2m(Some("an encoder that nobody has".to_owned()));
        assert_eq!(named.look(), EncoderFound::Absent);
    }

    #[cfg(feature = "rkmpp")]
    #[test]
    fn rockchips_encoder_by_its_library() {
        let path = EncoderChoice::Rkmpp(Some("/opt/mpp.so".into()));
        assert_eq!("rkmpp".parse(), Ok(EncoderChoice::Rkmpp(None)));
        assert_eq!("rkmpp:/opt/mpp.so".parse(), Ok(path));
        assert_eq!("rkmpp:".parse::<EncoderChoice>(), Err(UnknownEncoder::Name));
    }

    #[cfg(not(feature = "rkmpp"))]
    #[test]
    fn what_was_not_built_is_told() {
        for text in ["rkmpp", "rkmpp:/opt/mpp.so"] {
            assert_eq!(text.parse::<EncoderChoice>(), Err(UnknownEncoder::NotBuilt));
        }
    }
}
