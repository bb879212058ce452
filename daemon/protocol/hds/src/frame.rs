// SPDX-License-Identifier: MIT OR Apache-2.0
//! Encrypted frames: four bytes of header, the sealed payload, sixteen bytes of tag.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, Tag};

use crate::Keys;
use crate::message::{HeaderTooLong, Message};

/// The largest payload of a frame.
pub const MAX_PAYLOAD: usize = 0xf_ffff;
/// What a frame adds to its payload.
pub const OVERHEAD: usize = HEADER_LEN + TAG_LEN;

const HEADER_LEN: usize = 4;
const TAG_LEN: usize = 16;
const ENCRYPTED: u8 = 0x01;

/// A frame that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The payload is longer than [`MAX_PAYLOAD`].
    #[error("message of {0} bytes is too long for a frame")]
    TooLong(usize),
    /// See [`HeaderTooLong`].
    #[error(transparent)]
    Header(#[from] HeaderTooLong),
}

/// Bytes that are no frame. The connection is of no use after any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first byte names a type of frame that does not exist.
    #[error("unknown frame type {0:#04x}")]
    UnknownType(u8),
    /// The payload is longer than is allowed now.
    #[error("frame of {0} bytes is too long")]
    TooLong(usize),
    /// The tag does not belong to the bytes under this key and count.
    #[error("frame does not open with the key")]
    NotAuthentic,
}

/// One direction's cipher and the number of its next frame.
struct Cipher {
    cipher: ChaCha20Poly1305,
    counter: u64,
}

impl Cipher {
    fn new(key: &[u8; 32]) -> Self {
        Self { cipher: ChaCha20Poly1305::new(key.into()), counter: 0 }
    }

    fn nonce(&self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.counter.to_le_bytes());
        nonce.into()
    }

    /// Seals the payload of `frame`, whose header is still to be written, and appends the tag.
    fn seal(&mut self, frame: &mut Vec<u8>) -> Result<(), SealError> {
        let payload_len = frame.len() - HEADER_LEN;
        let len = u32::try_from(payload_len).ok().filter(|_| payload_len <= MAX_PAYLOAD);
        let [_, high, middle, low] = len.ok_or(SealError::TooLong(payload_len))?.to_be_bytes();
        let nonce = self.nonce();
        let (header, payload) = frame.split_at_mut(HEADER_LEN);
        header.copy_from_slice(&[ENCRYPTED, high, middle, low]);
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce, header, payload.into())
            .expect("a payload below 2^38 bytes");
        frame.extend_from_slice(&tag);
        self.counter += 1;
        Ok(())
    }

    /// Opens a whole frame in place and leaves its payload. On failure the bytes are as they were
    /// and the number is not used up.
    fn open(&mut self, frame: &mut Vec<u8>) -> Result<(), FrameError> {
        let nonce = self.nonce();
        let (header, sealed) = frame.split_at_mut(HEADER_LEN);
        let payload_len = sealed.len().checked_sub(TAG_LEN).ok_or(FrameError::NotAuthentic)?;
        let (payload, tag) = sealed.split_at_mut(payload_len);
        let tag = Tag::try_from(&*tag).map_err(|_| FrameError::NotAuthentic)?;
        self.cipher
            .decrypt_inout_detached(&nonce, header, payload.into(), &tag)
            .map_err(|_| FrameError::NotAuthentic)?;
        self.counter += 1;
        frame.truncate(HEADER_LEN + payload_len);
        frame.drain(..HEADER_LEN);
        Ok(())
    }
}

/// Makes the frames of one direction.
pub struct Sealer(Cipher);

impl Sealer {
    /// From frame 0 of the data stream with `keys`.
    pub fn new(keys: &Keys) -> Self {
        Self(Cipher::new(&keys.seal))
    }

    /// A frame around `message`. The message is written once, into the frame itself, and sealed
    /// there.
    ///
    /// # Errors
    /// [`SealError`]; no frame number is used up.
    pub fn seal(&mut self, message: &Message) -> Result<Vec<u8>, SealError> {
        let mut frame = Vec::with_capacity(message.max_encoded_len() + OVERHEAD);
        frame.extend_from_slice(&[0; HEADER_LEN]);
        message.encode(&mut frame)?;
        self.0.seal(&mut frame)?;
        Ok(frame)
    }
}

/// Splits what arrives into frames, of whatever pieces, and opens them.
pub struct Opener {
    cipher: Cipher,
    received: Received,
}

impl Opener {
    /// From frame 0 of the data stream with `keys`.
    pub fn new(keys: &Keys) -> Self {
        Self { cipher: Cipher::new(&keys.open), received: Received::default() }
    }

    /// Opens `frame`, the first one, if it was sealed with these keys. Otherwise it is as it was.
    ///
    /// # Errors
    /// [`FrameError::NotAuthentic`].
    pub(crate) fn open_first(&mut self, frame: &mut Vec<u8>) -> Result<(), FrameError> {
        self.cipher.open(frame)
    }

    /// Takes over what has already arrived behind the first frame.
    pub(crate) fn continue_with(&mut self, received: Received) {
        self.received = received;
    }

    /// Takes what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.received.push(bytes);
    }

    /// The next whole payload; `None` until it has arrived.
    ///
    /// # Errors
    /// [`FrameError`], after which no payload follows.
    pub fn payload(&mut self) -> Result<Option<Vec<u8>>, FrameError> {
        let Some(mut frame) = self.received.frame(MAX_PAYLOAD)? else { return Ok(None) };
        self.cipher.open(&mut frame)?;
        Ok(Some(frame))
    }
}

/// Bytes that arrived and are not yet a whole frame.
#[derive(Default)]
pub(crate) struct Received {
    bytes: Vec<u8>,
}

impl Received {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes out the next whole frame, still sealed; `None` until it has arrived. A length over
    /// `max_payload` is refused as soon as it is read.
    pub(crate) fn frame(&mut self, max_payload: usize) -> Result<Option<Vec<u8>>, FrameError> {
        match self.bytes.first() {
            None => return Ok(None),
            Some(&ENCRYPTED) => {}
            Some(&other) => return Err(FrameError::UnknownType(other)),
        }
        let Some(&[_, high, middle, low]) = self.bytes.first_chunk() else { return Ok(None) };
        let payload_len = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if payload_len > max_payload {
            return Err(FrameError::TooLong(payload_len));
        }
        let frame_len = payload_len + OVERHEAD;
        if self.bytes.len() < frame_len {
            return Ok(None);
        }
        let rest = self.bytes.split_off(frame_len);
        Ok(Some(std::mem::replace(&mut self.bytes, rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dict, Value};

    fn pair() -> (Sealer, Opener) {
        let keys = Keys::accessory(&[1; 32], &[2; 32], &[3; 32]);
        (Sealer::new(&keys), Opener::new(&keys.of_peer()))
    }

    fn event(len: usize) -> Message {
        Message::event("a", "b", Dict::new().with("c", Value::Data(vec![7; len].into())))
    }

    #[test]
    fn frames_arrive_in_whatever_pieces() {
        let (mut sealer, _) = pair();
        let stream: Vec<u8> =
            [0, 1, 300].iter().flat_map(|len| sealer.seal(&event(*len)).unwrap()).collect();
        for piece_len in [1, 2, 3, 5, 100, stream.len()] {
            let (_, mut opener) = pair();
            let mut lens = Vec::new();
            for piece in stream.chunks(piece_len) {
                opener.push(piece);
                while let Some(payload) = opener.payload().unwrap() {
                    let message = Message::decode(&payload).unwrap();
                    lens.push(message.body.get("c").unwrap().as_data().unwrap().len());
                }
            }
            assert_eq!(lens, [0, 1, 300], "in pieces of {piece_len}");
        }
    }

    #[test]
    fn a_frame_opens_only_in_its_place_and_unchanged() {
        let (mut sealer, mut opener) = pair();
        let (first, second) = (sealer.seal(&event(9)).unwrap(), sealer.seal(&event(9)).unwrap());
        let mut early = second.clone();
        assert_eq!(opener.open_first(&mut early), Err(FrameError::NotAuthentic));
        assert_eq!(early, second, "a failed trial leaves the bytes");
        for at in 0..first.len() {
            let mut changed = first.clone();
            changed[at] ^= 0x10;
            assert_eq!(opener.open_first(&mut changed), Err(FrameError::NotAuthentic), "byte {at}");
        }
        opener.push(&first);
        opener.push(&second);
        assert!(opener.payload().unwrap().is_some(), "no number was used up by failures");
        assert!(opener.payload().unwrap().is_some());
    }

    #[test]
    fn the_longest_payload_passes_and_one_byte_more_does_not() {
        let (mut sealer, mut opener) = pair();
        let envelope = {
            let mut payload = Vec::new();
            event(0x4_0000).encode(&mut payload).unwrap();
            payload.len() - 0x4_0000
        };
        let longest = sealer.seal(&event(MAX_PAYLOAD - envelope)).unwrap();
        assert_eq!(longest.len(), MAX_PAYLOAD + OVERHEAD);
        opener.push(&longest);
        assert_eq!(opener.payload().unwrap().unwrap().len(), MAX_PAYLOAD);
        assert_eq!(
            sealer.seal(&event(MAX_PAYLOAD - envelope + 1)).unwrap_err(),
            SealError::TooLong(MAX_PAYLOAD + 1)
        );
        opener.push(&[1, 0x10, 0, 0]);
        assert_eq!(opener.payload(), Err(FrameError::TooLong(0x10_0000)), "before it arrives");
    }

    #[test]
    fn a_frame_is_allocated_once() {
        let (mut sealer, _) = pair();
        let message = event(0x4_0000);
        let capacity = message.max_encoded_len() + OVERHEAD;
        assert_eq!(sealer.seal(&message).unwrap().capacity(), capacity);
    }

    #[test]
    fn another_type_of_frame_is_refused_at_its_first_byte() {
        let (_, mut opener) = pair();
        opener.push(&[2]);
        assert_eq!(opener.payload(), Err(FrameError::UnknownType(2)));
    }
}
