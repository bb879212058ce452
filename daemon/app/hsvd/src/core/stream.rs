// SPDX-License-Identifier: MIT OR Apache-2.0
//! Data streams and the recordings that go over them.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime};

use camera::prebuffer::{Limits, Prebuffer, Pushed, Restart};
use camera::recording::{Action, Conditions, Input, Recorder, Refusal, SourceEnd, Timers, admit};
use camera::tlv::data_stream::Refusal as StreamRefusal;
use camera::tlv::selected::SelectedConfiguration;
use frame::{AudioPacket, EncodedFrame};
use hds::{CloseReason, Keys, Output, Owner};
use tracing::{debug, info, warn};

use super::Core;
use crate::config::RecordingConfig;
use crate::net::NetEvent;

/// The prebuffer, the recording, and what a hub selected for both.
pub struct Recordings {
    prebuffer: Prebuffer,
    recorder: Recorder,
    selected: Option<SelectedConfiguration>,
    /// Selected while a recording ran, which finishes on its old settings.
    selected_next: Option<SelectedConfiguration>,
    /// The encoder failed and has not delivered since.
    is_source_lost: bool,
    /// Which HAP connection each data stream belongs to, once it has said something.
    owners: HashMap<hds::ConnectionId, Owner>,
}

impl Recordings {
    /// Nothing selected, nothing held.
    pub fn new(config: &RecordingConfig) -> Self {
        let timers = Timers {
            after_motion: Duration::from_secs(config.after_motion_s.into()),
            answer_within: Duration::from_secs(config.acknowledge_s.into()),
            maximum: config.maximum(),
            ..Timers::default()
        };
        let keep = Duration::from_millis(config.prebuffer_ms.get().into());
        let limits = Limits { keep: keep.mul_f32(KEEP_PREBUFFERS), ..Limits::default() };
        Self {
            prebuffer: Prebuffer::new(limits),
            recorder: Recorder::new(timers),
            selected: None,
            selected_next: None,
            is_source_lost: false,
            owners: HashMap::new(),
        }
    }

    /// Drops everything held, unless a running recording still needs it.
    pub fn forget(&mut self) {
        if self.selected_next.is_none() {
            self.prebuffer.clear();
        }
    }

    /// Drops the sound held, also what a running recording has not sent.
    pub fn forget_sound(&mut self) {
        self.prebuffer.forget_sound();
    }

    /// When [`Core::recordings_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.recorder.next_timeout()
    }

    /// A hub takes a recording.
    pub fn is_recording(&self) -> bool {
        self.recorder.is_recording()
    }

    /// How long the whole fragments last that are held.
    pub fn held(&self) -> Duration {
        self.prebuffer.duration()
    }

    /// Bytes that are held.
    pub fn held_bytes(&self) -> usize {
        self.prebuffer.bytes()
    }

    /// Data streams over which something was said.
    pub fn data_streams(&self) -> usize {
        self.owners.len()
    }

    /// What a hub selected, if anything.
    pub fn selected(&self) -> Option<SelectedConfiguration> {
        self.selected
    }

    /// Takes note of what a hub selected, and tells whether it takes effect now or only when the
    /// running recording ends.
    pub fn select(&mut self, selected: Option<SelectedConfiguration>) -> Effect {
        if selected.is_some() && self.recorder.is_recording() {
            self.selected_next = selected;
            return Effect::Later;
        }
        self.selected_next = None;
        self.selected = selected;
        Effect::Now
    }
}

/// When a selection takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// At once.
    Now,
    /// When the running recording has ended.
    Later,
}

/// How many prebuffer lengths are held: a hub that opens late still finds the motion's beginning.
const KEEP_PREBUFFERS: f32 = 2.5;

impl Core {
    pub(super) fn hds_event(&mut self, now: Instant, event: NetEvent) {
        let outputs = match event {
            NetEvent::Opened { conn, peer } => {
                let connection = hds::ConnectionId(conn);
                self.hds.handle(now, hds::Input::Accepted { connection, peer: peer.ip() })
            }
            NetEvent::Received { conn, bytes } => {
                let (connection, bytes) = (hds::ConnectionId(conn), &bytes);
                self.hds.handle(now, hds::Input::Received { connection, bytes })
            }
            NetEvent::Written { conn, bytes } => {
                let connection = hds::ConnectionId(conn);
                let outputs = self.hds.handle(now, hds::Input::Written { connection, bytes });
                let queued_bytes = self.hds.queued_bytes(connection);
                self.recorder(now, Input::Written { connection, queued_bytes });
                outputs
            }
            NetEvent::Closed { conn } => {
                self.hds_connections.abort(conn);
                let connection = hds::ConnectionId(conn);
                self.hds.handle(now, hds::Input::Closed { connection })
            }
        };
        self.do_hds(now, outputs);
    }

    /// Carries out the data stream server's outputs. What was sealed already leaves first, as in
    /// [`Core::do_hap`].
    pub(super) fn do_hds(&mut self, now: Instant, outputs: Vec<Output>) {
        let mut unread = Vec::new();
        let mut rest = Vec::new();
        for output in outputs {
            match output {
                Output::Send { connection, bytes } => {
                    if let Err(error) = self.hds_connections.send(connection.0, bytes) {
                        debug!(connection = connection.0, %error, "data stream connection closed");
                        self.hds_connections.abort(connection.0);
                        unread.push(connection);
                    }
                }
                Output::Close { connection, closing, reason } => {
                    debug!(connection = connection.0, %reason, "data stream connection closed");
                    match closing {
                        hds::Closing::AfterSending => self.hds_connections.close(connection.0),
                        hds::Closing::Now => self.hds_connections.abort(connection.0),
                    }
                }
                output => rest.push(output),
            }
        }
        for connection in unread {
            let outputs = self.hds.handle(now, hds::Input::Closed { connection });
            self.do_hds(now, outputs);
        }
        for output in rest {
            match output {
                Output::Send { .. } | Output::Close { .. } => {} // done above
                Output::Message { connection, owner, message } => {
                    if self.recordings.owners.insert(connection, owner).is_none() {
                        self.pin(now, owner.0);
                    }
                    let conditions = self.conditions();
                    self.recorder(now, Input::Message { connection, message, conditions });
                }
                Output::Closed { connection, owner, reason } => {
                    let history = &mut self.control.history;
                    if reason == CloseReason::Stalled {
                        warn!(%reason, "data stream dropped");
                        history.counts.data_streams_stalled += 1;
                    }
                    history.last_stream_end = Some((SystemTime::now(), reason.to_string()));
                    self.recordings.owners.remove(&connection);
                    self.pin(now, owner.0);
                    self.recorder(now, Input::Closed(connection));
                }
            }
        }
    }

    /// Tells the HAP server whether this connection carries a data stream or a live session.
    pub(super) fn pin(&mut self, now: Instant, connection: u64) {
        let has_stream = self.recordings.owners.values().any(|of| of.0 == connection);
        let is_pinned = has_stream || self.live.belongs_to(connection);
        let pinned = hap::Input::Pinned { conn: hap::ConnectionId(connection), is_pinned };
        let outputs = self.hap.handle(now, pinned);
        self.do_hap(now, outputs);
    }

    /// Derives the keys of a data stream that a controller sets up, and expects its connection.
    pub(super) fn prepare_stream(
        &mut self,
        now: Instant,
        connection: camera::ConnectionId,
        controller_salt: &[u8; 32],
        accessory_salt: &[u8; 32],
    ) -> Result<u16, StreamRefusal> {
        let secret = self.hap.shared_secret(hap::ConnectionId(connection.0));
        let Some(secret) = secret else { return Err(StreamRefusal::GenericError) };
        let keys = Keys::accessory(secret.as_bytes(), controller_salt, accessory_salt);
        let Some(peer) = self.hap_connections.peer(connection.0) else {
            return Err(StreamRefusal::GenericError);
        };
        match self.hds.prepare(now, Owner(connection.0), peer, keys) {
            Ok(()) => Ok(self.hds_port),
            Err(error) => {
                debug!(%error, "data stream not prepared");
                Err(StreamRefusal::Busy)
            }
        }
    }

    /// What a recording that begins now would be made of.
    fn conditions(&self) -> Conditions {
        let permit = match admit(&self.gate) {
            Ok(_) if self.recordings.is_source_lost => Err(Refusal::SourceFailed),
            admitted => admitted,
        };
        let prebuffer = self.recordings.selected.map_or(0, |selected| selected.prebuffer_ms);
        let prebuffer = Duration::from_millis(prebuffer.into());
        Conditions { permit, prebuffer, has_audio: self.has_sound }
    }

    /// Hands `input` to the recorder and does what it says.
    pub(super) fn recorder(&mut self, now: Instant, input: Input) {
        let Recordings { prebuffer, recorder, .. } = &mut self.recordings;
        for action in recorder.handle(now, prebuffer, input) {
            match action {
                Action::Send { connection, message } => {
                    match self.hds.send(now, connection, &message) {
                        Ok(output) => self.do_hds(now, vec![output]),
                        Err(error) => {
                            debug!(connection = connection.0, %error, "data stream not usable");
                            let outputs = self.hds.close(connection);
                            self.do_hds(now, outputs);
                        }
                    }
                }
                Action::Refused { connection, reason } => {
                    let connection = connection.0;
                    info!(
                        event = "recording-refused",
                        connection,
                        %reason,
                        "a home hub's recording is refused"
                    );
                    let history = &mut self.control.history;
                    history.counts.recordings_refused += 1;
                    history.last_refusal = Some((SystemTime::now(), reason.to_string()));
                }
                Action::Ended(summary) => {
                    let recording = self.control.history.recording_ended(&summary);
                    let (event, session) = ("recording-ended", recording.id);
                    let reason = &recording.reason;
                    if summary.ending.is_normal() {
                        info!(event, session, reason, "{summary}");
                    } else {
                        warn!(event, session, reason, "{summary}");
                    }
                    self.tell_recording_ended(recording);
                    if let Some(selected) = self.recordings.selected_next.take() {
                        self.recordings.forget();
                        self.configure_recording(Some(selected));
                    }
                }
            }
        }
        self.tell_recording_began(now);
    }

    pub(super) fn recordings_timeout(&mut self, now: Instant) {
        if self.recordings.next_timeout().is_some_and(|due| due <= now) {
            self.recorder(now, Input::Timeout);
        }
    }

    /// The camera may not record any more, or stops.
    pub(super) fn end_recordings(&mut self, now: Instant) {
        self.recorder(now, Input::Revoked);
    }

    pub(super) fn push_video(&mut self, now: Instant, frame: EncodedFrame) {
        if !self.gate.permits().prebuffer {
            return; // encoded before the camera was switched off
        }
        self.recordings.is_source_lost = false;
        match self.recordings.prebuffer.push_video(frame) {
            Pushed::Taken => {}
            Pushed::Closed(_) => self.recorder(now, Input::Pushed),
            Pushed::Restarted(why) => {
                match why {
                    Restart::Parameters => debug!("the encoder has other parameters"),
                    Restart::Clock => warn!("video went back in time"),
                }
                self.recorder(now, Input::SourceEnded(SourceEnd::Changed));
            }
        }
        // The first frame shows the parameter sets that a waiting recording begins with.
        self.recorder(now, Input::Pushed);
    }

    pub(super) fn push_audio(&mut self, now: Instant, packet: AudioPacket) {
        self.recordings.prebuffer.push_audio(packet);
        self.recorder(now, Input::Pushed);
    }

    pub(super) fn source_lost(&mut self, now: Instant) {
        self.recordings.is_source_lost = true;
        self.recordings.prebuffer.clear();
        self.recorder(now, Input::SourceEnded(SourceEnd::Failed));
    }
}
