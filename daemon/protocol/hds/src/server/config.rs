// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bounds and times of the server, and who may connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Bounds and times. The defaults are what hubs and other accessories are known to get on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Who may connect.
    pub peers: PeerRule,
    /// Sessions that may wait for their connection.
    pub max_prepared: usize,
    /// How long they wait.
    pub prepared_lifetime: Duration,
    /// Connections that have not yet shown a key.
    pub max_unidentified: usize,
    /// Connections that have.
    pub max_connections: usize,
    /// From the TCP connection to its first byte.
    pub first_byte_within: Duration,
    /// From the TCP connection to a valid hello.
    pub hello_within: Duration,
    /// Bytes that may wait for a socket before [`crate::Server::send`] refuses another message:
    /// what a hub that does not read can cost is this much and one frame.
    pub max_queued_bytes: usize,
    /// A connection whose socket takes nothing for this long while bytes wait is dropped.
    pub stalled_after: Duration,
    /// Requests that are handed on, by protocol and topic. Others are answered here: there is no
    /// such protocol. Events and responses are always handed on.
    pub requests: Vec<(&'static str, &'static str)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            peers: PeerRule::PrivateOnly,
            max_prepared: 16,
            prepared_lifetime: Duration::from_secs(10),
            max_unidentified: 8,
            max_connections: 16,
            first_byte_within: Duration::from_secs(2),
            hello_within: Duration::from_secs(10),
            max_queued_bytes: 4 * 1024 * 1024,
            stalled_after: Duration::from_secs(15),
            requests: vec![("dataSend", "open")],
        }
    }
}

/// Whose connections are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeerRule {
    /// Addresses that only a neighbour can have: private, link-local, unique local, loopback; and
    /// any address from which a controller has just set a data stream up, such as a hub's global
    /// IPv6 one.
    #[default]
    PrivateOnly,
    /// Everyone.
    Any,
}

impl PeerRule {
    /// Whether `peer` may connect.
    pub fn allows(self, peer: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::PrivateOnly => match peer.to_canonical() {
                IpAddr::V4(peer) => is_private_v4(peer),
                IpAddr::V6(peer) => is_private_v6(peer),
            },
        }
    }
}

fn is_private_v4(peer: Ipv4Addr) -> bool {
    peer.is_private() || peer.is_link_local() || peer.is_loopback()
}

fn is_private_v6(peer: Ipv6Addr) -> bool {
    peer.is_unicast_link_local() || peer.is_unique_local() || peer.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_neighbours_may_connect_unless_everyone_may() {
        let table = [
            ("192.168.1.9", true),
            ("10.1.2.3", true),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
            ("169.254.7.7", true),
            ("127.0.0.1", true),
            ("8.8.8.8", false),
            ("100.64.0.1", false),
            ("fe80::1", true),
            ("fd12::1", true),
            ("::1", true),
            ("2001:db8::1", false),
            ("::ffff:192.168.1.9", true),
            ("::ffff:8.8.8.8", false),
        ];
        for (peer, allowed) in table {
            let peer: IpAddr = peer.parse().unwrap();
            assert_eq!(PeerRule::PrivateOnly.allows(peer), allowed, "{peer}");
            assert!(PeerRule::Any.allows(peer), "{peer}");
        }
    }
}
