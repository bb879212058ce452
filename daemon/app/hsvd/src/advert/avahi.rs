// SPDX-License-Identifier: MIT OR Apache-2.0
//! Publishing through avahi-daemon on the system bus.

use tracing::debug;
use zbus::fdo::DBusProxy;
use zbus::{Connection, OwnedObjectPath};

use super::Record;

const BUS_NAME: &str = "org.freedesktop.Avahi";
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
    fn commit(&self) -> zbus::Result<()>;
    fn reset(&self) -> zbus::Result<()>;
    fn free(&self) -> zbus::Result<()>;
}

pub struct Avahi {
    bus: Connection,
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
        let answer = async { DBusProxy::new(&bus).await?.name_has_owner(name).await }.await;
        answer.is_ok_and(|is_there| is_there).then_some(Self { bus, group: None })
    }

    pub async fn publish(&mut self, record: &Record) -> zbus::Result<()> {
        let group = match &self.group {
            Some(group) => {
                group.reset().await?;
                group
            }
            None => {
                let path = ServerProxy::new(&self.bus).await?.entry_group_new().await?;
                let group = EntryGroupProxy::builder(&self.bus).path(path).build().await?;
                self.group.insert(group)
            }
        };
        let txt: Vec<Vec<u8>> =
            record.txt.iter().map(|(key, value)| format!("{key}={value}").into_bytes()).collect();
        // Avahi knows the machine's host name and addresses; an empty host means those.
        group
            .add_service(ANY, ANY, 0, &record.instance, "_hap._tcp", "", "", record.port, &txt)
            .await?;
        group.commit().await
    }

    pub async fn withdraw(self) {
        let Some(group) = self.group else { return };
        if let Err(error) = group.free().await {
            debug!(%error, "Avahi did not take the record back");
        }
    }
}
