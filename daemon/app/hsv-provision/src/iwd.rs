// SPDX-License-Identifier: MIT OR Apache-2.0
//! iwd over D-Bus, and the addresses of its interface. It is asked again and again for what it has, a few times in a
//! program's life; signals would only be quicker.
//!
//! Spec: iwd's doc/station-api.txt, network-api.txt, device-api.txt

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use zbus::fdo::{ManagedObjects, ObjectManagerProxy};
use zbus::names::OwnedInterfaceName;

use zbus::{Connection, OwnedObjectPath, OwnedVariant, connection, proxy};

use crate::join::{Outcome, Radio};

const SERVICE: &str = "net.connman.iwd";
const STATION: &str = "net.connman.iwd.Station";
const NETWORK: &str = "net.connman.iwd.Network";
const DEVICE: &str = "net.connman.iwd.Device";
const PAUSE: Duration = Duration::from_millis(500);
/// A radio's driver is loaded by now, and iwd has found it.
const RADIO_WITHIN: Duration = Duration::from_secs(20);
/// Two scans of all channels.
const FOUND_WITHIN: Duration = Duration::from_secs(25);
const JOINED_WITHIN: Duration = Duration::from_secs(45);
const ADDRESS_WITHIN: Duration = Duration::from_secs(30);
/// An address of the network of before is gone by then. The image's networkd keeps it for 5 s (25-wireless.network).
const STALE_FOR: Duration = Duration::from_secs(6);

#[proxy(interface = "net.connman.iwd.Station", default_service = "net.connman.iwd")]
trait Station {
    fn scan(&self) -> zbus::Result<()>;
    fn disconnect(&self) -> zbus::Result<()>;
}

#[proxy(interface = "net.connman.iwd.Network", default_service = "net.connman.iwd")]
trait Network {
    fn connect(&self) -> zbus::Result<()>;
}

type Properties = HashMap<String, OwnedVariant>;

/// The machine's first radio.
#[derive(Debug)]
pub struct Iwd {
    bus: Connection,
    station: OwnedObjectPath,
    interface: String,
}

/// A network in the air.
struct Seen {
    path: OwnedObjectPath,
    ssid: String,
    kind: String,
    is_connected: bool,
    /// iwd has read its file.
    is_known: bool,
}

impl Iwd {
    /// Waits for iwd and its radio; `address` is a bus other than the machine's.
    ///
    /// # Errors
    /// The bus's.
    pub async fn find(address: Option<&str>) -> zbus::Result<Option<Self>> {
        let builder = match address {
            Some(address) => connection::Builder::address(address),
            None => connection::Builder::system(),
        };
        let bus = builder.build().await?;
        let end = Instant::now() + RADIO_WITHIN;
        loop {
            // Without iwd on the bus, an error
            if let Ok(objects) = objects(&bus).await
                && let Some((station, interface)) = station(&objects)
            {
                return Ok(Some(Self { bus, station, interface }));
            }
            if Instant::now() >= end {
                return Ok(None);
            }
            sleep(PAUSE).await;
        }
    }

    async fn seen(&self) -> Vec<Seen> {
        let objects = objects(&self.bus).await.unwrap_or_default();
        let all = objects.iter().filter_map(|(path, interfaces)| {
            let network = of(interfaces, NETWORK)?;
            Some(Seen {
                path: path.clone(),
                ssid: text(network, "Name")?,
                kind: text(network, "Type")?,
                is_connected: flag(network, "Connected"),
                is_known: network.contains_key("KnownNetwork"),
            })
        });
        all.collect()
    }

    /// The network, once it is in the air and iwd has read its file.
    async fn find_network(&self, ssid: &str, kind: &str) -> Result<Seen, Outcome> {
        let station = self.station().await?;
        let end = Instant::now() + FOUND_WITHIN;
        loop {
            let mut of_name: Vec<Seen> =
                self.seen().await.into_iter().filter(|seen| seen.ssid == ssid).collect();
            if let Some(at) = of_name.iter().position(|seen| seen.kind == kind && seen.is_known) {
                return Ok(of_name.swap_remove(at));
            }
            if Instant::now() >= end {
                let other = of_name.into_iter().find(|seen| seen.kind != kind);
                return Err(other.map_or(Outcome::NotFound, |seen| Outcome::OtherKind(seen.kind)));
            }
            // Refused while another scan runs, which serves as well
            drop(station.scan().await);
            sleep(PAUSE).await;
        }
    }

    async fn station(&self) -> Result<StationProxy<'_>, Outcome> {
        let station = StationProxy::builder(&self.bus).path(&self.station).build().await;
        station.map_err(|_| Outcome::NoAnswer)
    }

    async fn connect(&self, ssid: &str, kind: &str) -> Result<(), Outcome> {
        let network = self.find_network(ssid, kind).await?;
        if network.is_connected {
            // By what its file said before
            drop(self.station().await?.disconnect().await);
        }
        let end = Instant::now() + JOINED_WITHIN;
        let proxy = NetworkProxy::builder(&self.bus).path(&network.path).build().await;
        let proxy = proxy.map_err(|_| Outcome::NoAnswer)?;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(answer) = timeout(left, proxy.connect()).await else {
                return Err(Outcome::NoAnswer);
            };
            match answer {
                Ok(()) => return Ok(()),
                Err(zbus::Error::MethodError(name, _, _)) => match name.as_str() {
                    "net.connman.iwd.Failed" => return Err(Outcome::Refused),
                    "net.connman.iwd.NotFound" => return Err(Outcome::NotFound),
                    _ => {} // busy with another network, or this one
                },
                Err(_) => return Err(Outcome::NoAnswer),
            }
            if self.seen().await.iter().any(|seen| seen.is_connected && seen.ssid == ssid) {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }

    async fn wait_address(&self, before: &[IpAddr]) -> Result<(), Outcome> {
        let begin = Instant::now();
        loop {
            let waited = begin.elapsed();
            if has_arrived(before, &self.addresses(), waited) {
                return Ok(());
            }
            if waited >= ADDRESS_WITHIN {
                return Err(Outcome::NoAddress);
            }
            sleep(PAUSE).await;
        }
    }

    fn addresses(&self) -> Vec<IpAddr> {
        let all = addresses().into_iter().filter(|(interface, _)| *interface == self.interface);
        all.map(|(_, address)| address).collect()
    }
}

impl Radio for Iwd {
    async fn connected(&mut self) -> Option<String> {
        self.seen().await.into_iter().find(|seen| seen.is_connected).map(|seen| seen.ssid)
    }

    async fn join(&mut self, ssid: &str, kind: &str) -> Outcome {
        let before = self.addresses();
        let joined = match self.connect(ssid, kind).await {
            Ok(()) => self.wait_address(&before).await,
            Err(outcome) => Err(outcome),
        };
        joined.err().unwrap_or(Outcome::Joined)
    }
}

/// Whether the new network gave an address: one that is new, or that is still there when an old one is not.
fn has_arrived(before: &[IpAddr], now: &[IpAddr], waited: Duration) -> bool {
    now.iter().any(|address| waited >= STALE_FOR || !before.contains(address))
}

/// Addresses by which others reach this machine, with their interfaces.
pub fn addresses() -> Vec<(String, IpAddr)> {
    let all = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    let mut all: Vec<(String, IpAddr)> = all
        .filter(|one| !one.is_loopback() && !one.is_link_local())
        .map(|one| (one.name.clone(), one.ip()))
        .collect();
    all.sort();
    all
}

async fn objects(bus: &Connection) -> zbus::Result<ManagedObjects> {
    let manager = ObjectManagerProxy::builder(bus).destination(SERVICE).path("/").build().await?;
    Ok(manager.get_managed_objects().await?)
}

fn station(objects: &ManagedObjects) -> Option<(OwnedObjectPath, String)> {
    let mut all: Vec<_> = objects
        .iter()
        .filter(|(_, interfaces)| of(interfaces, STATION).is_some())
        .filter_map(|(path, interfaces)| {
            Some((path.clone(), text(of(interfaces, DEVICE)?, "Name")?))
        })
        .collect();
    all.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
    all.into_iter().next()
}

fn of<'a>(
    interfaces: &'a HashMap<OwnedInterfaceName, Properties>,
    name: &str,
) -> Option<&'a Properties> {
    interfaces.iter().find(|(interface, _)| interface.as_str() == name).map(|(_, found)| found)
}

fn text(properties: &Properties, name: &str) -> Option<String> {
    properties.get(name)?.downcast_ref::<&str>().ok().map(str::to_owned)
}

fn flag(properties: &Properties, name: &str) -> bool {
    properties.get(name).is_some_and(|value| value.downcast_ref::<bool>().unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_network_of_before_is_no_arrival() {
        let [old, new]: [IpAddr; 2] = [[192, 168, 1, 2].into(), [10, 0, 0, 2].into()];
        let (soon, later) = (Duration::from_secs(1), STALE_FOR);
        // before, now, waited, arrived
        let rows: [(&[IpAddr], &[IpAddr], Duration, bool); 6] = [
            (&[], &[], later, false),
            (&[], &[new], soon, true),
            (&[old], &[old], soon, false),
            (&[old], &[old, new], soon, true),
            (&[old], &[old], later, true), // the same router's other radio
            (&[old], &[], later, false),
        ];
        for (before, now, waited, arrived) in rows {
            assert_eq!(has_arrived(before, now, waited), arrived, "{before:?} {now:?} {waited:?}");
        }
    }
}
