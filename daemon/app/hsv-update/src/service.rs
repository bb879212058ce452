// SPDX-License-Identifier: MIT OR Apache-2.0
//! `org.hsvcam.Update1`: translates, decides nothing.

use control::{Error, Update, UpdateOptions};
use ota::Slot;
use tokio::sync::{mpsc, oneshot, watch};
use zbus::interface;
use zbus::object_server::InterfaceRef;

use crate::updater::{Answer, Order, Shown};

/// Callers that may wait.
pub const CALLERS: usize = 8;

/// What callers have.
#[derive(Debug)]
pub struct Update1 {
    version: String,
    slot: Slot,
    orders: mpsc::Sender<Order>,
    shown: watch::Receiver<Shown>,
}

impl Update1 {
    /// Orders go to `orders`; properties are what `shown` has.
    pub fn new(
        version: String,
        slot: Slot,
        orders: mpsc::Sender<Order>,
        shown: watch::Receiver<Shown>,
    ) -> Self {
        Self { version, slot, orders, shown }
    }

    async fn ask<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, Error> {
        let (answer, reply) = oneshot::channel();
        let busy = || Error::Busy("too many calls wait; try again".to_owned());
        self.orders.try_send(order(answer)).map_err(|_| busy())?;
        reply.await.map_err(|_| busy())?
    }

    fn now(&self) -> Shown {
        self.shown.borrow().clone()
    }
}

/// Tells of each change, for as long as there are any.
pub async fn tell(
    service: InterfaceRef<Update1>,
    mut shown: watch::Receiver<Shown>,
) -> zbus::Result<()> {
    let mut old = shown.borrow_and_update().clone();
    while shown.changed().await.is_ok() {
        let new = shown.borrow_and_update().clone();
        let (emitter, it) = (service.signal_emitter(), service.get().await);
        if old.state != new.state {
            it.state_changed(emitter).await?;
        }
        if old.text != new.text {
            it.text_changed(emitter).await?;
        }
        if old.percent != new.percent {
            it.percent_changed(emitter).await?;
        }
        if old.pending != new.pending {
            it.pending_changed(emitter).await?;
        }
        if old.available != new.available {
            it.available_changed(emitter).await?;
        }
        if old.notes != new.notes {
            it.notes_changed(emitter).await?;
        }
        if old.fault != new.fault {
            it.fault_changed(emitter).await?;
        }
        old = new;
    }
    Ok(())
}

#[interface(name = "org.hsvcam.Update1", introspection_docs = false)]
impl Update1 {
    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        self.version.clone()
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn slot(&self) -> String {
        self.slot.name().to_owned()
    }

    #[zbus(property)]
    fn state(&self) -> String {
        self.now().state.to_owned()
    }

    #[zbus(property)]
    fn text(&self) -> String {
        self.now().text
    }

    #[zbus(property)]
    fn percent(&self) -> u32 {
        self.now().percent
    }

    #[zbus(property)]
    fn pending(&self) -> String {
        self.now().pending
    }

    #[zbus(property)]
    fn available(&self) -> String {
        self.now().available
    }

    #[zbus(property)]
    fn notes(&self) -> String {
        self.now().notes
    }

    #[zbus(property)]
    fn fault(&self) -> String {
        self.now().fault
    }

    async fn install(&self, source: String, options: UpdateOptions) -> Result<(), Error> {
        self.ask(|answer| Order::Install(source, options, answer)).await
    }

    #[zbus(out_args("version"))]
    async fn check(&self, source: String, options: UpdateOptions) -> Result<String, Error> {
        self.ask(|answer| Order::Check(source, options, answer)).await
    }

    #[zbus(name = "Now")]
    async fn hurry(&self) -> Result<(), Error> {
        self.ask(Order::Now).await
    }

    async fn rollback(&self) -> Result<(), Error> {
        self.ask(Order::Rollback).await
    }

    #[zbus(out_args("past"))]
    async fn history(&self) -> Result<Vec<Update>, Error> {
        self.ask(Order::History).await
    }

    async fn seen(&self) -> Result<(), Error> {
        self.ask(Order::Seen).await
    }
}
