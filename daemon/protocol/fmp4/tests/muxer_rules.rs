// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a muxer promises about time and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use fmp4::{Error, Gop, Muxer, probe};
use frame::{AudioCodec, AudioConfig, AudioPacket, AvcConfig, EncodedFrame, Pts, Size};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};

const RATE_HZ: u32 = 32_000;

fn video() -> Arc<AvcConfig> {
    let sps = vec![0x67, 0x42, 0xc0, 0x1f];
    Arc::new(AvcConfig::new(sps, vec![0x68, 0xce], Size::new(640, 360)).unwrap())
}

fn audio() -> Arc<AudioConfig> {
    Arc::new(AudioConfig {
        codec: AudioCodec::AacLc,
        sample_rate_hz: RATE_HZ,
        channels: 1,
        bitrate_bps: 64_000,
        specific_config: vec![0x12, 0x88],
    })
}

fn at(ms: u64) -> Pts {
    Pts::from_millis(5_000 + ms)
}

fn frames(times: &[u64]) -> Vec<EncodedFrame> {
    let frame = |(index, &ms): (usize, &u64)| EncodedFrame {
        pts: at(ms),
        is_idr: index == 0,
        data: frame::Coded::from(&[0, 0, 0, 1, 0x65][..]),
        config: video(),
    };
    times.iter().enumerate().map(frame).collect()
}

fn packets(times: impl IntoIterator<Item = u64>) -> Vec<AudioPacket> {
    let packet = |ms: u64| AudioPacket {
        pts: at(ms),
        samples: 1024,
        data: frame::Coded::from(&[0x21, 0x10, 4][..]),
        config: audio(),
    };
    times.into_iter().map(packet).collect()
}

fn muxer() -> Muxer {
    Muxer::new(video(), Some(audio())).unwrap()
}

/// Muxes and gives both tracks' (decode time, durations).
type Times = (u64, Vec<u32>);
fn times(muxer: &mut Muxer, gop: &Gop<'_>) -> (Times, Option<Times>) {
    let init = muxer.init_segment();
    let init = probe::init_segment(&init).unwrap();
    let bytes = muxer.fragment(gop).unwrap();
    let fragment = probe::fragment(&init, &bytes).unwrap();
    let of = |run: probe::Run<'_>| {
        (run.decode_time, run.samples.iter().map(|sample| sample.duration).collect())
    };
    (of(fragment.video), fragment.audio.map(of))
}

#[test]
fn durations_are_the_distances_of_capture_times() {
    let frames = frames(&[0, 33, 133, 140]);
    let gop = Gop { frames: &frames, end: at(200), audio: &[], audio_end: None };
    let (video, audio) = times(&mut muxer(), &gop);
    assert_eq!(video, (0, vec![33 * 90, 100 * 90, 7 * 90, 60 * 90]));
    assert_eq!(audio, None);
}

#[test]
fn sound_begins_with_the_first_picture() {
    let frames = frames(&[100]);
    for (sound, expected) in [
        // packets before the picture are left out; the one over it is cut short
        (vec![20, 52, 84, 116, 148], vec![16 * 32, 1024, 1024]),
        (vec![92, 124], vec![24 * 32, 1024]),
        (vec![110, 142], vec![42 * 32, 1024]),
        (vec![100, 132], vec![1024, 1024]),
    ] {
        let audio = packets(sound.clone());
        let gop = Gop { frames: &frames, end: at(200), audio: &audio, audio_end: None };
        let (_, got) = times(&mut muxer(), &gop);
        // 84 lies before 100 by exactly half of its length and stays
        assert_eq!(got, Some((0, expected)), "{sound:?}");
    }
}

#[test]
fn a_gap_in_the_sound_is_absorbed_and_the_next_fragment_joins() {
    let mut muxer = muxer();
    let first = frames(&[0, 100]);
    let sound = packets([0, 32, 128, 160]);
    let gop = Gop { frames: &first, end: at(200), audio: &sound, audio_end: Some(at(224)) };
    let (_, audio) = times(&mut muxer, &gop);
    assert_eq!(audio, Some((0, vec![1024, 3 * 1024, 1024, 2 * 1024])));

    let second = frames(&[200]);
    let sound = packets([224, 256]);
    let gop = Gop { frames: &second, end: at(300), audio: &sound, audio_end: None };
    let (video, audio) = times(&mut muxer, &gop);
    assert_eq!(video, (200 * 90, vec![100 * 90]));
    assert_eq!(audio, Some((7 * 1024, vec![1024, 1024])));
}

#[test]
fn a_microphone_that_comes_late_begins_in_its_own_fragment() {
    let mut muxer = muxer();
    let first = frames(&[0]);
    let gop = Gop { frames: &first, end: at(4_000), audio: &[], audio_end: None };
    assert_eq!(times(&mut muxer, &gop).1, None);
    let second = frames(&[4_000]);
    let sound = packets([5_000, 5_032]);
    let gop = Gop { frames: &second, end: at(8_000), audio: &sound, audio_end: None };
    // the last packet, three seconds before the end, is known to have a gap behind it
    let rest = (8_000 - 5_032) * 32;
    assert_eq!(times(&mut muxer, &gop).1, Some((128_000, vec![1_032 * 32, rest])));
}

#[test]
fn lost_pictures_between_fragments_keep_the_last_place_and_stretch_the_idr() {
    let mut muxer = muxer();
    let first = frames(&[0]);
    times(&mut muxer, &Gop { frames: &first, end: at(40), audio: &[], audio_end: None });
    let second = frames(&[80, 120]);
    let gop = Gop { frames: &second, end: at(160), audio: &[], audio_end: None };
    assert_eq!(times(&mut muxer, &gop).0, (40 * 90, vec![80 * 90, 40 * 90]));
}

#[test]
fn what_cannot_be_a_fragment_is_refused_and_changes_nothing() {
    let mut muxer = muxer();
    let good = frames(&[0, 40]);
    let one = |frames: &[EncodedFrame], muxer: &mut Muxer, audio: &[AudioPacket]| {
        muxer.fragment(&Gop { frames, end: at(80), audio, audio_end: None }).map(|_| ())
    };
    assert_eq!(one(&[], &mut muxer, &[]), Err(Error::NotIdr));
    assert_eq!(one(&good[1..], &mut muxer, &[]), Err(Error::NotIdr));
    assert_eq!(one(&frames(&[0, 80]), &mut muxer, &[]), Err(Error::Backwards(at(80))));
    assert_eq!(one(&frames(&[0, 50, 40]), &mut muxer, &[]), Err(Error::Backwards(at(50))));
    assert_eq!(one(&good, &mut muxer, &packets([32, 0])), Err(Error::Backwards(at(32))));

    let mut other = frames(&[0, 40]);
    let sps = vec![0x67, 0x42, 0xc0, 0x20];
    let config = AvcConfig::new(sps, vec![0x68, 0xce], Size::new(640, 360)).unwrap();
    other[1].config = Arc::new(config);
    assert_eq!(one(&other, &mut muxer, &[]), Err(Error::ConfigChanged));
    let mut sound = packets([0]);
    sound[0].config = Arc::new(AudioConfig { channels: 2, ..(*audio()).clone() });
    assert_eq!(one(&good, &mut muxer, &sound), Err(Error::ConfigChanged));

    let mut huge = frames(&[0]);
    huge[0].data = vec![0; fmp4::MAX_FRAGMENT_BYTES + 1].into();
    let too_large = Error::TooLarge { bytes: fmp4::MAX_FRAGMENT_BYTES + 1, samples: 1 };
    assert_eq!(one(&huge, &mut muxer, &[]), Err(too_large));

    // still the first fragment, at zero
    let gop = Gop { frames: &good, end: at(80), audio: &[], audio_end: None };
    assert_eq!(times(&mut muxer, &gop).0, (0, vec![3_600, 3_600]));
    assert_eq!(muxer.fragment(&gop), Err(Error::Backwards(at(0))));
}

#[test]
fn sound_that_cannot_be_described_is_refused() {
    let good = (*audio()).clone();
    for bad in [
        AudioConfig { sample_rate_hz: 0, ..good.clone() },
        AudioConfig { sample_rate_hz: 96_000, ..good.clone() },
        AudioConfig { channels: 3, ..good.clone() },
        AudioConfig { specific_config: vec![], ..good.clone() },
        AudioConfig { specific_config: vec![0; 65], ..good.clone() },
    ] {
        assert_eq!(Muxer::new(video(), Some(Arc::new(bad))).unwrap_err(), Error::AudioConfig);
    }
}

#[test]
fn without_an_audio_track_packets_are_ignored() {
    let mut muxer = Muxer::new(video(), None).unwrap();
    let (frames, sound) = (frames(&[0]), packets([0]));
    let gop = Gop { frames: &frames, end: at(40), audio: &sound, audio_end: None };
    assert_eq!(times(&mut muxer, &gop).1, None);
}

/// Frame distances of one fragment in milliseconds, and the sound's lateness.
fn fragments() -> impl Strategy<Value = Vec<(Vec<u64>, Option<u64>)>> {
    let late = prop::option::of(0..300u64);
    prop::collection::vec((prop::collection::vec(1..200u64, 1..20), late), 1..6)
}

proptest! {
    /// Whatever comes, both tracks join without a gap, and pictures stand where they were captured.
    #[test]
    fn fragments_always_join(
        fragments in fragments(),
        offset in 0..100u64,
        drift in drift(),
        known in any::<bool>(),
    ) {
        let mut muxer = muxer();
        let init = probe::init_segment(&muxer.init_segment()).unwrap();
        let (mut now, mut sound_at) = (0, offset);
        let (mut video_next, mut audio_next) = (0, None);
        for (distances, late) in fragments {
            let start = now;
            let mut captured = Vec::new();
            for distance in distances {
                captured.push(now);
                now += distance;
            }
            let mut sound = Vec::new();
            while late.is_some_and(|late| sound_at + late < now) {
                sound.push(sound_at);
                sound_at += 32 + drift;
            }
            let (frames, audio) = (frames(&captured), packets(sound));
            let audio_end = (known && !audio.is_empty()).then(|| at(sound_at));
            let gop = Gop { frames: &frames, end: at(now), audio: &audio, audio_end };
            let bytes = muxer.fragment(&gop).unwrap();
            let fragment = probe::fragment(&init, &bytes).unwrap();
            prop_assert_eq!(fragment.video.decode_time, video_next);
            prop_assert_eq!(fragment.video.decode_time, start * 90);
            video_next = fragment.video.end();
            prop_assert_eq!(video_next, now * 90);
            prop_assert!(fragment.video.samples[1..].iter().all(|sample| !sample.is_sync));
            if let Some(run) = fragment.audio {
                prop_assert!(audio_next.is_none_or(|next| next == run.decode_time));
                prop_assert!(run.samples.iter().all(|s| s.is_sync && s.duration > 0));
                audio_next = Some(run.end());
            }
        }
    }
}

/// Milliseconds that the sound card's clock is wrong by in each packet.
fn drift() -> impl Strategy<Value = u64> {
    proptest::prop_oneof![Just(0), Just(1), Just(40)]
}
