// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the hardware would do.

use ::frame::{Pts, Size, YuvPicture};
use jpeg_encoder::{ColorType, SamplingFactor};
use openh264enc::{Encoder, Level, Profile};
use rkmpp_sys::{
    MPP_FMT_YUV420P, MPP_FMT_YUV420SP, MPP_VIDEO_CodingAVC as AVC, MPP_VIDEO_CodingMJPEG as MJPEG,
    MppCodingType,
};

use crate::config::Settings;
use crate::frame::Frame;

/// An encoder of one context.
#[derive(Debug)]
pub enum Coder {
    H264 { encoder: Box<Encoder>, parameter_sets: Vec<u8>, bitrate_bps: i64 },
    Jpeg { quality: u8 },
}

/// A coded picture.
#[derive(Debug)]
pub struct Coded {
    /// Without parameter sets.
    pub bytes: Vec<u8>,
    pub is_intra: bool,
}

impl Coder {
    /// `None` when the settings are of no use, as the real library would find.
    pub fn new(coding: MppCodingType, settings: &Settings) -> Option<Self> {
        let size = size(settings)?;
        let stride = settings.value("prep:hor_stride");
        let is_laid_out = stride % 16 == 0
            && stride >= settings.value("prep:width")
            && settings.value("prep:ver_stride") >= settings.value("prep:height");
        if !is_laid_out || settings.value("codec:type") != i64::from(coding) {
            return None;
        }
        match coding {
            AVC => Self::h264(size, settings),
            MJPEG => {
                let quality = u8::try_from(settings.value("jpeg:q_factor")).ok()?;
                (1..=99).contains(&quality).then_some(Self::Jpeg { quality })
            }
            _ => None,
        }
    }

    fn h264(size: Size, settings: &Settings) -> Option<Self> {
        let is_baseline = settings.value("h264:profile") == 66;
        if is_baseline && settings.value("h264:cabac_en") != 0 {
            return None;
        }
        let bitrate_bps = settings.value("rc:bps_target");
        let wish = openh264enc::Settings {
            size,
            fps: u16::try_from(settings.value("rc:fps_in_num")).ok()?,
            profile: match settings.value("h264:profile") {
                66 => Profile::Baseline,
                77 => Profile::Main,
                100 => Profile::High,
                _ => return None,
            },
            level: match settings.value("h264:level") {
                31 => Level::Level_3_1,
                32 => Level::Level_3_2,
                40 => Level::Level_4_0,
                _ => return None,
            },
            bitrate_bps: u32::try_from(bitrate_bps).ok()?,
            threads: std::num::NonZeroU8::MIN,
        };
        // The parameter sets are wanted before there is a picture: one of another encoder.
        let mut other = Encoder::new(&wish).ok()?;
        let stream = other.encode(&YuvPicture::black(size), Pts::default()).ok()?;
        let parameter_sets = units(stream).filter(|unit| is_parameter_set(unit)).flatten();
        let parameter_sets = parameter_sets.copied().collect();
        let encoder = Box::new(Encoder::new(&wish).ok()?);
        Some(Self::H264 { encoder, parameter_sets, bitrate_bps })
    }

    /// SPS and PPS; empty for JPEG.
    pub fn parameter_sets(&self) -> &[u8] {
        match self {
            Self::H264 { parameter_sets, .. } => parameter_sets,
            Self::Jpeg { .. } => &[],
        }
    }

    /// Takes settings that may change while it runs. `false` when one is refused.
    pub fn change(&mut self, settings: &Settings) -> bool {
        let Self::H264 { encoder, bitrate_bps, .. } = self else { return true };
        let wanted = settings.value("rc:bps_target");
        if wanted == *bitrate_bps {
            return true;
        }
        *bitrate_bps = wanted;
        u32::try_from(wanted).is_ok_and(|wanted| encoder.set_bitrate(wanted).is_ok())
    }

    /// Encodes `frame`, as an IDR when asked.
    pub fn encode(&mut self, frame: &Frame, wants_idr: bool) -> Option<Coded> {
        let picture = picture(frame)?;
        match self {
            Self::H264 { encoder, .. } => {
                if wants_idr {
                    encoder.force_idr();
                }
                let pts = Pts::from_millis(u64::try_from(frame.pts).ok()? / 1000);
                let stream = encoder.encode(&picture, pts).ok()?;
                let is_intra = units(stream).any(|unit| kind(unit) == IDR);
                let slices = units(stream).filter(|unit| !is_parameter_set(unit)).flatten();
                Some(Coded { bytes: slices.copied().collect(), is_intra })
            }
            Self::Jpeg { quality } => {
                let mut bytes = Vec::new();
                let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, *quality);
                encoder.set_sampling_factor(SamplingFactor::F_2_2);
                let Size { width, height } = picture.size();
                encoder.encode(&pixels(&picture), width, height, ColorType::Ycbcr).ok()?;
                Some(Coded { bytes, is_intra: true })
            }
        }
    }
}

const IDR: u8 = 5;

fn size(settings: &Settings) -> Option<Size> {
    let side = |name| u16::try_from(settings.value(name)).ok().filter(|side| *side >= 16);
    Some(Size::new(side("prep:width")?, side("prep:height")?))
}

/// Reads `frame` from its memory.
fn picture(frame: &Frame) -> Option<YuvPicture> {
    let number = |count: u32| usize::try_from(count).ok();
    let (width, height) = (number(frame.width)?, number(frame.height)?);
    let (stride, lines) = (number(frame.hor_stride)?, number(frame.ver_stride)?);
    let bytes = frame.buffer.as_ref()?.memory.bytes();
    if stride < width || lines < height || bytes.len() < stride * lines * 3 / 2 {
        return None;
    }
    let (luma, chroma) = bytes.split_at(stride * lines);
    let mut data = Vec::with_capacity(width * height * 3 / 2);
    let rows = |data: &mut Vec<u8>, from: &[u8], stride: usize, width: usize, rows: usize| {
        from.chunks(stride).take(rows).for_each(|row| data.extend_from_slice(&row[..width]));
    };
    rows(&mut data, luma, stride, width, height);
    match frame.format? {
        MPP_FMT_YUV420SP => {
            for first in [0, 1] {
                for row in chroma.chunks(stride).take(height / 2) {
                    data.extend(row[..width].iter().skip(first).step_by(2));
                }
            }
        }
        MPP_FMT_YUV420P => {
            let (u, v) = chroma.split_at(stride / 2 * lines / 2);
            rows(&mut data, u, stride / 2, width / 2, height / 2);
            rows(&mut data, v, stride / 2, width / 2, height / 2);
        }
        _ => return None,
    }
    let size = Size::new(u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    YuvPicture::from_i420(size, data)
}

/// One pixel after the other. Samples stay as they are: the real encoder converts no colour either.
fn pixels(picture: &YuvPicture) -> Vec<u8> {
    let (y, u, v) = (picture.y(), picture.u(), picture.v());
    let mut pixels = Vec::with_capacity(y.samples.len() * 3);
    for (row, line) in y.samples.chunks(y.width).enumerate() {
        for (column, &luma) in line.iter().enumerate() {
            let at = row / 2 * u.width + column / 2;
            pixels.extend([luma, u.samples[at], v.samples[at]]);
        }
    }
    pixels
}

/// NAL units with their start codes. Spec: ITU-T H.264 §B.1.
fn units(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts: Vec<usize> = (0..stream.len().saturating_sub(2))
        .filter(|&at| stream[at..].starts_with(&[0, 0, 1]))
        .map(|at| if at > 0 && stream[at - 1] == 0 { at - 1 } else { at })
        .collect();
    starts.push(stream.len());
    (1..starts.len()).map(move |n| &stream[starts[n - 1]..starts[n]])
}

fn kind(unit: &[u8]) -> u8 {
    let one = unit.iter().position(|&byte| byte == 1).unwrap_or(unit.len());
    unit.get(one + 1).map_or(0, |header| header & 0x1f)
}

fn is_parameter_set(unit: &[u8]) -> bool {
    matches!(kind(unit), 7 | 8)
}
