// SPDX-License-Identifier: MIT OR Apache-2.0
//! Our own mDNS responder, for machines without Avahi.

use std::time::Duration;

use mdns_sd::{ServiceDaemon, ServiceInfo};
use tracing::debug;

use super::Record;

const SERVICE: &str = "_hap._tcp.local.";
/// How long goodbye may take.
const GOODBYE: Duration = Duration::from_millis(500);

pub struct Responder {
    daemon: ServiceDaemon,
    published: Option<String>,
}

impl Responder {
    pub fn start() -> Result<Self, mdns_sd::Error> {
        Ok(Self { daemon: ServiceDaemon::new()?, published: None })
    }

    /// Publishing again under the same name announces what changed.
    pub fn publish(&mut self, record: &Record) -> Result<(), mdns_sd::Error> {
        let host = format!("{}.local.", record.host);
        let txt: Vec<(&str, &str)> =
            record.txt.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let (name, port) = (&record.instance, record.port);
        let info = match record.address {
            Some(address) => ServiceInfo::new(SERVICE, name, &host, address, port, &txt[..])?,
            None => ServiceInfo::new(SERVICE, name, &host, "", port, &txt[..])?.enable_addr_auto(),
        };
        self.published = Some(info.get_fullname().to_owned());
        self.daemon.register(info)
    }

    pub async fn withdraw(self) {
        let goodbye = async {
            if let Some(name) = &self.published {
                let done = self.daemon.unregister(name)?;
                let status = done.recv_async().await;
                debug!(?status, "mDNS record withdrawn");
            }
            self.daemon.shutdown()
        };
        match tokio::time::timeout(GOODBYE, goodbye).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => debug!(%error, "mDNS record not withdrawn"),
            Err(_) => debug!("mDNS goodbye took too long"),
        }
    }
}
