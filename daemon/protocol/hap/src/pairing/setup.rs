// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pair setup, M1 to M6, without the rules about who may begin: those are the server's.

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};
use tlv8::{Fields, Writer};
use zeroize::Zeroizing;

use super::{
    keys::{derive, open, seal},
    record::{ControllerId, Pairing},
    srp::{Agreed, Exchange, Mismatch, Verifier},
    tlv::{Malformed, PairingError, error, kind, method},
};
use crate::identity::Identity;

/// A controller's message.
pub enum Message {
    /// M1
    Start,
    /// M3: public key A and proof M1 of SRP
    Proof { public_key: Vec<u8>, proof: [u8; 64] },
    /// M5: sealed
    Exchange { sealed: Vec<u8> },
}

impl Message {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, Malformed> {
        let fields = Fields::parse(body)?;
        match fields.number::<u8>(kind::STATE)? {
            1 => match fields.bytes(kind::METHOD)? {
                // With authentication means with an Apple chip, which the TXT record denies;
                // some tools ask for it all the same and are content without.
                None | Some([] | [method::PAIR_SETUP | method::PAIR_SETUP_WITH_AUTH]) => {
                    Ok(Self::Start)
                }
                Some(_) => Err(Malformed::Value),
            },
            3 => Ok(Self::Proof {
                public_key: fields.required(kind::PUBLIC_KEY)?.to_vec(),
                proof: fields.array(kind::PROOF)?,
            }),
            5 => Ok(Self::Exchange { sealed: fields.required(kind::ENCRYPTED_DATA)?.to_vec() }),
            _ => Err(Malformed::Value),
        }
    }
}

/// Where a connection stands in pair setup.
pub enum PairSetup {
    /// M2 was sent.
    Started(Box<Exchange>),
    /// M4 was sent.
    Proved { key: Zeroizing<[u8; 64]> },
}

impl PairSetup {
    /// Begins with a run of SRP and gives M2.
    pub fn start(verifier: &Verifier, exchange: Exchange) -> (Self, Vec<u8>) {
        let m2 = Writer::new()
            .u8(kind::STATE, 2)
            .bytes(kind::PUBLIC_KEY, exchange.public())
            .bytes(kind::SALT, verifier.salt())
            .finish();
        (Self::Started(Box::new(exchange)), m2)
    }

    /// Checks M3 and gives M4, or [`Mismatch`] for a wrong setup code.
    pub fn prove(
        exchange: &Exchange,
        verifier: &Verifier,
        public_key: &[u8],
        proof: &[u8; 64],
    ) -> Result<(Self, Vec<u8>), Mismatch> {
        let Agreed { key, proof } = &exchange.prove(verifier, public_key, proof)?;
        let m4 = Writer::new().u8(kind::STATE, 4).bytes(kind::PROOF, proof).finish();
        Ok((Self::Proved { key: Zeroizing::new(*key) }, m4))
    }

    /// Opens M5. The pairing is to be persisted before M6 is sent.
    pub fn exchange(key: &[u8; 64], sealed: &[u8]) -> Result<Pairing, ExchangeError> {
        let enc_key = derive(key, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
        let plain = open(&enc_key, b"PS-Msg05", sealed).ok_or(ExchangeError::Authentication)?;
        let fields = Fields::parse(&plain).map_err(Malformed::from)?;
        let identifier = fields.required(kind::IDENTIFIER).map_err(Malformed::from)?;
        let identifier = ControllerId::new(identifier).map_err(|_| Malformed::Value)?;
        let public_key = fields.array::<32>(kind::PUBLIC_KEY).map_err(Malformed::from)?;
        let signature = fields.array::<64>(kind::SIGNATURE).map_err(Malformed::from)?;
        let device_x =
            derive(key, "Pair-Setup-Controller-Sign-Salt", "Pair-Setup-Controller-Sign-Info");
        let signed = [&device_x[..], identifier.as_str().as_bytes(), &public_key].concat();
        if !is_signed(&public_key, &signed, &signature) {
            return Err(ExchangeError::Authentication);
        }
        Ok(Pairing { identifier, public_key, is_admin: true })
    }

    /// M6, for when the pairing is persisted.
    pub fn finish(key: &[u8; 64], identity: &Identity) -> Vec<u8> {
        let accessory_x =
            derive(key, "Pair-Setup-Accessory-Sign-Salt", "Pair-Setup-Accessory-Sign-Info");
        let id = identity.device_id().as_str().as_bytes();
        let public_key = identity.public_key();
        let signature = identity.sign(&[&accessory_x[..], id, &public_key].concat());
        let plain = Writer::new()
            .bytes(kind::IDENTIFIER, id)
            .bytes(kind::PUBLIC_KEY, &public_key)
            .bytes(kind::SIGNATURE, &signature)
            .finish();
        let enc_key = derive(key, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
        let sealed = seal(&enc_key, b"PS-Msg06", plain);
        Writer::new().u8(kind::STATE, 6).bytes(kind::ENCRYPTED_DATA, &sealed).finish()
    }
}

/// Why M5 makes no pairing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// Tag or signature is wrong.
    #[error("tag or signature is wrong")]
    Authentication,
    /// The body sealed inside cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// M4 for a wrong setup code.
pub fn wrong_code() -> Vec<u8> {
    error(4, PairingError::Authentication)
}

/// Whether `signature` over `message` was made with the private half of `public_key`. A key of
/// small order, for which anybody can sign, signs nothing. Spec: RFC 8032 §5.1.7
pub fn is_signed(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public_key).is_ok_and(|key| {
        !key.is_weak() && key.verify(message, &Signature::from_bytes(signature)).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        identity::DeviceId,
        setup::SetupCode,
        vectors::{VECTORS, array, hex, text},
    };

    struct Run {
        wire: &'static serde_json::Value,
        verifier: Verifier,
        exchange: Exchange,
    }

    fn run() -> Run {
        let (wire, srp) = (&VECTORS["pair_setup_wire"], &VECTORS["srp_1"]);
        let code = SetupCode::parse(text(&wire["setup_code"])).unwrap();
        let verifier = Verifier::new(&code, array(&srp["salt"]));
        let exchange = Exchange::new(&verifier, array(&srp["b"])).unwrap();
        Run { wire, verifier, exchange }
    }

    /// The items of a body in the order of their types: writers differ in the order.
    fn sorted(body: &[u8]) -> Vec<tlv8::Item> {
        let mut items = tlv8::decode(body).unwrap();
        items.sort_by_key(|item| item.kind);
        items
    }

    #[test]
    fn the_run_of_the_vectors_is_made_byte_by_byte() {
        let Run { wire, verifier, exchange } = run();
        for m1 in ["M1", "M1_with_flags_transient_split"] {
            assert!(matches!(Message::parse(&hex(&wire[m1])), Ok(Message::Start)), "{m1}");
        }
        let (state, m2) = PairSetup::start(&verifier, exchange);
        assert_eq!(sorted(&m2), sorted(&hex(&wire["M2"])));
        assert_eq!(m2[..3], [kind::STATE, 1, 2], "the state comes first");

        let PairSetup::Started(exchange) = state else { panic!("M2 was sent") };
        let Ok(Message::Proof { public_key, proof }) = Message::parse(&hex(&wire["M3"])) else {
            panic!("M3 was not read")
        };
        let (state, m4) = PairSetup::prove(&exchange, &verifier, &public_key, &proof).ok().unwrap();
        assert_eq!(m4, hex(&wire["M4"]));

        let PairSetup::Proved { key } = state else { panic!("M4 was sent") };
        let Ok(Message::Exchange { sealed }) = Message::parse(&hex(&wire["M5"])) else {
            panic!("M5 was not read")
        };
        let pairing = PairSetup::exchange(&key, &sealed).unwrap();
        assert_eq!(pairing.identifier.as_str(), text(&wire["controller_id"]));
        assert_eq!(pairing.public_key.as_slice(), hex(&wire["controller_ltpk"]));
        assert!(pairing.is_admin);

        let device_id = DeviceId::parse(text(&wire["accessory_id"])).unwrap();
        let identity = Identity::new(device_id, &array(&wire["accessory_ltsk_seed"]));
        assert_eq!(identity.public_key().as_slice(), hex(&wire["accessory_ltpk"]));
        assert_eq!(PairSetup::finish(&key, &identity), hex(&wire["M6"]));
    }

    #[test]
    fn keys_are_those_of_the_vectors() {
        let rows = VECTORS["hkdf_pair_setup"].as_object().unwrap();
        let secret = hex(&rows["ikm_K"]);
        let mut checked = 0;
        for (name, key) in rows {
            let Some((salt, info)) = name.split_once('|') else { continue };
            let info = info.split(' ').next().unwrap();
            assert_eq!(derive(&secret, salt, info).as_slice(), hex(key), "{name}");
            checked += 1;
        }
        assert_eq!(checked, 5);
    }

    #[test]
    fn errors_are_those_of_the_vectors() {
        let wire = &VECTORS["pair_setup_wire"];
        for (name, state, kind) in [
            ("error_M2_unavailable", 2, PairingError::Unavailable),
            ("error_M2_busy", 2, PairingError::Busy),
            ("error_M2_maxtries", 2, PairingError::MaxTries),
        ] {
            assert_eq!(error(state, kind), hex(&wire[name]), "{name}");
        }
        assert_eq!(wrong_code(), hex(&wire["error_M4_authentication"]));
    }

    #[test]
    fn no_truncation_or_changed_bit_of_m5_makes_a_pairing() {
        let key = array(&VECTORS["hkdf_pair_setup"]["ikm_K"]);
        let sealed = Fields::parse(&hex(&VECTORS["pair_setup_wire"]["M5"])).unwrap();
        let sealed = sealed.required(kind::ENCRYPTED_DATA).unwrap();
        assert!(PairSetup::exchange(&key, sealed).is_ok());
        for at in 0..sealed.len() {
            let mut changed = sealed.to_vec();
            changed[at] ^= 0x10;
            for wrong in [&sealed[..at], &changed] {
                let refused = PairSetup::exchange(&key, wrong);
                assert_eq!(refused, Err(ExchangeError::Authentication), "byte {at}");
            }
        }
    }

    #[test]
    fn identifiers_of_no_byte_and_of_37_are_malformed() {
        let key = array(&VECTORS["hkdf_pair_setup"]["ikm_K"]);
        let enc_key = derive(&key, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
        for identifier in [&[][..], &[b'x'; 37], &[0xff; 5]] {
            let plain = Writer::new()
                .bytes(kind::IDENTIFIER, identifier)
                .bytes(kind::PUBLIC_KEY, &[1; 32])
                .bytes(kind::SIGNATURE, &[2; 64])
                .finish();
            let refused = PairSetup::exchange(&key, &seal(&enc_key, b"PS-Msg05", plain));
            assert_eq!(refused, Err(ExchangeError::Malformed(Malformed::Value)), "{identifier:?}");
        }
    }

    #[test]
    fn every_truncation_of_a_message_is_malformed() {
        for name in ["M1", "M3", "M5"] {
            let body = hex(&VECTORS["pair_setup_wire"][name]);
            for end in 0..body.len() {
                // M3 may end after an item that was not needed; what is left is still checked.
                assert!(Message::parse(&body[..end]).is_err(), "{name} cut at {end}");
            }
        }
    }
}
