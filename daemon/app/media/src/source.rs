// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where pictures come from.

mod camera;
mod convert;
mod count;
mod drawn;
mod file;
#[cfg(feature = "libcamera")]
mod libcamera;
pub mod pattern;
pub mod y4m;

use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use frame::RawFrame;

pub use convert::UnusableFormat;
pub(crate) use convert::{Converter, colour_of};

use camera::CameraSource;
use drawn::{DrawnSource, PatternPainter};
use file::FilePainter;
use y4m::Y4mError;

use crate::clock::Signal;
use crate::video::{Counter, VideoConfig};

/// Which source the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VideoSource {
    /// `test-pattern` or `test-pattern:walker`
    TestPattern(pattern::Scene),
    /// `file:/path.y4m`: a YUV4MPEG2 file, looped and paced in real time.
    File(PathBuf),
    /// `v4l2:/dev/video0`, or `v4l2:` and the camera's name or place on a bus.
    V4l2(CameraName),
    /// `libcamera`, the first camera of libcamera, or `libcamera:` and a part of its id.
    #[cfg(feature = "libcamera")]
    Libcamera(String),
}

/// How the configuration calls a camera. Once seen it is known by its place, however it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CameraName {
    /// The path of its node at the first time.
    Path(PathBuf),
    /// Its name, driver or place, as V4L2 tells them.
    Called(String),
}

/// A camera that is there, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCamera {
    /// Its node at this moment.
    pub node: PathBuf,
    /// What it is called.
    pub name: String,
    /// The part of what the sensor sees that it can be cropped to; `None` when it cannot be.
    pub crop_bounds: Option<v4l2::Rect>,
}

impl VideoSource {
    /// Looks whether the camera is there; `None` for what is no camera. It may be in use.
    ///
    /// # Errors
    /// Those of its device.
    pub fn find(&self) -> Option<io::Result<FoundCamera>> {
        match self {
            Self::TestPattern(_) | Self::File(_) => None,
            // libcamera's own `cam -l` does; it stops for no two programs.
            #[cfg(feature = "libcamera")]
            Self::Libcamera(_) => None,
            Self::V4l2(name) => Some(camera::find(name)),
        }
    }
}

impl FromStr for VideoSource {
    type Err = UnknownSource;

    fn from_str(text: &str) -> Result<Self, UnknownSource> {
        match text.split_once(':') {
            None if text == "test-pattern" => Ok(Self::TestPattern(pattern::Scene::Still)),
            Some(("test-pattern", "walker")) => Ok(Self::TestPattern(pattern::Scene::Walker)),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("v4l2", path)) if path.starts_with('/') => {
                Ok(Self::V4l2(CameraName::Path(path.into())))
            }
            Some(("v4l2", name)) if !name.is_empty() => {
                Ok(Self::V4l2(CameraName::Called(name.to_owned())))
            }
            #[cfg(feature = "libcamera")]
            None if text == "libcamera" => Ok(Self::Libcamera(String::new())),
            #[cfg(feature = "libcamera")]
            Some(("libcamera", id)) if !id.is_empty() => Ok(Self::Libcamera(id.to_owned())),
            _ => Err(UnknownSource),
        }
    }
}

/// The configuration names a source that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown source, expected test-pattern, test-pattern:walker, file:PATH, v4l2:DEVICE or, where \
     the program was built with it, libcamera:ID"
)]
pub struct UnknownSource;

/// An open source. Dropping it closes the device.
pub(crate) trait FrameSource: Send {
    /// Waits for the next picture. `None` when there is none yet, because the wait was long
    /// enough or `signal` was raised: the caller looks whether it may go on and asks again.
    fn next(&mut self, signal: &Signal) -> Result<Option<RawFrame>, SourceError>;
}

/// Opens the source of `config`, while it `may` be open. A camera is found again where it was
/// `seen`, not by its node.
pub(crate) fn open(
    config: &VideoConfig,
    copied: &Arc<Counter>,
    seen: &mut Option<v4l2::Place>,
    may: &dyn Fn() -> bool,
) -> Result<Box<dyn FrameSource>, SourceError> {
    match &config.source {
        VideoSource::TestPattern(scene) => {
            let painter = PatternPainter::new(*scene, config.size, MAX_PICTURES);
            Ok(Box::new(DrawnSource::new(painter, config.fps)))
        }
        VideoSource::File(path) => {
            let painter = FilePainter::open(path, config.size, MAX_PICTURES)?;
            Ok(Box::new(DrawnSource::new(painter, config.fps)))
        }
        VideoSource::V4l2(name) => {
            Ok(Box::new(CameraSource::open(name, config, copied, seen, may)?))
        }
        #[cfg(feature = "libcamera")]
        VideoSource::Libcamera(id) => {
            Ok(Box::new(libcamera::LibcameraSource::open(id, config, copied)?))
        }
    }
}

/// Pictures alive at a time: one being drawn, one being encoded and four waiting for the recording,
/// however late its encoder is, and two for other readers. At 1080p each is 3 MB and made when it
/// is needed; a picture that finds no memory is lost and counted.
const MAX_PICTURES: usize = 8;

/// Why a source gives no pictures.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The camera stopped.
    #[error("camera")]
    Capture(#[from] v4l2::CaptureError),
    /// The file cannot be read.
    #[error("picture file")]
    File(#[from] Y4mError),
    /// The camera delivers what we cannot read.
    #[error("camera")]
    Format(#[from] UnusableFormat),
    /// The camera cannot be started.
    #[error("camera")]
    Open(#[from] v4l2::OpenError),
    /// libcamera's camera cannot be started, or stopped.
    #[cfg(feature = "libcamera")]
    #[error("camera")]
    Libcamera(#[from] ::libcamera::CameraError),
    /// The camera runs but sends no pictures.
    #[error("camera sends no pictures")]
    Stalled,
}

/// No source lets the capture thread sleep longer without a look at its permit. Those that the
/// signal wakes let it look at once.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_names() {
        use pattern::Scene;
        let table = [
            ("test-pattern", Ok(VideoSource::TestPattern(Scene::Still))),
            ("test-pattern:walker", Ok(VideoSource::TestPattern(Scene::Walker))),
            ("file:/a:b.y4m", Ok(VideoSource::File("/a:b.y4m".into()))),
            ("v4l2:/dev/video0", Ok(VideoSource::V4l2(CameraName::Path("/dev/video0".into())))),
            (
                "v4l2:usb-xhci-hcd.1-2",
                Ok(VideoSource::V4l2(CameraName::Called("usb-xhci-hcd.1-2".into()))),
            ),
            ("test-pattern:runner", Err(UnknownSource)),
            ("file:", Err(UnknownSource)),
            ("v4l2", Err(UnknownSource)),
            ("v4l2:", Err(UnknownSource)),
            ("", Err(UnknownSource)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse(), expected, "{text:?}");
        }
    }
}
