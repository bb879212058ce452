// SPDX-License-Identifier: MIT OR Apache-2.0
//! A sound stream, its talkback and its viewer in memory, on virtual time.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::cast_possible_truncation, reason = "small numbers, or meant to wrap")]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::frame;
use frame::{AudioCodec, AudioConfig, AudioPacket, Pts};
use proptest::prelude::{any, prop, prop_assert};
use proptest::proptest;
use rtp::rtcp::{Cname, Packet, ReportBlock, Sent, parse};
use rtp::{
    AudioEvent, AudioInput, AudioOutput, AudioSession, AudioSessionConfig, Header, Input, LIVENESS,
    Moment, Mtu, NtpTime, Output, Protector, Session, SessionConfig, SrtpKeys, StreamConfig, Suite,
    TalkPacket, Unprotector, is_rtcp, rtcp_interval,
};

const CAMERA: u32 = 0x00c0_ffee;
const VIEWER: u32 = 0x1234;
const RATE: u32 = 16_000;
const OFFSET: u32 = 5_000;

fn keys(byte: u8) -> SrtpKeys {
    SrtpKeys::new(Suite::AesCm128HmacSha1_80, &[byte; 16], &[byte; 14]).unwrap()
}

fn config(codec: AudioCodec) -> AudioSessionConfig {
    AudioSessionConfig {
        stream: StreamConfig {
            ssrc: CAMERA,
            payload_type: 110,
            first_sequence: 0xfff0,
            timestamp_offset: OFFSET,
            rtcp_interval: rtcp_interval(5.0),
            cname: Cname::new("camera").unwrap(),
        },
        codec,
        sample_rate_hz: RATE,
    }
}

fn packet(ticks: u64, samples: u32, data: &[u8]) -> AudioPacket {
    let config = AudioConfig {
        codec: AudioCodec::Opus,
        sample_rate_hz: RATE,
        channels: 1,
        bitrate_bps: 24_000,
        specific_config: Vec::new(),
    };
    let pts = Pts::from_ticks_90k(ticks);
    AudioPacket { pts, samples, data: data.into(), config: Arc::new(config) }
}

struct Pair {
    start: Instant,
    ms: u64,
    session: AudioSession,
    opener: Unprotector,
    sealer: Protector,
}

#[derive(Default)]
struct Got {
    media: Vec<(Header, Vec<u8>)>,
    control: Vec<Vec<Packet>>,
    talkback: Vec<TalkPacket>,
    events: Vec<AudioEvent>,
}

fn moment(start: Instant, ms: u64) -> Moment {
    Moment {
        now: start + Duration::from_millis(ms),
        ntp: NtpTime::from_unix(Duration::from_millis(1_790_000_000_000 + ms)),
        pts: Pts::from_millis(ms),
    }
}

impl Pair {
    fn new(codec: AudioCodec) -> Self {
        let start = Instant::now();
        Self {
            start,
            ms: 1_000,
            session: AudioSession::new(start, config(codec), &keys(1), &keys(2)),
            opener: Unprotector::new(&keys(1), VIEWER),
            sealer: Protector::new(&keys(2), VIEWER),
        }
    }

    fn handle(&mut self, input: AudioInput<'_>) -> Got {
        let mut got = Got::default();
        for output in self.session.handle(moment(self.start, self.ms), input) {
            match output {
                AudioOutput::Event(event) => got.events.push(event),
                AudioOutput::Talkback(packet) => got.talkback.push(packet),
                AudioOutput::Send(mut bytes) if is_rtcp(&bytes) => {
                    got.control
                        .push(parse(self.opener.unprotect_rtcp(&mut bytes).unwrap()).unwrap());
                }
                AudioOutput::Send(mut bytes) => {
                    let plain = self.opener.unprotect_rtp(&mut bytes).unwrap();
                    let (header, len) = Header::parse(plain).unwrap();
                    got.media.push((header, plain[len..].to_vec()));
                }
            }
        }
        got
    }

    fn talk(&mut self, payload_type: u8, sequence: u16, payload: &[u8]) -> Got {
        let timestamp = u32::from(sequence) * 320;
        let header = Header { marker: false, payload_type, sequence, timestamp, ssrc: VIEWER };
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        bytes.extend_from_slice(payload);
        self.sealer.protect_rtp(&mut bytes).unwrap();
        self.handle(AudioInput::Received(&mut bytes))
    }

    fn tell(&mut self, packets: &[Packet]) -> Got {
        let mut bytes = Vec::new();
        packets.iter().for_each(|packet| packet.write(&mut bytes));
        self.sealer.protect_rtcp(&mut bytes).unwrap();
        self.handle(AudioInput::Received(&mut bytes))
    }
}

#[test]
fn one_packet_goes_in_one_packet_without_marker_and_time_counts_samples() {
    let mut pair = Pair::new(AudioCodec::Opus);
    let mut first = None;
    for n in 0..100u64 {
        pair.ms = 1_000 + n * 60;
        // a card that is a little slow
        let got = pair.handle(AudioInput::Media(&packet(90_000 + n * 5_403, 960, &[n as u8; 80])));
        let [(header, payload)] = &got.media[..] else { panic!("{} packets", got.media.len()) };
        assert_eq!(payload, &[n as u8; 80]);
        assert_eq!((header.marker, header.payload_type, header.ssrc), (false, 110, CAMERA));
        let (sequence, timestamp) = *first.get_or_insert((header.sequence, header.timestamp));
        assert_eq!(header.sequence, sequence + n as u16);
        assert_eq!(header.timestamp, timestamp + 960 * n as u32, "packet {n}");
        assert_eq!(got.control.len(), usize::from(n == 0), "a report with the first packet");
    }
    assert_eq!(first.unwrap().1, OFFSET + RATE);
    assert_eq!(pair.session.stats().packets, 100);
    assert_eq!(pair.session.stats().octets, 8_000);
}

#[test]
fn aac_has_its_size_in_front_both_ways() {
    let mut pair = Pair::new(AudioCodec::AacEld);
    let got = pair.handle(AudioInput::Media(&packet(90_000, 480, &[7; 90])));
    assert_eq!(got.media[0].1, [&[0, 16, 90 >> 5, (90u8 << 3)][..], &[7; 90]].concat());
    let got = pair.talk(110, 1, &[0, 32, 0, 2 << 3, 0, 1 << 3, 1, 2, 3]);
    assert_eq!(got.talkback[0].frames, [vec![1, 2], vec![3]]);
    assert!(pair.talk(110, 2, &[0, 16, 0, 9 << 3, 1]).talkback.is_empty());
    assert_eq!(pair.session.stats().rejected, 1);
}

#[test]
fn talkback_comes_out_with_its_place_and_is_reported() {
    let mut pair = Pair::new(AudioCodec::Opus);
    let got = pair.talk(110, 65_534, b"one");
    assert_eq!(got.events, [AudioEvent::Alive]);
    let first = got.talkback[0].sequence;
    assert_eq!(got.talkback[0].frames, [b"one".to_vec()]);
    assert_eq!(pair.talk(110, 1, b"two").talkback[0].sequence, first + 3, "across the roll-over");
    assert!(pair.talk(13, 2, b"noise").talkback.is_empty(), "comfort noise");
    assert!(pair.talk(110, 3, b"").talkback.is_empty(), "nothing in it");

    let ntp = NtpTime(0x1111_2222_3333_4444);
    let sent = Sent { ntp, timestamp: 0, packets: 2, octets: 6 };
    drop(pair.tell(&[Packet::SenderReport { ssrc: VIEWER, sent, blocks: vec![] }]));
    drop(pair.handle(AudioInput::Media(&packet(90_000, 320, &[1]))));
    pair.ms += 5_000;
    drop(pair.handle(AudioInput::Media(&packet(540_000, 320, &[1]))));
    drop(pair.talk(110, 4, b"three"));
    let report = pair.handle(AudioInput::Timeout).control.remove(0);
    let Packet::SenderReport { blocks, .. } = &report[0] else { panic!("{report:?}") };
    let [block] = blocks[..] else { panic!("{blocks:?}") };
    assert_eq!((block.ssrc, block.highest_sequence), (VIEWER, 65_536 + 4));
    assert_eq!((block.last_sr, block.delay_since_last_sr), (0x2222_3333, 5 * 65_536));
    assert!(block.cumulative_lost > 0);
    pair.ms += 5_000;
    let report = pair.handle(AudioInput::Timeout).control.remove(0);
    let Packet::SenderReport { blocks, .. } = &report[0] else { panic!("{report:?}") };
    assert_eq!(blocks[..], [], "nothing was received since");
}

#[test]
fn one_who_only_listens_is_told_how_it_is_received() {
    let mut pair = Pair::new(AudioCodec::Opus);
    drop(pair.talk(110, 1, b"one"));
    let due = moment(pair.start, 6_000).now;
    assert_eq!(pair.session.next_timeout(), Some(due));
    pair.ms = 6_000;
    let report = pair.handle(AudioInput::Timeout).control.remove(0);
    let Packet::ReceiverReport { ssrc: CAMERA, blocks } = &report[0] else { panic!("{report:?}") };
    assert_eq!((blocks[0].ssrc, blocks[0].highest_sequence), (VIEWER, 1));
}

#[test]
fn forged_and_replayed_talkback_is_dropped() {
    let mut pair = Pair::new(AudioCodec::Opus);
    let header =
        Header { marker: false, payload_type: 110, sequence: 5, timestamp: 0, ssrc: VIEWER };
    let mut bytes = Vec::new();
    header.write(&mut bytes);
    bytes.extend_from_slice(b"sound");
    pair.sealer.protect_rtp(&mut bytes).unwrap();
    for at in 0..bytes.len() {
        let mut forged = bytes.clone();
        forged[at] ^= 4;
        let got = pair.handle(AudioInput::Received(&mut forged));
        assert!(got.talkback.is_empty() && got.events.is_empty(), "byte {at}");
    }
    assert_eq!(pair.handle(AudioInput::Received(&mut bytes.clone())).talkback.len(), 1);
    assert_eq!(pair.handle(AudioInput::Received(&mut bytes)).talkback.len(), 0);
    let rejected = pair.session.stats().rejected;
    assert_eq!(rejected, 12 + 5 + 10 + 1);
    assert!(pair.handle(AudioInput::Received(&mut [0x80; 3_000])).events.is_empty());
}

#[test]
fn life_and_goodbye_are_told() {
    let mut pair = Pair::new(AudioCodec::Opus);
    pair.ms = LIVENESS.as_millis() as u64;
    assert_eq!(pair.session.next_timeout(), Some(moment(pair.start, pair.ms).now));
    assert_eq!(pair.handle(AudioInput::Timeout).events, [AudioEvent::Silent]);
    let empty = Packet::ReceiverReport { ssrc: VIEWER, blocks: vec![] };
    let block = ReportBlock {
        ssrc: CAMERA,
        fraction_lost: 9,
        cumulative_lost: 1,
        highest_sequence: 2,
        jitter: 160,
        last_sr: 0,
        delay_since_last_sr: 0,
    };
    assert_eq!(pair.tell(std::slice::from_ref(&empty)).events, [AudioEvent::Alive]);
    let got = pair.tell(&[Packet::ReceiverReport { ssrc: VIEWER, blocks: vec![block] }]);
    assert_eq!(got.events, []);
    assert_eq!(pair.session.stats().fraction_lost, 9);
    assert_eq!(pair.session.stats().jitter_90k, 900);
    assert_eq!(pair.tell(&[empty, Packet::Bye(vec![VIEWER])]).events, [AudioEvent::Goodbye]);
    let control = pair.handle(AudioInput::Close).control.remove(0);
    assert_eq!(control.last(), Some(&Packet::Bye(vec![CAMERA])));
    assert_eq!(pair.session.next_timeout(), None);
    assert!(pair.handle(AudioInput::Media(&packet(0, 320, &[1]))).media.is_empty());
}

/// A viewer who plays picture and sound by the sender reports alone has both within 40 ms, although
/// the sound card's clock drifts and packets are sent later than they were captured.
#[test]
fn sound_and_picture_are_in_sync_by_their_reports() {
    let start = Instant::now();
    let video_config = SessionConfig {
        stream: StreamConfig {
            ssrc: 77,
            payload_type: 99,
            first_sequence: 1,
            timestamp_offset: u32::MAX - 50_000,
            rtcp_interval: rtcp_interval(0.5),
            cname: Cname::new("camera").unwrap(),
        },
        mtu: Mtu::clamped(1200),
        max_bitrate_bps: 300_000,
    };
    let mut video = Session::new(start, video_config, &keys(3), &keys(4));
    let mut video_opener = Unprotector::new(&keys(3), VIEWER);
    let mut pair = Pair::new(AudioCodec::Opus);
    pair.start = start;
    // newest report of each: wall clock in ms, and the stream's clock
    let (mut video_report, mut audio_report) = (None, None);
    let unix_ms = |ntp: NtpTime| {
        let seconds = (ntp.0 >> 32) as f64 - 2_208_988_800.0 - 1_790_000_000.0;
        (seconds + (ntp.0 & 0xffff_ffff) as f64 / 4_294_967_296.0) * 1_000.0
    };
    let wall = |report: Option<(f64, u32)>, timestamp: u32, rate: f64| {
        let (ms, at) = report?;
        Some(ms + f64::from(timestamp.wrapping_sub(at).cast_signed()) / rate * 1_000.0)
    };
    let mut checked = 0;
    // ten minutes; the card is slow by 300 ppm
    for step in 0..30_000u64 {
        let captured_ms = 1_000 + step * 20;
        // 35 ms in encoder and queues
        pair.ms = captured_ms + 35;
        let at = moment(start, pair.ms);
        let mut outputs = video.handle(at, Input::Media(&frame(captured_ms, true, &[&[0x65, 1]])));
        if video.next_timeout().is_some_and(|due| at.now >= due) {
            outputs.extend(video.handle(at, Input::Timeout));
        }
        let mut picture = None;
        for output in outputs {
            let Output::Send(mut bytes) = output else { continue };
            if is_rtcp(&bytes) {
                let all = parse(video_opener.unprotect_rtcp(&mut bytes).unwrap()).unwrap();
                let Packet::SenderReport { sent, .. } = &all[0] else { panic!("{all:?}") };
                video_report = Some((unix_ms(sent.ntp), sent.timestamp));
            } else {
                let plain = video_opener.unprotect_rtp(&mut bytes).unwrap();
                picture = Some(Header::parse(plain).unwrap().0.timestamp);
            }
        }
        // 320 samples last 20.006 ms; the encoder's anchor gives the true capture time
        let sound_ms = 1_000.0 + step as f64 * 20.006;
        let sound = packet((sound_ms * 90.0) as u64, 320, &[1]);
        let mut got = pair.handle(AudioInput::Media(&sound));
        if pair.session.next_timeout().is_some_and(|due| at.now >= due) {
            got.control.extend(pair.handle(AudioInput::Timeout).control);
        }
        for all in &got.control {
            let Packet::SenderReport { sent, .. } = &all[0] else { panic!("{all:?}") };
            audio_report = Some((unix_ms(sent.ntp), sent.timestamp));
        }
        let heard = wall(audio_report, got.media[0].0.timestamp, f64::from(RATE)).unwrap();
        let seen = wall(video_report, picture.unwrap(), 90_000.0).unwrap();
        let off = (heard - sound_ms) - (seen - captured_ms as f64);
        assert!(off.abs() < 5.0, "after {captured_ms} ms: {off} ms apart");
        checked += 1;
    }
    assert_eq!(checked, 30_000);
}

proptest! {
    #[test]
    fn any_authentic_packet_is_taken_or_dropped(
        payload in prop::collection::vec(any::<u8>(), 0..200),
        flags in 0x80..0xc0u8,
        kind in any::<u8>(),
        eld in any::<bool>(),
    ) {
        let codec = if eld { AudioCodec::AacEld } else { AudioCodec::Opus };
        let mut pair = Pair::new(codec);
        let mut bytes = [&[flags, kind, 0, 9, 0, 0, 1, 0][..], &VIEWER.to_be_bytes(), &payload].concat();
        let sealed = if is_rtcp(&bytes) {
            bytes[4..8].copy_from_slice(&VIEWER.to_be_bytes());
            pair.sealer.protect_rtcp(&mut bytes)
        } else {
            pair.sealer.protect_rtp(&mut bytes)
        };
        if sealed.is_ok() {
            let got = pair.handle(AudioInput::Received(&mut bytes));
            prop_assert!(got.media.is_empty());
            prop_assert!(got.talkback.iter().all(|packet| !packet.frames.is_empty()));
            prop_assert!(got.talkback.iter().flat_map(|packet| &packet.frames).all(|f| !f.is_empty()));
        }
    }

    #[test]
    fn any_bytes_are_dropped(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut pair = Pair::new(AudioCodec::Opus);
        let got = pair.handle(AudioInput::Received(&mut bytes.clone()));
        prop_assert!(got.talkback.is_empty() && got.events.is_empty());
    }
}
