// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera as controllers find it: its record by mDNS, and its port on the address that is there.

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use control::{Finding, Setting};
use mdns_sd::{ResolvedService, ScopedIp, ServiceDaemon, ServiceEvent};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::{finding, well};
use crate::bus::Bus;
use crate::settings;

const SERVICE: &str = "_hap._tcp.local.";
/// Answers come within a second, if any; a second question after the first goes out in between.
const LISTEN: Duration = Duration::from_secs(4);
/// In a home network a port answers at once.
const CONNECT: Duration = Duration::from_secs(2);

/// Of the camera's settings, what says how it is found.
struct Wanted {
    name: String,
    port: u16,
    is_announced: bool,
}

/// Looks for the record, then for whoever it names.
pub async fn look(bus: &Bus) -> Vec<Finding> {
    let wanted = match settings::all(bus).await {
        Ok(settings) => Wanted::of(&settings),
        Err(_) => None,
    };
    let Some(wanted) = wanted else {
        let text = "not looked at: the camera's name and port cannot be read";
        return vec![finding("announced", "warning", text, "run the same with sudo")];
    };
    if !wanted.is_announced {
        let text = "the camera is set not to announce itself (hap.advertise)";
        let advice = "controllers find it if something else announces it";
        return vec![finding("announced", "warning", text, advice)];
    }
    match heard(&wanted).await {
        Err(error) => {
            let text = format!("mDNS cannot be used on this machine: {error}");
            vec![finding("announced", "fault", text, "is there a network?")]
        }
        Ok(None) => {
            let text = format!("nobody on the network announces \"{}\"", wanted.name);
            let advice = "open UDP port 5353 in the firewall; hsvctl logs says whether the camera \
                          could announce itself";
            vec![finding("announced", "fault", text, advice)]
        }
        Ok(Some(record)) => {
            let text = format!("announced as {} on port {}", instance(&record), record.port);
            vec![well("announced", text), reachable(&record).await]
        }
    }
}

impl Wanted {
    fn of(settings: &[Setting]) -> Option<Self> {
        let value = |key| {
            let setting = settings.iter().find(|setting| setting.key == key)?;
            settings::parsed(&setting.value)
        };
        Some(Self {
            name: value("name")?.as_str()?.trim().to_owned(),
            port: u16::try_from(value("hap.port")?.as_integer()?).ok()?,
            is_announced: value("hap.advertise")?.as_bool()?,
        })
    }

    /// The instance is the name, perhaps cut, and four digits of the identifier. Port 0 is any.
    fn is(&self, record: &ResolvedService) -> bool {
        let instance = instance(record);
        let name = instance.rsplit_once(' ').map_or("", |(name, _)| name);
        let is_named =
            if name.len() < 50 { name == self.name } else { self.name.starts_with(name) };
        is_named && (self.port == 0 || self.port == record.port)
    }
}

fn instance(record: &ResolvedService) -> &str {
    record
        .fullname
        .strip_suffix(SERVICE)
        .map_or(&*record.fullname, |name| name.trim_end_matches('.'))
}

async fn heard(wanted: &Wanted) -> Result<Option<ResolvedService>, mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    let events = daemon.browse(SERVICE)?;
    let end = Instant::now() + LISTEN;
    let mut found = None;
    while let Ok(Ok(event)) = timeout_at(end, events.recv_async()).await {
        if let ServiceEvent::ServiceResolved(record) = event
            && wanted.is(&record)
        {
            found = Some(*record);
            break;
        }
    }
    // It ends with the process in any case.
    drop(daemon.shutdown());
    Ok(found)
}

async fn reachable(record: &ResolvedService) -> Finding {
    let addresses: Vec<SocketAddr> =
        record.addresses.iter().map(|address| with_port(address, record.port)).collect();
    for address in &addresses {
        if let Ok(Ok(_)) = timeout(CONNECT, TcpStream::connect(address)).await {
            return well("reachable", format!("{address} answers"));
        }
    }
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    let text = format!("nothing answers at {}", all.join(", "));
    let advice = "open the TCP ports of [hap] and [hds] in the firewall";
    finding("reachable", "fault", text, advice)
}

fn with_port(address: &ScopedIp, port: u16) -> SocketAddr {
    match (address.to_ip_addr(), address) {
        (IpAddr::V6(ip), ScopedIp::V6(scoped)) => {
            SocketAddrV6::new(ip, port, 0, scoped.scope_id().index).into()
        }
        (ip, _) => (ip, port).into(),
    }
}
