// SPDX-License-Identifier: MIT OR Apache-2.0
//! A pair-verify from the controller's side, as a stranger: proves that a server answers, and that it is this accessory.
//! It ends with the refusal that a stranger gets, so that it needs no key that opens anything.

use tlv8::{Fields, Writer};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{
    keys::{derive, open, seal},
    setup::is_signed,
    tlv::{PairingError, error, kind},
};

/// Nobody's.
const STRANGER: &[u8] = b"00000000-0000-0000-0000-000000000000";

/// What the server says is not what this accessory would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOurs {
    /// M2 is not of the specification's form.
    #[error("the answer to a pair-verify is malformed")]
    Malformed,
    /// Its signature is of another key.
    #[error("whoever answers a pair-verify is another accessory")]
    Another,
    /// M4 is not the refusal of a stranger.
    #[error("a stranger's pair-verify is not refused")]
    NotRefused,
}

/// A pair-verify under way.
pub struct Probe {
    private_key: StaticSecret,
    public_key: [u8; 32],
}

impl Probe {
    /// `private_key` is random.
    #[must_use]
    pub fn new(private_key: [u8; 32]) -> Self {
        let private_key = StaticSecret::from(private_key);
        let public_key = PublicKey::from(&private_key).to_bytes();
        Self { private_key, public_key }
    }

    /// The first message.
    #[must_use]
    pub fn m1(&self) -> Vec<u8> {
        Writer::new().u8(kind::STATE, 1).bytes(kind::PUBLIC_KEY, &self.public_key).finish()
    }

    /// The third, for the server's `m2`, which must be signed with the secret half of `accessory_key`.
    ///
    /// # Errors
    /// [`NotOurs::Malformed`], [`NotOurs::Another`].
    pub fn m3(self, m2: &[u8], accessory_key: &[u8; 32]) -> Result<Vec<u8>, NotOurs> {
        let malformed = |_| NotOurs::Malformed;
        let fields = Fields::parse(m2).map_err(|_| NotOurs::Malformed)?;
        if fields.number::<u8>(kind::STATE).map_err(malformed)? != 2 {
            return Err(NotOurs::Malformed);
        }
        let theirs = fields.array::<32>(kind::PUBLIC_KEY).map_err(malformed)?;
        let sealed = fields.required(kind::ENCRYPTED_DATA).map_err(malformed)?;
        let secret = self.private_key.diffie_hellman(&PublicKey::from(theirs));
        let key = derive(secret.as_bytes(), "Pair-Verify-Encrypt-Salt", "Pair-Verify-Encrypt-Info");
        let plain = open(&key, b"PV-Msg02", sealed).ok_or(NotOurs::Malformed)?;
        let fields = Fields::parse(&plain).map_err(|_| NotOurs::Malformed)?;
        let id = fields.required(kind::IDENTIFIER).map_err(malformed)?;
        let signature = fields.array::<64>(kind::SIGNATURE).map_err(malformed)?;
        let signed = [&theirs[..], id, &self.public_key].concat();
        if !is_signed(accessory_key, &signed, &signature) {
            return Err(NotOurs::Another);
        }
        let plain = Writer::new()
            .bytes(kind::IDENTIFIER, STRANGER)
            .bytes(kind::SIGNATURE, &[0; 64])
            .finish();
        Ok(Writer::new()
            .u8(kind::STATE, 3)
            .bytes(kind::ENCRYPTED_DATA, &seal(&key, b"PV-Msg03", plain))
            .finish())
    }

    /// Whether the fourth is what a stranger must get.
    ///
    /// # Errors
    /// [`NotOurs::NotRefused`].
    pub fn check_m4(m4: &[u8]) -> Result<(), NotOurs> {
        if m4 == error(4, PairingError::Authentication) { Ok(()) } else { Err(NotOurs::NotRefused) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{DeviceId, Identity};
    use crate::pairing::record::PairingState;
    use crate::pairing::verify::{Message, NotVerified, PairVerify};

    fn identity(seed: u8) -> Identity {
        Identity::new(DeviceId::parse("11:22:33:44:55:66").unwrap(), &[seed; 32])
    }

    /// The server's side up to M2.
    fn answered(identity: &Identity, m1: &[u8]) -> (PairVerify, Vec<u8>) {
        let Ok(Message::Start { public_key }) = Message::parse(m1) else {
            panic!("M1 was not read")
        };
        PairVerify::start(identity, public_key, [9; 32]).ok().unwrap()
    }

    #[test]
    fn our_own_server_answers_and_refuses() {
        let ours = identity(1);
        let probe = Probe::new([5; 32]);
        let (verify, m2) = answered(&ours, &probe.m1());
        let m3 = probe.m3(&m2, &ours.public_key()).unwrap();
        let Ok(Message::Finish { sealed }) = Message::parse(&m3) else { panic!("M3 was not read") };
        assert!(verify.finish(&PairingState::default(), &sealed).is_err());
        assert_eq!(Probe::check_m4(&NotVerified::body(4)), Ok(()));
        assert_eq!(Probe::check_m4(&PairVerify::done()), Err(NotOurs::NotRefused));
        assert_eq!(Probe::check_m4(b""), Err(NotOurs::NotRefused));
    }

    #[test]
    fn another_accessory_and_spoilt_answers_are_told() {
        let probe = Probe::new([5; 32]);
        let (_, m2) = answered(&identity(2), &probe.m1());
        assert_eq!(probe.m3(&m2, &identity(1).public_key()), Err(NotOurs::Another));
        for at in 0..m2.len() {
            let mut spoilt = m2.clone();
            spoilt[at] ^= 1;
            for m2 in [&m2[..at], &spoilt] {
                let probe = Probe::new([5; 32]);
                assert!(probe.m3(m2, &identity(2).public_key()).is_err(), "byte {at}");
            }
        }
    }
}
