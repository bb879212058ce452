// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state document `camera`: what HomeKit and the owner set. Purged when unpaired.

use camera::StoredState;
use tracing::error;

use crate::store::{Store, StoreError};

const DOMAIN: &str = "camera";

/// What was set, if anything. Where it cannot be read the camera starts shut.
pub fn load(store: &Store) -> Option<StoredState> {
    let text = match store.load_text(DOMAIN) {
        Ok(text) => text?,
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            error!(error, "HomeKit's settings are lost; the camera stays off until Home sets them");
            return None;
        }
    };
    match StoredState::decode(text.as_bytes()) {
        Ok(state) => Some(state),
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            error!(
                error,
                "HomeKit's settings are of no use; the camera stays off until Home sets them"
            );
            None
        }
    }
}

/// Saves what is set.
///
/// # Errors
/// The store's.
pub fn save(store: &Store, state: &StoredState) -> Result<(), StoreError> {
    let text = String::from_utf8(state.encode()).expect("JSON is UTF-8");
    store.save_text(DOMAIN, text)
}
