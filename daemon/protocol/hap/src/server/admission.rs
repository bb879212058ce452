// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which connections may be open at once, and which one goes when there is no room.

use std::{net::SocketAddr, time::Instant};

use super::{Connection, ConnectionId, Output, Server};
use crate::http::{Code, empty};

/// Most connections.
const MAX_CONNECTIONS: usize = 64;
/// Most of them before pair verify, so that a stranger cannot crowd out the home.
const MAX_UNVERIFIED: usize = 8;

impl Server {
    pub(super) fn open(&mut self, now: Instant, conn: ConnectionId, peer: SocketAddr) {
        if self.connections.contains_key(&conn) {
            tracing::error!(?conn, "a connection's number was given twice");
            return;
        }
        if !self.make_room() {
            tracing::warn!(%peer, "all connections are in use");
            self.out.push(Output::Send { conn, bytes: empty(Code::ServiceUnavailable) });
            self.out.push(Output::Close { conn });
            return;
        }
        self.connections.insert(conn, Connection::new(now, peer));
    }

    /// Whether there is room for one more, if need be after closing another: first the unverified
    /// one that was silent longest (but not the one that is pairing), then an idle session, then
    /// one with subscriptions; never one with a data stream or a live session.
    fn make_room(&mut self) -> bool {
        let unverified = self.connections.values().filter(|c| c.verified.is_none()).count();
        let is_full = self.connections.len() >= MAX_CONNECTIONS;
        if !is_full && unverified < MAX_UNVERIFIED {
            return true;
        }
        let claimant = self.claim.as_ref().map(|claim| claim.conn);
        let victim = self
            .connections
            .iter()
            .filter(|(conn, c)| !c.is_pinned && claimant != Some(**conn))
            .filter(|(_, c)| is_full || c.verified.is_none())
            .min_by_key(|(_, c)| (c.verified.is_some(), c.has_subscriptions(), c.last_active))
            .map(|(conn, _)| *conn);
        let Some(conn) = victim else { return false };
        tracing::debug!(?conn, "closed to make room");
        self.close(conn);
        true
    }
}
