// SPDX-License-Identifier: MIT OR Apache-2.0
//! Setting an encoder up, in the order of the kernel's document: coded format, raw format, rate,
//! visible part, controls, buffers, start. Kernel: media/v4l/dev-encoder, Initialization.

use super::Encoder;
use crate::control::{self, Codec};
use crate::ends::ENCODER_PATIENCE;
use crate::m2m::Pair;
use crate::m2m::input::{self, Feed, StartError};
use crate::{Control, Event, Format, FourCc, M2mOps, Matrix, Memory, Queue, Range, Rate};

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
    /// What they become.
    pub codec: Codec,
    /// Bits a second.
    pub bitrate_bps: u32,
}

impl<K: Send + 'static, O: M2mOps> Encoder<K, O> {
    /// Sets the encoder up and starts it.
    ///
    /// # Errors
    /// [`StartError`]; the device is stopped then.
    pub fn start(ops: O, wish: &EncoderWish) -> Result<Self, StartError> {
        let planes = ops.capabilities()?.m2m.ok_or(StartError::NotOfKind)?;
        let (output, capture) = (Queue::output(planes), Queue::capture(planes));
        let memory = match wish.feed {
            Feed::Copy(_) => Memory::Mapped,
            Feed::Import(_) => Memory::Imported,
        };
        set_coded_format(&ops, capture, wish)?;
        let mut raw = Format::of(FourCc::NV12, wish.width, wish.height);
        (raw.matrix, raw.range) = (wish.matrix, wish.range);
        let input = input::set_format(&ops, output, raw, &wish.feed)?;
        // The encoder may have one rate only; then its rate control is off by so much.
        let _rate = ops.set_rate(output, Rate::fps(wish.fps));
        input::set_crop(&ops, output, (wish.width, wish.height), &input)?;
        set_controls(&ops, wish)?;
        for event in [Event::EndOfStream, Event::SourceChange] {
            // Many encoders know only one of them; the last buffer's flag is what counts.
            let _known = ops.subscribe(event);
        }
        // From here on drop frees what was made.
        let pair = Pair::new(ops, planes, memory, input, ENCODER_PATIENCE);
        let (is_draining, is_at_end, source_changed) = (false, false, false);
        let mut encoder = Self { held: None, is_draining, is_at_end, source_changed, pair };
        encoder.pair.allocate(CODED)?;
        encoder.pair.stream_on()?;
        Ok(encoder)
    }
}

fn set_coded_format<O: M2mOps>(
    ops: &O,
    capture: Queue,
    wish: &EncoderWish,
) -> Result<(), StartError> {
    let size_image = (wish.width.saturating_mul(wish.height)).max(LEAST_CODED_BYTES);
    let fourcc = wish.codec.fourcc();
    let coded = Format { size_image, ..Format::of(fourcc, wish.width, wish.height) };
    let got = ops.set_format(capture, &coded)?;
    if got.fourcc == fourcc { Ok(()) } else { Err(StartError::NotOfKind) }
}

/// Encoders have some of these and lack others. Only what the stream would be wrong without is an
/// error.
fn set_controls<O: M2mOps>(ops: &O, wish: &EncoderWish) -> Result<(), StartError> {
    let level = match wish.codec {
        Codec::H264 { profile, level_idc } => {
            ops.set_control(Control::H264_PROFILE, profile.value()).map_err(StartError::Profile)?;
            control::level(level_idc).map(|level| (Control::H264_LEVEL, level))
        }
        Codec::Fwht => None,
    };
    let bitrate = i32::try_from(wish.bitrate_bps).unwrap_or(i32::MAX);
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

/// One being filled, one read by us, two for a burst.
const CODED: u32 = 4;
/// A key frame of a small picture with headers.
const LEAST_CODED_BYTES: u32 = 256 << 10;
/// The kernel lowers it to what the driver has.
const LONGEST_GOP: i32 = i32::MAX;
