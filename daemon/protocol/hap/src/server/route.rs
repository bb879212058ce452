// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a whole request to the one function that answers it.

use std::time::Instant;

use super::{
    Busy, Caller, ConnectionId, Output, REPLY_TIMEOUT, Server,
    attribute::{self, Step, refusal},
    connection::Incoming,
};
use crate::{
    Status,
    http::{Code, Method, empty},
};

/// A request and where it came from.
pub struct Route {
    pub conn: ConnectionId,
    pub incoming: Incoming,
}

impl Server {
    /// Answers the request, or leaves the connection busy until it can be answered.
    pub(super) fn route(&mut self, now: Instant, route: Route) {
        let Route { conn, incoming: Incoming { head, body } } = route;
        let Some(connection) = self.connections.get(&conn) else { return };
        let is_verified = connection.verified.is_some();
        let method = head.method;
        tracing::debug!(?conn, ?method, path = head.path, "request");
        match (head.path.as_str(), is_verified) {
            ("/identify", _) if method == Method::Post => self.identify(conn),
            ("/pair-setup", false) if method == Method::Post => self.pair_setup(now, conn, &body),
            ("/pair-verify", false) if method == Method::Post => self.pair_verify(now, conn, &body),
            ("/pair-setup" | "/pair-verify", true) if method == Method::Post => {
                self.respond(conn, empty(Code::BadRequest));
            }
            ("/identify" | "/pair-setup" | "/pair-verify", _) => {
                self.respond(conn, empty(Code::MethodNotAllowed));
            }
            (_, false) => {
                let code = Code::ConnectionAuthorizationRequired;
                self.respond(conn, refusal(code, Status::InsufficientPrivileges));
            }
            ("/pairings", true) if method == Method::Post => self.pairings(conn, &body),
            ("/accessories", true) if method == Method::Get => {
                let step = attribute::accessories(&self.database);
                self.proceed(now, conn, step);
            }
            ("/characteristics", true) if matches!(method, Method::Get | Method::Put) => {
                self.characteristics(now, conn, method, &head.query, &body);
            }
            ("/prepare", true) if method == Method::Put => self.prepare(now, conn, &body),
            ("/resource", true) if method == Method::Post => {
                self.proceed(now, conn, attribute::resource(&body));
            }
            (
                "/pairings" | "/accessories" | "/characteristics" | "/prepare" | "/resource",
                true,
            ) => {
                self.respond(conn, empty(Code::MethodNotAllowed));
            }
            _ => self.respond(conn, empty(Code::NotFound)),
        }
    }

    fn identify(&mut self, conn: ConnectionId) {
        if self.pairing_state.is_paired() {
            self.respond(conn, refusal(Code::BadRequest, Status::InsufficientPrivileges));
        } else {
            self.out.push(Output::Identify);
            self.respond(conn, empty(Code::NoContent));
        }
    }

    fn characteristics(
        &mut self,
        now: Instant,
        conn: ConnectionId,
        method: Method,
        query: &str,
        body: &[u8],
    ) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let Some(verified) = &mut connection.verified else { return };
        let step = if method == Method::Get {
            attribute::read(&self.database, verified, query)
        } else {
            let is_admin = self.pairing_state.is_admin(&verified.controller);
            attribute::write(now, &self.database, verified, is_admin, body)
        };
        self.proceed(now, conn, step);
    }

    fn prepare(&mut self, now: Instant, conn: ConnectionId, body: &[u8]) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let Some(verified) = &mut connection.verified else { return };
        let step = attribute::prepare(now, verified, body);
        self.proceed(now, conn, step);
    }

    fn proceed(&mut self, now: Instant, conn: ConnectionId, step: Step) {
        let (request, plan) = match step {
            Step::Done(message) => return self.respond(conn, message),
            Step::Ask(request, plan) => (request, plan),
        };
        let ticket = self.ticket();
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let Some(verified) = &connection.verified else { return };
        let controller = verified.controller.clone();
        let is_admin = self.pairing_state.is_admin(&controller);
        connection.busy = Busy::Asked { ticket, deadline: now + REPLY_TIMEOUT, plan };
        self.asked.insert(ticket, conn);
        let caller = Caller { conn, controller, is_admin };
        self.out.push(Output::Request { ticket, caller, request });
    }
}
