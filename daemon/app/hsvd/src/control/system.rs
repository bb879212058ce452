// SPDX-License-Identifier: MIT OR Apache-2.0
//! `org.hsvcam.System1`: translates, decides nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::control::{Error, Finding, Vitals};
use zbus::object_server::SignalEmitter;
use zbus::{OwnedFd, interface};

use super::desk::{Desk, Request};
use super::diagnostics::{self, Material};
use super::facts::Facts;
use super::settings::SettingsDesk;
use super::state::State;
use super::{doctor, explain, machine, memfd};
use crate::log::Ring;

/// What stays for as long as the program runs.
#[derive(Debug, Clone)]
pub struct About {
    /// Of the program.
    pub version: Arc<str>,
    /// Its table's id.
    pub board: Arc<str>,
    /// Where state is kept.
    pub state_dir: Arc<PathBuf>,
    /// The public half of what the accessory proves itself with.
    pub accessory_key: [u8; 32],
    /// The last lines of the log.
    pub journal: Ring,
}

/// Bytes of a sentence about an update.
const MAX_FAULT: usize = 500;

fn vitals(facts: &Facts, accessory_key: &[u8; 32]) -> Vitals {
    let permits = facts.state.permits();
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Vitals {
        wants_pictures: permits.capture,
        captured: facts.captured,
        wants_prebuffer: permits.prebuffer,
        encoded: facts.encoded,
        prebuffer_ms: ms(facts.prebuffer),
        wanted_prebuffer_ms: ms(facts.wanted_prebuffer),
        store_works: !facts.troubles.is_store_failing,
        hap_port: facts.ports[0].port(),
        accessory_key: accessory_key.to_vec(),
    }
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
        self.about.version.to_string()
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
        let About { version, board, state_dir, journal, .. } = &self.about;
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

    #[zbus(out_args("vitals"))]
    async fn vitals(&self) -> Result<Vitals, Error> {
        let facts = self.desk.ask(Request::Facts).await?;
        Ok(vitals(&facts, &self.about.accessory_key))
    }

    async fn set_update_fault(&self, fault: String) -> Result<(), Error> {
        if fault.len() > MAX_FAULT || fault.chars().any(char::is_control) {
            return Err(Error::InvalidArgument("a fault is one sentence".to_owned()));
        }
        let fault = (!fault.is_empty()).then(|| fault.into());
        self.desk.order(|answer| Request::SetUpdateFault(fault, answer)).await
    }

    async fn restart(&self) -> Result<(), Error> {
        self.desk.order(Request::Restart).await
    }
}
