// SPDX-License-Identifier: MIT OR Apache-2.0
//! A build without an AAC library.

use super::CoderError;
use crate::encoder::AudioFormat;

/// Cannot be made.
#[derive(Debug)]
pub(crate) enum Coder {}

impl Coder {
    pub(crate) fn new(_: &AudioFormat) -> Result<Self, CoderError> {
        Err(CoderError::Absent)
    }

    pub(crate) fn frame_samples(&self) -> usize {
        match *self {}
    }

    pub(crate) fn delay_samples(&self) -> usize {
        match *self {}
    }

    pub(crate) fn specific_config(&self) -> &[u8] {
        match *self {}
    }

    pub(crate) fn encode(&mut self, _: &[i16]) -> Result<Option<Vec<u8>>, CoderError> {
        match *self {}
    }
}
