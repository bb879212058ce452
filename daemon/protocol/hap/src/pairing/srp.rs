// SPDX-License-Identifier: MIT OR Apache-2.0
//! SRP-6a as pair setup uses it: 3072-bit group, generator 5, SHA-512. The accessory's side only.
//!
//! Implementations disagree about leading zero bytes. Here `B` never has one (another secret is
//! drawn), and a proof is taken whether it was made with padded or with stripped `S` and `A`.

use crypto_bigint::{
    Odd, U256, U3072,
    modular::{FixedMontyForm, FixedMontyParams},
};
use sha2::{Digest, Sha512};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::setup::SetupCode;

/// Length of the group's elements in bytes.
pub const ELEMENT_LEN: usize = 384;

const USER: &[u8] = b"Pair-Setup";
const GENERATOR: u8 = 5;

type Form = FixedMontyForm<{ U3072::LIMBS }>;
type Params = FixedMontyParams<{ U3072::LIMBS }>;

/// What the accessory keeps about its setup code: salt, verifier and tables that make the
/// exponentiations short. About 15 KiB; computing it costs as much as two exchanges.
pub struct Verifier {
    salt: [u8; 16],
    /// v, as a base of powers
    v: Comb<128>,
    /// k·v
    kv: Form,
    /// g, as a base of powers
    g: Comb<64>,
}

impl Verifier {
    /// Computes v = g^x, x = H(s | H(I ":" P)).
    pub fn new(code: &SetupCode, salt: [u8; 16]) -> Self {
        let params = Params::new_vartime(MODULUS);
        let g = Form::new(&U3072::from_u8(GENERATOR), &params);
        let mut identity = Sha512::new()
            .chain_update(USER)
            .chain_update(b":")
            .chain_update(code.as_str())
            .finalize();
        let mut x = Sha512::new().chain_update(salt).chain_update(identity).finalize();
        let exponent = crypto_bigint::U512::from_be_slice(&x);
        let v = g.pow_bounded_exp(&exponent, 512);
        identity.zeroize();
        x.zeroize();
        let k = Sha512::new()
            .chain_update(MODULUS.as_ref().to_be_bytes())
            .chain_update([0; ELEMENT_LEN - 1])
            .chain_update([GENERATOR])
            .finalize();
        let k = Form::new(&U3072::from_be_slice(&padded(&k)), &params);
        Self { salt, v: Comb::new(v), kv: k.mul(&v), g: Comb::new(g) }
    }

    /// The salt to send.
    pub fn salt(&self) -> &[u8; 16] {
        &self.salt
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.v.zeroize();
        self.kv.as_montgomery_mut().zeroize();
    }
}

/// One run of the protocol: the secret `b` and `B = k·v + g^b`.
#[derive(ZeroizeOnDrop)]
pub struct Exchange {
    secret: [u8; 32],
    public: [u8; ELEMENT_LEN],
}

/// A proof that matched: the session key K and the answer M2.
#[derive(ZeroizeOnDrop)]
pub struct Agreed {
    /// K, the input of every key of pair setup.
    pub key: [u8; 64],
    /// M2
    pub proof: [u8; 64],
}

/// The proof does not fit, or A is none: the setup code was another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof does not fit the setup code")]
pub struct Mismatch;

impl Exchange {
    /// Begins with the random `secret`. `None` one time in 256, when B would begin with a zero
    /// byte: draw another secret.
    pub fn new(verifier: &Verifier, secret: [u8; 32]) -> Option<Self> {
        let power = verifier.g.power(&secret);
        let public = to_bytes(&verifier.kv.add(&power));
        let exchange = Self { secret, public };
        (public[0] != 0).then_some(exchange)
    }

    /// B, to send.
    pub fn public(&self) -> &[u8; ELEMENT_LEN] {
        &self.public
    }

    /// Checks the controller's proof `m1` for its public value `a`, of any length.
    ///
    /// # Errors
    /// [`Mismatch`]; the attempt is to be counted.
    pub fn prove(&self, verifier: &Verifier, a: &[u8], m1: &[u8; 64]) -> Result<Agreed, Mismatch> {
        let a = strip(a);
        if a.is_empty() || a.len() > ELEMENT_LEN {
            return Err(Mismatch);
        }
        let padded_a = padded(a);
        let element = U3072::from_be_slice(&padded_a);
        if &element >= MODULUS.as_ref() {
            return Err(Mismatch);
        }
        let u = Sha512::new().chain_update(padded_a).chain_update(self.public).finalize();
        let base = verifier.v.public_power(&u).mul(&Form::new(&element, verifier.kv.params()));
        let mut s = to_bytes(&base.pow_bounded_exp(&U256::from_be_slice(&self.secret), 256));

        let mut agreed = None;
        for s in [&s[..], strip(&s)] {
            let mut key: [u8; 64] = Sha512::digest(s).into();
            for a in [&padded_a[..], a] {
                if self.first_proof(verifier, a, &key).ct_eq(m1).into() {
                    agreed = Some(Agreed { key, proof: second_proof(&padded_a, m1, &key) });
                }
            }
            key.zeroize();
        }
        s.zeroize();
        agreed.ok_or(Mismatch)
    }

    /// M1 = H( (H(N) xor H(g)) | H(I) | s | A | B | K )
    fn first_proof(&self, verifier: &Verifier, a: &[u8], key: &[u8; 64]) -> [u8; 64] {
        let mut group: [u8; 64] = Sha512::digest(MODULUS.as_ref().to_be_bytes()).into();
        for (byte, other) in group.iter_mut().zip(Sha512::digest([GENERATOR])) {
            *byte ^= other;
        }
        Sha512::new()
            .chain_update(group)
            .chain_update(Sha512::digest(USER))
            .chain_update(verifier.salt)
            .chain_update(a)
            .chain_update(self.public)
            .chain_update(key)
            .finalize()
            .into()
    }
}

/// M2 = H( A | M1 | K )
fn second_proof(a: &[u8; ELEMENT_LEN], m1: &[u8; 64], key: &[u8; 64]) -> [u8; 64] {
    Sha512::new().chain_update(a).chain_update(m1).chain_update(key).finalize().into()
}

/// A fixed base with the products of its powers 2^(0·D), 2^(1·D), 2^(2·D), 2^(3·D), so that a
/// power with an exponent of 4·D bits takes D squarings (Lim and Lee's comb).
struct Comb<const D: usize> {
    products: [U3072; 16],
    params: Params,
}

impl<const D: usize> Comb<D> {
    fn new(base: Form) -> Self {
        let params = *base.params();
        let mut products = [*params.one(); 16];
        let mut tooth = base;
        for bit in [1, 2, 4, 8] {
            for index in 0..bit {
                let product = Form::from_montgomery(products[index], &params).mul(&tooth);
                products[bit + index] = product.to_montgomery();
            }
            for _ in 0..D {
                tooth = tooth.square();
            }
        }
        Self { products, params }
    }

    /// The base to a secret big-endian exponent of D / 2 bytes, in constant time.
    fn power(&self, exponent: &[u8]) -> Form {
        self.raise(exponent, |index| {
            let mut chosen = self.products[0];
            for (candidate, product) in (0u8..).zip(&self.products) {
                chosen.conditional_assign(product, candidate.ct_eq(&index));
            }
            chosen
        })
    }

    /// The base to an exponent that everybody may know.
    fn public_power(&self, exponent: &[u8]) -> Form {
        self.raise(exponent, |index| self.products[usize::from(index)])
    }

    fn raise(&self, exponent: &[u8], choose: impl Fn(u8) -> U3072) -> Form {
        debug_assert_eq!(exponent.len() * 2, D, "the comb is made for another length");
        let bit = |n: usize| (exponent[exponent.len() - 1 - n / 8] >> (n % 8)) & 1;
        let mut power = Form::one(&self.params);
        for column in (0..D).rev() {
            power = power.square();
            let index = (0..4).map(|tooth| bit(tooth * D + column) << tooth).sum();
            power = power.mul(&Form::from_montgomery(choose(index), &self.params));
        }
        power
    }

    fn zeroize(&mut self) {
        self.products.zeroize();
    }
}

fn to_bytes(form: &Form) -> [u8; ELEMENT_LEN] {
    let mut bytes = [0; ELEMENT_LEN];
    bytes.copy_from_slice(form.retrieve().to_be_bytes().as_ref());
    bytes
}

/// Big-endian `bytes`, at most [`ELEMENT_LEN`] of them, with zeros in front.
fn padded(bytes: &[u8]) -> [u8; ELEMENT_LEN] {
    let mut out = [0; ELEMENT_LEN];
    out[ELEMENT_LEN - bytes.len()..].copy_from_slice(bytes);
    out
}

fn strip(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros..]
}

/// Spec: RFC 5054 appendix A, the 3072-bit group
const MODULUS: Odd<U3072> = Odd::<U3072>::from_be_hex(concat!(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::{VECTORS, array, hex, text};

    fn verifier(row: &serde_json::Value) -> Verifier {
        let code = SetupCode::parse(text(&row["password"])).unwrap();
        Verifier::new(&code, array(&row["salt"]))
    }

    #[test]
    fn the_vectors_agree_under_both_conventions() {
        for name in ["srp_1", "srp_A_leading_zero", "srp_S_leading_zero"] {
            let row = &VECTORS[name];
            let verifier = verifier(row);
            let exchange = Exchange::new(&verifier, array(&row["b"])).expect(name);
            assert_eq!(exchange.public().as_slice(), hex(&row["B"]), "{name}");
            let agreement = &VECTORS["srp_agreement"][name];
            let padded_a = hex(&row["A"]);
            for (m1, key, m2) in [
                ("M1_apple_adk", "K_stripped", "M2_apple_adk (A padded to 384)"),
                ("M1_all_padded", "K_padded", "M2_all_padded"),
            ] {
                for a in [&padded_a[..], strip(&padded_a)] {
                    let m1 = array(&agreement[m1]);
                    let Ok(agreed) = exchange.prove(&verifier, a, &m1) else {
                        panic!("{name}: the proof was refused")
                    };
                    assert_eq!(agreed.key.as_slice(), hex(&agreement[key]), "{name}");
                    assert_eq!(agreed.proof.as_slice(), hex(&agreement[m2]), "{name}");
                    let mut wrong = m1;
                    wrong[63] ^= 1;
                    assert!(exchange.prove(&verifier, a, &wrong).is_err(), "{name}");
                }
            }
        }
    }

    #[test]
    fn a_secret_that_gives_b_a_leading_zero_is_drawn_again() {
        let row = &VECTORS["srp_B_leading_zero"];
        assert!(Exchange::new(&verifier(row), array(&row["b"])).is_none());
    }

    #[test]
    fn a_value_that_is_no_element_is_refused() {
        let row = &VECTORS["srp_1"];
        let verifier = verifier(row);
        let exchange = Exchange::new(&verifier, array(&row["b"])).unwrap();
        let modulus = hex(&row["N"]);
        let mut long = vec![0; 4];
        long.extend(hex(&row["A"]));
        let m1: [u8; 64] = array(&row["M1"]);
        for a in
            [&[][..], &[0], &[0; 384], &[0; 5000], &[1; 385], &[0xff; 384], &[0xff; 5000], &modulus]
        {
            assert!(exchange.prove(&verifier, a, &m1).is_err(), "{} bytes", a.len());
        }
        assert!(exchange.prove(&verifier, &long, &m1).is_ok(), "zeros in front change nothing");
    }

    /// What the accessory would accept with the secret S = 0, if A = 0 were let through.
    #[test]
    fn the_proof_made_without_the_code_is_refused() {
        let row = &VECTORS["srp_1"];
        let verifier = verifier(row);
        let exchange = Exchange::new(&verifier, array(&row["b"])).unwrap();
        for s in [&[][..], &[0; ELEMENT_LEN]] {
            let key = Sha512::digest(s).into();
            for a in [&[][..], &[0; ELEMENT_LEN]] {
                let proof = exchange.first_proof(&verifier, a, &key);
                assert!(exchange.prove(&verifier, a, &proof).is_err());
            }
        }
    }
}
