// SPDX-License-Identifier: MIT OR Apache-2.0
//! SRTP and SRTCP with AES in counter mode and HMAC-SHA1-80: no MKI, key derivation rate 0, in
//! place. Spec: RFC 3711, RFC 6188.

mod index;
mod keys;
mod protect;
mod unprotect;

pub(crate) use index::nearest_index;
pub use keys::{KeyLengthError, SALT_LEN, SrtpKeys, Suite};
pub use protect::{ProtectError, Protector};
pub use unprotect::{Rejected, Unprotector};

/// Bytes of the tag at the end of every packet.
pub const TAG_LEN: usize = 10;

/// Bytes that SRTCP adds: the index with its E bit, and the tag.
pub const RTCP_TRAILER_LEN: usize = 4 + TAG_LEN;

/// Bytes of an RTCP packet that are not encrypted: the first header and the sender's SSRC.
const RTCP_CLEAR_LEN: usize = 8;

/// SRTCP's flag "encrypted", above its index of 31 bits.
const E_BIT: u32 = 1 << 31;
