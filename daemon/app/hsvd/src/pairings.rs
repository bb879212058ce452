// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state documents `pairings` (purged when unpaired) and `database` (purged by a
//! factory reset only: the number means nothing under another device id).

use std::path::Path;

use anyhow::Context;
use hap::txt::ConfigNumber;
use hap::{ControllerId, Pairing, PairingState};
use serde::{Deserialize, Serialize};
use tracing::debug;

use crate::store::{Store, StoreError};

const PAIRINGS: &str = "pairings";
const DATABASE: &str = "database";

#[derive(Serialize, Deserialize)]
struct PairingsDocument {
    pairings: Vec<PairingDocument>,
    failed_attempts: u16,
}

#[derive(Serialize, Deserialize)]
struct PairingDocument {
    identifier: String,
    public_key: [u8; 32],
    is_admin: bool,
}

/// Who is paired; nobody when nothing was saved.
///
/// # Errors
/// The store's; a document whose content is no pairing.
pub fn load(store: &Store) -> anyhow::Result<PairingState> {
    let Some(document) = store.load::<PairingsDocument>(PAIRINGS)? else {
        return Ok(PairingState::default());
    };
    let pairing = |from: PairingDocument| -> anyhow::Result<Pairing> {
        Ok(Pairing {
            identifier: ControllerId::new(from.identifier.as_bytes()).context("a pairing")?,
            public_key: from.public_key,
            is_admin: from.is_admin,
        })
    };
    Ok(PairingState {
        pairings: document.pairings.into_iter().map(pairing).collect::<anyhow::Result<_>>()?,
        failed_attempts: document.failed_attempts,
    })
}

/// Whether anybody is paired, by a look into a folder that another may have open.
///
/// # Errors
/// The store's.
pub fn glance(folder: &Path) -> Result<bool, StoreError> {
    let document = Store::glance::<PairingsDocument>(folder, PAIRINGS)?;
    Ok(document.is_some_and(|document| !document.pairings.is_empty()))
}

/// Saves who is paired.
///
/// # Errors
/// The store's.
pub fn save(store: &Store, state: &PairingState) -> Result<(), StoreError> {
    let document = |from: &Pairing| PairingDocument {
        identifier: from.identifier.to_string(),
        public_key: from.public_key,
        is_admin: from.is_admin,
    };
    let pairings = state.pairings.iter().map(document).collect();
    store.save(PAIRINGS, &PairingsDocument { pairings, failed_attempts: state.failed_attempts })
}

#[derive(Serialize, Deserialize)]
struct DatabaseDocument {
    config_number: u16,
    fingerprint: [u8; 32],
}

/// The configuration number (`c#`): the last one, or the next when what controllers remember of
/// us has changed since. It counts though it cannot be saved: the next start comes to the same.
///
/// # Errors
/// The store's, of reading.
pub fn config_number(store: &Store, fingerprint: [u8; 32]) -> Result<ConfigNumber, StoreError> {
    let last = store.load::<DatabaseDocument>(DATABASE)?;
    let number = match &last {
        None => ConfigNumber::FIRST,
        Some(last) => {
            let number = ConfigNumber::new(last.config_number).unwrap_or(ConfigNumber::FIRST);
            if last.fingerprint == fingerprint {
                return Ok(number);
            }
            number.next()
        }
    };
    let document = DatabaseDocument { config_number: number.number(), fingerprint };
    if let Err(error) = store.save(DATABASE, &document) {
        debug!(%error, "configuration number not saved");
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_number_rises_only_with_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let numbers: Vec<u16> = [[1; 32], [1; 32], [2; 32], [2; 32], [1; 32]]
            .into_iter()
            .map(|fingerprint| config_number(&store, fingerprint).unwrap().number())
            .collect();
        assert_eq!(numbers, [1, 1, 2, 2, 3]);
    }

    #[test]
    fn pairings_come_back_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(load(&store).unwrap(), PairingState::default());
        let pairing = |name: &str, is_admin| Pairing {
            identifier: ControllerId::new(name.as_bytes()).unwrap(),
            public_key: [7; 32],
            is_admin,
        };
        let state = PairingState {
            pairings: vec![pairing("first", true), pairing("second", false)],
            failed_attempts: 12,
        };
        save(&store, &state).unwrap();
        assert_eq!(load(&store).unwrap(), state);
    }
}
