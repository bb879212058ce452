// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON bodies: [`body`] reads what controllers send, [`text`] writes what they get, and
//! [`value`] stands between JSON and [`crate::Value`].

pub(crate) mod body;
pub(crate) mod text;
pub(crate) mod value;

pub(crate) use text::accessories;
