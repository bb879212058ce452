// SPDX-License-Identifier: MIT OR Apache-2.0
//! Publishes the camera as `_hap._tcp` on the local network.
//!
//! Where Avahi runs, it publishes for us over D-Bus, since two responders on one machine disturb
//! each other; else our own responder does. Either way a change of the TXT record is announced at
//! once and the record is withdrawn at the end.

mod avahi;
mod responder;

use std::net::{IpAddr, SocketAddr};
use std::ops::Not;
use std::sync::Arc;
use std::time::Duration;

use hap::txt::Advertisement;
use tokio::sync::watch;
use tokio::time;
use tracing::{info, warn};

use avahi::Avahi;
use responder::Responder;

/// How long after a failure the next attempt is made.
const RETRY: Duration = Duration::from_secs(10);

/// What is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The instance name, at most 63 bytes.
    pub instance: String,
    /// The host name without `.local`; ours alone, so that it does not fight the system's.
    pub host: String,
    /// The one address that is served; none where every address is. Loopback counts as none, since
    /// whoever asks this machine itself may use any of its addresses.
    pub address: Option<IpAddr>,
    /// The HAP port.
    pub port: u16,
    /// The TXT record's keys and values, in order.
    pub txt: Vec<(String, String)>,
}

impl Record {
    /// The record of `advertisement`, served at `at`.
    fn new(advertisement: &Advertisement, at: SocketAddr) -> Self {
        let digits = advertisement.device_id.as_str().replace(':', "");
        Self {
            instance: advertisement.instance_name(),
            host: format!("hsv-{}", digits.to_lowercase()),
            address: Some(at.ip()).filter(|ip| !ip.is_unspecified() && !ip.is_loopback()),
            port: at.port(),
            txt: advertisement.txt().map(|(key, value)| (key.to_owned(), value)).to_vec(),
        }
    }
}

/// How it is published now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Not, as the owner wants it.
    Off,
    /// It will be.
    NotYet,
    /// By this responder.
    By(&'static str),
    /// Not, and why; an attempt follows.
    Failed(Arc<str>),
}

/// Changes the record that [`run`] publishes; dropping it withdraws the record.
pub struct Announcer {
    advertisement: Advertisement,
    at: SocketAddr,
    record: watch::Sender<Record>,
}

impl Announcer {
    /// For a server at `at`; the other half is for [`run`].
    pub fn new(advertisement: Advertisement, at: SocketAddr) -> (Self, watch::Receiver<Record>) {
        let (record, published) = watch::channel(Record::new(&advertisement, at));
        (Self { advertisement, at, record }, published)
    }

    /// The first pairing came, or the last one went.
    pub fn announce(&mut self, is_paired: bool) {
        self.advertisement.is_paired = is_paired;
        self.record.send_replace(Record::new(&self.advertisement, self.at));
    }
}

/// Why nothing was published; an attempt follows.
#[derive(Debug, thiserror::Error)]
pub enum AdvertError {
    /// Avahi's answer.
    #[error("Avahi")]
    Avahi(#[from] zbus::Error),
    /// Our own responder's.
    #[error("mDNS responder")]
    Responder(#[from] mdns_sd::Error),
}

enum Publisher {
    Avahi(Box<Avahi>),
    Responder(Responder),
}

impl Publisher {
    async fn start() -> Result<Self, AdvertError> {
        match Avahi::connect().await {
            Some(avahi) => Ok(Self::Avahi(Box::new(avahi))),
            None => Ok(Self::Responder(Responder::start()?)),
        }
    }

    async fn publish(&mut self, record: &Record) -> Result<(), AdvertError> {
        match self {
            Self::Avahi(avahi) => avahi.publish(record).await?,
            Self::Responder(responder) => responder.publish(record)?,
        }
        Ok(())
    }

    /// Waits until what was published must be published again.
    async fn lost(&mut self) {
        match self {
            Self::Avahi(avahi) => avahi.restarted().await,
            Self::Responder(_) => std::future::pending().await,
        }
    }

    async fn withdraw(self) {
        match self {
            Self::Avahi(avahi) => avahi.withdraw().await,
            Self::Responder(responder) => responder.withdraw().await,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Avahi(_) => "Avahi",
            Self::Responder(_) => "own responder",
        }
    }
}

/// Keeps the newest `record` published until its sender is dropped, then says goodbye. Failures
/// are retried, never fatal: a camera that is known already works without mDNS for a while.
pub async fn run(mut record: watch::Receiver<Record>, tell: watch::Sender<Published>) {
    let mut publisher = None;
    loop {
        let wanted = record.borrow_and_update().clone();
        let is_wanted_still = match attempt(&mut publisher, &wanted).await {
            Ok(by) => {
                tell.send_replace(Published::By(by));
                info!(by, instance = wanted.instance, port = wanted.port, "published on mDNS");
                tokio::select! {
                    changed = record.changed() => changed.is_ok(),
                    () = lost(&mut publisher) => true,
                }
            }
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                warn!(error, retry_s = RETRY.as_secs(), "not published on mDNS");
                tell.send_replace(Published::Failed(error.into()));
                publisher = None;
                time::timeout(RETRY, record.changed()).await.is_ok_and(|c| c.is_err()).not()
            }
        };
        if !is_wanted_still {
            break;
        }
    }
    if let Some(publisher) = publisher {
        publisher.withdraw().await;
    }
}

async fn lost(publisher: &mut Option<Publisher>) {
    match publisher {
        Some(publisher) => publisher.lost().await,
        None => std::future::pending().await,
    }
}

async fn attempt(
    publisher: &mut Option<Publisher>,
    record: &Record,
) -> Result<&'static str, AdvertError> {
    let publisher = match publisher {
        Some(publisher) => publisher,
        empty => empty.insert(Publisher::start().await?),
    };
    publisher.publish(record).await?;
    Ok(publisher.name())
}
