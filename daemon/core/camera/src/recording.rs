// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recordings: the `dataSend` streams over which a home hub takes fragments from the prebuffer.
//! At most one runs at a time; every way it can end frees its place and says so in one line.
//!
//! ```text
//! Idle ─ open ─► Waiting ─ encoder has a config ─► Sending ─ motion over, or too long ─► Ending
//!                (5 s)      init segment goes out   GOP by GOP    endOfStream, hub closes │
//!   ▲                                                                     (12 s)          │
//!   └──────── closed, acknowledged, revoked, failed, taken over: Action::Ended ◄──────────┘
//! ```

mod admission;
mod input;
mod message;
mod stream;
mod summary;

pub use admission::{Refusal, admit};
pub use input::{Action, Conditions, Input, SourceEnd, Timers};
pub use message::Reason;
pub use summary::{Ending, Summary};

use std::sync::Arc;
use std::time::{Duration, Instant};

use hds::{ConnectionId, Message};
use privacy::{Permit, Record};
use tracing::debug;

use crate::prebuffer::Prebuffer;
use message::{Incoming, Open};
use stream::{Pumped, Sending};

/// The place for one recording.
#[derive(Debug)]
pub struct Recorder {
    timers: Timers,
    has_motion: bool,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    /// Accepted; the encoders have not shown yet how they code.
    Waiting {
        open: Accepted,
        until: Instant,
    },
    Sending(Box<Sending>),
    /// The last chunk was handed out.
    Ending {
        sent: Box<Sending>,
        /// Not before the hub has taken everything.
        until: Option<Instant>,
    },
}

/// An open that was answered with success.
#[derive(Debug)]
struct Accepted {
    stream: StreamId,
    permit: Permit<Record>,
    prebuffer: Duration,
    has_audio: bool,
    /// Until when the sound is waited for; none when it is not, or no longer.
    sound_by: Option<Instant>,
    at: Instant,
}

/// The hub chooses `number`; it means something on its own connection only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct StreamId {
    connection: ConnectionId,
    number: i64,
}

impl Recorder {
    /// Without a recording.
    pub fn new(timers: Timers) -> Self {
        Self { timers, has_motion: false, state: State::Idle }
    }

    /// The only way the state changes.
    #[must_use]
    pub fn handle(&mut self, now: Instant, prebuffer: &Prebuffer, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.is_revoked() {
            self.end(now, Ending::Revoked, &mut actions);
        }
        match input {
            Input::Message { connection, message, conditions } => {
                self.hear(now, connection, &message, conditions, &mut actions);
            }
            Input::Closed(connection) => self.lose(now, connection, &mut actions),
            Input::Written { connection, queued_bytes } => {
                self.written(now, connection, queued_bytes);
            }
            Input::Pushed | Input::Timeout => {}
            Input::SourceEnded(end) => self.lose_source(now, end, &mut actions),
            Input::Motion(has_motion) => self.set_motion(now, has_motion),
            Input::Revoked => self.end(now, Ending::Revoked, &mut actions),
            Input::Stopping => self.end(now, Ending::Stopped, &mut actions),
        }
        self.advance(now, prebuffer, &mut actions);
        actions
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::Waiting { open, until } => {
                Some(open.sound_by.map_or(*until, |sound_by| sound_by.min(*until)))
            }
            State::Sending(sending) => sending.starved_at(&self.timers),
            State::Ending { until, .. } => *until,
        }
    }

    /// Whether a recording runs.
    pub fn is_recording(&self) -> bool {
        !matches!(self.state, State::Idle)
    }

    fn hear(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        message: &Message,
        conditions: Conditions,
        actions: &mut Vec<Action>,
    ) {
        match Incoming::parse(message) {
            Some(Incoming::Open(open)) => {
                let accepted = self.open(now, connection, open, conditions, actions);
                let answer = match &accepted {
                    Ok(_) => message::accept(message),
                    Err(reason) => {
                        debug!(connection = connection.0, ?reason, "recording refused");
                        message::refuse(message, *reason)
                    }
                };
                actions.extend(answer.map(|message| Action::Send { connection, message }));
                let refused = accepted.as_ref().err();
                actions.extend(refused.map(|&reason| Action::Refused { connection, reason }));
                if let Ok(open) = accepted {
                    let until = now + self.timers.first_picture_within;
                    self.state = State::Waiting { open, until };
                }
            }
            Some(Incoming::Acknowledged { number }) => {
                let is_ours = self.stream() == Some(StreamId { connection, number });
                if is_ours && matches!(self.state, State::Ending { .. }) {
                    self.end(now, Ending::Acknowledged, actions);
                }
            }
            Some(Incoming::Closed { number, reason }) => {
                // A late close, for a recording that is over, is nothing new.
                if self.stream() == Some(StreamId { connection, number }) {
                    self.end(now, Ending::HubClosed(reason), actions);
                }
            }
            None => debug!(
                connection = connection.0,
                protocol = message.protocol,
                topic = message.topic,
                "message ignored"
            ),
        }
    }

    fn open(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        open: Open,
        conditions: Conditions,
        actions: &mut Vec<Action>,
    ) -> Result<Accepted, Reason> {
        let number = open.number.ok_or(Reason::BadData)?;
        if !open.is_recording {
            return Err(Reason::UnexpectedFailure);
        }
        // What is refused for good is refused first: the running recording loses nothing by it.
        let permit = conditions.permit.map_err(Reason::from)?;
        match &self.state {
            State::Idle => {}
            State::Ending { until: Some(_), .. } => self.end(now, Ending::Followed, actions),
            State::Sending(sent) | State::Ending { sent, .. }
                if sent.is_stalled(now, &self.timers) && sent.stream.connection != connection =>
            {
                self.end(now, Ending::TakenOver, actions);
            }
            _ => return Err(Reason::Busy),
        }
        let (prebuffer, has_audio) = (conditions.prebuffer, conditions.has_audio);
        let stream = StreamId { connection, number };
        let sound_by = has_audio.then(|| now + self.timers.first_sound_within);
        Ok(Accepted { stream, permit, prebuffer, has_audio, sound_by, at: now })
    }

    fn lose(&mut self, now: Instant, connection: ConnectionId, actions: &mut Vec<Action>) {
        if self.stream().is_some_and(|stream| stream.connection == connection) {
            let ending = match self.state {
                State::Ending { until: Some(_), .. } => Ending::LeftAfterEnd,
                _ => Ending::ConnectionLost,
            };
            self.end(now, ending, actions);
        }
    }

    fn written(&mut self, now: Instant, connection: ConnectionId, queued_bytes: usize) {
        if let State::Sending(sent) | State::Ending { sent, .. } = &mut self.state
            && sent.stream.connection == connection
        {
            sent.written(now, queued_bytes);
        }
    }

    fn lose_source(&mut self, now: Instant, end: SourceEnd, actions: &mut Vec<Action>) {
        match (&self.state, end) {
            // Nothing of the old parameters was sent yet, or everything was.
            (State::Waiting { .. }, SourceEnd::Changed) | (State::Ending { .. }, _) => {}
            (_, SourceEnd::Changed) => self.end(now, Ending::SourceChanged, actions),
            (_, SourceEnd::Failed) => self.end(now, Ending::SourceFailed, actions),
        }
    }

    fn set_motion(&mut self, now: Instant, has_motion: bool) {
        self.has_motion = has_motion;
        if let State::Sending(sending) = &mut self.state {
            let ended = sending.motion_ended.unwrap_or(now);
            sending.motion_ended = (!has_motion).then_some(ended);
        }
    }

    /// Takes every step that is possible now.
    fn advance(&mut self, now: Instant, prebuffer: &Prebuffer, actions: &mut Vec<Action>) {
        if let State::Waiting { .. } = self.state {
            self.begin(now, prebuffer, actions);
        }
        if let State::Sending(sending) = &mut self.state {
            match sending.pump(now, prebuffer, &self.timers, actions) {
                Ok(Pumped::Waits) => {
                    if sending.starved_at(&self.timers).is_some_and(|due| now >= due) {
                        self.end(now, Ending::Starved, actions);
                    }
                }
                Ok(Pumped::SentLast) => {
                    if let State::Sending(sent) = std::mem::take(&mut self.state) {
                        self.state = State::Ending { sent, until: None };
                    }
                }
                Err(ending) => self.end(now, ending, actions),
            }
        }
        if let State::Ending { sent, until } = &mut self.state {
            if until.is_none() && sent.queued_bytes == 0 {
                *until = Some(now + self.timers.answer_within);
            }
            if until.is_some_and(|until| now >= until) {
                self.end(now, Ending::NotAnswered, actions);
            }
        }
    }

    /// Sends the init segment as soon as it is known how picture and sound are coded. A microphone
    /// that stays away leaves the track out.
    fn begin(&mut self, now: Instant, prebuffer: &Prebuffer, actions: &mut Vec<Action>) {
        let State::Waiting { mut open, until } = std::mem::take(&mut self.state) else { return };
        open.sound_by = open.sound_by.filter(|sound_by| now < *sound_by);
        let audio = prebuffer.audio_config().filter(|_| open.has_audio);
        let waits_for_sound = audio.is_none() && open.sound_by.is_some();
        let Some(video) = prebuffer.config().filter(|_| !waits_for_sound) else {
            let is_late = now >= until;
            self.state = State::Waiting { open, until };
            if is_late {
                self.end(now, Ending::NoPicture, actions);
            }
            return;
        };
        let (stream, opened) = (open.stream, open.at);
        let configs = (Arc::clone(video), audio.map(Arc::clone));
        match Sending::begin(now, open, configs, prebuffer, actions) {
            Ok(mut sending) => {
                sending.motion_ended = (!self.has_motion).then_some(now);
                self.state = State::Sending(Box::new(sending));
            }
            Err(error) => {
                let summary = Summary::without_media(stream.connection, Ending::NotMuxed(error));
                Self::told(stream, now - opened, summary, actions);
            }
        }
    }

    /// Ends what runs, if something does, tells the hub unless it knows, and frees the place.
    fn end(&mut self, now: Instant, ending: Ending, actions: &mut Vec<Action>) {
        match std::mem::take(&mut self.state) {
            State::Idle => {}
            State::Waiting { open, .. } => {
                let summary = Summary::without_media(open.stream.connection, ending);
                Self::told(open.stream, now - open.at, summary, actions);
            }
            State::Sending(sent) | State::Ending { sent, .. } => {
                Self::told(sent.stream, now - sent.opened, sent.summary(ending), actions);
            }
        }
    }

    fn told(stream: StreamId, open_for: Duration, summary: Summary, actions: &mut Vec<Action>) {
        let connection = stream.connection;
        if let Some(reason) = summary.ending.reason_told() {
            let message = message::close(stream.number, reason);
            actions.push(Action::Send { connection, message });
        }
        actions.push(Action::Ended(Summary { open_for, ..summary }));
    }

    fn stream(&self) -> Option<StreamId> {
        match &self.state {
            State::Idle => None,
            State::Waiting { open, .. } => Some(open.stream),
            State::Sending(sent) | State::Ending { sent, .. } => Some(sent.stream),
        }
    }

    fn is_revoked(&self) -> bool {
        match &self.state {
            State::Idle => false,
            State::Waiting { open, .. } => !open.permit.is_valid(),
            State::Sending(sent) | State::Ending { sent, .. } => !sent.permit.is_valid(),
        }
    }
}
