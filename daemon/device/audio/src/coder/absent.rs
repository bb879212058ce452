// SPDX-License-Identifier: MIT OR Apache-2.0
//! A build without an AAC library.

use super::CoderError;
use crate::encoder::AudioFormat;
use crate::live::LiveRate;

/// Cannot be made.
#[derive(Debug)]
pub(crate) enum Coder {}

impl Coder {
    pub(crate) fn new(_: &AudioFormat, _: Option<u32>) -> Result<Self, CoderError> {
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

/// Cannot be made.
#[derive(Debug)]
pub(crate) enum Decoding {}

impl Decoding {
    pub(crate) fn new(_: LiveRate) -> Result<Self, CoderError> {
        Err(CoderError::Absent)
    }

    pub(crate) fn decode(&mut self, _: &[u8], _: &mut [i16]) -> Result<usize, CoderError> {
        match *self {}
    }

    pub(crate) fn conceal(&mut self, _: &mut [i16]) -> Result<usize, CoderError> {
        match *self {}
    }
}
