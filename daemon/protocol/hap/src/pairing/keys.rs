// SPDX-License-Identifier: MIT OR Apache-2.0
//! Key derivation and the sealed messages inside pair setup and pair verify.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha512;
use zeroize::Zeroizing;

/// A 32-byte key, wiped when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// Length of an authentication tag in bytes.
pub const TAG_LEN: usize = 16;

/// HKDF-SHA-512 to 32 bytes.
pub fn derive(secret: &[u8], salt: &str, info: &str) -> Key {
    let mut key = Zeroizing::new([0; 32]);
    Hkdf::<Sha512>::new(Some(salt.as_bytes()), secret)
        .expand(info.as_bytes(), &mut *key)
        .expect("32 bytes are within what HKDF gives");
    key
}

/// Seals a handshake message; the tag stands at its end. `label` is the nonce's text.
pub fn seal(key: &Key, label: &[u8; 8], mut message: Vec<u8>) -> Vec<u8> {
    let tag = ChaCha20Poly1305::new((&**key).into())
        .encrypt_inout_detached(&nonce(label), &[], message.as_mut_slice().into())
        .expect("a handshake message is far below the cipher's limit");
    message.extend_from_slice(&tag);
    message
}

/// Opens a handshake message; `None` when its tag is wrong or missing.
pub fn open(key: &Key, label: &[u8; 8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (message, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
    let mut message = Zeroizing::new(message.to_vec());
    ChaCha20Poly1305::new((&**key).into())
        .decrypt_inout_detached(&nonce(label), &[], message.as_mut_slice().into(), &Tag::from(*tag))
        .ok()?;
    Some(message)
}

/// Four zero bytes and eight more: a label, or a counter in little endian.
pub fn nonce(last: &[u8; 8]) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(last);
    nonce
}
