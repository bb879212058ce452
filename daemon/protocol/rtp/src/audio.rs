// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sound of a live session: packets of the microphone out, talkback in, and reports both ways.
//! Spec: RFC 3550 §6, RFC 3640 §3, RFC 7587 §4 with HomeKit's clock: the selected sample rate.

mod au;
mod reception;
mod timeline;

use std::time::{Duration, Instant};

use frame::{AudioCodec, AudioPacket};

use reception::Reception;
use timeline::Timeline;

use crate::endpoint::{Endpoint, Life, Marker, Opened, StreamClock, StreamConfig};
use crate::header::Header;
use crate::rtcp::Packet;
use crate::session::{Input, Moment, Stats};
use crate::srtp::SrtpKeys;

/// What a controller selected, and the random values a stream begins with.
#[derive(Debug, Clone)]
pub struct AudioSessionConfig {
    /// What came with another payload type is no talkback: it is that of both directions.
    pub stream: StreamConfig,
    /// Of both directions.
    pub codec: AudioCodec,
    /// The selected sample rate, which is the clock of both directions. In Hz.
    pub sample_rate_hz: u32,
}

/// What happens to a session: the media are packets of the microphone.
pub type AudioInput<'a> = Input<'a, AudioPacket>;

/// What a session wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum AudioOutput {
    /// A datagram for the controller's address and port of the set-up.
    Send(Vec<u8>),
    /// Sound from the controller.
    Talkback(TalkPacket),
    /// Something for the owner of the session.
    Event(AudioEvent),
}

/// Sound from a controller, authentic and decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalkPacket {
    /// The packet's number with its roll-overs above; a new sender begins a new count.
    pub sequence: u64,
    /// Of the first frame, in ticks of the sample rate.
    pub timestamp: u32,
    /// Frames for the decoder, in order: one for Opus, one or more for AAC-ELD; none is empty.
    pub frames: Vec<Vec<u8>>,
}

/// What the peer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioEvent {
    /// The first authentic packet came, or the first after [`AudioEvent::Silent`].
    Alive,
    /// The peer left.
    Goodbye,
    /// Nothing authentic came for [`LIVENESS`](crate::LIVENESS).
    Silent,
}

/// One sound stream to one controller, and the talkback from it.
pub struct AudioSession {
    endpoint: Endpoint,
    payload_type: u8,
    codec: AudioCodec,
    timeline: Timeline,
    reception: Option<Reception>,
    sample_rate_hz: u32,
    fraction_lost: u8,
    jitter: u32,
}

impl AudioSession {
    /// `ours` protects what we send, `theirs` what comes; they may be equal.
    pub fn new(
        now: Instant,
        config: AudioSessionConfig,
        ours: &SrtpKeys,
        theirs: &SrtpKeys,
    ) -> Self {
        let clock =
            StreamClock { rate_hz: config.sample_rate_hz, offset: config.stream.timestamp_offset };
        Self {
            payload_type: config.stream.payload_type,
            endpoint: Endpoint::new(now, config.stream, ours, theirs),
            codec: config.codec,
            timeline: Timeline::new(clock),
            reception: None,
            sample_rate_hz: config.sample_rate_hz,
            fraction_lost: 0,
            jitter: 0,
        }
    }

    /// The only way packets are made. Nothing is sent after [`AudioInput::Close`].
    pub fn handle(&mut self, at: Moment, input: AudioInput<'_>) -> Vec<AudioOutput> {
        let mut outputs = Vec::new();
        if self.endpoint.is_closed() {
            return outputs;
        }
        match input {
            AudioInput::Media(packet) => self.send(at, packet, &mut outputs),
            AudioInput::Received(datagram) => self.receive(at, datagram, &mut outputs),
            AudioInput::Timeout => {
                if self.endpoint.falls_silent(at.now) {
                    outputs.push(AudioOutput::Event(AudioEvent::Silent));
                }
                if self.endpoint.is_report_due(at.now) {
                    self.report(at, &mut outputs);
                }
            }
            AudioInput::Close => {
                let blocks = self.blocks(at);
                let goodbye = self.endpoint.close(at, self.timeline.at(at.pts), blocks);
                outputs.extend(goodbye.map(AudioOutput::Send));
            }
        }
        outputs
    }

    /// When [`AudioInput::Timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.endpoint.next_timeout()
    }

    /// A reconfiguration of the time between reports.
    pub fn reconfigure(&mut self, interval: Duration) {
        self.endpoint.rtcp_interval = interval;
    }

    /// When the peer will count as silent; `None` when it does.
    pub fn silent_at(&self) -> Option<Instant> {
        self.endpoint.silent_at()
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> Stats {
        let Endpoint { packets, octets, rejected, .. } = self.endpoint;
        let jitter = u64::from(self.jitter) * 90_000 / u64::from(self.sample_rate_hz.max(1));
        let jitter_90k = u32::try_from(jitter).unwrap_or(u32::MAX);
        let fraction_lost = self.fraction_lost;
        Stats { packets, octets, rejected, fraction_lost, jitter_90k, ..Stats::default() }
    }

    fn send(&mut self, at: Moment, packet: &AudioPacket, outputs: &mut Vec<AudioOutput>) {
        let is_first = self.endpoint.packets == 0;
        let Some(timestamp) = self.timeline.place(packet.pts, packet.samples) else { return };
        let (codec, data) = (self.codec, &packet.data);
        let room = au::HEADERS_LEN + data.len();
        let sent = self.endpoint.packet(at.now, timestamp, room, |bytes| {
            match codec {
                AudioCodec::Opus => bytes.extend_from_slice(data),
                AudioCodec::AacEld | AudioCodec::AacLc => au::write(data, bytes)?,
            }
            Some(Marker::Clear)
        });
        let Some(sent) = sent else { return };
        outputs.push(AudioOutput::Send(sent));
        if is_first {
            self.report(at, outputs);
        }
    }

    fn receive(&mut self, at: Moment, datagram: &mut [u8], outputs: &mut Vec<AudioOutput>) {
        let Some((life, opened)) = self.endpoint.open(at.now, datagram) else { return };
        if life == Life::Begins {
            outputs.push(AudioOutput::Event(AudioEvent::Alive));
        }
        match opened {
            Opened::Media(header, payload) => {
                outputs.extend(self.talkback(at, header, payload).map(AudioOutput::Talkback));
            }
            Opened::Control(packets) => self.control(at, packets, outputs),
            Opened::Unreadable(_) => {}
        }
    }

    fn talkback(&mut self, at: Moment, header: Header, payload: &[u8]) -> Option<TalkPacket> {
        // comfort noise and what else shares the port
        if header.payload_type != self.payload_type {
            return None;
        }
        let frames = match self.codec {
            AudioCodec::Opus => Some(vec![payload.to_vec()]).filter(|_| !payload.is_empty()),
            AudioCodec::AacEld | AudioCodec::AacLc => au::read(payload),
        };
        let Some(frames) = frames else {
            self.endpoint.rejected += 1;
            return None;
        };
        self.endpoint.expect_report(at.now);
        let begins = Reception::new(header.ssrc, self.sample_rate_hz);
        let reception = match self.reception.take() {
            Some(known) if known.ssrc() == header.ssrc => known,
            _ => begins,
        };
        let reception = self.reception.insert(reception);
        let sequence = reception.packet(at.now, header.sequence, header.timestamp);
        Some(TalkPacket { sequence, timestamp: header.timestamp, frames })
    }

    fn control(&mut self, at: Moment, packets: Vec<Packet>, outputs: &mut Vec<AudioOutput>) {
        for packet in packets {
            let blocks = match packet {
                Packet::SenderReport { ssrc, sent, blocks } => {
                    if let Some(reception) = &mut self.reception
                        && reception.ssrc() == ssrc
                    {
                        reception.sender_report(at.now, sent.ntp);
                    }
                    blocks
                }
                Packet::ReceiverReport { blocks, .. } => blocks,
                Packet::Bye(_) => {
                    outputs.push(AudioOutput::Event(AudioEvent::Goodbye));
                    return;
                }
                _ => continue,
            };
            if let Some(ours) = blocks.iter().find(|block| block.ssrc == self.endpoint.ssrc()) {
                (self.fraction_lost, self.jitter) = (ours.fraction_lost, ours.jitter);
            }
        }
    }

    fn report(&mut self, at: Moment, outputs: &mut Vec<AudioOutput>) {
        let blocks = self.blocks(at);
        let report = self.endpoint.report(at, self.timeline.at(at.pts), blocks, &[]);
        outputs.extend(report.map(AudioOutput::Send));
    }

    fn blocks(&mut self, at: Moment) -> Vec<crate::rtcp::ReportBlock> {
        self.reception.iter_mut().filter_map(|reception| reception.block(at.now)).collect()
    }
}
