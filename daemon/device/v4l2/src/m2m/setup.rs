// SPDX-License-Identifier: MIT OR Apache-2.0
//! Setting an encoder up, in the order of the kernel's document: coded format, raw format, rate,
//! visible part, controls, buffers, start. Kernel: media/v4l/dev-encoder, Initialization.

use std::io;

use rustix::io::Errno;

use super::{Encoder, Input, Owner};
use crate::control::{self, Profile};
use crate::{Control, Event, Format, FourCc, M2mOps, Matrix, Memory, Queue, Range, Rate, Rect};

/// What is wanted of an encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderWish {
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pictures a second, for the rate control.
    pub fps: u32,
    /// How pictures come.
    pub feed: Feed,
    /// How their colour is written.
    pub matrix: Matrix,
    /// Which values they use.
    pub range: Range,
    /// H.264 profile.
    pub profile: Profile,
    /// H.264 level in the standard's number, such as 31.
    pub level_idc: u8,
    /// Bits a second.
    pub bitrate_bps: u32,
}

/// How pictures come into the encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {
    /// Copied, in the first of these formats that the encoder has.
    Copy(Vec<FourCc>),
    /// In another device's buffers, which look so.
    Import(InputLayout),
}

/// How pictures lie in another device's buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputLayout {
    /// Pixel format.
    pub fourcc: FourCc,
    /// Bytes from one row of the first plane to the next.
    pub bytes_per_line: u32,
    /// Rows of the first plane in memory.
    pub lines: u32,
    /// Bytes of a whole buffer.
    pub buffer_len: u32,
}

/// Why an encoder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program, or another stream of ours, has all of it.
    #[error("encoder is busy")]
    Busy,
    /// It gave no buffers.
    #[error("unusable buffers")]
    Buffers,
    /// It would code more than the picture.
    #[error("encoder would show {0} by {1} pixels")]
    Crop(u32, u32),
    /// It cannot be asked.
    #[error("encoder cannot be used")]
    Device(#[source] io::Error),
    /// It has none of the usable formats.
    #[error("none of the usable formats among {0:?}")]
    NoFormat(Vec<FourCc>),
    /// It codes no H.264.
    #[error("not an H.264 encoder")]
    NotEncoder,
    /// It wants pictures to lie otherwise in memory.
    #[error("encoder reads {0:?}")]
    Layout(Format),
    /// It has no such profile.
    #[error("profile refused")]
    Profile(#[source] io::Error),
    /// It cannot make pictures of this size.
    #[error("encoder makes {0} by {1} pixels")]
    Size(u32, u32),
}

impl<K, O: M2mOps> Encoder<K, O> {
    /// Sets the encoder up and starts it.
    ///
    /// # Errors
    /// [`StartError`]; the device is stopped then.
    pub fn start(ops: O, wish: &EncoderWish) -> Result<Self, StartError> {
        let planes = ops.capabilities().map_err(device)?.m2m.ok_or(StartError::NotEncoder)?;
        let (output, capture) = (Queue::output(planes), Queue::capture(planes));
        let memory = match wish.feed {
            Feed::Copy(_) => Memory::Mapped,
            Feed::Import(_) => Memory::Imported,
        };
        set_coded_format(&ops, capture, wish)?;
        let input = set_raw_format(&ops, output, wish)?;
        // The encoder may have one rate only; then its rate control is off by so much.
        let _rate = ops.set_rate(output, Rate::fps(wish.fps));
        set_crop(&ops, output, wish, &input)?;
        set_controls(&ops, wish)?;
        for event in [Event::EndOfStream, Event::SourceChange] {
            // Many encoders know only one of them; the last buffer's flag is what counts.
            let _known = ops.subscribe(event);
        }
        let (inputs, coded) = (Vec::new(), Vec::new());
        let (is_draining, is_at_end, source_changed) = (false, false, false);
        // From here on drop frees what was made.
        let mut encoder = Self {
            ops,
            output,
            capture,
            memory,
            input,
            inputs,
            coded,
            held: None,
            is_draining,
            is_at_end,
            source_changed,
        };
        encoder.allocate()?;
        encoder.ops.stream_on(output).map_err(device)?;
        encoder.ops.stream_on(capture).map_err(device)?;
        Ok(encoder)
    }

    fn allocate(&mut self) -> Result<(), StartError> {
        let inputs = self.ops.request_buffers(self.output, self.memory, INPUTS).map_err(device)?;
        let coded =
            self.ops.request_buffers(self.capture, Memory::Mapped, CODED).map_err(device)?;
        if !(1..=MAX_BUFFERS).contains(&inputs) || !(1..=MAX_BUFFERS).contains(&coded) {
            return Err(StartError::Buffers);
        }
        for index in 0..inputs {
            let mapping = match self.memory {
                Memory::Mapped => Some(self.ops.map_mut(self.output, index).map_err(device)?),
                Memory::Imported => None,
            };
            let needed = usize::try_from(self.input.size_image).unwrap_or(usize::MAX);
            if mapping.as_ref().is_some_and(|mapping| mapping.len() < needed) {
                return Err(StartError::Buffers);
            }
            self.inputs.push(Input { mapping, owner: Owner::Us });
        }
        for index in 0..coded {
            let mapping = self.ops.map(self.capture, index).map_err(device)?;
            self.coded.push(mapping);
            self.ops.queue(self.capture, index).map_err(device)?;
        }
        Ok(())
    }
}

fn set_coded_format<O: M2mOps>(
    ops: &O,
    capture: Queue,
    wish: &EncoderWish,
) -> Result<(), StartError> {
    let size_image = (wish.width.saturating_mul(wish.height)).max(LEAST_CODED_BYTES);
    let coded = Format { size_image, ..Format::of(FourCc::H264, wish.width, wish.height) };
    let got = ops.set_format(capture, &coded).map_err(device)?;
    if got.fourcc == FourCc::H264 { Ok(()) } else { Err(StartError::NotEncoder) }
}

fn set_raw_format<O: M2mOps>(
    ops: &O,
    output: Queue,
    wish: &EncoderWish,
) -> Result<Format, StartError> {
    let offered = ops.formats(output).map_err(device)?;
    let mut raw = Format::of(FourCc::NV12, wish.width, wish.height);
    (raw.matrix, raw.range) = (wish.matrix, wish.range);
    match &wish.feed {
        Feed::Copy(formats) => match formats.iter().find(|format| offered.contains(format)) {
            Some(&fourcc) => raw.fourcc = fourcc,
            None => return Err(StartError::NoFormat(offered)),
        },
        Feed::Import(layout) => {
            if !offered.contains(&layout.fourcc) {
                return Err(StartError::NoFormat(offered));
            }
            raw.fourcc = layout.fourcc;
            raw.bytes_per_line = layout.bytes_per_line;
        }
    }
    let got = ops.set_format(output, &raw).map_err(device)?;
    // Encoders work on macroblocks: they may want 368 rows for 360, but never fewer.
    if got.fourcc != raw.fourcc
        || !(raw.width..=raw.width + MOST_PADDING).contains(&got.width)
        || !(raw.height..=raw.height + MOST_PADDING).contains(&got.height)
    {
        return Err(StartError::Size(got.width, got.height));
    }
    let rows = u64::from(got.bytes_per_line) * u64::from(got.height);
    if got.bytes_per_line < got.width || u64::from(got.size_image) < rows * 3 / 2 {
        return Err(StartError::Layout(got));
    }
    if let Feed::Import(layout) = wish.feed {
        // Chroma begins after the rows of luma, so their number must agree too.
        let is_same = (got.bytes_per_line, got.height) == (layout.bytes_per_line, layout.lines);
        if !is_same || got.size_image > layout.buffer_len {
            return Err(StartError::Layout(got));
        }
    }
    Ok(got)
}

/// Without it the stream would show the padding.
fn set_crop<O: M2mOps>(
    ops: &O,
    output: Queue,
    wish: &EncoderWish,
    input: &Format,
) -> Result<(), StartError> {
    let visible = match ops.set_crop(output, Rect::of(wish.width, wish.height)) {
        Ok(visible) => (visible.width, visible.height),
        // It cannot crop, and shows what it is given.
        Err(_) => (input.width, input.height),
    };
    if visible == (wish.width, wish.height) {
        Ok(())
    } else {
        Err(StartError::Crop(visible.0, visible.1))
    }
}

/// Encoders have some of these and lack others. Only what the stream would be wrong without is an
/// error.
fn set_controls<O: M2mOps>(ops: &O, wish: &EncoderWish) -> Result<(), StartError> {
    ops.set_control(Control::H264_PROFILE, wish.profile.value()).map_err(StartError::Profile)?;
    let bitrate = i32::try_from(wish.bitrate_bps).unwrap_or(i32::MAX);
    let level = control::level(wish.level_idc).map(|level| (Control::H264_LEVEL, level));
    let others = [
        (Control::FRAME_RATE_CONTROL, 1),
        (Control::BITRATE_MODE, 0),
        (Control::BITRATE, bitrate),
        (Control::B_FRAMES, 0),
        // Key frames come when they are asked for.
        (Control::GOP_SIZE, LONGEST_GOP),
        (Control::I_PERIOD, LONGEST_GOP),
        (Control::HEADER_MODE, 1),
        (Control::REPEAT_HEADERS, 1),
    ];
    for (control, value) in level.into_iter().chain(others) {
        let _known = ops.set_control(control, value);
    }
    Ok(())
}

fn device(error: io::Error) -> StartError {
    match Errno::from_io_error(&error) {
        Some(Errno::BUSY) => StartError::Busy,
        _ => StartError::Device(error),
    }
}

/// One being read, one waiting, and two that a slow driver keeps as references.
const INPUTS: u32 = 4;
/// One being filled, one read by us, two for a burst.
const CODED: u32 = 4;
/// A driver may give more than asked for, but not without bound.
const MAX_BUFFERS: u32 = 32;
/// More than encoders of 64 by 64 pixel blocks need.
const MOST_PADDING: u32 = 64;
/// A key frame of a small picture with headers.
const LEAST_CODED_BYTES: u32 = 256 << 10;
/// The kernel lowers it to what the driver has.
const LONGEST_GOP: i32 = i32::MAX;
