// SPDX-License-Identifier: MIT OR Apache-2.0
//! TLV8: HomeKit's type-length-value format, as an ordered list of items.
//!
//! [`decode`] keeps order and repeats; [`Fields`] is the typed reader above it, [`Writer`] the
//! way out. What the types mean is not known here.
//!
//! ```
//! let bytes = tlv8::Writer::new().u8(6, 1).bytes(3, &[7; 300]).finish();
//! let fields = tlv8::Fields::parse(&bytes)?;
//! assert_eq!(fields.uint(6)?, Some(1));
//! assert_eq!(fields.bytes(3)?, Some(&[7; 300][..]));
//! # Ok::<(), tlv8::Error>(())
//! ```

#![forbid(unsafe_code)]

mod fields;
mod item;
mod writer;

pub use fields::{Error, Fields};
pub use item::{Item, Truncated, decode, split};
pub use writer::Writer;
