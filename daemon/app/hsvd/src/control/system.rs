// SPDX-License-Identifier: MIT OR Apache-2.0
//! `org.hsvcam.System1`: translates, decides nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::control::{Error, Finding};
use zbus::object_server::SignalEmitter;
use zbus::{OwnedFd, interface};

use super::desk::{Desk, Request};
use super::diagnostics::{self, Material};
use super::settings::SettingsDesk;
use super::state::State;
use super::{doctor, explain, machine, memfd};
use crate::log::Ring;

/// What stays for as long as the program runs.
#[derive(Debug, Clone)]
pub struct About {
    /// Of the program.
    pub version: &'static str,
    /// Its table's id.
    pub board: Arc<str>,
    /// Where state is kept.
    pub state_dir: Arc<PathBuf>,
    /// The last lines of the log.
    pub journal: Ring,
}

/// The program and its machine.
pub struct System1 {
    desk: Desk,
    settings: SettingsDesk,
    about: About,
}

impl System1 {
    /// Over `desk`.
    pub fn new(desk: Desk, settings: SettingsDesk, about: About) -> Self {
        Self { desk, settings, about }
    }

    /// Tells of every property that differs.
    pub async fn tell(
        &self,
        emitter: &SignalEmitter<'_>,
        old: &State,
        new: &State,
    ) -> zbus::Result<()> {
        if old.health != new.health {
            self.health_changed(emitter).await?;
        }
        Ok(())
    }
}

#[interface(name = "org.hsvcam.System1", introspection_docs = false)]
impl System1 {
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        self.about.version.to_owned()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn board(&self) -> String {
        self.about.board.to_string()
    }

    #[zbus(property)]
    fn health(&self) -> String {
        self.desk.state().health.word().to_owned()
    }

    #[zbus(out_args("findings"))]
    async fn doctor(
        &self,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> Result<Vec<Finding>, Error> {
        let look = self.desk.look()?; // kept until all is looked at
        let facts = look.ask(Request::Facts).await?;
        let machine = machine::look(&self.about.state_dir, Some(connection)).await;
        Ok(doctor::findings(&facts, &machine))
    }

    #[zbus(out_args("stats"))]
    async fn stats(&self) -> Result<HashMap<String, f64>, Error> {
        let facts = self.desk.ask(Request::Facts).await?;
        Ok(facts.counters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
    }

    #[zbus(out_args("archive"))]
    async fn diagnostics(
        &self,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> Result<OwnedFd, Error> {
        let About { version, board, state_dir, journal } = &self.about;
        let look = self.desk.look()?; // kept until all is gathered
        let facts = look.ask(Request::Facts).await?;
        let (code, uri) = look.ask(Request::SetupCode).await?;
        let machine = machine::look(state_dir, Some(connection)).await;
        let redactor = self.settings.redactor([code, uri]).await?;
        let material = Material {
            version,
            board,
            facts: &facts,
            findings: &doctor::findings(&facts, &machine),
            conditions: &explain::conditions(&facts),
            settings: &self.settings.list().await,
            journal: &journal.lines(),
        };
        memfd::sealed("hsvd-diagnostics", &diagnostics::archive(&material, &redactor))
    }

    async fn restart(&self) -> Result<(), Error> {
        self.desk.order(Request::Restart).await
    }
}
