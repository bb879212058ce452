// SPDX-License-Identifier: MIT OR Apache-2.0
//! RTP for live view: packets of H.264, RTCP and SRTP, without sockets, clock or randomness.

#![forbid(unsafe_code)]

mod header;
mod ntp;
mod packetizer;
pub mod rtcp;
mod srtp;

pub use header::{HEADER_LEN, Header, is_rtcp};
pub use ntp::NtpTime;
pub use packetizer::{Mtu, Payloads, Position, packetize};
pub use srtp::{
    KeyLengthError, ProtectError, Protector, RTCP_TRAILER_LEN, Rejected, SALT_LEN, SrtpKeys, Suite,
    TAG_LEN, Unprotector,
};
