// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pictures from a camera of libcamera. They stay in its memory until somebody looks at them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::libcamera::{Camera, Lent, Wish};
use frame::{DeviceLayout, RawFrame, YuvPicture};
use v4l2::{Format, FourCc, Matrix, Range};

use super::count::{Numbers, STALLED, pts};
use super::{Converter, FrameSource, SourceError, UnusableFormat};
use crate::clock::Signal;
use crate::lent::{LentPicture, Memory, layout};
use crate::video::{Counter, VideoConfig};

/// A camera that runs.
pub(super) struct LibcameraSource {
    camera: Camera,
    converter: Arc<Mutex<Converter>>,
    layout: DeviceLayout,
    config: VideoConfig,
    copied: Arc<Counter>,
    numbers: Numbers,
    last: Instant,
}

impl Memory for Lent {
    fn bytes(&self) -> &[u8] {
        self.bytes()
    }

    fn used(&self) -> usize {
        self.buffer_len()
    }

    fn dma_buf(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.dma_buf()
    }
}

impl LibcameraSource {
    /// Opens the first camera whose id has `id` in it, and starts it.
    pub(super) fn open(
        id: &str,
        config: &VideoConfig,
        copied: &Arc<Counter>,
    ) -> Result<Self, SourceError> {
        let camera = Camera::start(&wish(id, config))?;
        if !camera.refused().is_empty() {
            tracing::warn!(
                refused = ?camera.refused(),
                "the camera does not take all of [video.controls]"
            );
        }
        let told = camera.format();
        let format = format(told);
        // Chroma that begins after more rows than the picture has is nobody's yet.
        let layout = layout(format, config.size)
            .filter(|_| told.lines == told.height)
            .ok_or(UnusableFormat::of(format))?;
        tracing::info!(?format, is_lent = true, "camera started");
        Ok(Self {
            camera,
            converter: Arc::new(Mutex::new(Converter::new(format, config.size)?)),
            layout,
            config: config.clone(),
            copied: Arc::clone(copied),
            numbers: Numbers::default(),
            last: Instant::now(),
        })
    }
}

impl FrameSource for LibcameraSource {
    fn next(&mut self, _: &Signal) -> Result<Option<RawFrame>, SourceError> {
        let Some(lent) = self.camera.lend(WAIT)? else {
            let has_stalled = self.last.elapsed() >= STALLED;
            return if has_stalled { Err(SourceError::Stalled) } else { Ok(None) };
        };
        self.last = Instant::now();
        let number = self.numbers.of(lent.sequence());
        let pts = pts(lent.timestamp());
        let picture = LentPicture {
            layout: DeviceLayout { buffer_len: lent.buffer_len(), ..self.layout },
            size: self.config.size,
            lent,
            converter: Arc::clone(&self.converter),
            copied: Arc::clone(&self.copied),
        };
        if !picture.is_whole() {
            return Ok(None);
        }
        let picture = Arc::new(YuvPicture::in_device(picture.size, Arc::new(picture)));
        Ok(Some(RawFrame { number, pts, picture }))
    }
}

/// The privacy switch does not wake the library's wait, so that it is short. Cameras that make
/// fifty pictures a second never wait so long.
const WAIT: Duration = Duration::from_millis(20);

fn wish(id: &str, config: &VideoConfig) -> Wish {
    let look = config.look;
    Wish {
        id: id.to_owned(),
        width: config.size.width.into(),
        height: config.size.height.into(),
        fps: config.fps,
        formats: [FourCc::YUV420, FourCc::NV12]
            .map(|format| ::libcamera::FourCc(format.0))
            .to_vec(),
        horizontal_flip: look.horizontal_flip,
        vertical_flip: look.vertical_flip,
        exposure_us: look.exposure_us,
        gain: look.gain,
        white_balance_k: look.white_balance_k,
        crop: look.crop.map(|crop| [crop.left, crop.top, crop.width, crop.height]),
    }
}

fn format(told: ::libcamera::Format) -> Format {
    let mut format = Format::of(FourCc(told.fourcc.0), told.width, told.height);
    format.bytes_per_line = told.stride;
    let len = (u64::from(told.stride) * u64::from(told.lines)).saturating_mul(3) / 2;
    format.size_image = u32::try_from(len).unwrap_or(u32::MAX);
    format.matrix = if told.is_bt709 { Matrix::Bt709 } else { Matrix::Bt601 };
    format.range = if told.is_full_range { Range::Full } else { Range::Limited };
    format
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_of_libcamera_looks_like_any_other() {
        let told = ::libcamera::Format {
            fourcc: ::libcamera::FourCc(*b"YU12"),
            width: 1280,
            height: 720,
            stride: 1280,
            lines: 720,
            is_bt709: true,
            is_full_range: false,
        };
        let format = format(told);
        assert_eq!((format.fourcc, format.size_image), (FourCc::YUV420, 1_382_400));
        assert_eq!((format.matrix, format.range), (Matrix::Bt709, Range::Limited));
        let layout = layout(format, frame::Size::new(1280, 720)).unwrap();
        assert_eq!((layout.stride, layout.lines), (1280, 720));
        let absurd = ::libcamera::Format { stride: u32::MAX, lines: u32::MAX, ..told };
        assert_eq!(super::format(absurd).size_image, u32::MAX);
    }
}
