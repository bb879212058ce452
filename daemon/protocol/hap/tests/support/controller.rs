// SPDX-License-Identifier: MIT OR Apache-2.0
//! A controller with its long-term key: pair setup, pair verify and the management of pairings.

use chacha20poly1305::{AeadInOut, ChaCha20Poly1305, KeyInit, Nonce};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use sha2::Sha512;
use tlv8::{Fields, Writer};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{DEVICE_ID, Home, Link, srp};

pub struct Controller {
    pub id: String,
    key: SigningKey,
}

/// The answer was not what leads on.
#[derive(Debug, PartialEq, Eq)]
pub enum PairError {
    /// State and error of a TLV.
    Tlv(u8, u8),
    Http(u16),
    /// None at all, yet.
    Silent,
}

impl Controller {
    pub fn new(id: &str, seed: u8) -> Self {
        Self { id: id.to_owned(), key: SigningKey::from_bytes(&[seed; 32]) }
    }

    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub fn pair(&self, home: &mut Home, link: &mut Link, code: &str) -> Result<(), PairError> {
        let m2 = self.start(home, link)?;
        let proof = self.prove(home, link, &m2, code)?;
        self.exchange(home, link, &proof)
    }

    /// M1 to M2
    pub fn start(&self, home: &mut Home, link: &mut Link) -> Result<Fields, PairError> {
        let m1 = Writer::new().u8(6, 1).u8(0, 0).finish();
        exchange(home, link, "/pair-setup", m1, 2)
    }

    /// M3
    pub fn m3(m2: &Fields, code: &str) -> (Vec<u8>, srp::Proof) {
        let (salt, b) = (m2.required(2).unwrap(), m2.required(3).unwrap());
        assert_eq!((salt.len(), b.len()), (16, 384));
        let proof = srp::prove(code, salt, b, [9; 32]);
        let m3 = Writer::new().u8(6, 3).bytes(3, &proof.public_key).bytes(4, &proof.m1).finish();
        (m3, proof)
    }

    /// M3 to M4
    pub fn prove(
        &self,
        home: &mut Home,
        link: &mut Link,
        m2: &Fields,
        code: &str,
    ) -> Result<srp::Proof, PairError> {
        let (m3, proof) = Self::m3(m2, code);
        let m4 = exchange(home, link, "/pair-setup", m3, 4)?;
        assert_eq!(m4.required(4).unwrap(), proof.m2, "the accessory's proof");
        Ok(proof)
    }

    /// M5
    pub fn m5(&self, proof: &srp::Proof) -> Vec<u8> {
        let x = derive(
            &proof.key,
            "Pair-Setup-Controller-Sign-Salt",
            "Pair-Setup-Controller-Sign-Info",
        );
        let signed = [&x[..], self.id.as_bytes(), &self.public_key()].concat();
        let plain = Writer::new()
            .bytes(1, self.id.as_bytes())
            .bytes(3, &self.public_key())
            .bytes(10, &self.key.sign(&signed).to_bytes())
            .finish();
        let key = derive(&proof.key, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
        Writer::new().u8(6, 5).bytes(5, &seal(&key, b"PS-Msg05", plain)).finish()
    }

    /// M5 to M6
    pub fn exchange(
        &self,
        home: &mut Home,
        link: &mut Link,
        proof: &srp::Proof,
    ) -> Result<(), PairError> {
        let m6 = exchange(home, link, "/pair-setup", self.m5(proof), 6)?;
        let key = derive(&proof.key, "Pair-Setup-Encrypt-Salt", "Pair-Setup-Encrypt-Info");
        let plain = open(&key, b"PS-Msg06", m6.required(5).unwrap());
        let fields = Fields::parse(&plain).unwrap();
        let public_key: [u8; 32] = fields.array(3).unwrap();
        let x =
            derive(&proof.key, "Pair-Setup-Accessory-Sign-Salt", "Pair-Setup-Accessory-Sign-Info");
        let signed = [&x[..], DEVICE_ID.as_bytes(), &public_key].concat();
        check_signature(&public_key, &signed, &fields);
        Ok(())
    }

    pub fn verify(&self, home: &mut Home, link: &mut Link) -> Result<(), PairError> {
        let (m3, secret) = self.start_verify(home, link)?;
        exchange(home, link, "/pair-verify", m3, 4)?;
        link.secure(&secret);
        Ok(())
    }

    /// M1 to M2 of pair verify; gives M3 and the secret.
    pub fn start_verify(
        &self,
        home: &mut Home,
        link: &mut Link,
    ) -> Result<(Vec<u8>, [u8; 32]), PairError> {
        let private = StaticSecret::from([5; 32]);
        let ours = PublicKey::from(&private).to_bytes();
        let m1 = Writer::new().u8(6, 1).bytes(3, &ours).finish();
        let m2 = exchange(home, link, "/pair-verify", m1, 2)?;
        let theirs: [u8; 32] = m2.array(3).unwrap();
        let secret = private.diffie_hellman(&PublicKey::from(theirs)).to_bytes();
        let key = derive(&secret, "Pair-Verify-Encrypt-Salt", "Pair-Verify-Encrypt-Info");
        let plain = open(&key, b"PV-Msg02", m2.required(5).unwrap());
        let signed = [&theirs[..], DEVICE_ID.as_bytes(), &ours].concat();
        let accessory = SigningKey::from_bytes(&[0x44; 32]).verifying_key().to_bytes();
        check_signature(&accessory, &signed, &Fields::parse(&plain).unwrap());
        let signed = [&ours[..], self.id.as_bytes(), &theirs].concat();
        let plain = Writer::new()
            .bytes(1, self.id.as_bytes())
            .bytes(10, &self.key.sign(&signed).to_bytes())
            .finish();
        let m3 = Writer::new().u8(6, 3).bytes(5, &seal(&key, b"PV-Msg03", plain)).finish();
        Ok((m3, secret))
    }

    /// A verified link of its own.
    pub fn session(&self, home: &mut Home) -> Link {
        let mut link = home.connect();
        self.verify(home, &mut link).unwrap();
        link
    }

    pub fn add(
        home: &mut Home,
        link: &mut Link,
        other: &Self,
        permissions: u8,
    ) -> Result<(), PairError> {
        let body = Writer::new()
            .u8(6, 1)
            .u8(0, 3)
            .bytes(1, other.id.as_bytes())
            .bytes(3, &other.public_key())
            .u8(11, permissions)
            .finish();
        exchange(home, link, "/pairings", body, 2).map(|_| ())
    }

    pub fn remove(home: &mut Home, link: &mut Link, id: &str) -> Result<(), PairError> {
        let body = Writer::new().u8(6, 1).u8(0, 4).bytes(1, id.as_bytes()).finish();
        exchange(home, link, "/pairings", body, 2).map(|_| ())
    }

    pub fn list(home: &mut Home, link: &mut Link) -> Result<Fields, PairError> {
        exchange(home, link, "/pairings", Writer::new().u8(6, 1).u8(0, 5).finish(), 2)
    }
}

/// Sends a body and reads the answer, which must have `state` and no error.
pub fn exchange(
    home: &mut Home,
    link: &mut Link,
    path: &str,
    body: Vec<u8>,
    state: u8,
) -> Result<Fields, PairError> {
    link.send(home, &Link::head("POST", path, &body));
    let mut messages = link.receive(home);
    let Some(message) = messages.pop() else { return Err(PairError::Silent) };
    assert!(messages.is_empty(), "more than one answer");
    if message.code() != 200 {
        return Err(PairError::Http(message.code()));
    }
    assert_eq!(message.content_type.as_deref(), Some("application/pairing+tlv8"));
    let fields = Fields::parse(&message.body).unwrap();
    let got: u8 = fields.number(6).unwrap();
    match fields.uint(7).unwrap() {
        Some(error) => Err(PairError::Tlv(got, u8::try_from(error).unwrap())),
        None => {
            assert_eq!(got, state);
            Ok(fields)
        }
    }
}

fn check_signature(public_key: &[u8; 32], signed: &[u8], fields: &Fields) {
    assert_eq!(fields.required(1).unwrap(), DEVICE_ID.as_bytes());
    let signature = Signature::from_bytes(&fields.array(10).unwrap());
    let key = VerifyingKey::from_bytes(public_key).unwrap();
    key.verify_strict(signed, &signature).expect("the accessory's signature");
}

fn derive(secret: &[u8], salt: &str, info: &str) -> [u8; 32] {
    let mut key = [0; 32];
    let hkdf = Hkdf::<Sha512>::new(Some(salt.as_bytes()), secret);
    hkdf.expand(info.as_bytes(), &mut key).unwrap();
    key
}

fn nonce(label: &[u8; 8]) -> Nonce {
    let mut nonce = Nonce::default();
    nonce[4..].copy_from_slice(label);
    nonce
}

fn seal(key: &[u8; 32], label: &[u8; 8], mut plain: Vec<u8>) -> Vec<u8> {
    ChaCha20Poly1305::new(key.into()).encrypt_in_place(&nonce(label), &[], &mut plain).unwrap();
    plain
}

fn open(key: &[u8; 32], label: &[u8; 8], sealed: &[u8]) -> Vec<u8> {
    let mut plain = sealed.to_vec();
    ChaCha20Poly1305::new(key.into())
        .decrypt_in_place(&nonce(label), &[], &mut plain)
        .expect("the accessory's message has a right tag");
    plain
}
