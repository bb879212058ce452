// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state document `identity`: who this camera is. Drawn at first start, purged by a factory
//! reset only.

use anyhow::Context;
use hap::DeviceId;
use hap::setup::{SetupCode, SetupId};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::config::PairingConfig;
use crate::store::{Store, StoreError};

/// Its documents say which camera this is.
pub const DOMAIN: &str = "identity";

/// What a controller knows this camera by, proves it with, and adds it with.
pub struct Identity {
    /// Device id and signing key.
    pub keys: hap::Identity,
    /// The code on the label.
    pub setup_code: SetupCode,
    /// The QR code's four characters.
    pub setup_id: SetupId,
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
    /// The store's; a document whose content is not an identity; no such document where there are others.
    pub fn load(
        store: &Store,
        owner: &PairingConfig,
        rng: &mut ChaCha20Rng,
    ) -> anyhow::Result<Self> {
        let document = match store.load::<Document>(DOMAIN)? {
            Some(document) => document,
            // It is the first that is ever saved: without it, the others are what a medium has left of a camera
            None if store.has_documents()? => return Err(StoreError::Damaged(DOMAIN.into()).into()),
            None => {
                let drawn = Document::draw(rng);
                store.save(DOMAIN, &drawn)?;
                drawn
            }
        };
        let what = "identity in the state folder";
        let device_id = DeviceId::parse(&document.device_id).context(what)?;
        Ok(Self {
            keys: hap::Identity::new(device_id, &document.signing_seed),
            setup_code: match &owner.setup_code {
                Some(code) => code.clone(),
                None => SetupCode::parse(&document.setup_code).context(what)?,
            },
            setup_id: match &owner.setup_id {
                Some(id) => *id,
                None => SetupId::parse(&document.setup_id).context(what)?,
            },
        })
    }
}

impl Document {
    fn draw(rng: &mut ChaCha20Rng) -> Self {
        let mut signing_seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(signing_seed.as_mut());
        Self {
            device_id: DeviceId::generate(rng).to_string(),
            signing_seed,
            setup_code: SetupCode::generate(rng).as_str().to_owned(),
            setup_id: SetupId::generate(rng).as_str().to_owned(),
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

/// A generator of its own for another owner, seeded from `rng`.
pub fn fork(rng: &mut ChaCha20Rng) -> ChaCha20Rng {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut());
    ChaCha20Rng::from_seed(*seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(store: &Store) -> anyhow::Result<String> {
        let identity = Identity::load(store, &PairingConfig::default(), &mut seeded_rng()?)?;
        Ok(identity.keys.device_id().to_string())
    }

    #[test]
    fn it_is_drawn_once_and_never_beside_what_is_left_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let drawn = load(&store).unwrap();
        store.save("pairings", &[1]).unwrap();
        assert_eq!(load(&store).unwrap(), drawn);
        for copy in ["a", "b"] {
            std::fs::remove_file(folder.path().join(format!("identity.{copy}"))).unwrap();
        }
        let error = load(&store).unwrap_err();
        assert!(error.downcast_ref().is_some_and(StoreError::needs_a_person), "{error}");
    }
}
