// SPDX-License-Identifier: MIT OR Apache-2.0
//! A camera with a running encoder, hubs that read or do not, and a clock of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camera::prebuffer::{Limits, Prebuffer, Pushed};
use camera::recording::{
    Action, Conditions, Input, Reason, Recorder, Refusal, SourceEnd, Summary, Timers, admit,
};
use frame::{AudioCodec, AudioConfig, AudioPacket, AvcConfig, EncodedFrame, Pts, Size};
use hds::{ConnectionId, Dict, Kind, Message, Status, Value};
use privacy::{Gate, OperatingMode};

pub const HUB: ConnectionId = ConnectionId(1);
pub const OTHER_HUB: ConnectionId = ConnectionId(2);

const STEP_MS: u64 = 100;
const FRAME_MS: u64 = 500;
pub const GOP_MS: u64 = 4_000;

pub struct World {
    start: Instant,
    pub now_ms: u64,
    pub gate: Gate,
    pub prebuffer: Prebuffer,
    pub recorder: Recorder,
    /// All that was sent, with its time.
    pub sent: Vec<(u64, ConnectionId, Message)>,
    /// Hubs that were turned away, and why.
    pub refused: Vec<(ConnectionId, Reason)>,
    pub ended: Vec<Summary>,
    pub queued: BTreeMap<ConnectionId, usize>,
    /// The most that ever waited for one hub.
    pub most_queued: usize,
    /// Hubs whose sockets take nothing.
    pub asleep: BTreeSet<ConnectionId>,
    /// No frames come while this is false.
    pub encoder_runs: bool,
    pub frame_bytes: usize,
    pub level: u8,
    pub audio: Option<Arc<AudioConfig>>,
    pub source: Result<(), Refusal>,
}

pub fn on() -> OperatingMode {
    OperatingMode {
        is_paired: true,
        recording_active: true,
        has_selected_configuration: true,
        ..OperatingMode::factory()
    }
}

pub fn aac() -> Arc<AudioConfig> {
    Arc::new(AudioConfig {
        codec: AudioCodec::AacLc,
        sample_rate_hz: 32_000,
        channels: 1,
        bitrate_bps: 64_000,
        specific_config: vec![0x12, 0x88],
    })
}

impl World {
    /// Twenty seconds after the encoder began: the ring is full.
    pub fn new() -> Self {
        let mut world = Self::cold();
        world.run(20_000);
        world
    }

    /// Before the encoder gave its first frame. Recording is allowed, and something moves.
    pub fn cold() -> Self {
        Self::with_timers(Timers::default())
    }

    pub fn with_timers(timers: Timers) -> Self {
        let mut gate = Gate::closed();
        gate.set(on());
        let mut world = Self {
            start: Instant::now(),
            now_ms: 0,
            gate,
            prebuffer: Prebuffer::new(Limits::default()),
            recorder: Recorder::new(timers),
            sent: Vec::new(),
            refused: Vec::new(),
            ended: Vec::new(),
            queued: BTreeMap::new(),
            most_queued: 0,
            asleep: BTreeSet::new(),
            encoder_runs: true,
            frame_bytes: 5_000,
            level: 31,
            audio: None,
            source: Ok(()),
        };
        world.tell(Input::Motion(true));
        world
    }

    pub fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms)
    }

    /// Lets time pass: frames come, sockets take bytes, timers fire.
    pub fn run(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while self.now_ms < until {
            self.now_ms += STEP_MS;
            if self.encoder_runs {
                self.capture();
            }
            while self.recorder.next_timeout().is_some_and(|due| due <= self.now()) {
                let due = self.recorder.next_timeout();
                self.tell(Input::Timeout);
                assert_ne!(self.recorder.next_timeout(), due, "a timer that fires on and on");
            }
            self.let_sockets_take();
        }
    }

    pub fn let_sockets_take(&mut self) {
        let ready: Vec<_> = self
            .queued
            .iter()
            .filter(|(hub, bytes)| **bytes > 0 && !self.asleep.contains(hub))
            .map(|(hub, _)| *hub)
            .collect();
        for connection in ready {
            self.queued.insert(connection, 0);
            self.tell(Input::Written { connection, queued_bytes: 0 });
        }
    }

    fn capture(&mut self) {
        let pts = Pts::from_millis(self.now_ms);
        if let Some(config) = &self.audio {
            let (samples, data) = (3_200, vec![7; 800].into()); // 100 ms a packet
            let config = Arc::clone(config);
            self.prebuffer.push_audio(AudioPacket { pts, samples, data, config });
        }
        if !self.now_ms.is_multiple_of(FRAME_MS) {
            return;
        }
        let is_idr = self.now_ms.is_multiple_of(GOP_MS);
        let sps = vec![0x67, 0x42, 0xc0, self.level];
        let config =
            AvcConfig::new(sps, vec![0x68, 0xce, 0x3c, 0x80], Size::new(640, 360)).unwrap();
        let mut data = vec![0; self.frame_bytes];
        let nal_len = u32::try_from(self.frame_bytes - 4).unwrap();
        data[..4].copy_from_slice(&nal_len.to_be_bytes());
        data[4] = if is_idr { 0x65 } else { 0x41 };
        let (data, config) = (data.into(), Arc::new(config));
        match self.prebuffer.push_video(EncodedFrame { pts, is_idr, data, config }) {
            Pushed::Restarted(_) => self.tell(Input::SourceEnded(SourceEnd::Changed)),
            Pushed::Taken | Pushed::Closed(_) => self.tell(Input::Pushed),
        }
    }

    pub fn tell(&mut self, input: Input) {
        for action in self.recorder.handle(self.now(), &self.prebuffer, input) {
            match action {
                Action::Send { connection, message } => {
                    let mut payload = Vec::new();
                    message.encode(&mut payload).unwrap();
                    let queued = self.queued.entry(connection).or_default();
                    *queued += payload.len() + hds::OVERHEAD;
                    self.most_queued = self.most_queued.max(*queued);
                    self.sent.push((self.now_ms, connection, message));
                }
                Action::Refused { connection, reason } => self.refused.push((connection, reason)),
                Action::Ended(summary) => self.ended.push(summary),
            }
        }
    }

    pub fn hear(&mut self, connection: ConnectionId, message: Message) {
        let permit = self.source.and_then(|()| admit(&self.gate));
        let has_audio = self.audio.is_some();
        let conditions = Conditions { permit, prebuffer: Duration::from_millis(GOP_MS), has_audio };
        self.tell(Input::Message { connection, message, conditions });
    }

    /// Opens a recording: the header's status and the body's.
    pub fn open(&mut self, connection: ConnectionId, stream: i64) -> (Status, i64) {
        let body = Dict::new()
            .with("streamId", stream)
            .with("type", "ipcamera.recording")
            .with("target", "controller")
            .with("reason", "record");
        self.open_with(connection, body)
    }

    pub fn open_with(&mut self, connection: ConnectionId, body: Dict) -> (Status, i64) {
        let before = self.sent.len();
        self.hear(connection, Message::request("dataSend", "open", 9, body));
        let mut responses = self.sent[before..].iter().filter_map(|(_, to, message)| {
            let Kind::Response { id: 9, status } = message.kind else { return None };
            assert!(*to == connection && message.is("dataSend", "open"));
            Some((status, message.body.int("status").unwrap()))
        });
        let response = responses.next().expect("every open is answered");
        assert_eq!(responses.next(), None, "and once");
        response
    }

    /// A recording that must be accepted.
    pub fn must_open(&mut self, connection: ConnectionId, stream: i64) {
        assert_eq!(self.open(connection, stream), (Status::Success, 0));
    }

    pub fn hub_closes(&mut self, connection: ConnectionId, stream: i64, reason: i64) {
        let body = Dict::new().with("streamId", stream).with("reason", reason);
        self.hear(connection, Message::event("dataSend", "close", body));
    }

    pub fn hub_acknowledges(&mut self, connection: ConnectionId, stream: i64) {
        let body = Dict::new().with("streamId", stream).with("endOfStream", true);
        self.hear(connection, Message::event("dataSend", "ack", body));
    }

    /// The reasons of the closes that were sent for a stream.
    pub fn closes(&self, connection: ConnectionId, stream: i64) -> Vec<i64> {
        self.sent
            .iter()
            .filter(|(_, to, message)| *to == connection && message.is("dataSend", "close"))
            .filter(|(.., message)| message.body.int("streamId") == Some(stream))
            .map(|(.., message)| message.body.int("reason").unwrap())
            .collect()
    }

    /// The only recording that has ended since this was last asked, as the journal has it.
    pub fn journal(&mut self) -> String {
        assert_eq!(self.ended.len(), 1, "{:?}", self.ended);
        self.ended.remove(0).to_string()
    }

    /// Everything whole of a stream, put together from its chunks, whose marks must be right.
    pub fn parts(&self, connection: ConnectionId, stream: i64) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        let mut open: Option<(Part, usize, i64)> = None;
        for (at_ms, to, message) in &self.sent {
            let body = &message.body;
            let is_ours = *to == connection && body.int("streamId") == Some(stream);
            if !is_ours || !message.is("dataSend", "data") {
                continue;
            }
            let [packet] = body.get("packets").unwrap().as_array().unwrap() else { panic!() };
            let packet = packet.as_dict().unwrap();
            let data = packet.get("data").unwrap().as_data().unwrap();
            let metadata = packet.get("metadata").unwrap().as_dict().unwrap();
            let sequence = metadata.int("dataSequenceNumber").unwrap();
            let kind = if sequence == 1 { "mediaInitialization" } else { "mediaFragment" };
            assert_eq!(metadata.str("dataType"), Some(kind));
            assert!(!data.is_empty() && data.len() <= 0x4_0000);

            let total = metadata.int("dataTotalSize").map(|total| usize::try_from(total).unwrap());
            let (mut part, total, chunks) = open.take().unwrap_or_else(|| {
                let part = Part { sequence, at_ms: *at_ms, bytes: Vec::new(), is_end: false };
                (part, total.expect("the first chunk tells"), 0)
            });
            assert_eq!(
                (part.sequence, metadata.int("dataChunkSequenceNumber")),
                (sequence, Some(chunks + 1))
            );
            assert_eq!(metadata.get("dataTotalSize").is_some(), chunks == 0);
            part.bytes.extend_from_slice(data);

            let end = body.get("endOfStream").and_then(Value::as_bool);
            let is_last = metadata.get("isLastDataChunk").and_then(Value::as_bool).unwrap();
            assert_eq!(end.is_some(), is_last, "endOfStream comes with the last chunk alone");
            if is_last {
                assert_eq!(part.bytes.len(), total);
                assert_eq!(part.sequence, i64::try_from(parts.len()).unwrap() + 1);
                assert!(parts.iter().all(|part| !part.is_end), "nothing follows the end");
                part.is_end = end.unwrap();
                parts.push(part);
            } else {
                assert_eq!(data.len(), 0x4_0000, "only the last chunk is shorter");
                open = Some((part, total, chunks + 1));
            }
        }
        parts
    }

    /// The times at which whole fragments were handed out, without the init segment.
    pub fn fragment_times(&self, connection: ConnectionId, stream: i64) -> Vec<u64> {
        self.parts(connection, stream).iter().skip(1).map(|part| part.at_ms).collect()
    }

    pub fn has_end_of_stream(&self, connection: ConnectionId, stream: i64) -> bool {
        self.parts(connection, stream).iter().any(|part| part.is_end)
    }
}

/// The init segment or a fragment.
pub struct Part {
    pub sequence: i64,
    /// When its first chunk was handed out.
    pub at_ms: u64,
    pub bytes: Vec<u8>,
    pub is_end: bool,
}
