// SPDX-License-Identifier: MIT OR Apache-2.0
//! `org.hsvcam.Pairing1`: translates, decides nothing.

use ::control::{Controller, Error};
use hap::{Change, ControllerId};
use zbus::interface;
use zbus::object_server::SignalEmitter;

use super::desk::{Desk, Request};
use super::state::State;

/// Who is paired.
pub struct Pairing1 {
    desk: Desk,
}

impl Pairing1 {
    /// Over `desk`.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    /// Tells of every property that differs.
    pub async fn tell(
        &self,
        emitter: &SignalEmitter<'_>,
        old: &State,
        new: &State,
    ) -> zbus::Result<()> {
        if old.mode.is_paired != new.mode.is_paired {
            self.paired_changed(emitter).await?;
        }
        if old.failed_attempts != new.failed_attempts {
            self.failed_attempts_changed(emitter).await?;
        }
        Ok(())
    }

    async fn change(&self, change: Change) -> Result<(), Error> {
        self.desk.order(|answer| Request::Change(change, answer)).await
    }
}

#[interface(name = "org.hsvcam.Pairing1", introspection_docs = false)]
impl Pairing1 {
    #[zbus(property)]
    fn paired(&self) -> bool {
        self.desk.state().mode.is_paired
    }

    #[zbus(property)]
    fn failed_attempts(&self) -> u16 {
        self.desk.state().failed_attempts
    }

    #[zbus(out_args("controllers"))]
    async fn controllers(&self) -> Result<Vec<Controller>, Error> {
        self.desk.ask(Request::Controllers).await
    }

    #[zbus(out_args("code", "uri"))]
    async fn setup_code(&self) -> Result<(String, String), Error> {
        self.desk.ask(Request::SetupCode).await
    }

    async fn remove(&self, id: String) -> Result<(), Error> {
        let id = ControllerId::new(id.as_bytes())
            .map_err(|error| Error::InvalidArgument(error.to_string()))?;
        self.change(Change::Remove(id)).await
    }

    async fn unpair_all(&self) -> Result<(), Error> {
        self.change(Change::UnpairAll).await
    }

    async fn factory_reset(&self) -> Result<(), Error> {
        self.desk.order(Request::FactoryReset).await
    }

    async fn clear_attempts(&self) -> Result<(), Error> {
        self.change(Change::ClearAttempts).await
    }
}
