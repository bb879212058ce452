// SPDX-License-Identifier: MIT OR Apache-2.0
//! A look at the machine around the program: clock, network, disk, memory.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio::time;
use tracing::debug;

/// What was seen. What cannot be seen is `None`.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The clock.
    pub now: SystemTime,
    /// A time server has set it.
    pub is_synchronised: Option<bool>,
    /// Addresses that others can reach, with their interface.
    pub addresses: Vec<(String, IpAddr)>,
    /// TCP ports on which anybody listens.
    pub listening: Option<Vec<u16>>,
    /// Bytes free where state is kept, and in all.
    pub disk: Option<(u64, u64)>,
    /// Bytes of memory that may still be had, and in all.
    pub memory: Option<(u64, u64)>,
    /// Bytes of memory that the program has.
    pub resident: Option<u64>,
    /// Which of an image's two systems runs; none on what is no such image.
    pub slot: Option<String>,
}

/// systemd-timesyncd makes it at its first answer.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
/// A bus service that does not answer is not there.
const ASK_WITHIN: Duration = Duration::from_secs(2);

#[zbus::proxy(
    interface = "org.freedesktop.timedate1",
    default_service = "org.freedesktop.timedate1",
    default_path = "/org/freedesktop/timedate1"
)]
trait TimeDate {
    #[zbus(property(emits_changed_signal = "false"), name = "NTPSynchronized")]
    fn ntp_synchronized(&self) -> zbus::Result<bool>;
}

/// Looks at it all. `bus` is asked for the clock where there is one.
pub async fn look(state_dir: &Path, bus: Option<&zbus::Connection>) -> Machine {
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    Machine {
        now: SystemTime::now(),
        is_synchronised: is_synchronised(bus).await,
        addresses: addresses(),
        listening: listening(),
        disk: disk(state_dir),
        memory: kib(&meminfo, "MemAvailable:").zip(kib(&meminfo, "MemTotal:")),
        resident: kib(&status, "VmRSS:"),
        slot: slot(&fs::read_to_string("/proc/cmdline").unwrap_or_default()),
    }
}

async fn is_synchronised(bus: Option<&zbus::Connection>) -> Option<bool> {
    if Path::new(SYNCHRONISED).exists() {
        return Some(true);
    }
    let ask = async { TimeDateProxy::new(bus?).await.ok()?.ntp_synchronized().await.ok() };
    time::timeout(ASK_WITHIN, ask).await.ok().flatten()
}

fn addresses() -> Vec<(String, IpAddr)> {
    match if_addrs::get_if_addrs() {
        Ok(found) => {
            let reachable = found.into_iter().filter(|one| !one.is_loopback());
            reachable.map(|one| (one.name.clone(), one.ip())).collect()
        }
        Err(error) => {
            debug!(%error, "addresses of this machine");
            Vec::new()
        }
    }
}

fn listening() -> Option<Vec<u16>> {
    let tables =
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|path| fs::read_to_string(path).ok());
    if tables.iter().all(Option::is_none) {
        return None;
    }
    Some(tables.iter().flatten().flat_map(|table| table.lines()).filter_map(listener).collect())
}

/// The port of a line of the kernel's table, if it listens. Kernel: `net/ipv4/tcp_ipv4.c`
fn listener(line: &str) -> Option<u16> {
    const LISTEN: &str = "0A";
    let mut columns = line.split_ascii_whitespace().skip(1);
    let (_, port) = columns.next()?.rsplit_once(':')?;
    (columns.nth(1)? == LISTEN).then(|| u16::from_str_radix(port, 16).ok())?
}

fn disk(state_dir: &Path) -> Option<(u64, u64)> {
    let seen = rustix::fs::statvfs(state_dir).ok()?;
    Some((seen.f_bavail.saturating_mul(seen.f_frsize), seen.f_blocks.saturating_mul(seen.f_frsize)))
}

/// What the bootloader told the kernel. Boards: `rauc.slot=` in their tables
fn slot(cmdline: &str) -> Option<String> {
    let slot = cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix("rauc.slot="))?;
    Some(slot.to_owned()).filter(|slot| !slot.is_empty())
}

/// The bytes that a line of /proc tells in KiB.
fn kib(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// No address at all, or those that machines give themselves only.
pub fn is_cut_off(addresses: &[(String, IpAddr)]) -> bool {
    !addresses.iter().any(|(_, address)| match address {
        IpAddr::V4(address) => !address.is_link_local() && *address != Ipv4Addr::UNSPECIFIED,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let line = "   0: 00000000:CA72 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0";
        assert_eq!(listener(line), Some(51826));
        let connected = line.replace(" 0A ", " 01 ");
        assert_eq!(listener(&connected), None);
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
        assert_eq!(listener(head), None);
        assert_eq!(kib("MemTotal:   2048 kB\nMemFree: 1 kB", "MemTotal:"), Some(2 << 20));
        assert_eq!(kib("MemTotal:   2048", "MemTotal:"), None);
    }

    #[test]
    fn the_bootloaders_word_is_the_slot() {
        assert_eq!(slot("root=PARTLABEL=root-b ro rauc.slot=B quiet\n").as_deref(), Some("B"));
        assert_eq!(slot("root=/dev/sda1 ro x.rauc.slot=A"), None);
        assert_eq!(slot("rauc.slot= quiet"), None);
    }

    #[test]
    fn an_address_of_its_own_making_is_none() {
        let of = |address: &str| vec![("eth0".to_owned(), address.parse().unwrap())];
        assert!(is_cut_off(&[]) && is_cut_off(&of("169.254.7.7")) && is_cut_off(&of("fe80::1")));
        assert!(!is_cut_off(&of("192.168.1.20")) && !is_cut_off(&of("fd00::20")));
    }

    #[tokio::test]
    async fn this_machine_is_seen() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let seen = look(Path::new("/"), None).await;
        assert!(seen.listening.unwrap().contains(&port.local_addr().unwrap().port()));
        assert!(seen.resident.unwrap() > 1 << 20);
        let ((available, all), (free, size)) = (seen.memory.unwrap(), seen.disk.unwrap());
        assert!(available <= all && free <= size);
    }
}
