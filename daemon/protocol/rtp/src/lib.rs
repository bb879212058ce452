// SPDX-License-Identifier: MIT OR Apache-2.0
//! RTP for live view: packets of H.264 and of sound, RTCP and SRTP, and the jitter buffer of what
//! comes back, without sockets, clock or randomness. Who may see the stream, and what an encoder or a
//! loudspeaker does, is not known here.
//!
//! ```text
//! EncodedFrame ─► Session ─► packetize ─► SRTP ─► Output::Send ─► UDP
//! bytes ────────► Session ─► SRTP ─► rtcp::parse ─► Output::Event ─► the encoder
//! AudioPacket ──► AudioSession ─► SRTP ─► AudioOutput::Send ─► UDP
//! bytes ────────► AudioSession ─► SRTP ─► TalkPacket ─► JitterBuffer ─► the decoder
//! ```

#![forbid(unsafe_code)]

mod audio;
mod endpoint;
mod header;
mod jitter;
mod ntp;
mod packetizer;
pub mod rtcp;
mod session;
mod srtp;

pub use audio::{
    AudioEvent, AudioInput, AudioOutput, AudioSession, AudioSessionConfig, TalkPacket,
};
pub use endpoint::StreamConfig;
pub use header::{HEADER_LEN, Header, is_rtcp};
pub use jitter::{Arrival, JitterBuffer, JitterStats, Playout};
pub use ntp::NtpTime;
pub use packetizer::{Mtu, Payloads, Position, packetize};
pub use session::{
    Change, Event, Input, LIVENESS, Moment, Output, Session, SessionConfig, Stats, rtcp_interval,
};
pub use srtp::{
    KeyLengthError, ProtectError, Protector, RTCP_TRAILER_LEN, Rejected, SALT_LEN, SrtpKeys, Suite,
    TAG_LEN, Unprotector,
};
