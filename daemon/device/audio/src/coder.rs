// SPDX-License-Identifier: MIT OR Apache-2.0
//! The AAC library, behind the few words we need of it. Nothing else knows which library it is.

#[cfg(not(feature = "fdk-aac"))]
mod absent;
#[cfg(feature = "fdk-aac")]
mod fdk;

#[cfg(not(feature = "fdk-aac"))]
pub(crate) use absent::Coder;
#[cfg(feature = "fdk-aac")]
pub(crate) use fdk::Coder;

/// Why the library does not encode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoderError {
    /// Built without the feature `fdk-aac`.
    #[error("this build has no AAC encoder")]
    Absent,
    /// In the library's words.
    #[error("{0}")]
    Library(String),
}
