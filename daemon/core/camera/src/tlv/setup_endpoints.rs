// SPDX-License-Identifier: MIT OR Apache-2.0
//! SetupEndpoints, 0x118: a viewer says where it listens and with which keys; the following read
//! gets the answer.

use std::net::IpAddr;

use tlv8::{Fields, Writer};
use zeroize::Zeroizing;

use super::live::CryptoSuite;

/// Longest value that is read; real ones have 121 bytes, with IPv6 and long keys below 220.
pub const MAX_BYTES: usize = 512;
/// Longest address text that is read; IPv6 with an embedded IPv4 part has 45 bytes.
const MAX_ADDRESS_BYTES: usize = 64;

/// The viewer's name for one live session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// Where one side listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// Its address.
    pub address: IpAddr,
    /// UDP port for the picture.
    pub video_port: u16,
    /// UDP port for the sound.
    pub audio_port: u16,
}

/// Protection of the packets that the sender of this value sends. Shows and leaves no key.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtpParameters {
    /// The suite.
    pub suite: CryptoSuite,
    /// The master key, as long as the suite says.
    pub key: Zeroizing<Vec<u8>>,
    /// The master salt, as long as the suite says.
    pub salt: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for SrtpParameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpParameters").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// A write to SetupEndpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Chosen by the viewer.
    pub session_id: SessionId,
    /// Where the viewer listens.
    pub controller: Endpoint,
    /// Protects the viewer's video packets (RTCP).
    pub video_srtp: SrtpParameters,
    /// Protects the viewer's audio packets.
    pub audio_srtp: SrtpParameters,
}

/// Why a SetupEndpoints write is not one. The viewer is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Over [`MAX_BYTES`].
    #[error("endpoint request of {0} bytes is too long")]
    TooLong(usize),
    /// Not an IP address of the version that stands beside it.
    #[error("controller address is not an IP address of its version")]
    Address,
    /// A suite that does not exist.
    #[error("SRTP crypto suite {0} is unknown")]
    Suite(u8),
    /// Key or salt do not have the suite's length.
    #[error("SRTP key or salt does not have its suite's length")]
    KeyLength,
    /// A field is missing, stands twice or is misshapen.
    #[error(transparent)]
    Tlv(#[from] tlv8::Error),
}

impl Request {
    /// Reads a write to SetupEndpoints.
    ///
    /// # Errors
    /// [`Error`]; the write then gets -70410.
    pub fn parse(input: &[u8]) -> Result<Self, Error> {
        if input.len() > MAX_BYTES {
            return Err(Error::TooLong(input.len()));
        }
        let fields = Fields::parse(input)?;
        Ok(Self {
            session_id: SessionId(fields.array(1)?),
            controller: endpoint(&fields.fields(3)?)?,
            video_srtp: srtp(&fields.fields(4)?)?,
            audio_srtp: srtp(&fields.fields(5)?)?,
        })
    }
}

fn endpoint(fields: &Fields) -> Result<Endpoint, Error> {
    let version: u8 = fields.number(1)?;
    let text = fields.required(2)?;
    if text.len() > MAX_ADDRESS_BYTES {
        return Err(Error::Address);
    }
    let text = std::str::from_utf8(text).map_err(|_| Error::Address)?;
    // A link-local address may name the sender's own interface, which means nothing here.
    let text = text.split_once('%').map_or(text, |(address, _scope)| address);
    let address: IpAddr = text.parse().map_err(|_| Error::Address)?;
    if version != u8::from(address.is_ipv6()) {
        return Err(Error::Address);
    }
    Ok(Endpoint { address, video_port: fields.number(3)?, audio_port: fields.number(4)? })
}

fn srtp(fields: &Fields) -> Result<SrtpParameters, Error> {
    let number = fields.number(1)?;
    let suite = CryptoSuite::from_number(number).ok_or(Error::Suite(number))?;
    let key = Zeroizing::new(fields.bytes(2)?.unwrap_or_default().to_vec());
    let salt = Zeroizing::new(fields.bytes(3)?.unwrap_or_default().to_vec());
    if (key.len(), salt.len()) != (suite.key_bytes(), suite.salt_bytes()) {
        return Err(Error::KeyLength);
    }
    Ok(SrtpParameters { suite, key, salt })
}

fn write_endpoint(endpoint: &Endpoint) -> Writer {
    Writer::new()
        .u8(1, u8::from(endpoint.address.is_ipv6()))
        .bytes(2, endpoint.address.to_string().as_bytes())
        .u16(3, endpoint.video_port)
        .u16(4, endpoint.audio_port)
}

fn write_srtp(srtp: &SrtpParameters) -> Writer {
    Writer::new().u8(1, srtp.suite.number()).bytes(2, &srtp.key).bytes(3, &srtp.salt)
}

/// Our half of a session that can be started: the answer's fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// Where we listen and send from; of the same IP version as the viewer's address.
    pub accessory: Endpoint,
    /// Protects our video packets.
    pub video_srtp: SrtpParameters,
    /// Protects our audio packets.
    pub audio_srtp: SrtpParameters,
    /// Names our video stream; not 0.
    pub video_ssrc: u32,
    /// Names our audio stream; not 0.
    pub audio_ssrc: u32,
}

/// Why there is no live session for a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No stream is free; the viewer tries the next service.
    Busy,
    /// The viewer cannot be reached from here, or wants a protection that we do not have.
    Error,
}

/// What a read of SetupEndpoints gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Nothing was asked for.
    Idle,
    /// This session cannot be.
    Refused(SessionId, Refusal),
    /// This session can be started.
    Success(SessionId, Box<Prepared>),
}

impl Response {
    /// The characteristic's value. That of a success holds our keys.
    pub fn value(&self) -> Vec<u8> {
        match self {
            Self::Idle => Writer::new().u8(2, STATUS_ERROR).finish(),
            Self::Refused(SessionId(id), refusal) => {
                let status = match refusal {
                    Refusal::Busy => STATUS_BUSY,
                    Refusal::Error => STATUS_ERROR,
                };
                Writer::new().bytes(1, id).u8(2, status).finish()
            }
            Self::Success(SessionId(id), ours) => Writer::new()
                .bytes(1, id)
                .u8(2, STATUS_SUCCESS)
                .tlv(3, &write_endpoint(&ours.accessory))
                .tlv(4, &write_srtp(&ours.video_srtp))
                .tlv(5, &write_srtp(&ours.audio_srtp))
                .u32(6, ours.video_ssrc)
                .u32(7, ours.audio_ssrc)
                .finish(),
        }
    }
}

const STATUS_SUCCESS: u8 = 0;
const STATUS_BUSY: u8 = 1;
const STATUS_ERROR: u8 = 2;
