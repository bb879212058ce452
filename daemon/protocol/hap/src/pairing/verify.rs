// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pair verify, M1 to M4: proves both sides' long-term keys and agrees on a session's secret.

use tlv8::{Fields, Writer};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

use super::{
    keys::{Key, derive, open, seal},
    record::{ControllerId, PairingState},
    setup::is_signed,
    tlv::{Malformed, PairingError, error, kind, method},
};
use crate::{identity::Identity, session::SharedSecret};

/// A controller's message.
pub enum Message {
    /// M1
    Start { public_key: [u8; 32] },
    /// M3
    Finish { sealed: Vec<u8> },
}

impl Message {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let fields = Fields::parse(body)?;
        match fields.number::<u8>(kind::STATE)? {
            // Another method than this is the resume of Bluetooth sessions.
            1 => match fields.uint(kind::METHOD)? {
                None | Some(0) => Self::start(&fields),
                Some(other) if other == u64::from(method::PAIR_VERIFY) => Self::start(&fields),
                Some(_) => Err(Malformed::Value),
            },
            3 => Ok(Self::Finish { sealed: fields.required(kind::ENCRYPTED_DATA)?.to_vec() }),
            _ => Err(Malformed::Value),
        }
    }

    fn start(fields: &Fields) -> Result<Self, Malformed> {
        Ok(Self::Start { public_key: fields.array(kind::PUBLIC_KEY)? })
    }
}

/// A connection that got M2.
pub struct PairVerify {
    controller_key: [u8; 32],
    accessory_key: [u8; 32],
    secret: SharedSecret,
    enc_key: Key,
}

/// The handshake failed: key, tag, identifier or signature is wrong. The connection stays usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key, tag, identifier or signature is wrong")]
pub struct NotVerified;

impl NotVerified {
    /// The answer in place of M2 or M4.
    pub fn body(state: u8) -> Vec<u8> {
        error(state, PairingError::Authentication)
    }
}

impl PairVerify {
    /// Answers M1 with M2; `private_key` is random. Refused when the controller's key is a point
    /// that makes the secret zero whatever ours is.
    pub fn start(
        identity: &Identity,
        controller_key: [u8; 32],
        private_key: [u8; 32],
    ) -> Result<(Self, Vec<u8>), NotVerified> {
        let private_key = StaticSecret::from(private_key);
        let accessory_key = PublicKey::from(&private_key).to_bytes();
        let secret = private_key.diffie_hellman(&PublicKey::from(controller_key));
        if !secret.was_contributory() {
            return Err(NotVerified);
        }
        let secret = SharedSecret(Zeroizing::new(secret.to_bytes()));
        let enc_key =
            derive(secret.as_bytes(), "Pair-Verify-Encrypt-Salt", "Pair-Verify-Encrypt-Info");
        let id = identity.device_id().as_str().as_bytes();
        let signature = identity.sign(&[&accessory_key[..], id, &controller_key].concat());
        let plain =
            Writer::new().bytes(kind::IDENTIFIER, id).bytes(kind::SIGNATURE, &signature).finish();
        let m2 = Writer::new()
            .u8(kind::STATE, 2)
            .bytes(kind::PUBLIC_KEY, &accessory_key)
            .bytes(kind::ENCRYPTED_DATA, &seal(&enc_key, b"PV-Msg02", plain))
            .finish();
        Ok((Self { controller_key, accessory_key, secret, enc_key }, m2))
    }

    /// Checks M3 against the pairings.
    pub fn finish(
        self,
        pairings: &PairingState,
        sealed: &[u8],
    ) -> Result<(ControllerId, SharedSecret), NotVerified> {
        let plain = open(&self.enc_key, b"PV-Msg03", sealed).ok_or(NotVerified)?;
        let fields = Fields::parse(&plain).map_err(|_| NotVerified)?;
        let identifier = fields.required(kind::IDENTIFIER).map_err(|_| NotVerified)?;
        let identifier = ControllerId::new(identifier).map_err(|_| NotVerified)?;
        let signature = fields.array::<64>(kind::SIGNATURE).map_err(|_| NotVerified)?;
        let pairing = pairings.pairing(&identifier).ok_or(NotVerified)?;
        let id = identifier.as_str().as_bytes();
        let signed = [&self.controller_key[..], id, &self.accessory_key].concat();
        if !is_signed(&pairing.public_key, &signed, &signature) {
            return Err(NotVerified);
        }
        Ok((identifier, self.secret))
    }

    /// M4
    pub fn done() -> Vec<u8> {
        Writer::new().u8(kind::STATE, 4).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::DeviceId,
        pairing::record::Pairing,
        vectors::{VECTORS, array, hex, text},
    };

    fn identity() -> Identity {
        let wire = &VECTORS["pair_setup_wire"];
        let device_id = DeviceId::parse(text(&wire["accessory_id"])).unwrap();
        Identity::new(device_id, &array(&wire["accessory_ltsk_seed"]))
    }

    fn pairings() -> PairingState {
        let wire = &VECTORS["pair_setup_wire"];
        let identifier = ControllerId::new(text(&wire["controller_id"]).as_bytes()).unwrap();
        let public_key = array(&wire["controller_ltpk"]);
        let pairings = vec![Pairing { identifier, public_key, is_admin: true }];
        PairingState { pairings, failed_attempts: 0 }
    }

    fn started() -> (PairVerify, Vec<u8>) {
        let row = &VECTORS["pair_verify"];
        let Ok(Message::Start { public_key }) = Message::parse(&hex(&row["M1"])) else {
            panic!("M1 was not read")
        };
        PairVerify::start(&identity(), public_key, array(&row["accessory_x25519_sk"])).ok().unwrap()
    }

    fn sealed_m3() -> Vec<u8> {
        match Message::parse(&hex(&VECTORS["pair_verify"]["M3"])) {
            Ok(Message::Finish { sealed }) => sealed,
            _ => panic!("M3 was not read"),
        }
    }

    #[test]
    fn the_run_of_the_vectors_is_made_byte_by_byte() {
        let row = &VECTORS["pair_verify"];
        let (pair_verify, m2) = started();
        assert_eq!(m2, hex(&row["M2"]));
        let (controller, secret) = pair_verify.finish(&pairings(), &sealed_m3()).ok().unwrap();
        assert_eq!(controller, pairings().pairings[0].identifier);
        assert_eq!(secret.as_bytes().as_slice(), hex(&row["shared_secret"]));
        assert_eq!(PairVerify::done(), hex(&row["M4"]));
        assert_eq!(NotVerified::body(4), hex(&row["error_M4_authentication"]));
    }

    #[test]
    fn no_truncation_or_changed_bit_of_m3_verifies() {
        let sealed = sealed_m3();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            for wrong in [&sealed[..at], &changed] {
                assert!(started().0.finish(&pairings(), wrong).is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn a_stranger_and_another_key_are_refused() {
        assert!(started().0.finish(&PairingState::default(), &sealed_m3()).is_err());
        let mut others = pairings();
        others.pairings[0].public_key = identity().public_key();
        assert!(started().0.finish(&others, &sealed_m3()).is_err());
    }

    #[test]
    fn points_of_small_order_are_refused() {
        for point in [[0; 32], std::array::from_fn(|at| u8::from(at == 0))] {
            assert!(PairVerify::start(&identity(), point, [7; 32]).is_err(), "{point:?}");
        }
    }

    #[test]
    fn the_resume_of_bluetooth_is_malformed() {
        let body = Writer::new()
            .u8(kind::STATE, 1)
            .u8(kind::METHOD, 6)
            .bytes(kind::PUBLIC_KEY, &[1; 32])
            .finish();
        assert!(Message::parse(&body).is_err());
    }
}
