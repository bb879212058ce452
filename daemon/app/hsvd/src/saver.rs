// SPDX-License-Identifier: MIT OR Apache-2.0
//! Saves state away from the core task, since a card may take a second, and tells the outcome as
//! an input. A store that fails again and again is told of once.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, info, warn};

use crate::core::Input;
use crate::store::{Store, StoreError};

/// The store, and how often its failure was told.
pub struct Saver {
    store: Arc<Store>,
    inputs: UnboundedSender<Input>,
    is_failing: bool,
}

impl Saver {
    /// Tells outcomes to `inputs`. What cannot be written is known, and told, from the start.
    pub fn new(store: Arc<Store>, inputs: UnboundedSender<Input>) -> Self {
        let mut saver = Self { store, inputs, is_failing: false };
        saver.note(saver.store.try_writing());
        saver
    }

    /// Does `work` on another thread.
    pub fn save(&self, work: impl FnOnce(&Store) -> Input + Send + 'static) {
        let (store, inputs) = (Arc::clone(&self.store), self.inputs.clone());
        tokio::task::spawn_blocking(move || {
            if inputs.send(work(&store)).is_err() {
                debug!("saved after the end");
            }
        });
    }

    /// The last save did not work.
    pub fn is_failing(&self) -> bool {
        self.is_failing
    }

    /// Warns of a failing store, once an episode, and tells whether this save worked.
    pub fn note(&mut self, saved: Result<(), StoreError>) -> bool {
        match &saved {
            Err(_) if self.is_failing => {}
            Err(error) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                warn!(%error, cause, "state cannot be saved; recording goes on");
            }
            Ok(()) if self.is_failing => info!("state can be saved again"),
            Ok(()) => {}
        }
        self.is_failing = saved.is_err();
        saved.is_ok()
    }
}
