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

/// Why there is no live session for a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No stream is free; the viewer tries the next service.
    Busy,
}

/// What a read of SetupEndpoints gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// Nothing was asked for.
    Idle,
    /// This session cannot be.
    Refused(SessionId, Refusal),
}

impl Response {
    /// The characteristic's value.
    pub fn value(self) -> Vec<u8> {
        match self {
            Self::Idle => Writer::new().u8(2, STATUS_ERROR).finish(),
            Self::Refused(SessionId(id), Refusal::Busy) => {
                Writer::new().bytes(1, &id).u8(2, STATUS_BUSY).finish()
            }
        }
    }
}

const STATUS_BUSY: u8 = 1;
const STATUS_ERROR: u8 = 2;
