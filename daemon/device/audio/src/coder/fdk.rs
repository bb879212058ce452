// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fraunhofer's library.

mod decoding;
mod encoding;

pub(crate) use decoding::Decoding;
pub(crate) use encoding::Coder;

use super::CoderError;

/// `Ok` where the library says so. Its errors are numbers, told as its header names them.
fn check(code: u32) -> Result<(), CoderError> {
    match code {
        0 => Ok(()),
        code => Err(CoderError::Library(format!("the AAC library says {code:#06x}"))),
    }
}
