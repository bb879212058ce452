// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames of a verified session: `len (2, LE, 1..=1024) | ciphertext | tag (16)`, the length
//! authenticated with it, a counter per direction as the nonce. Frames know nothing of HTTP.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Tag};
use zeroize::Zeroizing;

use crate::pairing::keys::{TAG_LEN, derive, nonce};

/// Longest plaintext of a frame in bytes.
pub const MAX_FRAME: usize = 1024;

const HEADER_LEN: usize = 2;

/// The secret that pair verify agreed on. The keys of data streams are derived from it. No
/// `Debug`, and wiped when dropped.
pub struct SharedSecret(pub(crate) Zeroizing<[u8; 32]>);

impl SharedSecret {
    /// The 32 bytes, as the input of HKDF.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The peer broke the framing or its key is not ours: the connection is closed without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A length of 0 or above [`MAX_FRAME`].
    #[error("frame of {0} bytes")]
    Length(usize),
    /// The tag is wrong.
    #[error("frame with a wrong tag")]
    Tag,
}

/// Both directions of one session.
pub struct Session {
    sealer: Direction,
    opener: Direction,
    secret: SharedSecret,
}

struct Direction {
    cipher: ChaCha20Poly1305,
    counter: u64,
}

impl Direction {
    fn new(secret: &SharedSecret, info: &str) -> Self {
        let key = derive(secret.as_bytes(), "Control-Salt", info);
        Self { cipher: ChaCha20Poly1305::new((&*key).into()), counter: 0 }
    }

    fn next(&mut self) -> [u8; 8] {
        let counter = self.counter.to_le_bytes();
        self.counter += 1;
        counter
    }
}

impl Session {
    /// The accessory's side of a session.
    pub fn new(secret: SharedSecret) -> Self {
        Self {
            sealer: Direction::new(&secret, "Control-Read-Encryption-Key"),
            opener: Direction::new(&secret, "Control-Write-Encryption-Key"),
            secret,
        }
    }

    /// The secret both directions come from.
    pub fn shared_secret(&self) -> &SharedSecret {
        &self.secret
    }

    /// Seals a message into as many frames as it takes.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let frames = message.len().div_ceil(MAX_FRAME);
        let mut out = Vec::with_capacity(message.len() + frames * (HEADER_LEN + TAG_LEN));
        for part in message.chunks(MAX_FRAME) {
            let header = u16::try_from(part.len()).expect("a part is at most 1024 bytes");
            let header = header.to_le_bytes();
            out.extend_from_slice(&header);
            let start = out.len();
            out.extend_from_slice(part);
            let nonce = nonce(&self.sealer.next());
            let tag = self
                .sealer
                .cipher
                .encrypt_inout_detached(&nonce, &header, (&mut out[start..]).into())
                .expect("a frame is far below the cipher's limit");
            out.extend_from_slice(&tag);
        }
        out
    }

    /// Opens every whole frame at the front of `raw`, appends the plaintext to `plain` and takes
    /// the frames out of `raw`. An unfinished frame stays; at most 1041 bytes of it.
    ///
    /// # Errors
    /// [`FrameError`]; the session is over.
    pub fn open(&mut self, raw: &mut Vec<u8>, plain: &mut Vec<u8>) -> Result<(), FrameError> {
        let mut used = 0;
        while let Some((header, rest)) = raw[used..].split_first_chunk_mut::<HEADER_LEN>() {
            let len = usize::from(u16::from_le_bytes(*header));
            if len == 0 || len > MAX_FRAME {
                return Err(FrameError::Length(len));
            }
            let Some((ciphertext, rest)) = rest.split_at_mut_checked(len) else { break };
            let Some(tag) = rest.first_chunk::<TAG_LEN>() else { break };
            let nonce = nonce(&self.opener.next());
            self.opener
                .cipher
                .decrypt_inout_detached(&nonce, header, (&mut *ciphertext).into(), &Tag::from(*tag))
                .map_err(|_| FrameError::Tag)?;
            plain.extend_from_slice(ciphertext);
            used += HEADER_LEN + len + TAG_LEN;
        }
        raw.drain(..used);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{VECTORS, array, hex, text};
    use proptest::prelude::*;
    use sha2::{Digest, Sha512};

    fn session() -> Session {
        let secret = array(&VECTORS["pair_verify"]["shared_secret"]);
        Session::new(SharedSecret(Zeroizing::new(secret)))
    }

    fn request() -> Vec<u8> {
        hex(&VECTORS["session_frames"]["controller_request_frame"])
    }

    #[test]
    fn the_frames_of_the_vectors_are_opened_and_made() {
        let row = &VECTORS["session_frames"];
        let mut session = session();
        let (mut raw, mut plain) = (request(), Vec::new());
        session.open(&mut raw, &mut plain).unwrap();
        assert_eq!(plain, text(&row["controller_request_plain_ascii"]).as_bytes());
        assert!(raw.is_empty());

        let answer = session.seal(text(&row["accessory_response_plain_ascii"]).as_bytes());
        assert_eq!(answer, hex(&row["accessory_response_frame"]));
        let big: Vec<u8> = (0..=255).cycle().take(2500).collect();
        let wire = session.seal(&big);
        assert_eq!(wire[..32], hex(&row["big_first_32"]));
        assert_eq!(Sha512::digest(&wire).as_slice(), hex(&row["big_wire_sha512"]));
    }

    #[test]
    fn a_frame_that_comes_byte_by_byte_is_opened_with_the_last() {
        let mut session = session();
        let (mut raw, mut plain) = (Vec::new(), Vec::new());
        let frame = request();
        for (at, &byte) in frame.iter().enumerate() {
            assert!(plain.is_empty(), "opened after {at} bytes");
            raw.push(byte);
            session.open(&mut raw, &mut plain).unwrap();
        }
        assert_eq!(plain.len(), frame.len() - 18);
    }

    #[test]
    fn a_wrong_length_or_tag_ends_the_session() {
        for (len, header) in [(0, [0, 0]), (1025, [1, 4]), (65535, [255, 255])] {
            let refused = session().open(&mut header.to_vec(), &mut Vec::new());
            assert_eq!(refused, Err(FrameError::Length(len)));
        }
        let frame = request();
        for at in 2..frame.len() {
            let mut wrong = frame.clone();
            wrong[at] ^= 1;
            assert_eq!(session().open(&mut wrong, &mut Vec::new()), Err(FrameError::Tag), "{at}");
        }
    }

    #[test]
    fn a_frame_is_not_taken_twice() {
        let mut session = session();
        session.open(&mut request(), &mut Vec::new()).unwrap();
        assert_eq!(session.open(&mut request(), &mut Vec::new()), Err(FrameError::Tag));
    }

    proptest! {
        #[test]
        fn any_bytes_wait_or_end_the_session(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let mut raw = bytes.clone();
            if session().open(&mut raw, &mut Vec::new()).is_ok() {
                prop_assert!(raw.len() < 2 + MAX_FRAME + TAG_LEN);
            }
        }
    }
}
