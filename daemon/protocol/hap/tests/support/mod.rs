// SPDX-License-Identifier: MIT OR Apache-2.0
//! A home around one accessory: a driver in virtual time, a camera that remembers what was
//! written, and links and controllers to talk to it with.

#![allow(dead_code, unused_imports, reason = "each story uses a part")]
#![allow(clippy::unwrap_used, reason = "what fails here fails the story")]

mod controller;
mod link;
mod srp;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use hap::{
    Accessory, Characteristic, ConnectionId, ControllerId, Database, DeviceId, Format, Identity,
    Iid, Input, Limits, Output, Pairing, PairingState, Perms, Reply, Request, Server, Service,
    Status, StoreFailed, Ticket, Value, setup::SetupCode,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub use controller::{Controller, PairError};
pub use link::{Link, Message};

pub const CODE: &str = "031-45-154";
pub const DEVICE_ID: &str = "AA:BB:CC:DD:EE:FF";
pub const JPEG: &[u8] = b"\xff\xd8 a picture \xff\xd9";

pub const IDENTIFY: Iid = 2;
pub const NAME: Iid = 3;
pub const MOTION: Iid = 11;
pub const FAULT: Iid = 12;
pub const TAMPERED: Iid = 13;
pub const BELL: Iid = 21;
pub const VOLUME: Iid = 22;
pub const INDICATOR: Iid = 31;
pub const SELECTED: Iid = 32;
pub const TRANSPORT: Iid = 41;
pub const LOCKED: Iid = 51;

/// What the store or the camera does with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Works,
    Fails,
    Waits,
}

pub struct Home {
    pub server: Server,
    pub now: Instant,
    pub store: Mode,
    pub camera: Mode,
    pub stored: PairingState,
    pub values: BTreeMap<Iid, Value>,
    /// Everything the server asked for, in order.
    pub log: Vec<Output>,
    pub closed: BTreeSet<ConnectionId>,
    /// Time spent in the server itself.
    pub spent: Duration,
    wires: BTreeMap<ConnectionId, Vec<u8>>,
    next_conn: u64,
}

impl Home {
    pub fn new() -> Self {
        Self::with(PairingState::default())
    }

    pub fn with(pairing_state: PairingState) -> Self {
        let now = Instant::now();
        Self {
            server: server(pairing_state.clone()),
            now,
            store: Mode::Works,
            camera: Mode::Works,
            stored: pairing_state,
            values: values(),
            log: Vec::new(),
            closed: BTreeSet::new(),
            spent: Duration::ZERO,
            wires: BTreeMap::new(),
            next_conn: 0,
        }
    }

    /// A home with one admin, verified on a link of its own.
    pub fn paired() -> (Self, Controller, Link) {
        let admin = Controller::new("admin", 1);
        let pairings = vec![Pairing {
            identifier: ControllerId::new(admin.id.as_bytes()).unwrap(),
            public_key: admin.public_key(),
            is_admin: true,
        }];
        let mut home = Self::with(PairingState { pairings, failed_attempts: 0 });
        let link = admin.session(&mut home);
        home.log.clear();
        (home, admin, link)
    }

    /// Power goes and comes back: only what was stored stays.
    pub fn restart(&mut self) {
        let stored = self.stored.clone();
        self.server = server(stored);
        self.wires.clear();
        self.log.clear();
    }

    pub fn connect(&mut self) -> Link {
        self.next_conn += 1;
        let conn = ConnectionId(self.next_conn);
        self.wires.insert(conn, Vec::new());
        self.input(Input::Opened { conn, peer: "192.0.2.7:50000".parse().unwrap() });
        Link::new(conn)
    }

    pub fn input(&mut self, input: Input<'_>) {
        let mut outputs = self.handle(input);
        while !outputs.is_empty() {
            let mut answers = Vec::new();
            for output in outputs {
                answers.extend(self.perform(&output));
                self.log.push(output);
            }
            outputs = answers.into_iter().flat_map(|answer| self.handle(answer)).collect();
        }
    }

    fn handle(&mut self, input: Input<'_>) -> Vec<Output> {
        let before = Instant::now();
        let outputs = self.server.handle(self.now, input);
        self.spent += before.elapsed();
        outputs
    }

    fn perform(&mut self, output: &Output) -> Option<Input<'static>> {
        match output {
            Output::Send { conn, bytes } => {
                assert!(!self.closed.contains(conn), "sent after close");
                self.wires.entry(*conn).or_default().extend_from_slice(bytes);
                None
            }
            Output::Close { conn } => {
                assert!(self.closed.insert(*conn), "closed twice");
                Some(Input::Closed { conn: *conn })
            }
            Output::Request { ticket, request, .. } => self.answer(*ticket, request),
            Output::Persist { ticket, state } => match self.store {
                Mode::Works => {
                    self.stored = state.clone();
                    Some(Input::Persisted { ticket: *ticket, result: Ok(()) })
                }
                Mode::Fails => Some(Input::Persisted { ticket: *ticket, result: Err(StoreFailed) }),
                Mode::Waits => None,
            },
            Output::PairingsChanged { .. }
            | Output::SessionEnded { .. }
            | Output::Changed { .. }
            | Output::Identify => None,
        }
    }

    fn answer(&mut self, ticket: Ticket, request: &Request) -> Option<Input<'static>> {
        let status = match self.camera {
            Mode::Waits => return None,
            Mode::Works => None,
            Mode::Fails => Some(Status::NotAllowedInCurrentState),
        };
        let reply = match request {
            Request::Read(iids) => Reply::Read(
                iids.iter()
                    .map(|iid| self.values.get(iid).cloned().ok_or(Status::UnableToCommunicate))
                    .collect(),
            ),
            Request::Write(entries) => Reply::Write(
                entries
                    .iter()
                    .map(|entry| match status {
                        Some(status) => Err(status),
                        None => {
                            self.values.insert(entry.iid, entry.value.clone());
                            Ok(entry.wants_response.then(|| entry.value.clone()))
                        }
                    })
                    .collect(),
            ),
            Request::Snapshot { .. } => {
                Reply::Snapshot(status.map_or(Ok(JPEG.to_vec().into()), Err))
            }
        };
        Some(Input::Reply { ticket, reply })
    }

    /// Lets time pass; timers fire at the instants the server asked for.
    pub fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..10_000 {
            match self.server.next_timeout() {
                Some(due) if due <= end => {
                    self.now = self.now.max(due);
                    self.input(Input::Timeout);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the server asks for timeouts without end");
    }

    pub fn change(&mut self, iid: Iid, value: Value) {
        self.input(Input::Changed { iid, value, author: None });
    }

    pub fn take_wire(&mut self, conn: ConnectionId) -> Vec<u8> {
        self.wires.get_mut(&conn).map(std::mem::take).unwrap_or_default()
    }

    pub fn is_closed(&self, link: &Link) -> bool {
        self.closed.contains(&link.conn)
    }

    /// The questions that the camera has not been asked to answer by itself.
    pub fn requests(&self) -> Vec<(Ticket, Request)> {
        let requests = self.log.iter().filter_map(|output| match output {
            Output::Request { ticket, request, .. } => Some((*ticket, request.clone())),
            _ => None,
        });
        requests.collect()
    }

    /// Tickets and states that were to be stored.
    pub fn persists(&self) -> Vec<(Ticket, PairingState)> {
        let persists = self.log.iter().filter_map(|output| match output {
            Output::Persist { ticket, state } => Some((*ticket, state.clone())),
            _ => None,
        });
        persists.collect()
    }
}

fn server(pairing_state: PairingState) -> Server {
    let accessory = Accessory {
        identity: Identity::new(DeviceId::parse(DEVICE_ID).unwrap(), &[0x44; 32]),
        setup_code: SetupCode::parse(CODE).unwrap(),
        pairing_state,
        database: Arc::new(database()),
    };
    Server::new(accessory, ChaCha20Rng::seed_from_u64(20_261_122))
}

pub fn database() -> Database {
    const R: Perms = Perms::READ;
    const W: Perms = Perms::WRITE;
    const EV: Perms = Perms::NOTIFY;
    let c = |iid, kind, format, perms| Characteristic {
        iid,
        kind,
        format,
        perms,
        limits: Limits::default(),
        unit: None,
    };
    let service = |iid, kind, characteristics| Service {
        iid,
        kind,
        is_primary: kind == 0x121,
        is_hidden: false,
        linked: if kind == 0x204 { vec![10] } else { vec![] },
        characteristics,
    };
    let range = Limits { range: Some((0.0, 100.0)), step: Some(1.0), ..Limits::default() };
    let volume = Characteristic { limits: range, ..c(VOLUME, 0x119, Format::UInt8, R | W | EV) };
    Database::new(vec![
        service(
            1,
            0x3e,
            vec![c(IDENTIFY, 0x14, Format::Bool, W), c(NAME, 0x23, Format::String, R)],
        ),
        service(
            10,
            0x85,
            vec![
                c(MOTION, 0x22, Format::Bool, R | EV),
                c(FAULT, 0x77, Format::UInt8, R | EV),
                c(TAMPERED, 0x7a, Format::UInt8, R | EV),
            ],
        ),
        service(20, 0x121, vec![c(BELL, 0x73, Format::UInt8, R | EV), volume]),
        service(
            30,
            0x204,
            vec![
                c(INDICATOR, 0x21d, Format::Bool, R | W | EV | Perms::TIMED_WRITE),
                c(SELECTED, 0x209, Format::Tlv8, R | W | EV | Perms::ADMIN_WRITE),
            ],
        ),
        service(40, 0x129, vec![c(TRANSPORT, 0x131, Format::Tlv8, R | W | Perms::WRITE_RESPONSE)]),
        service(
            50,
            0x112,
            vec![c(LOCKED, 0x11a, Format::Bool, R | W | Perms::ADDITIONAL_AUTHORIZATION)],
        ),
    ])
}

/// All but 0x209, which cannot be read before it was written.
fn values() -> BTreeMap<Iid, Value> {
    BTreeMap::from([
        (NAME, Value::String("Front \"Door\"".to_owned())),
        (MOTION, Value::Bool(false)),
        (FAULT, Value::UInt(0)),
        (TAMPERED, Value::UInt(0)),
        (VOLUME, Value::UInt(50)),
        (INDICATOR, Value::Bool(true)),
        (TRANSPORT, Value::Bytes(vec![])),
        (LOCKED, Value::Bool(false)),
    ])
}
