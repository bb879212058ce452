// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pairings and the count of wrong setup codes: what must survive power loss.

use std::fmt;

/// Most pairings that are kept. iOS adds one per member of the home and per home hub.
pub const MAX_PAIRINGS: usize = 32;
/// Wrong setup codes after which only a factory reset allows pairing again.
pub const MAX_TRIES: u16 = 100;

/// A controller's pairing identifier: 1 to 36 bytes of UTF-8, from iOS a UUID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControllerId(String);

/// Not 1 to 36 bytes of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a controller's identifier is 1 to 36 bytes of UTF-8")]
pub struct NoControllerId;

impl ControllerId {
    /// Longest identifier in bytes.
    pub const MAX_LEN: usize = 36;

    /// Takes the bytes of an identifier.
    ///
    /// # Errors
    /// [`NoControllerId`].
    pub fn new(bytes: &[u8]) -> Result<Self, NoControllerId> {
        if !(1..=Self::MAX_LEN).contains(&bytes.len()) {
            return Err(NoControllerId);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NoControllerId)?;
        Ok(Self(text.to_owned()))
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControllerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One controller that may talk to the accessory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// Its identifier.
    pub identifier: ControllerId,
    /// Its Ed25519 public key (LTPK).
    pub public_key: [u8; 32],
    /// Whether it may manage pairings.
    pub is_admin: bool,
}

/// All that the server asks to be persisted. Purged by a factory reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PairingState {
    /// The pairings, in the order in which they were made; at most 32, else the rest is ignored.
    pub pairings: Vec<Pairing>,
    /// Wrong setup codes since the last right one; at 100 pair setup is shut.
    pub failed_attempts: u16,
}

impl PairingState {
    /// Whether there is any pairing.
    pub fn is_paired(&self) -> bool {
        !self.pairings.is_empty()
    }

    /// The pairing of this controller.
    pub fn pairing(&self, identifier: &ControllerId) -> Option<&Pairing> {
        self.pairings.iter().find(|pairing| pairing.identifier == *identifier)
    }

    /// Whether this controller is paired as an admin.
    pub fn is_admin(&self, identifier: &ControllerId) -> bool {
        self.pairing(identifier).is_some_and(|pairing| pairing.is_admin)
    }

    /// Without an admin nobody could ever manage the pairings, so none of them may stay.
    pub(crate) fn drop_all_without_admin(&mut self) {
        if !self.pairings.iter().any(|pairing| pairing.is_admin) {
            self.pairings.clear();
        }
    }
}
