// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who the accessory is: its device id and its long-term key.

use std::fmt;

use ed25519_dalek::{Signer, SigningKey};
use rand_core::Rng;

/// `AA:BB:CC:DD:EE:FF`, upper case: TXT key `id` and the accessory's pairing identifier. Random
/// once, new with a factory reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId([u8; 17]);

/// A text is not six pairs of upper-case hexadecimal digits with colons between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device id has the form XX:XX:XX:XX:XX:XX in upper case")]
pub struct NoDeviceId;

impl DeviceId {
    /// Reads `XX:XX:XX:XX:XX:XX`.
    ///
    /// # Errors
    /// [`NoDeviceId`].
    pub fn parse(text: &str) -> Result<Self, NoDeviceId> {
        let id: [u8; 17] = text.as_bytes().try_into().map_err(|_| NoDeviceId)?;
        let has_form = id.iter().enumerate().all(|(at, byte)| match at % 3 {
            2 => *byte == b':',
            _ => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
        });
        if has_form { Ok(Self(id)) } else { Err(NoDeviceId) }
    }

    /// Draws an id.
    pub fn generate(rng: &mut impl Rng) -> Self {
        let mut bytes = [0; 6];
        rng.fill_bytes(&mut bytes);
        let mut id = [b':'; 17];
        for (pair, byte) in id.chunks_mut(3).zip(bytes) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 0x0f)];
        }
        Self(id)
    }

    /// The seventeen characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hexadecimal digits and colons are ASCII")
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Device id and Ed25519 key (LTSK) of the accessory. Losing either means pairing anew. The key
/// is a secret: no `Debug`, and it is wiped when dropped.
pub struct Identity {
    device_id: DeviceId,
    key: SigningKey,
}

impl Identity {
    /// From what is stored: the id and the seed of the key.
    pub fn new(device_id: DeviceId, seed: &[u8; 32]) -> Self {
        Self { device_id, key: SigningKey::from_bytes(seed) }
    }

    /// Draws id and key.
    pub fn generate(rng: &mut impl Rng) -> Self {
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Self::new(DeviceId::generate(rng), &seed)
    }

    /// The device id.
    pub fn device_id(&self) -> &DeviceId {
        &self.device_id
    }

    /// The seed of the key, to store it.
    pub fn seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The public key (LTPK).
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    #[test]
    fn drawn_ids_can_be_read_back_and_others_not() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        for _ in 0..100 {
            let id = DeviceId::generate(&mut rng);
            assert_eq!(DeviceId::parse(id.as_str()), Ok(id));
        }
        for text in
            ["", "AA:BB:CC:DD:EE", "aa:BB:CC:DD:EE:FF", "AA-BB:CC:DD:EE:FF", "AA:BB:CC:DD:EE:FG"]
        {
            assert_eq!(DeviceId::parse(text), Err(NoDeviceId), "{text}");
        }
    }

    #[test]
    fn a_stored_identity_is_the_same_again() {
        let identity = Identity::generate(&mut ChaCha20Rng::seed_from_u64(4));
        let again = Identity::new(*identity.device_id(), identity.seed());
        assert_eq!(again.public_key(), identity.public_key());
    }
}
