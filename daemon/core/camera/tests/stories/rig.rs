// SPDX-License-Identifier: MIT OR Apache-2.0
//! A driver in memory: it does every action as the daemon does, with a store that works, fails or
//! takes its time, and the real privacy gate.

use std::time::{Duration, Instant};

use camera::services::{Identity, Labels, iid};
use camera::tlv::live::{CryptoSuite, LiveOffer};
use camera::tlv::recording::{Offer, PrebufferMs};
use camera::tlv::selected::SelectedConfiguration;
use camera::tlv::setup_endpoints::{Endpoint, Prepared, Refusal as LiveRefusal, SrtpParameters};
use camera::{
    Action, Camera, ConnectionId, FieldOfView, Input, MaximumViewers, Outcome, Outputs, Setup,
    Start, StoredState, Ticket, WriteEntry,
};
use hap::setup::Category;
use hap::{Iid, Status, Value};
use privacy::Gate;

/// Of what the owner asks for.
pub const THE_OWNERS: Ticket = Ticket(u64::MAX);
pub const HOME_APP: ConnectionId = ConnectionId(1);
pub const OTHER_APP: ConnectionId = ConnectionId(2);
pub const SALT: [u8; 32] = [0xa0; 32];

/// What the store does with a save.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Works,
    Fails,
    /// Until [`Rig::store_answers`].
    Waits,
}

pub struct Rig {
    pub camera: Camera,
    pub gate: Gate,
    pub store: Store,
    pub disk: Option<StoredState>,
    pub in_flight: Option<StoredState>,
    pub now: Instant,
    pub notified: Vec<(Iid, Value, Option<ConnectionId>)>,
    pub replies: Vec<(Ticket, Vec<Outcome>)>,
    pub encoder: Option<SelectedConfiguration>,
    pub outputs: Option<Outputs>,
    /// The driver's half of the next live session.
    pub live: Result<Prepared, LiveRefusal>,
    /// What was to be done with live sessions since they were last taken.
    pub live_actions: Vec<Action>,
    /// The names of all other actions, in order.
    pub log: Vec<&'static str>,
    tickets: u64,
}

pub fn setup() -> Setup {
    let identity = Identity::new(Labels {
        name: "Front Door".into(),
        manufacturer: "hsvd".into(),
        model: "Example Zero".into(),
        serial: "A1B2C3".into(),
        firmware: "0.1.0".into(),
    });
    Setup {
        category: Category::Camera,
        identity: identity.unwrap(),
        recording: Offer::standard(PrebufferMs::MIN),
        live: LiveOffer::standard(),
        maximum_viewers: MaximumViewers::MAX,
        field_of_view: FieldOfView::try_from(110.0).unwrap(),
    }
}

/// The same with a bell.
pub fn doorbell() -> Setup {
    let camera = setup();
    Setup {
        category: Category::VideoDoorbell,
        recording: camera.recording.clone().for_doorbell(),
        ..camera
    }
}

impl Rig {
    pub fn start(start: Start) -> Self {
        Self::start_as(setup(), start, Store::Works)
    }

    pub fn start_as(setup: Setup, start: Start, store: Store) -> Self {
        let disk = start.stored.clone();
        let (camera, actions) = Camera::start(setup, start);
        let mut rig = Self {
            camera,
            gate: Gate::closed(),
            store,
            disk,
            in_flight: None,
            now: Instant::now(),
            notified: Vec::new(),
            replies: Vec::new(),
            encoder: None,
            outputs: None,
            live: Ok(prepared_live()),
            live_actions: Vec::new(),
            log: Vec::new(),
            tickets: 0,
        };
        rig.run(actions);
        rig
    }

    /// Paired, as the factory left it, everything saved.
    pub fn paired() -> Self {
        Self::start(Start {
            stored: Some(StoredState::default()),
            is_paired: true,
            is_switched_off: false,
        })
    }

    /// Paired, armed for recording, in the mode "Stream & Allow Recording".
    pub fn recording() -> Self {
        Self::armed(setup())
    }

    /// A doorbell like that.
    pub fn recording_doorbell() -> Self {
        Self::armed(doorbell())
    }

    fn armed(setup: Setup) -> Self {
        let stored = Some(StoredState::default());
        let start = Start { stored, is_paired: true, is_switched_off: false };
        let mut rig = Self::start_as(setup, start, Store::Works);
        rig.write_all(&[
            (iid::SELECTED_CAMERA_RECORDING, Value::Bytes(selection(800))),
            (iid::RECORDING_ACTIVE, Value::UInt(1)),
        ]);
        rig.forget();
        rig
    }

    pub fn handle(&mut self, input: Input) {
        let actions = self.camera.handle(self.now, input);
        self.run(actions);
    }

    /// Writes over [`HOME_APP`] and gives the answers; empty while the request waits.
    pub fn write_all(&mut self, entries: &[(Iid, Value)]) -> Vec<Outcome> {
        let ticket = self.begin(HOME_APP, entries);
        self.answer(ticket).unwrap_or_default()
    }

    pub fn write(&mut self, iid: Iid, value: Value) -> Outcome {
        self.write_all(&[(iid, value)]).pop().expect("the request waits for something")
    }

    pub fn begin(&mut self, connection: ConnectionId, entries: &[(Iid, Value)]) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let entry = |(iid, value): &(Iid, Value)| WriteEntry {
            iid: *iid,
            value: value.clone(),
            wants_response: *iid == iid::SETUP_DATA_STREAM_TRANSPORT,
        };
        let entries = entries.iter().map(entry).collect();
        self.handle(Input::Write { ticket, connection, entries, accessory_salt: SALT });
        ticket
    }

    pub fn answer(&self, ticket: Ticket) -> Option<Vec<Outcome>> {
        let mut answers = self.replies.iter().filter(|(answered, _)| *answered == ticket);
        let answer = answers.next().map(|(_, outcomes)| outcomes.clone());
        assert!(answers.next().is_none(), "{ticket:?} is answered twice");
        answer
    }

    pub fn read(&self, iid: Iid) -> Result<Value, Status> {
        self.camera.read(HOME_APP, iid)
    }

    /// The store is done with what it was given.
    pub fn store_answers(&mut self, is_saved: bool) {
        let state = self.in_flight.take().expect("the store has nothing to answer");
        if is_saved {
            self.disk = Some(state);
        }
        self.handle(Input::Persisted { is_saved });
    }

    /// The disk has it, but the store cannot know.
    pub fn store_fails_late(&mut self) {
        self.disk.clone_from(&self.in_flight);
        self.store_answers(false);
    }

    /// Time goes on until the camera's next timeout.
    pub fn wait_for_timeout(&mut self) -> Duration {
        let at = self.camera.next_timeout().expect("the camera waits for nothing");
        let waited = at - self.now;
        self.now = at;
        self.handle(Input::Timeout);
        waited
    }

    /// Forgets what happened, but not the state.
    pub fn forget(&mut self) {
        self.notified.clear();
        self.replies.clear();
        self.log.clear();
    }

    pub fn was_notified(&self, iid: Iid) -> Option<Value> {
        self.notified
            .iter()
            .rev()
            .find(|(told, ..)| *told == iid)
            .map(|(_, value, _)| value.clone())
    }

    /// The position of an action in the log.
    pub fn at(&self, name: &str) -> usize {
        let at = self.log.iter().position(|logged| *logged == name);
        at.unwrap_or_else(|| panic!("no {name} in {:?}", self.log))
    }

    fn run(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Apply(mode) => {
                    let was_on = self.gate.permits().capture;
                    self.gate.set(mode);
                    assert_eq!(self.gate.permits(), self.camera.permits(), "gate and camera");
                    let is_on = self.gate.permits().capture;
                    self.log.push(match (was_on, is_on) {
                        (true, false) => "dark",
                        (false, true) => "sight",
                        _ => "apply",
                    });
                }
                Action::Persist(state) => {
                    assert!(self.in_flight.is_none(), "a second save before the first is done");
                    self.log.push("persist");
                    self.in_flight = Some(state);
                    match self.store {
                        Store::Works => self.store_answers(true),
                        Store::Fails => self.store_answers(false),
                        Store::Waits => {}
                    }
                }
                Action::Reply { ticket, outcomes } => {
                    self.log.push("reply");
                    self.replies.push((ticket, outcomes));
                }
                Action::Notify { iid, value, author } => {
                    self.log.push("notify");
                    self.notified.push((iid, value, author));
                }
                Action::PrepareDataStream { ticket, connection, accessory_salt, .. } => {
                    assert_eq!((connection, accessory_salt), (HOME_APP, SALT));
                    self.log.push("prepare");
                    self.handle(Input::DataStreamPrepared { ticket, prepared: Ok(52345) });
                }
                Action::PrepareLive { ticket, service, request, .. } => {
                    self.log.push("prepare live");
                    let prepared = self.live.clone().map(|mut prepared| {
                        prepared.video_srtp = request.video_srtp;
                        prepared
                    });
                    self.handle(Input::LivePrepared { ticket, service, prepared });
                }
                action @ (Action::StartLive { .. }
                | Action::ReconfigureLive { .. }
                | Action::SuspendLive { .. }
                | Action::ResumeLive { .. }
                | Action::EndLive { .. }) => {
                    self.log.push("live");
                    self.live_actions.push(action);
                }
                Action::Record(configuration) => {
                    self.log.push(if configuration.is_some() {
                        "record"
                    } else {
                        "record nothing"
                    });
                    self.encoder = configuration;
                }
                Action::ForgetPrebuffer => self.log.push("forget prebuffer"),
                Action::ForgetSound => self.log.push("forget sound"),
                Action::TriggerMotion => self.log.push("motion"),
                Action::ForgetPictures => self.log.push("forget pictures"),
                Action::EndRecordings => self.log.push("end recordings"),
                Action::Output(outputs) => {
                    self.log.push(if outputs.status_led { "light" } else { "no light" });
                    self.outputs = Some(outputs);
                }
                Action::Identify => self.log.push("identify"),
            }
        }
    }
}

/// The daemon's half of a live session.
pub fn prepared_live() -> Prepared {
    let srtp = SrtpParameters {
        suite: CryptoSuite::AesCm128,
        key: vec![3; 16].into(),
        salt: vec![4; 14].into(),
    };
    Prepared {
        accessory: Endpoint {
            address: "192.0.2.1".parse().unwrap(),
            video_port: 41000,
            audio_port: 41002,
        },
        video_srtp: srtp.clone(),
        audio_srtp: srtp,
        video_ssrc: 11,
        audio_ssrc: 22,
    }
}

/// What a hub selects: 1080p30, main, 4.0, AAC-LC 32 kHz at 64 kbit/s.
pub fn selection(bitrate_kbps: u32) -> Vec<u8> {
    use tlv8::Writer;
    let container = Writer::new().u8(1, 0).tlv(2, &Writer::new().u32(1, 4000));
    let camera = Writer::new().u32(1, 4000).u64(2, 1).tlv(3, &container);
    let parameters = Writer::new().u8(1, 1).u8(2, 2).u32(3, bitrate_kbps).u32(4, 4000);
    let attributes = Writer::new().u16(1, 1920).u16(2, 1080).u8(3, 30);
    let video = Writer::new().u8(1, 0).tlv(2, &parameters).tlv(3, &attributes);
    let parameters = Writer::new().u8(1, 1).u8(2, 0).u8(3, 3).u32(4, 64);
    let audio = Writer::new().u8(1, 0).tlv(2, &parameters);
    Writer::new().tlv(1, &camera).tlv(2, &video).tlv(3, &audio).finish()
}
