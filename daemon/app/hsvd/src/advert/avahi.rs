// SPDX-License-Identifier: MIT OR Apache-2.0
//! Publishing through avahi-daemon on the system bus.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use tracing::debug;
use zbus::fdo::DBusProxy;
use zbus::proxy::OwnerChangedStream;
use zbus::{Connection, OwnedObjectPath};

use super::Record;

const BUS_NAME: &str = "org.freedesktop.Avahi";
const SERVICE: &str = "_hap._tcp";
/// Every interface, IPv4 and IPv6. Avahi: `AVAHI_IF_UNSPEC`, `AVAHI_PROTO_UNSPEC`
const ANY: i32 = -1;

#[zbus::proxy(
    interface = "org.freedesktop.Avahi.Server",
    default_service = "org.freedesktop.Avahi",
    default_path = "/"
)]
trait Server {
    fn entry_group_new(&self) -> zbus::Result<OwnedObjectPath>;
}

#[zbus::proxy(
    interface = "org.freedesktop.Avahi.EntryGroup",
    default_service = "org.freedesktop.Avahi"
)]
trait EntryGroup {
    #[expect(clippy::too_many_arguments, reason = "Avahi's interface")]
    fn add_service(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: &str,
        kind: &str,
        domain: &str,
        host: &str,
        port: u16,
        txt: &[Vec<u8>],
    ) -> zbus::Result<()>;
    #[expect(clippy::too_many_arguments, reason = "Avahi's interface")]
    fn update_service_txt(
        &self,
        interface: i32,
        protocol: i32,
        flags: u32,
        name: &str,
        kind: &str,
        domain: &str,
        txt: &[Vec<u8>],
    ) -> zbus::Result<()>;
    fn commit(&self) -> zbus::Result<()>;
    fn reset(&self) -> zbus::Result<()>;
    fn free(&self) -> zbus::Result<()>;
}

pub struct Avahi {
    bus: Connection,
    /// Who owns Avahi's name, from now on.
    owners: OwnerChangedStream<'static>,
    /// Our record. Its name and port never change while we run, its TXT does.
    group: Option<EntryGroupProxy<'static>>,
}

impl Avahi {
    /// `None` when there is no system bus or no Avahi on it.
    pub async fn connect() -> Option<Self> {
        let bus = match Connection::system().await {
            Ok(bus) => bus,
            Err(error) => {
                debug!(%error, "no system bus");
                return None;
            }
        };
        let name = BUS_NAME.try_into().expect("a constant bus name");
        let answer = async {
            let owners = ServerProxy::new(&bus).await?.inner().receive_owner_changed().await?;
            let is_there = DBusProxy::new(&bus).await?.name_has_owner(name).await?;
            Ok::<_, zbus::Error>(is_there.then_some(owners))
        };
        match answer.await {
            Ok(owners) => owners.map(|owners| Self { bus, owners, group: None }),
            Err(error) => {
                debug!(%error, "Avahi cannot be asked for");
                None
            }
        }
    }

    /// Waits until a new Avahi has taken the place of the one that knew our record.
    pub async fn restarted(&mut self) {
        while let Some(owner) = poll_fn(|cx| Pin::new(&mut self.owners).poll_next(cx)).await {
            if self.group.take().is_some() {
                debug!("Avahi is gone");
            }
            if owner.is_some() {
                return;
            }
        }
        std::future::pending().await // the bus is gone, and Avahi with it
    }

    /// Publishes `record`, or changes its TXT without taking it back meanwhile.
    pub async fn publish(&mut self, record: &Record) -> zbus::Result<()> {
        let txt: Vec<Vec<u8>> =
            record.txt.iter().map(|(key, value)| format!("{key}={value}").into_bytes()).collect();
        if let Some(group) = &self.group {
            let name = &record.instance;
            return group.update_service_txt(ANY, ANY, 0, name, SERVICE, "", &txt).await;
        }
        let path = ServerProxy::new(&self.bus).await?.entry_group_new().await?;
        let group = EntryGroupProxy::builder(&self.bus).path(path).build().await?;
        // Avahi knows the machine's host name and addresses; an empty host means those.
        group
            .add_service(ANY, ANY, 0, &record.instance, SERVICE, "", "", record.port, &txt)
            .await?;
        group.commit().await?;
        self.group = Some(group);
        Ok(())
    }

    pub async fn withdraw(self) {
        let Some(group) = self.group else { return };
        if let Err(error) = group.free().await {
            debug!(%error, "Avahi did not take the record back");
        }
    }
}
