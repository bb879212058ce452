// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recording that a home hub has taken is read, muxed again, and is the same recording.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use fmp4::{Muxer, VIDEO_TIMESCALE_HZ, probe};
use frame::{AudioCodec, Size};

#[test]
fn the_init_segment_tells_what_the_dump_of_the_recording_tells() {
    let (_, init) = support::init();
    assert_eq!((init.video.id, init.video.timescale_hz), (1, 1_000));
    assert_eq!(init.video.config.size(), Size::new(1920, 1080));
    assert_eq!(init.video.config.profile_compatibility_level(), [77, 0, 41]);
    assert_eq!((init.video.config.sps().len(), init.video.config.pps().len()), (47, 4));
    let audio = init.audio.unwrap();
    assert_eq!((audio.id, audio.timescale_hz), (2, 32_000));
    assert_eq!((audio.config.codec, audio.config.channels), (AudioCodec::AacLc, 1));
    assert_eq!(audio.config.bitrate_bps, 64_000);
    assert_eq!(audio.config.specific_config, [0x12, 0x88]);
}

#[test]
fn samples_durations_and_times_survive_muxing_again() {
    let recording = support::recording();
    let mut muxer =
        Muxer::new(Arc::clone(&recording.video), Some(Arc::clone(&recording.audio))).unwrap();
    let (_, was) = support::init();
    let init_bytes = muxer.init_segment();
    let is = probe::init_segment(&init_bytes).unwrap();
    assert_eq!(is.video.config, was.video.config);
    assert_eq!(is.audio, was.audio);

    let finer = VIDEO_TIMESCALE_HZ / was.video.timescale_hz;
    let expected = [(1, 0, 0), (2, 4_004, 128_001), (3, 8_004, 256_001)];
    let mut counted = (0, 0);
    for ((original, gop), expected) in
        support::fragments().iter().zip(&recording.gops).zip(expected)
    {
        let bytes = muxer.fragment(&gop.gop()).unwrap();
        let (was, is) =
            (probe::fragment(&was, original).unwrap(), probe::fragment(&is, &bytes).unwrap());
        let (number, video_time, audio_time) = expected;
        assert_eq!(is.sequence_number, number);
        assert_eq!(is.video.decode_time, video_time * u64::from(finer));
        assert_eq!(is.audio.as_ref().unwrap().decode_time, audio_time);

        assert_eq!(is.audio, was.audio, "sound of fragment {number}");
        let mut pictures = was.video;
        pictures.decode_time *= u64::from(finer);
        for sample in &mut pictures.samples {
            sample.duration *= finer;
        }
        assert_eq!(is.video, pictures, "pictures of fragment {number}");
        counted.0 += is.video.samples.len();
        counted.1 += is.audio.unwrap().samples.len();
    }
    assert_eq!(counted, (193, 372));
}

#[test]
fn a_fragment_is_one_moof_and_one_mdat_that_begins_with_the_idr_slice() {
    let recording = support::recording();
    let mut muxer =
        Muxer::new(Arc::clone(&recording.video), Some(Arc::clone(&recording.audio))).unwrap();
    let bytes = muxer.fragment(&recording.gops[0].gop()).unwrap();
    let moof = usize::try_from(u32::from_be_bytes(bytes[..4].try_into().unwrap())).unwrap();
    let mdat =
        usize::try_from(u32::from_be_bytes(bytes[moof..moof + 4].try_into().unwrap())).unwrap();
    assert_eq!((&bytes[4..8], &bytes[moof + 4..moof + 8]), (&b"moof"[..], &b"mdat"[..]));
    assert_eq!(moof + mdat, bytes.len());
    assert_eq!(bytes.capacity(), bytes.len(), "one exact allocation");
    assert_eq!(bytes[moof + 8..moof + 13], [0, 0, 0x2d, 0xa8, 0x65]);
}
