// SPDX-License-Identifier: MIT OR Apache-2.0
//! What went wrong, and whose fault it is.

use std::ffi::{OsString, c_int};

/// The library cannot be used on this machine.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not installed, or not for this processor.
    #[error("librockchip_mpp cannot be loaded as {path:?}")]
    Absent {
        /// What was tried last.
        path: OsString,
        /// The loader's words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is another library, or a release that is too old.
    #[error("{path:?} has no function {function}")]
    Incomplete {
        /// The library.
        path: OsString,
        /// What it lacks.
        function: &'static str,
    },
}

/// Why there is no coded picture. But for [`Error::Import`], [`Error::Layout`] and
/// [`Error::Length`], the encoder is of no more use then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The hardware let a picture lie for longer than [`crate::PICTURE_TIMEOUT`].
    #[error("the hardware encoder does not answer")]
    Stalled,
    /// Another encoder of this process hung and has not ended yet: a new one would hang as well.
    #[error("an encoder that hung before has not let go")]
    Hung,
    /// The library or the hardware under it failed in a call.
    #[error("{call} failed with code {code}")]
    Failed {
        /// The library's function.
        call: &'static str,
        /// Its answer.
        code: c_int,
    },
    /// This release of the library knows no such setting, or refuses its value.
    #[error("the library refuses the setting {name} with code {code}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its answer.
        code: c_int,
    },
    /// The machine has no memory that the encoder can read.
    #[error("no memory for the encoder, code {code}")]
    Memory {
        /// The library's answer.
        code: c_int,
    },
    /// The encoder cannot read the camera's memory. It can go on with copies.
    #[error("the encoder cannot import the picture's memory, code {code}")]
    Import {
        /// The library's answer; 0 when the memory could not even be lent.
        code: c_int,
    },
    /// The caller's size is odd, too small or too large for H.264 at the levels in use.
    #[error("cannot encode pictures of {width}x{height}")]
    Unsupported {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// The caller's pictures lie in a way that the hardware cannot read.
    #[error("rows of {stride} bytes and {lines} lines: rows must be a multiple of 16 bytes")]
    Layout {
        /// Bytes.
        stride: u32,
        /// Rows.
        lines: u32,
    },
    /// The caller's memory is shorter than its picture.
    #[error("a picture of {needed} bytes in {len} bytes of memory")]
    Length {
        /// The memory's.
        len: usize,
        /// The picture's.
        needed: usize,
    },
    /// The library made a packet that cannot be one.
    #[error("a packet of {0} bytes")]
    Packet(usize),
}
