// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stream and its viewer in memory, on virtual time.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::{depacketize, frame};
use frame::Pts;
use proptest::prelude::{any, prop};
use proptest::proptest;
use rtp::rtcp::{Bandwidth, Cname, FirEntry, Packet, ReportBlock, TradeOff, parse};
use rtp::{
    Change, Event, Header, Input, LIVENESS, Moment, Mtu, NtpTime, Output, Protector, Rejected,
    Session, SessionConfig, SrtpKeys, StreamConfig, Suite, Unprotector, is_rtcp, rtcp_interval,
};

const CAMERA: u32 = 0x00c0_ffee;
const VIEWER: u32 = 0x1234;
const MAX_BPS: u32 = 800_000;

struct Pair {
    start: Instant,
    ms: u64,
    session: Session,
    opener: Unprotector,
    sealer: Protector,
}

/// What the viewer got, opened.
#[derive(Default)]
struct Got {
    media: Vec<(Header, Vec<u8>)>,
    control: Vec<Vec<Packet>>,
    events: Vec<Event>,
}

impl Pair {
    fn new() -> Self {
        let keys =
            |byte| SrtpKeys::new(Suite::AesCm128HmacSha1_80, &[byte; 16], &[byte; 14]).unwrap();
        let start = Instant::now();
        let config = SessionConfig {
            stream: StreamConfig {
                ssrc: CAMERA,
                payload_type: 99,
                first_sequence: 0xfff0,
                timestamp_offset: 5000,
                rtcp_interval: rtcp_interval(0.5),
                cname: Cname::new("camera").unwrap(),
            },
            mtu: Mtu::clamped(1200),
            max_bitrate_bps: MAX_BPS,
        };
        Self {
            start,
            ms: 0,
            session: Session::new(start, config, &keys(1), &keys(2)),
            opener: Unprotector::new(&keys(1), VIEWER),
            sealer: Protector::new(&keys(2), VIEWER),
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.start + Duration::from_millis(self.ms),
            ntp: NtpTime::from_unix(Duration::from_millis(1_790_000_000_000 + self.ms)),
            pts: Pts::from_millis(self.ms),
        }
    }

    fn raw(&mut self, input: Input<'_>) -> Vec<Output> {
        let at = self.moment();
        self.session.handle(at, input)
    }

    fn open(&mut self, outputs: Vec<Output>) -> Got {
        let mut got = Got::default();
        for output in outputs {
            match output {
                Output::Event(event) => got.events.push(event),
                Output::Send(mut bytes) if is_rtcp(&bytes) => {
                    got.control
                        .push(parse(self.opener.unprotect_rtcp(&mut bytes).unwrap()).unwrap());
                }
                Output::Send(mut bytes) => {
                    assert!(bytes.len() <= 1200);
                    let plain = self.opener.unprotect_rtp(&mut bytes).unwrap();
                    let (header, len) = Header::parse(plain).unwrap();
                    got.media.push((header, plain[len..].to_vec()));
                }
            }
        }
        got
    }

    fn send(&mut self, is_idr: bool, len: usize) -> Got {
        let slice = [&[if is_idr { 0x65 } else { 0x41 }][..], &vec![3; len]].concat();
        let unit = frame(self.ms, is_idr, &[&slice]);
        let outputs = self.raw(Input::Media(&unit));
        self.open(outputs)
    }

    fn tell(&mut self, packets: &[Packet]) -> Got {
        let mut bytes = Vec::new();
        Packet::ReceiverReport { ssrc: VIEWER, blocks: vec![] }.write(&mut bytes);
        packets.iter().for_each(|packet| packet.write(&mut bytes));
        self.sealer.protect_rtcp(&mut bytes).unwrap();
        let outputs = self.raw(Input::Received(&mut bytes));
        self.open(outputs)
    }

    fn tick(&mut self) -> Got {
        let outputs = self.raw(Input::Timeout);
        self.open(outputs)
    }
}

fn loss(fraction_lost: u8) -> Packet {
    heard(0, fraction_lost)
}

/// A report of what came, up to `sequence`.
fn heard(sequence: u16, fraction_lost: u8) -> Packet {
    let block = ReportBlock {
        ssrc: CAMERA,
        fraction_lost,
        cumulative_lost: 0,
        highest_sequence: 0x1_0000 + u32::from(sequence),
        jitter: 90,
        last_sr: 0,
        delay_since_last_sr: 0,
    };
    Packet::ReceiverReport { ssrc: VIEWER, blocks: vec![block] }
}

const PLI: Packet = Packet::Pli { sender: VIEWER, media: CAMERA };

#[test]
fn the_stream_begins_with_an_idr_and_a_true_report_and_goes_on_every_interval() {
    let mut pair = Pair::new();
    assert_eq!(pair.send(false, 10).events, [Event::KeyFrameWanted]);
    assert_eq!(pair.send(false, 10).events, [], "asked once");
    pair.ms = 40;
    let got = pair.send(true, 3000);
    let nals = depacketize(got.media.iter().map(|(_, payload)| &payload[..]));
    assert_eq!(nals.iter().map(|nal| nal[0]).collect::<Vec<_>>(), [0x67, 0x68, 0x65]);
    assert!(got.media.iter().all(|(header, _)| header.timestamp == 5000 + 40 * 90));
    let markers: Vec<_> = got.media.iter().map(|(header, _)| header.marker).collect();
    assert_eq!(markers, [false, false, false, true]);
    let octets: usize = got.media.iter().map(|(_, payload)| payload.len()).sum();
    for interval in 0..3 {
        let report = if interval == 0 {
            got.control[0].clone()
        } else {
            let due = pair.session.next_timeout().unwrap();
            assert_eq!(due, pair.moment().now + Duration::from_millis(500));
            pair.ms += 500;
            pair.tick().control.remove(0)
        };
        let Packet::SenderReport { ssrc: CAMERA, sent, .. } = &report[0] else {
            panic!("{report:?}")
        };
        assert_eq!(sent.ntp, pair.moment().ntp);
        assert_eq!(u64::from(sent.timestamp), 5000 + pair.ms * 90, "the same moment");
        assert_eq!((sent.packets, sent.octets as usize), (4, octets));
        assert!(
            matches!(&report[1], Packet::SourceDescription { cname, .. } if cname.as_str() == "camera")
        );
    }
    pair.ms += 500;
    let quiet = pair.tick().control.remove(0);
    assert!(matches!(quiet[0], Packet::ReceiverReport { ssrc: CAMERA, .. }), "nothing sent lately");
}

#[test]
fn lost_pictures_are_asked_for_once_a_round_trip() {
    let mut pair = Pair::new();
    drop(pair.send(true, 10));
    let fir = |sequence| Packet::Fir {
        sender: VIEWER,
        entries: vec![FirEntry { ssrc: CAMERA, sequence }],
    };
    pair.ms = 99;
    assert_eq!(pair.tell(&[PLI]).events, [Event::Alive], "the IDR is still on its way");
    assert_eq!(pair.tell(&[fir(1)]).events, []);
    pair.ms = 100;
    assert_eq!(pair.tell(&[PLI, PLI]).events, [Event::KeyFrameWanted]);
    let other = Packet::Pli { sender: VIEWER, media: 5 };
    assert_eq!(pair.tell(&[other]).events, []);
    assert_eq!(pair.tell(&[fir(1)]).events, [Event::KeyFrameWanted]);
    assert_eq!(pair.tell(&[fir(1)]).events, [], "a repeat");
    assert_eq!(pair.tell(&[fir(2)]).events, [Event::KeyFrameWanted]);
}

#[test]
fn a_report_tells_whether_a_request_has_seen_the_last_idr() {
    let mut pair = Pair::new();
    let end = pair.send(true, 10).media.last().unwrap().0.sequence;
    let delta = pair.send(false, 10).media.last().unwrap().0.sequence;
    pair.ms += 10;
    assert_eq!(pair.tell(&[heard(end - 1, 0), PLI]).events, [Event::Alive], "it is on its way");
    assert_eq!(pair.tell(&[heard(delta, 0), PLI]).events, [Event::KeyFrameWanted]);
    pair.ms += 400;
    assert_eq!(pair.tell(&[heard(end - 1, 0), PLI]).events, [], "a long way");
}

#[test]
fn much_loss_after_the_last_idr_is_a_request() {
    let mut pair = Pair::new();
    let mut sent = pair.send(true, 10).media.last().unwrap().0.sequence;
    let steps = [
        (26, vec![Event::Alive], "it may be what was lost before"),
        (12, vec![], "little: the request will arrive"),
        (26, vec![Event::KeyFrameWanted], "all of it is after the IDR"),
    ];
    for (lost, events, why) in steps {
        pair.ms += 500;
        assert_eq!(pair.tell(&[heard(sent, lost)]).events, events, "{why}");
        sent = pair.send(false, 10).media.last().unwrap().0.sequence;
    }
    let answer = frame(pair.ms, true, &[&[0x65, 3]]);
    drop(pair.raw(Input::Media(&answer))); // with copies
    assert_eq!(pair.tell(&[heard(sent, 26)]).events, [], "another is on its way");
    pair.ms += 600;
    let events = pair.tell(&[heard(sent, 26)]).events;
    assert!(!events.contains(&Event::KeyFrameWanted), "nothing is known of after it: {events:?}");
}

#[test]
fn a_limit_is_followed_and_answered_at_once() {
    let mut pair = Pair::new();
    drop(pair.send(true, 2000));
    let asked = Bandwidth::new(CAMERA, 400_000, 40);
    let trade = TradeOff { ssrc: CAMERA, sequence: 3, index: 20 };
    let before = Bandwidth::new(CAMERA, 600_000, 40);
    let got = pair.tell(&[
        Packet::Tmmbr { sender: VIEWER, entries: vec![before] },
        Packet::Tmmbr { sender: VIEWER, entries: vec![asked] },
        Packet::Tstr { sender: VIEWER, entries: vec![trade] },
    ]);
    let [Event::Alive, Event::Bitrate(_), Event::Bitrate(bps)] = got.events[..] else {
        panic!("{:?}", got.events)
    };
    assert!((370_000..400_000).contains(&bps), "{bps}: less the headers");
    let answers = &got.control[0][2..];
    assert_eq!(answers.len(), 2, "one of a kind, to the last that was asked");
    let told = Bandwidth::new(VIEWER, 400_000, 40);
    assert_eq!(answers[0], Packet::Tmmbn { sender: CAMERA, entries: vec![told] });
    let told = TradeOff { ssrc: VIEWER, ..trade };
    assert_eq!(answers[1], Packet::Tstn { sender: CAMERA, entries: vec![told] });
}

#[test]
fn persistent_loss_lowers_the_rate() {
    let mut pair = Pair::new();
    drop(pair.send(true, 10));
    drop(pair.tell(&[]));
    let mut rates = Vec::new();
    for _ in 0..40 {
        pair.ms += 500;
        rates.extend(pair.tell(&[loss(60)]).events);
    }
    assert!(rates.len() > 3 && matches!(rates[0], Event::Bitrate(bps) if bps < MAX_BPS));
    assert_eq!(pair.session.stats().fraction_lost, 60);
    assert_eq!(
        pair.session.reconfigure(Change { max_bitrate_bps: Some(132_000), ..Change::default() }),
        132_000
    );
}

#[test]
fn an_idr_is_sent_again_where_packets_are_lost_and_the_viewer_drops_what_it_has() {
    let mut pair = Pair::new();
    drop(pair.send(true, 10_000));
    drop(pair.tell(&[loss(51)]));
    pair.ms += 500;
    let idr = [&[0x65][..], &[3; 10_000]].concat();
    let sent = pair.raw(Input::Media(&frame(500, true, &[&idr])));
    let copies = sent.len();
    let (mut opened, mut replayed) = (0, 0);
    for output in sent {
        let Output::Send(mut bytes) = output else { panic!("{output:?}") };
        match pair.opener.unprotect_rtp(&mut bytes) {
            Ok(_) => opened += 1,
            Err(Rejected::Replayed) => replayed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((opened * 3, replayed), (copies, opened * 2));
    assert_eq!(pair.session.stats().repeated, replayed as u64);
    assert_eq!(pair.session.stats().packets, 2 * opened as u64, "copies are not counted");
    let limit = Bandwidth::new(CAMERA, 400_000, 40);
    drop(pair.tell(&[Packet::Tmmbr { sender: VIEWER, entries: vec![limit] }]));
    drop(pair.tell(&[loss(51)]));
    pair.ms += 33;
    drop(pair.send(true, 10_000)); // opens each packet, and would stumble over a copy
    pair.ms += 33;
    let delta = pair.send(false, 10_000);
    assert_eq!(delta.media.len(), opened - 1, "and no parameter sets");
}

#[test]
fn another_mtu_is_kept_from_the_next_picture_on() {
    let mut pair = Pair::new();
    drop(pair.send(true, 3_000));
    let mtu = Some(Mtu::clamped(600));
    pair.session.reconfigure(Change { mtu, ..Change::default() });
    pair.ms += 33;
    let packets = pair.send(false, 3_000).media;
    assert!(packets.len() >= 5 && packets.iter().all(|(_, payload)| payload.len() < 600));
}

#[test]
fn whoever_is_heard_elsewhere_is_not_silent() {
    let mut pair = Pair::new();
    pair.ms = 30_000;
    assert_eq!(pair.tick().events, [Event::Silent]);
    pair.session.expect_until(pair.moment().now + Duration::from_secs(5));
    pair.ms = 34_999;
    assert_eq!(pair.tick().events, []);
    pair.ms = 35_000;
    assert_eq!(pair.tick().events, [Event::Silent]);
}

#[test]
fn a_round_trip_of_seconds_hides_no_wish() {
    let mut pair = Pair::new();
    drop(pair.send(true, 10));
    let Packet::ReceiverReport { ssrc, mut blocks } = loss(0) else { unreachable!() };
    blocks[0].last_sr = pair.moment().ntp.middle();
    pair.ms += 5_000;
    drop(pair.tell(&[Packet::ReceiverReport { ssrc, blocks }]));
    drop(pair.send(true, 10));
    let pli = [Packet::Pli { sender: VIEWER, media: CAMERA }];
    pair.ms += 499;
    assert_eq!(pair.tell(&pli).events, []);
    pair.ms += 1;
    assert_eq!(pair.tell(&pli).events, [Event::KeyFrameWanted]);
}

#[test]
fn the_round_trip_is_told_by_reports() {
    let mut pair = Pair::new();
    drop(pair.send(true, 10));
    let Packet::ReceiverReport { ssrc, mut blocks } = loss(0) else { unreachable!() };
    blocks[0].last_sr = pair.moment().ntp.middle();
    blocks[0].delay_since_last_sr = 65_536 / 4;
    pair.ms += 330;
    drop(pair.tell(&[Packet::ReceiverReport { ssrc, blocks }]));
    let found = pair.session.stats().round_trip.unwrap();
    assert!(found.abs_diff(Duration::from_millis(80)) < Duration::from_millis(1), "{found:?}");
}

#[test]
fn a_silent_viewer_is_told_and_forged_datagrams_are_no_life() {
    let mut pair = Pair::new();
    pair.ms = 29_999;
    assert_eq!(pair.tick().events, []);
    let forged = pair.raw(Input::Received(&mut [0x80, 201, 0, 1, 0, 0, 0, 1, 9, 9]));
    assert_eq!(forged, []);
    assert_eq!(pair.session.stats().rejected, 1);
    pair.ms = 30_000;
    assert_eq!(pair.tick().events, [Event::Silent]);
    assert_eq!(pair.tell(&[]).events, [Event::Alive]);
    assert_eq!(pair.session.next_timeout(), Some(pair.moment().now + LIVENESS));
    assert_eq!(pair.tell(&[Packet::Bye(vec![VIEWER])]).events, [Event::Goodbye]);
}

#[test]
fn the_end_is_said_once_and_nothing_follows() {
    let mut pair = Pair::new();
    drop(pair.send(true, 10));
    let outputs = pair.raw(Input::Close);
    assert_eq!(pair.open(outputs).control[0][2], Packet::Bye(vec![CAMERA]));
    assert_eq!(pair.session.next_timeout(), None);
    assert_eq!(pair.raw(Input::Close), []);
    assert!(pair.send(true, 10).media.is_empty());
}

#[test]
fn the_stream_survives_roll_over_with_loss() {
    let mut pair = Pair::new();
    let (mut opened, mut last) = (0u32, None::<u16>);
    let mut rollovers = 0;
    for count in 0..3_000u32 {
        pair.ms += 33;
        let slice = [&[0x65][..], &vec![3; 40_000]].concat();
        let unit = frame(pair.ms, true, &[&slice]);
        let outputs = pair.raw(Input::Media(&unit));
        // A burst of one picture in eleven, and every fifth packet beside.
        let kept = outputs.into_iter().enumerate().filter(|(at, _)| count % 11 != 5 && at % 5 != 2);
        let got = pair.open(kept.map(|(_, output)| output).collect());
        for (header, _) in got.media {
            rollovers += u32::from(last.is_some_and(|last| header.sequence < last));
            last = Some(header.sequence);
            opened += 1;
        }
    }
    let sent = pair.session.stats().packets;
    assert!(sent > 100_000, "{sent}");
    assert_eq!(u64::from(rollovers), (0x7ff0 + sent - 1) >> 16);
    assert!(u64::from(opened) > sent * 6 / 10 && pair.session.stats().rejected == 0);
}

#[test]
fn intervals_that_are_no_time_become_the_default() {
    for (seconds, ms) in
        [(0.0, 500), (f32::NAN, 500), (-1.0, 500), (f32::INFINITY, 500), (5.0, 5000), (1e9, 10_000)]
    {
        assert_eq!(rtcp_interval(seconds), Duration::from_millis(ms), "{seconds}");
    }
}

proptest! {
    #[test]
    fn any_authentic_control_bytes_are_taken_or_dropped(
        body in prop::collection::vec(any::<u8>(), 0..200),
        kind in 200..207u8,
        format in 0..32u8,
    ) {
        let mut pair = Pair::new();
        drop(pair.send(true, 10));
        pair.ms = 1000;
        let words = u8::try_from(body.len() / 4 + 1).unwrap();
        let mut bytes = [&[0x80 | format, kind, 0, words][..], &VIEWER.to_be_bytes(), &body].concat();
        pair.sealer.protect_rtcp(&mut bytes).unwrap();
        let outputs = pair.raw(Input::Received(&mut bytes));
        assert!(outputs.len() <= 40);
        assert!(outputs.contains(&Output::Event(Event::Alive)));
    }
}
