// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's state and the rules by which it changes. It decides nothing about privacy (that is
//! [`privacy`]'s) and nothing about HAP's own checks (the server made them before it asks here).
//!
//! **Restrict first, persist after; persist first, permit after.** A change is a wish. Whatever in
//! it shuts something takes effect at once, the whole wish goes to the store, and only when it is
//! saved does the rest take effect and the writer get its answer. If the store fails, the writer
//! gets -70402, what was shut stays shut for as long as the daemon runs, the rest of the wish is
//! dropped, and saving is tried again until it works. So a power loss never opens the camera, and
//! neither does a full disk.

mod effects;
mod input;
mod live;
mod saving;
mod setup;
mod stored;
mod values;
mod write;

use std::time::Instant;

use hap::setup::Category;
use hap::{ConnectionId, Iid, Perms, Status, Value, WriteEntry};
use privacy::{OperatingMode, Permits, Refusal, SnapshotReason};

use crate::services;
use crate::tlv::data_stream::{SALT_BYTES, SetupResponse};
use crate::tlv::selected::SelectedConfiguration;
use crate::tlv::setup_endpoints::{Prepared, Refusal as LiveRefusal};

pub use effects::Outputs;
pub use input::{Action, DisabledBy, Input, OWNER, Outcome, Start, Ticket};
pub use live::{LiveEnd, START_WITHIN};
pub use setup::{FieldOfView, FieldOfViewRange, MaximumViewers, MaximumViewersRange, Setup};
pub use stored::{Selected, Sound, StoredState, StoredStateError};

use effects::Effects;
use live::Live;
use write::{Progress, Request, Slot, Write};

/// Write requests that may wait at once; further ones are told that the camera is busy.
const MAX_REQUESTS: usize = 64;

/// The appliance. Feed it with [`Camera::handle`], do what it says.
///
/// ```
/// use camera::services::{Identity, Labels};
/// use camera::tlv::{live::LiveOffer, recording::{Offer, PrebufferMs}};
/// use camera::{
///     Action, Camera, DisabledBy, FieldOfView, Input, MaximumViewers, Setup, Start, StoredState,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = |text: &str| text.to_owned();
/// let setup = Setup {
///     category: hap::setup::Category::Camera,
///     identity: Identity::new(Labels {
///         name: text("Porch"), manufacturer: text("hsvd"), model: text("Example"),
///         serial: text("A1B2"), firmware: text("1.0"),
///     })?,
///     recording: Offer::standard(PrebufferMs::try_from(4000)?),
///     live: LiveOffer::standard(),
///     maximum_viewers: MaximumViewers::MAX,
///     field_of_view: FieldOfView::try_from(110.0)?,
/// };
/// let stored = Some(StoredState::decode(br#"{"version":1,"state":{}}"#)?);
/// let start = Start { stored, is_paired: true, is_switched_off: false };
/// let mut gate = privacy::Gate::closed();
/// let (mut camera, mut actions) = Camera::start(setup, start);
/// actions.extend(camera.handle(
///     std::time::Instant::now(),
///     Input::SetDisabled { by: DisabledBy::Switch, is_disabled: true },
/// ));
/// for action in actions {
///     match action {
///         Action::Apply(mode) => gate.set(mode),
///         other => println!("{other:?}"),
///     }
/// }
/// assert!(!gate.permits().capture);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Camera {
    setup: Setup,
    is_paired: bool,
    is_switched_off: bool,
    seeks_network: bool,
    is_moving: bool,
    has_fault: bool,
    /// What is in effect: never more open than what is saved and what is wished.
    granted: StoredState,
    /// What was asked for last.
    wished: StoredState,
    /// What the store holds, where that is known.
    saved: Option<StoredState>,
    /// What the store is saving.
    saving: Option<StoredState>,
    /// Number of the last save that was begun.
    saves: u64,
    save_again_at: Option<Instant>,
    requests: Vec<Request>,
    data_stream: Option<(ConnectionId, SetupResponse)>,
    live: Live,
    /// The characteristics that controllers can subscribe to.
    subscribable: Vec<Iid>,
    settled: Effects,
}

impl Camera {
    /// Starts the camera. Until the first action is done the gate lets nothing through.
    ///
    /// A selection that was made from another offer is forgotten, and the hub selects anew. With
    /// pairings and without a stored state the camera is off until HomeKit turns it on: what the
    /// owner wanted is lost, and open would be a guess.
    pub fn start(setup: Setup, start: Start) -> (Self, Vec<Action>) {
        let saved = start.stored;
        let wished = initial_state(&setup, saved.as_ref(), start.is_paired);
        let granted = saved.as_ref().unwrap_or(&wished).restricted_by(&wished);
        let subscribable = services::database(setup.category)
            .services()
            .iter()
            .flat_map(|service| &service.characteristics)
            .filter(|characteristic| characteristic.perms.contains(Perms::NOTIFY))
            .map(|characteristic| characteristic.iid)
            .collect();
        let mut camera = Self {
            live: Live::new(setup.maximum_viewers.get()),
            setup,
            is_paired: start.is_paired,
            is_switched_off: start.is_switched_off,
            seeks_network: false,
            is_moving: false,
            has_fault: false,
            granted,
            wished,
            saved,
            saving: None,
            saves: 0,
            save_again_at: None,
            requests: Vec::new(),
            data_stream: None,
            subscribable,
            settled: Effects::nothing(),
        };
        let mut out = Vec::new();
        camera.settled = camera.effects();
        camera.settled.begin(&mut out);
        camera.save(&mut out);
        (camera, out)
    }

    /// The only way the state changes. Do the actions in their order. The last of them are those
    /// that may lead to the next input at once (Persist, Prepare…, TriggerMotion, Reply), so it may be
    /// fed back from within; else it waits until the list is done.
    #[must_use = "the camera relies on its actions being done"]
    pub fn handle(&mut self, now: Instant, input: Input) -> Vec<Action> {
        let (mut out, mut prepare, mut ended) = (Vec::new(), Vec::new(), Vec::new());
        if input.is_wish() {
            self.save_again_at = None;
        }
        match input {
            Input::Write { ticket, connection, entries, accessory_salt } => {
                prepare = self.write(ticket, connection, &entries, accessory_salt, &mut out);
            }
            Input::Persisted { is_saved } => self.persisted(now, is_saved, &mut out),
            Input::DataStreamPrepared { ticket, prepared } => {
                self.data_stream_prepared(ticket, SetupResponse::new(prepared));
            }
            Input::LivePrepared { ticket, service, prepared } => {
                self.live_prepared(now, ticket, service, prepared);
            }
            Input::LiveLost { service, session } => ended = self.live.lost(service, session),
            Input::SetDisabled { by: DisabledBy::Switch, is_disabled } => {
                self.is_switched_off = is_disabled;
            }
            Input::SetDisabled { by: DisabledBy::Owner(ticket), is_disabled } => {
                self.disabled_by_owner(ticket, is_disabled);
            }
            Input::MotionChanged(is_moving) => {
                self.is_moving = is_moving && self.permits().motion;
            }
            Input::SeeksNetwork(seeks) => self.seeks_network = seeks,
            Input::FaultChanged(has_fault) => self.has_fault = has_fault,
            Input::Rung => prepare = self.ring(&mut out),
            Input::PairingsChanged { is_paired } => self.pairings_changed(is_paired),
            Input::ConnectionClosed(closed) => {
                self.data_stream = self.data_stream.filter(|(connection, _)| *connection != closed);
                ended = self.live.connection_closed(closed);
            }
            Input::Timeout => ended = self.live.time_out(now),
        }
        self.granted = if self.is_all_saved() {
            self.wished.clone()
        } else {
            self.granted.restricted_by(&self.wished)
        };
        ended.extend(self.live.restrict(self.permits().live));
        self.settle(u64::MAX, &mut out);
        out.extend(ended);
        if self.save_again_at.is_none_or(|at| now >= at) {
            self.save(&mut out);
        }
        self.prepare(prepare, &mut out);
        self.finish(&mut out);
        out
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        [self.save_again_at, self.live.next_timeout()].into_iter().flatten().min()
    }

    /// Whether a snapshot may be given now.
    ///
    /// # Errors
    /// The status for the controller: -70412, or -70401 when only the missing reason stands in
    /// the way.
    pub fn snapshot(&self, reason: Option<SnapshotReason>) -> Result<(), Status> {
        self.permits().snapshot(reason).map_err(|refusal| match refusal {
            Refusal::NotAllowedInCurrentState => Status::NotAllowedInCurrentState,
            Refusal::InsufficientPrivileges => Status::InsufficientPrivileges,
        })
    }

    /// What HomeKit and the owner set, as far as it is in effect.
    pub fn state(&self) -> &StoredState {
        &self.granted
    }

    /// Motion is being told.
    pub fn is_moving(&self) -> bool {
        self.is_moving
    }

    /// A fault is being told.
    pub fn has_fault(&self) -> bool {
        self.has_fault
    }

    /// Off by the owner's hand or by the switch on the case.
    pub fn is_manually_disabled(&self) -> bool {
        self.is_switched_off || self.granted.disabled_by_owner
    }

    /// CameraOperatingModeIndicator: the status light may shine.
    pub fn is_indicator_on(&self) -> bool {
        self.granted.operating_mode_indicator
    }

    /// The mode in effect.
    pub fn mode(&self) -> OperatingMode {
        let state = &self.granted;
        OperatingMode {
            is_paired: self.is_paired,
            seeks_network: self.seeks_network,
            manually_disabled: self.is_manually_disabled(),
            homekit_camera_active: state.homekit_camera_active,
            event_snapshots_active: state.event_snapshots_active,
            periodic_snapshots_active: state.periodic_snapshots_active,
            rtp_active: state.rtp_active,
            recording_active: state.recording_active,
            recording_audio_active: state.recording_audio_active,
            has_selected_configuration: state.selected.is_some(),
        }
    }

    /// What the mode in effect allows.
    pub fn permits(&self) -> Permits {
        Permits::of(&self.mode())
    }

    /// How recordings are to be made, once a hub has selected it.
    pub fn selected(&self) -> Option<SelectedConfiguration> {
        let selected = self.granted.selected.as_ref()?;
        SelectedConfiguration::parse(&selected.value, &self.setup.recording).ok()
    }

    /// What lamps and sound are to do.
    pub fn outputs(&self) -> Outputs {
        let permits = self.permits();
        Outputs {
            status_led: permits.capture && self.granted.operating_mode_indicator,
            night_vision: permits.motion && self.granted.night_vision,
            microphone: self.granted.microphone,
            speaker: self.granted.speaker,
        }
    }

    /// What the camera is for as long as the daemon runs.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Carries out a request as far as can be; what is left is to prepare streams.
    fn write(
        &mut self,
        ticket: Ticket,
        connection: ConnectionId,
        entries: &[WriteEntry],
        accessory_salt: [u8; SALT_BYTES],
        out: &mut Vec<Action>,
    ) -> Vec<Action> {
        if self.requests.len() >= MAX_REQUESTS {
            let outcomes = vec![Err(Status::Busy); entries.len()];
            out.push(Action::Reply { ticket, outcomes });
            return Vec::new();
        }
        let mut wished = self.wished.clone();
        let prepare = Vec::new();
        let mut write =
            Write { ticket, connection, accessory_salt, wished: &mut wished, out, prepare };
        let slots = entries
            .iter()
            .map(|entry| Slot {
                iid: entry.iid,
                wants_response: entry.wants_response,
                progress: self.write_entry(&mut write, entry),
            })
            .collect();
        let prepare = write.prepare;
        self.wished = wished;
        let save = self.saves + 1; // the one under way was begun without these wishes
        self.requests.push(Request { ticket, connection, save, accessory_salt, slots });
        prepare
    }

    /// Shuts at once, opens when that is saved, as a write does. It is never turned away: whoever
    /// passes it on bounds how many wait.
    fn disabled_by_owner(&mut self, ticket: Ticket, is_disabled: bool) {
        self.wished.disabled_by_owner = is_disabled;
        let (iid, progress) = (services::iid::MANUALLY_DISABLED, Progress::Saving);
        self.requests.push(Request {
            ticket,
            connection: OWNER,
            save: self.saves + 1,
            accessory_salt: [0; SALT_BYTES],
            slots: vec![Slot { iid, wants_response: false, progress }],
        });
    }

    fn data_stream_prepared(&mut self, ticket: Ticket, response: SetupResponse) {
        let Some(request) = self.requests.iter_mut().find(|request| request.ticket == ticket)
        else {
            tracing::debug!("data stream prepared for a request that is gone");
            return;
        };
        self.data_stream = Some((request.connection, response));
        let value = response.write_response(&request.accessory_salt);
        for slot in &mut request.slots {
            if matches!(slot.progress, Progress::PreparingDataStream) {
                let value = slot.wants_response.then(|| hap::Value::Bytes(value.clone()));
                slot.progress = Progress::Done(Ok(value));
            }
        }
    }

    /// Passes on what is to be prepared, but not live sessions that the same request forbids.
    fn prepare(&mut self, prepare: Vec<Action>, out: &mut Vec<Action>) {
        for action in prepare {
            if let Action::PrepareLive { ticket, service, .. } = action
                && !self.live.is_preparing(service, ticket)
            {
                self.live_answered(ticket, service, &Err(Status::NotAllowedInCurrentState));
                continue;
            }
            out.push(action);
        }
    }

    fn live_prepared(
        &mut self,
        now: Instant,
        ticket: Ticket,
        service: usize,
        prepared: Result<Prepared, LiveRefusal>,
    ) {
        self.live.prepared(now, service, ticket, prepared);
        self.live_answered(ticket, service, &Ok(None));
    }

    fn live_answered(&mut self, ticket: Ticket, service: usize, outcome: &Outcome) {
        let requests = self.requests.iter_mut().filter(|request| request.ticket == ticket);
        for slot in requests.flat_map(|request| &mut request.slots) {
            if matches!(slot.progress, Progress::PreparingLive(of) if of == service) {
                slot.progress = Progress::Done(outcome.clone());
            }
        }
    }

    /// A bell rings whatever the camera may see: who switched it off still wants to know that
    /// somebody is at the door. Where it may look, a press is a motion too, since most hubs select
    /// motion alone as what starts a recording.
    fn ring(&self, out: &mut Vec<Action>) -> Vec<Action> {
        if self.setup.category != Category::VideoDoorbell {
            tracing::warn!("rung, but this is no doorbell");
            return Vec::new();
        }
        out.push(Action::Notify {
            iid: services::iid::PROGRAMMABLE_SWITCH_EVENT,
            value: Value::UInt(services::SINGLE_PRESS.into()),
            author: None,
        });
        Vec::from_iter(self.permits().motion.then_some(Action::TriggerMotion))
    }

    fn pairings_changed(&mut self, is_paired: bool) {
        self.is_paired = is_paired;
        if !is_paired {
            self.wished = self.wished.without_homekit();
            self.data_stream = None;
            self.live.forget_responses();
        }
    }
}

/// The state of a start.
fn initial_state(setup: &Setup, saved: Option<&StoredState>, is_paired: bool) -> StoredState {
    let mut state = match saved {
        Some(saved) if is_paired => saved.clone(),
        Some(saved) => saved.without_homekit(), // power went while the last pairing did
        None if is_paired => {
            tracing::error!("paired, but the stored state is lost: the camera stays off");
            StoredState { homekit_camera_active: false, ..StoredState::default() }
        }
        None => StoredState::default(),
    };
    let offer = &setup.recording;
    let is_void = state.selected.as_ref().is_some_and(|selected| {
        selected.offer_hash != offer.hash()
            || SelectedConfiguration::parse(&selected.value, offer).is_err()
    });
    if is_void {
        tracing::info!("the offer changed: hubs must select a recording configuration anew");
        state.selected = None;
    }
    state
}
