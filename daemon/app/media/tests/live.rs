// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stories of live view: several encodes beside the recording's.

mod support;

use std::time::{Duration, Instant};

use frame::{EncodedFrame, Size};
use media::{EncodeError, LiveEncode};
use privacy::OperatingMode;
use support::rig::{Came, PATIENCE, Rig, live, mode, recorded, threads};
use support::{ffmpeg, sps};

const SIZE: Size = Size::new(640, 360);
const SMALL: Size = Size::new(320, 180);
const FRAME_TIME_30: Duration = Duration::from_nanos(1_000_000_000 / 30);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn gone(name: &str) -> bool {
    let end = Instant::now() + PATIENCE;
    while threads().contains(name) {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(ms(5));
    }
    true
}

/// The smallest times between pictures: losses on a busy machine only widen them.
fn usual_gap(frames: &[&EncodedFrame]) -> Duration {
    let mut gaps: Vec<_> = frames.windows(2).map(|pair| pair[1].pts - pair[0].pts).collect();
    gaps.sort();
    gaps[gaps.len() / 3]
}

#[test]
fn two_viewers_and_a_recording_get_what_they_asked_for() {
    let rig = Rig::new("test-pattern", SIZE);
    rig.record(SIZE, ms(4000));
    let four_by_three = Size::new(320, 240);
    rig.video
        .live(vec![rig.encode(11, SMALL, 30, 200_000), rig.encode(12, four_by_three, 15, 150_000)]);
    let came = rig.watch(ms(2500));
    let streams = [
        ("recording", recorded(&came), SIZE, FRAME_TIME_30),
        ("first viewer", live(&came, 11), SMALL, FRAME_TIME_30),
        ("second viewer", live(&came, 12), four_by_three, FRAME_TIME_30 * 2),
    ];
    for (name, frames, size, frame_time) in &streams {
        assert!(frames.len() > 10, "{name}: {} pictures in 2.5 s", frames.len());
        assert!(frames[0].is_idr, "{name}");
        assert_eq!(sps::size(frames[0].config.sps()), *size, "{name}");
        let gap = usual_gap(frames);
        assert!(gap.abs_diff(*frame_time) < ms(1), "{name}: {gap:?} between pictures");
        assert!(frames.windows(2).all(|pair| pair[1].pts - pair[0].pts + ms(1) > *frame_time));
        let idrs = frames.iter().filter(|frame| frame.is_idr).count();
        assert_eq!(idrs, 1, "{name}: IDRs in less than 4 s");
    }
    let stats = rig.video.stats();
    let lives = streams[1].1.len() + streams[2].1.len();
    assert!(stats.live_encoded >= lives as u64 && stats.live_encoded <= lives as u64 + 2);
    assert_eq!((stats.live_idrs, stats.live_failed), (2, 0));
}

#[test]
fn an_idr_comes_within_a_picture_of_the_request() {
    let rig = Rig::new("test-pattern", SIZE);
    rig.video.live(vec![rig.encode(21, SMALL, 30, 200_000)]);
    let first = rig.next_live(21).1;
    assert!(first.is_idr);
    let mut waits = Vec::new();
    for round in 0..7 {
        for _ in 0..4 + round {
            assert!(!rig.next_live(21).1.is_idr, "nobody asked for it");
        }
        let (asked, asked_pts) = (Instant::now(), media::monotonic());
        rig.video.request_live_idr(media::EncodeId(21));
        rig.video.request_live_idr(media::EncodeId(21)); // of another viewer
        let (came, idr) = std::iter::repeat_with(|| rig.next_live(21))
            .take(8)
            .find(|(_, frame)| frame.is_idr)
            .expect("an IDR comes soon");
        let late = idr.pts - frame::Pts::from_monotonic(asked_pts);
        assert!(late <= ms(100), "the picture was taken {late:?} after the request");
        waits.push(came.saturating_duration_since(asked));
    }
    waits.sort();
    assert!(waits[3] <= ms(100), "from request to IDR: {waits:?}");
}

#[test]
fn another_bit_rate_needs_no_new_encoder() {
    let path = support::moving_pictures("live-bit-rate", SMALL, 90);
    let rig = Rig::new(&format!("file:{}", path.display()), SMALL);
    let encode = |bitrate_bps| rig.encode(31, SMALL, 30, bitrate_bps);
    rig.video.live(vec![encode(800_000)]);
    assert!(rig.next_live(31).1.is_idr);
    rig.watch(ms(700)); // all this takes less than the 4 s to the next IDR
    let rate = |frames: Vec<&EncodedFrame>| {
        assert!(frames.iter().all(|frame| !frame.is_idr), "a new encoder, or one too many");
        let time = frames[frames.len() - 1].pts - frames[0].pts;
        let bytes: usize = frames[1..].iter().map(|frame| frame.data.len()).sum();
        bytes as f64 * 8.0 / time.as_secs_f64()
    };
    let rich = rate(live(&rig.watch(ms(1000)), 31));
    rig.video.live(vec![encode(200_000)]);
    rate(live(&rig.watch(ms(1000)), 31));
    let poor = rate(live(&rig.watch(ms(900)), 31));
    assert!((400_000.0..1_200_000.0).contains(&rich), "{rich} bit/s at 800000");
    assert!((100_000.0..300_000.0).contains(&poor), "{poor} bit/s at 200000, after {rich}");
    std::fs::remove_file(path).expect("it was there");
}

#[test]
fn another_size_is_another_encoder_and_begins_with_an_idr() {
    let rig = Rig::new("test-pattern", SIZE);
    rig.video.live(vec![rig.encode(41, SMALL, 30, 200_000)]);
    rig.next_live(41);
    let size = Size::new(480, 270);
    rig.video.live(vec![rig.encode(41, size, 15, 200_000)]);
    let frame = std::iter::repeat_with(|| rig.next_live(41).1)
        .find(|frame| frame.config.size() == size)
        .expect("it never ends");
    assert!(frame.is_idr);
    assert_eq!(sps::size(frame.config.sps()), size);
}

#[test]
fn a_viewer_who_joins_gets_an_idr_and_the_others_go_on() {
    let mut rig = Rig::new("test-pattern", SIZE);
    let alone = rig.encode(51, SMALL, 30, 200_000);
    let shared = LiveEncode { permits: vec![rig.permit(0), rig.permit(1)], ..alone.clone() };
    rig.video.live(vec![alone.clone()]);
    let first = rig.next_live(51).1;
    rig.video.live(vec![alone]);
    assert!((0..5).all(|_| !rig.next_live(51).1.is_idr), "nothing changed");
    rig.video.live(vec![shared.clone()]);
    let joined = (0..4).map(|_| rig.next_live(51).1).find(|frame| frame.is_idr);
    assert_eq!(joined.expect("an IDR for who joined").config, first.config);

    // one viewer's service is shut off: the other sees on
    let mut rtp_active = mode().rtp_active;
    rtp_active[0] = false;
    rig.gate.set(OperatingMode { rtp_active, ..mode() });
    rig.video.wake();
    rig.watch(ms(100));
    assert!((0..10).all(|_| !rig.next_live(51).1.is_idr), "the encode goes on undisturbed");

    rtp_active[1] = false;
    rig.gate.set(OperatingMode { rtp_active, ..mode() });
    rig.video.wake();
    assert!(gone("live-51"), "nobody may look any more");
    assert!(rig.is_silent_soon());

    // an old permit never revives, a new one does
    rig.gate.set(mode());
    rig.video.live(vec![shared]);
    assert!(rig.is_silent_soon());
    rig.video.live(vec![rig.encode(51, SMALL, 30, 200_000)]);
    assert!(rig.next_live(51).1.is_idr);
}

#[test]
fn no_picture_comes_after_the_permit_was_taken_back() {
    let mut rig = Rig::new("test-pattern", SIZE);
    rig.video.live(vec![rig.encode(61, SMALL, 30, 200_000), rig.encode(62, SIZE, 30, 300_000)]);
    rig.next_live(61);
    rig.next_live(62);
    rig.gate.set(OperatingMode { manually_disabled: true, ..mode() });
    let (ended, ended_pts) = (Instant::now(), frame::Pts::from_monotonic(media::monotonic()));
    // without a wake: a gate that is lost cannot call
    assert!(gone("live-61") && gone("live-62"));
    assert!(ended.elapsed() < Duration::from_secs(5));
    for came in rig.watch(ms(200)) {
        if let Came::Live(_, frame) = came {
            assert!(frame.pts <= ended_pts, "a picture taken after it");
        }
    }
}

#[test]
fn the_recording_keeps_its_cadence_whatever_viewers_ask_for() {
    let rig = Rig::new("test-pattern", SIZE);
    rig.record(SMALL, ms(800));
    rig.video.live(vec![rig.encode(71, SMALL, 30, 200_000)]);
    rig.next_live(71);
    let mut came = Vec::new();
    for _ in 0..10 {
        rig.video.request_live_idr(media::EncodeId(71));
        came.extend(rig.watch(ms(300)));
    }
    let idrs: Vec<_> = recorded(&came).iter().filter(|f| f.is_idr).map(|f| f.pts).collect();
    assert!(idrs.len() >= 3, "{} IDRs in 3 s", idrs.len());
    for pair in idrs.windows(2) {
        assert!((pair[1] - pair[0]).abs_diff(ms(800)) < ms(2), "{:?}", pair[1] - pair[0]);
    }
    let wished = live(&came, 71).iter().filter(|frame| frame.is_idr).count();
    assert!((9..=10).contains(&wished), "{wished} IDRs for ten wishes");
}

#[test]
fn threads_are_there_only_while_viewers_are() {
    let rig = Rig::new("test-pattern", SIZE);
    rig.video.live(vec![rig.encode(81, SMALL, 30, 200_000), rig.encode(82, SIZE, 15, 300_000)]);
    rig.next_live(81);
    rig.next_live(82);
    assert!(threads().contains("live-81") && threads().contains("live-82"));
    rig.video.live(vec![rig.encode(82, SIZE, 15, 300_000)]);
    assert!(gone("live-81"));
    assert!((0..5).all(|_| !rig.next_live(82).1.is_idr), "the other goes on");
    rig.video.live(Vec::new());
    assert!(gone("live-82"));
    assert!(rig.is_silent_soon());

    rig.video.live(vec![rig.encode(83, SMALL, 30, 200_000)]);
    rig.next_live(83);
    drop(rig);
    assert!(!threads().contains("live-83"), "the end of all waits for them");
}

#[test]
fn an_encoder_that_fails_harms_no_other() {
    let rig = Rig::new("test-pattern", SIZE);
    rig.record(SMALL, ms(4000));
    let odd = Size::new(321, 181);
    rig.video.live(vec![rig.encode(91, odd, 30, 200_000), rig.encode(92, SMALL, 30, 200_000)]);
    let came = rig.watch(ms(2500)); // long enough for a second try
    let failures: Vec<_> = came
        .iter()
        .filter_map(|came| match came {
            Came::Failed(of, reason) => Some((of, reason)),
            _ => None,
        })
        .collect();
    assert_eq!(failures.len(), 1, "told once: {failures:?}");
    assert_eq!(*failures[0].0, Some(media::EncodeId(91)));
    assert!(matches!(failures[0].1, EncodeError::Unsupported(_)));
    assert!(live(&came, 91).is_empty());
    for (name, frames) in [("recording", recorded(&came)), ("viewer", live(&came, 92))] {
        assert!(frames.len() > 10, "{name}: {} pictures", frames.len());
        assert_eq!(frames.iter().filter(|frame| frame.is_idr).count(), 1, "{name} began anew");
    }
    // another wish does not wait for the end of the pause
    rig.video.live(vec![rig.encode(91, SMALL, 30, 200_000)]);
    let asked = Instant::now();
    assert!(rig.next_live(91).1.is_idr);
    assert!(asked.elapsed() < ms(1000), "after {:?}", asked.elapsed());
}

#[test]
fn ffmpeg_decodes_every_size_without_a_message() {
    let rig = Rig::new("test-pattern", Size::new(1920, 1080));
    let sizes = [
        (1920, 1080),
        (1280, 960),
        (1280, 720),
        (1024, 768),
        (640, 480),
        (640, 360),
        (480, 360),
        (480, 270),
        (320, 240),
        (320, 180),
    ];
    for (id, (width, height)) in (100..).zip(sizes) {
        let size = Size::new(width, height);
        rig.video.live(vec![rig.encode(id, size, 30, 1_000_000)]);
        let frames: Vec<_> = (0..10).map(|_| rig.next_live(id).1).collect();
        assert_eq!(sps::size(frames[0].config.sps()), size);
        let arguments = [
            "-v", "warning", "-f", "h264", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-",
        ];
        let stream = ffmpeg::annex_b(&frames);
        let Some((raw, messages)) = ffmpeg::run("ffmpeg", &arguments, &stream) else { return };
        assert_eq!(messages, "", "{size:?}");
        assert_eq!(raw.len(), 10 * size.i420_len(), "{size:?}");
    }
}
