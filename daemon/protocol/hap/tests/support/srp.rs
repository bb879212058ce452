// SPDX-License-Identifier: MIT OR Apache-2.0
//! The controller's side of SRP, written apart from the accessory's so that one checks the other.

use crypto_bigint::{
    Odd, U512, U3072,
    modular::{FixedMontyForm, FixedMontyParams},
};
use sha2::{Digest, Sha512};

pub struct Proof {
    pub public_key: Vec<u8>,
    pub m1: [u8; 64],
    pub m2: [u8; 64],
    pub key: [u8; 64],
}

pub fn prove(code: &str, salt: &[u8], b: &[u8], secret: [u8; 32]) -> Proof {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../data/hap-vectors.json")).unwrap();
    let modulus = U3072::from_be_hex(vectors["srp_1"]["N"].as_str().unwrap());
    let params = FixedMontyParams::new_vartime(Odd::new(modulus).unwrap());
    let form = |bytes: &[u8]| {
        let mut padded = [0; 384];
        padded[384 - bytes.len()..].copy_from_slice(bytes);
        FixedMontyForm::new(&U3072::from_be_slice(&padded), &params)
    };
    let bytes =
        |form: FixedMontyForm<{ U3072::LIMBS }>| form.retrieve().to_be_bytes().as_ref().to_vec();
    let g = form(&[5]);
    let a = U512::from_be_slice(&[[0; 32], secret].concat());
    let public_key = bytes(g.pow(&a));
    let x = hash(&[salt, &hash(&[b"Pair-Setup:", code.as_bytes()])]);
    let u = hash(&[&public_key, b]);
    let k = hash(&[&n(&modulus), &bytes(g)]);
    // S = (B - k·g^x) ^ (a + u·x)
    let base = form(b).sub(&form(&k).mul(&g.pow(&U512::from_be_slice(&x))));
    let s = base.pow(&a).mul(&base.pow(&U512::from_be_slice(&u)).pow(&U512::from_be_slice(&x)));
    let key = hash(&[&bytes(s)]);
    let mut group = hash(&[&n(&modulus)]);
    group.iter_mut().zip(hash(&[&[5]])).for_each(|(byte, other)| *byte ^= other);
    let m1 = hash(&[&group, &hash(&[b"Pair-Setup"]), salt, &public_key, b, &key]);
    let m2 = hash(&[&public_key, &m1, &key]);
    Proof { public_key, m1, m2, key }
}

fn n(modulus: &U3072) -> Vec<u8> {
    modulus.to_be_bytes().as_ref().to_vec()
}

fn hash(parts: &[&[u8]]) -> [u8; 64] {
    parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part)).finalize().into()
}
