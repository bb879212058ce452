// SPDX-License-Identifier: MIT OR Apache-2.0
//! How pictures get into a device: the format of its OUTPUT queue, and which part of it counts.

use std::io;

use ending::Hung;
use rustix::io::Errno;

use crate::{Format, FourCc, M2mOps, Queue, Rect};

/// How pictures come into the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Feed {
    /// Copied, in the first of these formats that the device has.
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

/// Why a device cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program, or another stream of ours, has all of it.
    #[error("device is busy")]
    Busy,
    /// It gave no buffers.
    #[error("unusable buffers")]
    Buffers,
    /// It would take more than the picture.
    #[error("device would show {0} by {1} pixels")]
    Crop(u32, u32),
    /// Its last use has been hanging in its end for so long; see [`crate::Device::open_m2m`].
    #[error("device hangs in the kernel since {:?} and is not opened again before that lets go", .0.since)]
    Hung(Hung),
    /// It cannot be asked.
    #[error("device cannot be used")]
    Device(#[source] io::Error),
    /// It has none of the usable formats.
    #[error("none of the usable formats among {0:?}")]
    NoFormat(Vec<FourCc>),
    /// It does not lend what it makes.
    #[error("device does not export its buffers")]
    NotLent,
    /// It codes no H.264, or scales nothing.
    #[error("not a device of this kind")]
    NotOfKind,
    /// It wants pictures to lie otherwise in memory.
    #[error("device reads {0:?}")]
    Layout(Format),
    /// It has no such profile.
    #[error("profile refused")]
    Profile(#[source] io::Error),
    /// It cannot take or make pictures of this size.
    #[error("device takes or makes {0} by {1} pixels")]
    Size(u32, u32),
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            Some(Errno::BUSY) => Self::Busy,
            _ => Self::Device(error),
        }
    }
}

/// Agrees on the format of the OUTPUT queue: `raw` says size and colour, `feed` the rest.
pub(super) fn set_format<O: M2mOps>(
    ops: &O,
    output: Queue,
    mut raw: Format,
    feed: &Feed,
) -> Result<Format, StartError> {
    let offered = ops.formats(output)?;
    match feed {
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
    let got = ops.set_format(output, &raw)?;
    // Devices work on blocks: they may want 368 rows for 360, but never fewer.
    if got.fourcc != raw.fourcc
        || !(raw.width..=raw.width + MOST_PADDING).contains(&got.width)
        || !(raw.height..=raw.height + MOST_PADDING).contains(&got.height)
    {
        return Err(StartError::Size(got.width, got.height));
    }
    check_rows(got)?;
    if let Feed::Import(layout) = feed {
        // Chroma begins after the rows of luma, so their number must agree too.
        let is_same = (got.bytes_per_line, got.height) == (layout.bytes_per_line, layout.lines);
        if !is_same || got.size_image > layout.buffer_len {
            return Err(StartError::Layout(got));
        }
    }
    Ok(got)
}

/// A picture must fit in what the device says of it.
pub(super) fn check_rows(got: Format) -> Result<(), StartError> {
    let rows = u64::from(got.bytes_per_line) * u64::from(got.height);
    if got.bytes_per_line < got.width || u64::from(got.size_image) < rows * 3 / 2 {
        return Err(StartError::Layout(got));
    }
    Ok(())
}

/// Without it what comes out would show the padding. `input` is the format that was agreed on.
pub(super) fn set_crop<O: M2mOps>(
    ops: &O,
    output: Queue,
    (width, height): (u32, u32),
    input: &Format,
) -> Result<(), StartError> {
    let visible = match ops.set_crop(output, Rect::of(width, height)) {
        Ok(Rect { left: 0, top: 0, width, height }) => (width, height),
        Ok(elsewhere) => return Err(StartError::Crop(elsewhere.width, elsewhere.height)),
        // It cannot crop, and shows what it is given.
        Err(_) => (input.width, input.height),
    };
    if visible == (width, height) { Ok(()) } else { Err(StartError::Crop(visible.0, visible.1)) }
}

/// More than encoders of 64 by 64 pixel blocks need.
const MOST_PADDING: u32 = 64;
