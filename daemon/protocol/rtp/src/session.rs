// SPDX-License-Identifier: MIT OR Apache-2.0
//! The video of a live session: frames in, protected packets out, feedback to events.
//! Spec: RFC 3550 §6, RFC 4585, RFC 5104.

mod adapt;
mod control;
mod redundancy;

use std::time::{Duration, Instant};

use frame::{EncodedFrame, Pts};

use adapt::LossControl;
use redundancy::Redundancy;

use crate::endpoint::{Endpoint, Life, Marker, Opened, StreamClock, StreamConfig};
use crate::ntp::NtpTime;
use crate::packetizer::{Mtu, Position, packetize};
use crate::srtp::SrtpKeys;

/// A peer that sent nothing authentic for this long is gone.
pub const LIVENESS: Duration = Duration::from_secs(30);

/// Time between sender reports where the controller names none.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(500);
const MAX_INTERVAL: Duration = Duration::from_secs(10);

/// Round trip assumed before a report told it.
const ASSUMED_ROUND_TRIP: Duration = Duration::from_millis(50);

/// What a controller selected, and the random values a stream begins with.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// The stream.
    pub stream: StreamConfig,
    /// Size of protected packets.
    pub mtu: Mtu,
    /// The most that the controller wants, in bits per second.
    pub max_bitrate_bps: u32,
}

/// What a reconfiguration alters; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// The most that the controller wants, in bits per second. What feedback said is forgotten.
    pub max_bitrate_bps: Option<u32>,
    /// Between reports; see [`rtcp_interval`].
    pub rtcp_interval: Option<Duration>,
    /// Size of protected packets.
    pub mtu: Option<Mtu>,
}

/// An interval in seconds as a controller writes it: 0 and what is no time become 0.5 s; at most
/// 10 s, so that reports outpace the 30 s after which controllers give up.
pub fn rtcp_interval(seconds: f32) -> Duration {
    if seconds.is_finite() && seconds > 0.0 {
        Duration::from_secs_f32(seconds.min(MAX_INTERVAL.as_secs_f32())).max(MIN_INTERVAL)
    } else {
        DEFAULT_INTERVAL
    }
}

/// No controller needs reports more often.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// The same moment on the three clocks that a session needs.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// For deadlines.
    pub now: Instant,
    /// Wall clock, for sender reports.
    pub ntp: NtpTime,
    /// The clock of captured frames, for the time stamp in sender reports.
    pub pts: Pts,
}

/// What happens to a session.
#[derive(Debug)]
pub enum Input<'a, M = EncodedFrame> {
    /// To be sent: of video an access unit, of sound a packet.
    Media(&'a M),
    /// A datagram came; it is decrypted in place.
    Received(&'a mut [u8]),
    /// `next_timeout` of the session has passed.
    Timeout,
    /// The session ends: says goodbye.
    Close,
}

/// What a session wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// A datagram for the controller's address and port of the set-up.
    Send(Vec<u8>),
    /// Something for the owner of the session.
    Event(Event),
}

/// What the peer wants or does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The next frame should be an IDR.
    KeyFrameWanted,
    /// The encoder's new target, in bits per second.
    Bitrate(u32),
    /// The first authentic packet came, or the first after [`Event::Silent`].
    Alive,
    /// The peer left.
    Goodbye,
    /// Nothing authentic came for [`LIVENESS`].
    Silent,
}

/// What was sent and dropped, and how it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// RTP packets sent.
    pub packets: u64,
    /// Bytes of their payload.
    pub octets: u64,
    /// Datagrams dropped: forged, replayed, malformed.
    pub rejected: u64,
    /// Packets of IDRs sent once more, because the way loses some; not in `packets`.
    pub repeated: u64,
    /// Frames not sent, because no IDR was before them.
    pub frames_before_idr: u64,
    /// Lost on the way since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost on the way since the beginning, as the peer counts.
    pub lost: u32,
    /// The peer's last jitter, in ticks of 1/90000 s.
    pub jitter_90k: u32,
    /// To the peer and back, without the time it waited.
    pub round_trip: Option<Duration>,
}

/// The newest IDR.
#[derive(Debug, Clone, Copy)]
struct LastIdr {
    sent: Instant,
    /// The sequence number of its last packet.
    end: u16,
}

/// One H.264 stream to one controller.
pub struct Session {
    endpoint: Endpoint,
    clock: StreamClock,
    mtu: Mtu,
    /// An IDR was sent, so that what follows can be decoded.
    has_begun: bool,
    last_idr: Option<LastIdr>,
    /// The highest sequence number of the peer's last report.
    heard: Option<u16>,
    /// Sequence number of the newest full intra request, by who asked.
    last_fir: Option<(u32, u8)>,
    loss: LossControl,
    redundancy: Redundancy,
    stats: Stats,
}

impl Session {
    /// `ours` protects what we send, `theirs` what comes; they may be equal.
    pub fn new(now: Instant, config: SessionConfig, ours: &SrtpKeys, theirs: &SrtpKeys) -> Self {
        let clock = StreamClock { rate_hz: Pts::HZ, offset: config.stream.timestamp_offset };
        Self {
            endpoint: Endpoint::new(now, config.stream, ours, theirs),
            clock,
            mtu: config.mtu,
            has_begun: false,
            last_idr: None,
            heard: None,
            last_fir: None,
            loss: LossControl::new(config.max_bitrate_bps),
            redundancy: Redundancy::default(),
            stats: Stats::default(),
        }
    }

    /// The only way packets are made. Nothing is sent after [`Input::Close`].
    pub fn handle(&mut self, at: Moment, input: Input<'_>) -> Vec<Output> {
        let mut outputs = Vec::new();
        if self.endpoint.is_closed() {
            return outputs;
        }
        match input {
            Input::Media(frame) => self.send_frame(at, frame, &mut outputs),
            Input::Received(datagram) => self.receive(at, datagram, &mut outputs),
            Input::Timeout => {
                if self.endpoint.falls_silent(at.now) {
                    outputs.push(Output::Event(Event::Silent));
                }
                if self.endpoint.is_report_due(at.now) {
                    self.report(at, &[], &mut outputs);
                }
            }
            Input::Close => {
                let goodbye = self.endpoint.close(at, self.clock.at(at.pts), Vec::new());
                outputs.extend(goodbye.map(Output::Send));
            }
        }
        outputs
    }

    /// When [`Input::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.endpoint.next_timeout()
    }

    /// A reconfiguration. SSRC, sequence and clock go on. Returns the encoder's new target in bits
    /// per second.
    pub fn reconfigure(&mut self, change: Change) -> u32 {
        if let Some(max) = change.max_bitrate_bps {
            self.loss = LossControl::new(max);
        }
        self.mtu = change.mtu.unwrap_or(self.mtu);
        self.endpoint.rtcp_interval = change.rtcp_interval.unwrap_or(self.endpoint.rtcp_interval);
        self.loss.target_bps()
    }

    /// The peer was heard elsewhere: it counts as silent only after `silent_at`.
    pub fn expect_until(&mut self, silent_at: Instant) {
        self.endpoint.expect_until(silent_at);
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> Stats {
        let Endpoint { packets, octets, rejected, .. } = self.endpoint;
        Stats { packets, octets, rejected, ..self.stats }
    }

    fn send_frame(&mut self, at: Moment, frame: &EncodedFrame, outputs: &mut Vec<Output>) {
        if !self.has_begun && !frame.is_idr {
            if self.stats.frames_before_idr == 0 {
                outputs.push(Output::Event(Event::KeyFrameWanted));
            }
            self.stats.frames_before_idr += 1;
            return;
        }
        let before = self.endpoint.packets;
        let first = outputs.len();
        let timestamp = self.clock.at(frame.pts);
        let (mut payloads, room) = (packetize(frame, self.mtu), self.mtu.payload_len());
        while let Some(packet) = self.endpoint.packet(at.now, timestamp, room, |packet| {
            payloads.write_next(packet).map(|position| match position {
                Position::Inner => Marker::Clear,
                Position::Last => Marker::Set,
            })
        }) {
            outputs.push(Output::Send(packet));
        }
        if self.endpoint.packets == before {
            return;
        }
        if frame.is_idr {
            self.has_begun = true;
            self.last_idr = Some(LastIdr { sent: at.now, end: self.endpoint.last_sequence() });
            if !self.loss.is_limited(at.now) {
                self.stats.repeated += self.redundancy.repeat(at.now, first, outputs);
            }
        }
        if before == 0 {
            self.report(at, &[], outputs);
        }
    }

    fn receive(&mut self, at: Moment, datagram: &mut [u8], outputs: &mut Vec<Output>) {
        let Some((life, opened)) = self.endpoint.open(at.now, datagram) else { return };
        if life == Life::Begins {
            outputs.push(Output::Event(Event::Alive));
        }
        if let Opened::Control(packets) = opened {
            self.feedback(at, packets, outputs);
        }
    }
}
