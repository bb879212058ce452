// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who this camera is: drawn at first start, kept until a factory reset.

use anyhow::Context;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::PairingConfig;
use crate::store::Store;

const DOMAIN: &str = "identity";

/// What a controller knows this camera by, and what it proves itself with.
pub struct Identity {
    /// `XX:XX:XX:XX:XX:XX`
    pub device_id: hap::DeviceId,
    /// Seed of the long-term signing key.
    pub signing_seed: Zeroizing<[u8; 32]>,
    /// The code on the label.
    pub setup_code: hap::SetupCode,
    /// The QR code's four characters.
    pub setup_id: hap::SetupId,
}

#[derive(Serialize, Deserialize)]
struct Document {
    device_id: String,
    signing_seed: Zeroizing<[u8; 32]>,
    setup_code: String,
    setup_id: String,
}

impl Identity {
    /// Loads it from `store`, or draws and saves it. Setup code and id of the owner's file stand
    /// above the drawn ones.
    ///
    /// # Errors
    /// The store's; a document whose content is not an identity.
    pub fn load(store: &Store, owner: &PairingConfig) -> anyhow::Result<Self> {
        let document = match store.load::<Document>(DOMAIN)? {
            Some(document) => document,
            None => {
                let drawn = Document::draw(&mut seeded_rng()?);
                store.save(DOMAIN, &drawn)?;
                drawn
            }
        };
        let what = "identity in the state folder";
        Ok(Self {
            device_id: document.device_id.parse().context(what)?,
            signing_seed: document.signing_seed,
            setup_code: match &owner.setup_code {
                Some(code) => code.clone(),
                None => document.setup_code.parse().context(what)?,
            },
            setup_id: match &owner.setup_id {
                Some(id) => id.clone(),
                None => document.setup_id.parse().context(what)?,
            },
        })
    }
}

impl Document {
    fn draw(rng: &mut ChaCha20Rng) -> Self {
        let mut signing_seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(signing_seed.as_mut());
        Self {
            device_id: hap::DeviceId::generate(rng).to_string(),
            signing_seed,
            setup_code: hap::SetupCode::generate(rng).display().to_string(),
            setup_id: hap::SetupId::generate(rng).to_string(),
        }
    }
}

/// A generator seeded once from the kernel; the pure crates draw from it.
///
/// # Errors
/// The kernel gives no randomness.
pub fn seeded_rng() -> anyhow::Result<ChaCha20Rng> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).context("no randomness from the kernel")?;
    Ok(ChaCha20Rng::from_seed(*seed))
}
