// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ring by time and bytes, and what makes it start anew.

use frame::{AudioCodec, Size};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn config(level: u8) -> Arc<AvcConfig> {
    let (sps, pps) = (vec![0x67, 77, 0, level], vec![0x68, 0xee]);
    Arc::new(AvcConfig::new(sps, pps, Size::new(640, 360)).unwrap())
}

fn frame(ms: u64, is_idr: bool, config: &Arc<AvcConfig>) -> EncodedFrame {
    let (pts, config) = (Pts::from_millis(ms), Arc::clone(config));
    EncodedFrame { pts, is_idr, data: vec![0; 100].into(), config }
}

fn packet(ms: u64, bitrate_bps: u32) -> AudioPacket {
    let config = AudioConfig {
        codec: AudioCodec::AacLc,
        sample_rate_hz: 32_000,
        channels: 1,
        bitrate_bps,
        specific_config: vec![0x12, 0x88],
    };
    let (pts, config) = (Pts::from_millis(ms), Arc::new(config));
    AudioPacket { pts, samples: 1024, data: vec![0; 10].into(), config }
}

/// Frames every 500 ms from `from_s` up to and with the IDR at `to_s`, an IDR every second.
fn fill(prebuffer: &mut Prebuffer, from_s: u64, to_s: u64) {
    let config = config(40);
    for half in from_s * 2..=to_s * 2 {
        let pushed = prebuffer.push_video(frame(half * 500, half % 2 == 0, &config));
        assert!(!matches!(pushed, Pushed::Restarted(_)));
    }
}

fn numbers(prebuffer: &Prebuffer) -> Vec<u64> {
    prebuffer.ring.iter().map(|gop| gop.number).collect()
}

fn prebuffer(keep_s: u32, max_bytes: usize) -> Prebuffer {
    Prebuffer::new(Limits { keep: SECOND * keep_s, max_bytes })
}

#[test]
fn a_gop_is_whole_when_the_next_idr_arrives() {
    let (mut prebuffer, config) = (prebuffer(4, 1 << 20), config(40));
    assert!(matches!(prebuffer.push_video(frame(10, false, &config)), Pushed::Taken));
    assert_eq!((prebuffer.bytes(), prebuffer.config()), (0, None), "no IDR yet");
    assert!(matches!(prebuffer.push_video(frame(50, true, &config)), Pushed::Taken));
    assert_eq!(prebuffer.config(), Some(&config));
    assert!(matches!(prebuffer.push_video(frame(90, false, &config)), Pushed::Taken));
    assert!(matches!(prebuffer.find(0), Lookup::NotYet));
    let Pushed::Closed(gop) = prebuffer.push_video(frame(1_050, true, &config)) else { panic!() };
    assert_eq!((gop.number, gop.frames.len(), gop.end), (0, 2, Pts::from_millis(1_050)));
    assert_eq!((gop.duration(), gop.bytes()), (SECOND, 200));
    assert!(matches!(prebuffer.find(0), Lookup::Found(_)));
    assert_eq!(prebuffer.bytes(), 300);
}

#[test]
fn the_ring_holds_as_few_gops_as_cover_the_time() {
    let mut prebuffer = prebuffer(4, 1 << 20);
    fill(&mut prebuffer, 0, 20);
    assert_eq!(numbers(&prebuffer), [16, 17, 18, 19]);
    assert_eq!(prebuffer.duration(), SECOND * 4);
    assert_eq!(prebuffer.bytes(), 4 * 200 + 100);
    assert!(matches!(prebuffer.find(15), Lookup::Gone));
    assert!(matches!(prebuffer.find(20), Lookup::NotYet));
    assert!(prebuffer.is_newest(19) && !prebuffer.is_newest(18));
}

#[test]
fn the_newest_gops_that_cover_a_length_are_found() {
    let mut prebuffer = prebuffer(8, 1 << 20);
    assert_eq!(prebuffer.first_covering(SECOND), 0, "without any the next one");
    fill(&mut prebuffer, 0, 20);
    let ms = Duration::from_millis;
    for (length, first) in [
        (ms(0), 20),
        (ms(1), 19),
        (ms(1_000), 19),
        (ms(1_001), 18),
        (ms(4_000), 16),
        (ms(9_000), 12),
    ] {
        assert_eq!(prebuffer.first_covering(length), first, "{length:?}");
    }
}

#[test]
fn the_byte_bound_goes_before_the_time() {
    let mut prebuffer = prebuffer(8, 750);
    fill(&mut prebuffer, 0, 20);
    assert_eq!(numbers(&prebuffer), [17, 18, 19]);
    assert!(prebuffer.bytes() <= 750 && prebuffer.is_cut_short);
}

#[test]
fn video_without_an_idr_is_not_hoarded() {
    let (mut prebuffer, config) = (prebuffer(8, 1_000), config(40));
    prebuffer.push_video(frame(0, true, &config));
    for ms in 1..500 {
        prebuffer.push_video(frame(ms, false, &config));
        assert!(prebuffer.bytes() <= 1_000);
    }
    assert!(prebuffer.config().is_none(), "waits for an IDR");
    assert!(matches!(prebuffer.find(0), Lookup::Gone));
}

#[test]
fn other_parameters_or_another_clock_drop_what_is_held() {
    let table = [
        ("parameters", frame(20_500, true, &config(41)), Restart::Parameters),
        ("clock", frame(20_000, true, &config(40)), Restart::Clock),
        ("clock, far back", frame(3, true, &config(40)), Restart::Clock),
    ];
    for (name, frame, expected) in table {
        let mut prebuffer = prebuffer(4, 1 << 20);
        fill(&mut prebuffer, 0, 20);
        let config = Arc::clone(&frame.config);
        let pushed = prebuffer.push_video(frame);
        assert!(matches!(pushed, Pushed::Restarted(restart) if restart == expected), "{name}");
        assert_eq!((numbers(&prebuffer), prebuffer.bytes()), (vec![], 100), "{name}");
        assert_eq!(prebuffer.config(), Some(&config), "{name}");
        for number in 16..=20 {
            assert!(matches!(prebuffer.find(number), Lookup::Gone), "{name}, {number}");
        }
    }
}

#[test]
fn the_same_parameters_in_another_allocation_are_no_change() {
    let mut prebuffer = prebuffer(4, 1 << 20);
    fill(&mut prebuffer, 0, 4);
    assert!(matches!(prebuffer.push_video(frame(4_500, false, &config(40))), Pushed::Taken));
}

#[test]
fn cleared_means_gone_and_numbers_go_on() {
    let mut prebuffer = prebuffer(4, 1 << 20);
    fill(&mut prebuffer, 0, 4);
    prebuffer.push_audio(packet(3_900, 1));
    prebuffer.clear();
    assert_eq!((prebuffer.bytes(), prebuffer.config().is_none()), (0, true));
    assert!(matches!(prebuffer.find(4), Lookup::Gone), "the one that was being filled");
    fill(&mut prebuffer, 10, 11);
    assert_eq!(numbers(&prebuffer), [5]);
}

#[test]
fn sound_goes_with_its_time_and_late_sound_with_the_next() {
    let (mut prebuffer, config) = (prebuffer(8, 1 << 20), config(40));
    let push = |prebuffer: &mut Prebuffer, ms| prebuffer.push_audio(packet(ms, 64_000));
    for ms in [700, 900] {
        push(&mut prebuffer, ms); // Before the first picture.
    }
    prebuffer.push_video(frame(1_000, true, &config));
    for ms in [1_000, 1_500, 2_010] {
        push(&mut prebuffer, ms);
    }
    let times = |gop: &Gop| -> Vec<u64> {
        gop.audio.iter().map(|packet| packet.pts.ticks_90k() / 90).collect()
    };
    let Pushed::Closed(gop) = prebuffer.push_video(frame(2_000, true, &config)) else { panic!() };
    assert_eq!((times(&gop), gop.audio_end), (vec![1_000, 1_500], Some(Pts::from_millis(2_010))));
    push(&mut prebuffer, 2_005); // Earlier than one before it: of no use.
    push(&mut prebuffer, 2_500);
    let Pushed::Closed(gop) = prebuffer.push_video(frame(3_000, true, &config)) else { panic!() };
    assert_eq!((times(&gop), gop.audio_end), (vec![2_010, 2_500], None));
    push(&mut prebuffer, 2_900); // Late.
    push(&mut prebuffer, 3_100);
    let Pushed::Closed(gop) = prebuffer.push_video(frame(4_000, true, &config)) else { panic!() };
    assert_eq!(times(&gop), [2_900, 3_100]);
    assert_eq!(prebuffer.bytes(), 4 * 100 + 6 * 10);
}

#[test]
fn sound_of_another_kind_or_time_drops_what_is_held() {
    for (name, packet) in [("bit rate", packet(20_500, 2)), ("time", packet(2, 1))] {
        let mut prebuffer = prebuffer(4, 1 << 20);
        fill(&mut prebuffer, 0, 20);
        prebuffer.push_audio(self::packet(20_100, 1));
        prebuffer.push_audio(packet);
        assert_eq!((numbers(&prebuffer), prebuffer.bytes()), (vec![], 100 + 10), "{name}");
    }
}

#[test]
fn sound_without_pictures_is_not_hoarded() {
    let mut prebuffer = prebuffer(4, 1 << 20);
    for ms in 0..5_000 {
        prebuffer.push_audio(packet(ms * 32, 1));
    }
    assert_eq!(prebuffer.bytes(), MAX_WAITING_PACKETS * 10);
}

#[test]
fn sound_is_forgotten_without_the_video() {
    let mut prebuffer = prebuffer(8, 1 << 20);
    let config = config(40);
    for ms in (0..=4_000).step_by(500) {
        prebuffer.push_video(frame(ms, ms % 1_000 == 0, &config));
        prebuffer.push_audio(packet(ms + 100, 64_000));
    }
    let before = numbers(&prebuffer);
    prebuffer.forget_sound();
    assert_eq!(numbers(&prebuffer), before, "video stays");
    assert!(prebuffer.ring.iter().all(|gop| gop.audio.is_empty() && gop.audio_end.is_none()));
    assert_eq!(prebuffer.audio_config(), None);
    assert_eq!(prebuffer.bytes(), 900, "nine frames and no packet");
    prebuffer.push_audio(packet(4_200, 64_000));
    prebuffer.push_video(frame(5_000, true, &config));
    let Lookup::Found(gop) = prebuffer.find(4) else { panic!("the newest GOP is there") };
    assert_eq!(gop.audio.len(), 1, "only what came afterwards");
}
