// SPDX-License-Identifier: MIT OR Apache-2.0
//! Types, methods and errors in the TLV bodies of pairing.

/// Item types.
pub mod kind {
    pub const METHOD: u8 = 0x00;
    pub const IDENTIFIER: u8 = 0x01;
    pub const SALT: u8 = 0x02;
    pub const PUBLIC_KEY: u8 = 0x03;
    pub const PROOF: u8 = 0x04;
    pub const ENCRYPTED_DATA: u8 = 0x05;
    pub const STATE: u8 = 0x06;
    pub const ERROR: u8 = 0x07;
    pub const SIGNATURE: u8 = 0x0a;
    pub const PERMISSIONS: u8 = 0x0b;
    pub const SEPARATOR: u8 = 0xff;
}

/// Values of [`kind::METHOD`].
pub mod method {
    pub const PAIR_SETUP: u8 = 0;
    pub const PAIR_SETUP_WITH_AUTH: u8 = 1;
    pub const PAIR_VERIFY: u8 = 2;
    pub const ADD_PAIRING: u8 = 3;
    pub const REMOVE_PAIRING: u8 = 4;
    pub const LIST_PAIRINGS: u8 = 5;
}

/// Values of [`kind::ERROR`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PairingError {
    Unknown = 1,
    Authentication = 2,
    MaxPeers = 4,
    MaxTries = 5,
    Unavailable = 6,
    Busy = 7,
}

/// A body that answers with an error: state and error, nothing else.
pub fn error(state: u8, error: PairingError) -> Vec<u8> {
    tlv8::Writer::new().u8(kind::STATE, state).u8(kind::ERROR, error as u8).finish()
}

/// A message that cannot be read or comes out of turn: HTTP 400, and the handshake starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error(transparent)]
    Tlv(#[from] tlv8::Error),
    #[error("an item has a value that is not allowed")]
    Value,
    #[error("the message comes out of turn")]
    OutOfTurn,
}
