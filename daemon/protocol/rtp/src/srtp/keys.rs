// SPDX-License-Identifier: MIT OR Apache-2.0
//! Master keys, and the session keys derived from them. Spec: RFC 3711 §4.3, RFC 6188 §3.

use aes::{Aes128, Aes256};
use ctr::cipher::{InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use ctr::{CtrCore, flavors::Ctr128BE};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::TAG_LEN;

/// Bytes of a master salt.
pub const SALT_LEN: usize = 14;

/// Bytes of a session authentication key.
const AUTH_KEY_LEN: usize = 20;

/// How packets are protected. The numbers are HomeKit's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES_CM_128_HMAC_SHA1_80, 0.
    AesCm128HmacSha1_80,
    /// AES_256_CM_HMAC_SHA1_80, 1.
    AesCm256HmacSha1_80,
}

impl Suite {
    /// Bytes of a master key and of a session key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 16,
            Self::AesCm256HmacSha1_80 => 32,
        }
    }
}

/// A key or salt of the wrong length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key of {key} and a salt of {salt} bytes; expected {expected} and 14")]
pub struct KeyLengthError {
    /// Bytes of the key that was given.
    pub key: usize,
    /// Bytes of the salt that was given.
    pub salt: usize,
    /// Bytes that the suite's key has.
    pub expected: usize,
}

/// Master key and salt of one direction, wiped when dropped. No `Debug`: they are secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SrtpKeys {
    #[zeroize(skip)]
    suite: Suite,
    /// The first `suite.key_len()` bytes count.
    key: [u8; 32],
    salt: [u8; SALT_LEN],
}

impl SrtpKeys {
    /// Keys as they come in a set-up write, or random ones.
    ///
    /// # Errors
    /// [`KeyLengthError`] when the lengths are not the suite's.
    pub fn new(suite: Suite, key: &[u8], salt: &[u8]) -> Result<Self, KeyLengthError> {
        let error = KeyLengthError { key: key.len(), salt: salt.len(), expected: suite.key_len() };
        if key.len() != suite.key_len() {
            return Err(error);
        }
        let mut keys = Self { suite, key: [0; 32], salt: salt.try_into().map_err(|_| error)? };
        keys.key[..key.len()].copy_from_slice(key);
        Ok(keys)
    }

    /// How packets are protected with these keys.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    pub(super) fn rtp(&self) -> SessionKeys {
        self.derive(0)
    }

    pub(super) fn rtcp(&self) -> SessionKeys {
        self.derive(3)
    }

    /// The three keys whose labels begin with `label`: cipher, authentication, salt.
    fn derive(&self, label: u8) -> SessionKeys {
        let master = Cipher::new(self.suite, &self.key);
        let mut key = Zeroizing::new([0; 32]);
        let mut auth = Zeroizing::new([0; AUTH_KEY_LEN]);
        let mut salt = [0; SALT_LEN];
        self.derive_into(&master, label, &mut key[..self.suite.key_len()]);
        self.derive_into(&master, label + 1, &mut *auth);
        self.derive_into(&master, label + 2, &mut salt);
        SessionKeys {
            cipher: Cipher::new(self.suite, &*key),
            salt,
            mac: <Hmac<Sha1> as hmac::KeyInit>::new_from_slice(&*auth)
                .expect("any length is taken"),
        }
    }

    /// With a key derivation rate of 0 the label is all that is mixed into the salt.
    fn derive_into(&self, master: &Cipher, label: u8, out: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..SALT_LEN].copy_from_slice(&self.salt);
        iv[7] ^= label;
        out.fill(0);
        master.apply(&iv, out);
        iv.zeroize();
    }
}

/// The keys of one direction for RTP or for RTCP. What they are made of wipes itself.
pub(super) struct SessionKeys {
    cipher: Cipher,
    salt: [u8; SALT_LEN],
    /// Keyed; cloned for each packet, so that the key is hashed once.
    mac: Hmac<Sha1>,
}

impl SessionKeys {
    /// Encrypts or decrypts `data` of the packet with this SSRC and index. Spec: RFC 3711 §4.1.1.
    pub(super) fn apply(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..SALT_LEN].copy_from_slice(&self.salt);
        let mix = u128::from(ssrc) << 64 | u128::from(index) << 16;
        let iv = (u128::from_be_bytes(iv) ^ mix).to_be_bytes();
        self.cipher.apply(&iv, data);
    }

    /// The tag over `packet` and `suffix`, which is not sent.
    pub(super) fn tag(&self, packet: &[u8], suffix: &[u8]) -> [u8; TAG_LEN] {
        let full = self.mac.clone().chain_update(packet).chain_update(suffix).finalize();
        let mut tag = [0; TAG_LEN];
        tag.copy_from_slice(&full.into_bytes()[..TAG_LEN]);
        tag
    }

    /// Whether `tag` is that of `packet` and `suffix`; takes the same time wherever they differ.
    pub(super) fn is_authentic(&self, packet: &[u8], suffix: &[u8], tag: &[u8; TAG_LEN]) -> bool {
        let mac = self.mac.clone().chain_update(packet).chain_update(suffix);
        mac.verify_truncated_left(tag).is_ok()
    }
}

impl Drop for SessionKeys {
    fn drop(&mut self) {
        self.salt.zeroize();
    }
}

/// AES with its key schedule, made once.
enum Cipher {
    Aes128(Aes128),
    Aes256(Aes256),
}

impl Cipher {
    fn new(suite: Suite, key: &[u8]) -> Self {
        let fits = "the suite's own length";
        let key = &key[..suite.key_len()];
        match suite {
            Suite::AesCm128HmacSha1_80 => Self::Aes128(Aes128::new_from_slice(key).expect(fits)),
            Suite::AesCm256HmacSha1_80 => Self::Aes256(Aes256::new_from_slice(key).expect(fits)),
        }
    }

    /// XORs the key stream that begins at `iv` into `data`.
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        match self {
            Self::Aes128(aes) => {
                let core = CtrCore::<_, Ctr128BE>::inner_iv_init(aes, iv.into());
                StreamCipherCoreWrapper::from_core(core).apply_keystream(data);
            }
            Self::Aes256(aes) => {
                let core = CtrCore::<_, Ctr128BE>::inner_iv_init(aes, iv.into());
                StreamCipherCoreWrapper::from_core(core).apply_keystream(data);
            }
        }
    }
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
