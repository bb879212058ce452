// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two keys of a data stream.

use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes of each salt.
pub const SALT_LEN: usize = 32;

/// The keys of one data stream, as this end uses them; wiped when dropped. No `Debug`: they are
/// secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Keys {
    pub(crate) seal: [u8; 32],
    pub(crate) open: [u8; 32],
}

impl Keys {
    /// The accessory's keys. `shared_secret` is the X25519 secret of the pair verify that made the
    /// HAP session over which the controller set the data stream up.
    pub fn accessory(
        shared_secret: &[u8],
        controller_salt: &[u8; SALT_LEN],
        accessory_salt: &[u8; SALT_LEN],
    ) -> Self {
        let mut salt = [0; 2 * SALT_LEN];
        salt[..SALT_LEN].copy_from_slice(controller_salt);
        salt[SALT_LEN..].copy_from_slice(accessory_salt);
        let hkdf = Hkdf::<Sha512>::new(Some(&salt), shared_secret);
        let mut keys = Self { seal: [0; 32], open: [0; 32] };
        let fits = "HKDF-SHA-512 yields up to 16320 bytes";
        // "Read" and "Write" are the controller's words.
        hkdf.expand(b"HDS-Read-Encryption-Key", &mut keys.seal).expect(fits);
        hkdf.expand(b"HDS-Write-Encryption-Key", &mut keys.open).expect(fits);
        keys
    }

    /// The same data stream's keys as the other end uses them: the controller's.
    #[must_use]
    pub fn of_peer(&self) -> Self {
        Self { seal: self.open, open: self.seal }
    }
}
