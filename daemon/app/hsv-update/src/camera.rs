// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera as others see it: over D-Bus, over HAP on loopback, and by its service manager.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use control::{Camera1Proxy, System1Proxy};
use hap::Probe;
use ota::gate::{Signs, Vitals};
use ota::window::Doing;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::debug;
use zbus::proxy::CacheProperties;
use zbus::{Connection, OwnedObjectPath, proxy};

/// For an answer on the bus, and for a pair-verify.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// At each look.
const KNOCKS: u32 = 3;
const UNIT: &str = "hsvd.service";
/// Bytes of an answer's head and body; a pair-verify's have a few hundred.
const MOST_BYTES: u64 = 4096;

#[proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn get_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn reboot(&self) -> zbus::Result<()>;
}

#[proxy(interface = "org.freedesktop.systemd1.Unit", default_service = "org.freedesktop.systemd1")]
trait Unit {
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
}

#[proxy(
    interface = "org.freedesktop.systemd1.Service",
    default_service = "org.freedesktop.systemd1"
)]
trait Service {
    #[zbus(property, name = "NRestarts")]
    fn restarts(&self) -> zbus::Result<u32>;
}

/// hsvd, and the machine that it runs on.
#[derive(Debug, Clone)]
pub struct Camera {
    bus: Connection,
    camera: Camera1Proxy<'static>,
    system: System1Proxy<'static>,
    manager: ManagerProxy<'static>,
}

impl Camera {
    /// On `bus`, whether it runs or not.
    pub async fn on(bus: &Connection) -> zbus::Result<Self> {
        let camera =
            Camera1Proxy::builder(bus).cache_properties(CacheProperties::No).build().await?;
        let system =
            System1Proxy::builder(bus).cache_properties(CacheProperties::No).build().await?;
        let manager = ManagerProxy::new(bus).await?;
        Ok(Self { bus: bus.clone(), camera, system, manager })
    }

    /// What somebody would miss. One that does not answer does nothing.
    pub async fn doing(&self) -> Doing {
        let ask = async {
            zbus::Result::Ok(Doing {
                is_recording: self.camera.recording().await?,
                viewers: self.camera.viewers().await?,
                is_moving: self.camera.motion_detected().await?,
                is_private: self.camera.manually_disabled().await?,
            })
        };
        match timeout(ANSWER_WITHIN, ask).await {
            Ok(Ok(doing)) => doing,
            _ => Doing::default(),
        }
    }

    /// Everything that a system on trial is judged by.
    pub async fn signs(&self) -> Signs {
        let told = timeout(ANSWER_WITHIN, self.system.vitals()).await;
        let told = told.ok().and_then(|told| told.map_err(|error| debug!(%error, "vitals")).ok());
        let does_hap_answer = match &told {
            Some(told) => does_answer(told.hap_port, &told.accessory_key).await,
            None => false,
        };
        let service = timeout(ANSWER_WITHIN, self.service()).await;
        let (has_failed, restarts) = match service {
            Ok(Ok(told)) => told,
            Ok(Err(error)) => {
                debug!(%error, "the service manager");
                (false, 0)
            }
            Err(_) => (false, 0),
        };
        Signs {
            has_failed,
            restarts,
            vitals: told.map(|told| vitals(&told)),
            does_hap_answer,
            network: has_network(),
        }
    }

    /// Whether its service manager has given it up, and how often it was started anew.
    async fn service(&self) -> zbus::Result<(bool, u32)> {
        let path = self.manager.get_unit(UNIT).await?;
        let unit = UnitProxy::builder(&self.bus).path(path.clone());
        let unit = unit.cache_properties(CacheProperties::No).build().await?;
        let service = ServiceProxy::builder(&self.bus).path(path);
        let service = service.cache_properties(CacheProperties::No).build().await?;
        Ok((unit.active_state().await? == "failed", service.restarts().await?))
    }

    /// Lets it tell its owner; whether it has heard.
    pub async fn tell_fault(&self, fault: &str) -> bool {
        timeout(ANSWER_WITHIN, self.system.set_update_fault(fault))
            .await
            .is_ok_and(|told| told.is_ok())
    }

    /// Starts the machine anew.
    ///
    /// # Errors
    /// The service manager's.
    pub async fn reboot(&self) -> zbus::Result<()> {
        self.manager.reboot().await
    }
}

fn vitals(told: &control::Vitals) -> Vitals {
    Vitals {
        wants_pictures: told.wants_pictures,
        captured: told.captured,
        wants_prebuffer: told.wants_prebuffer,
        encoded: told.encoded,
        prebuffer: Duration::from_millis(told.prebuffer_ms),
        wanted_prebuffer: Duration::from_millis(told.wanted_prebuffer_ms),
        is_store_well: told.store_works,
    }
}

/// There is an address that others can reach.
pub fn has_network() -> bool {
    let reaches = |one: &if_addrs::Interface| {
        let is_own = match one.ip() {
            IpAddr::V4(ip) => ip.is_link_local() || ip.is_unspecified(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
        !one.is_loopback() && !is_own
    };
    if_addrs::get_if_addrs().is_ok_and(|all| all.iter().any(reaches))
}

/// Strangers who crowd the places of the unverified may push one knock out, and hardly each.
async fn does_answer(port: u16, accessory_key: &[u8]) -> bool {
    for _ in 0..KNOCKS {
        match timeout(ANSWER_WITHIN, knock(port, accessory_key)).await {
            Ok(Ok(())) => return true,
            Ok(Err(error)) => debug!("HAP: {error:#}"),
            Err(_) => return false,
        }
    }
    false
}

/// A pair-verify as a stranger, to its refusal.
async fn knock(port: u16, accessory_key: &[u8]) -> anyhow::Result<()> {
    let key: [u8; 32] = accessory_key.try_into().context("the accessory's key has 32 bytes")?;
    let mut random = [0; 32];
    getrandom::fill(&mut random).context("no randomness from the kernel")?;
    let probe = Probe::new(random);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let m2 = post(&mut stream, &probe.m1()).await?;
    let m4 = post(&mut stream, &probe.m3(&m2, &key)?).await?;
    Ok(Probe::check_m4(&m4)?)
}

/// Sends a message of the handshake, and returns the answer's body.
async fn post(stream: &mut TcpStream, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let head = format!(
        "POST /pair-verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/pairing+tlv8\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut told = Vec::new();
    loop {
        if let Some(body) = body_of(&told)? {
            return Ok(body);
        }
        let mut more = stream.take(MOST_BYTES);
        ensure!(more.read_buf(&mut told).await? > 0, "the connection was closed");
        ensure!(told.len() as u64 <= MOST_BYTES, "the answer does not end");
    }
}

/// The body of a whole answer; `None` while some of it is missing.
fn body_of(told: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(end) = told.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&told[..end]).context("the answer's head is not text")?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = &told[end + 4..];
    let length = length.context("the answer has no length")?;
    Ok((body.len() >= length).then(|| body[..length].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        for end in 0..whole.len() {
            assert_eq!(body_of(&whole[..end]).unwrap(), None, "{end}");
        }
        assert_eq!(body_of(whole).unwrap().as_deref(), Some(&b"abc"[..]));
        assert!(body_of(b"HTTP/1.1 470 No\r\n\r\n").is_err());
        assert!(body_of(b"\xff\r\n\r\n").is_err());
    }

    /// Whoever listens says `answers`, one after the other, and its port.
    async fn listener(answers: &'static [&'static [u8]]) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            for answer in answers {
                let mut asked = [0; 1024];
                assert!(stream.read(&mut asked).await.unwrap() > 0);
                stream.write_all(answer).await.unwrap();
            }
        });
        port
    }

    #[tokio::test]
    async fn who_is_deaf_or_another_does_not_pass() {
        let answers: [&[&[u8]]; 4] = [
            &[],
            &[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
            &[b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\x06\x01\x02"],
            &[b"nothing that is known"],
        ];
        for answers in answers {
            let port = listener(answers).await;
            assert!(knock(port, &[7; 32]).await.is_err(), "{answers:?}");
        }
        assert!(knock(9, &[7; 32]).await.is_err());
        assert!(knock(9, &[7; 31]).await.is_err());
    }
}
