// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a hub gets.

use fmp4::probe;
use frame::AudioConfig;
use std::sync::Arc;

use crate::world::{GOP_MS, HUB, World, aac};

#[test]
fn a_hub_records_a_motion() {
    let mut world = World::new();
    world.run(1_500);
    world.must_open(HUB, 1);
    let opened = world.now_ms;
    let parts = world.parts(HUB, 1);
    assert_eq!(parts.len(), 2, "the init segment and one GOP that covers the prebuffer");
    assert!(parts.iter().all(|part| part.at_ms == opened), "at once");

    world.run(4 * GOP_MS);
    assert!(world.ended.is_empty() && world.recorder.is_recording());
    let times = world.fragment_times(HUB, 1);
    assert_eq!(times, [opened, 24_000, 28_000, 32_000, 36_000], "each as it is whole");
    world.hub_closes(HUB, 1, 0);
    assert_eq!(
        world.journal(),
        "recording ended normally: the home hub closed it after 5 fragments (20.0 s, 0.2 MB)"
    );
    assert!(world.closes(HUB, 1).is_empty(), "it knows");

    // The connection stays, and the next recording begins at once.
    world.must_open(HUB, 2);
    assert_eq!(world.parts(HUB, 2).len(), 2);
}

/// The recording as a player sees it.
#[test]
fn time_begins_at_zero_with_the_prebuffer_and_has_no_gaps() {
    let mut world = World::new();
    world.run(2_000);
    world.must_open(HUB, 1);
    world.run(3 * GOP_MS);
    let parts = world.parts(HUB, 1);
    let init = probe::init_segment(&parts[0].bytes).unwrap();
    assert!(init.audio.is_none());
    let mut expected = 0;
    for (index, part) in (1..).zip(&parts[1..]) {
        let fragment = probe::fragment(&init, &part.bytes).unwrap();
        assert_eq!(fragment.sequence_number, index);
        assert_eq!(fragment.video.decode_time, expected, "fragment {index}");
        assert!(fragment.video.samples[0].is_sync, "fragment {index}");
        expected = fragment.video.end();
        assert_eq!(expected, u64::from(index) * GOP_MS * 90);
    }
    assert_eq!(parts.len(), 5);
}

#[test]
fn fragments_go_out_in_chunks() {
    for (frame_bytes, chunks) in [(5_000, 1), (100_000, 4)] {
        let mut world = World::cold();
        world.frame_bytes = frame_bytes;
        world.run(20_000);
        let before = world.sent.len();
        world.must_open(HUB, 1);
        // Their marks are looked at while they are put together.
        let parts = world.parts(HUB, 1);
        assert_eq!(world.sent.len() - before, 2 + chunks, "response, init segment, chunks");
        assert!(parts[1].bytes.len() > 8 * frame_bytes);
    }
}

#[test]
fn sound_goes_in_when_it_is_told_at_the_open() {
    let table: [(&str, Option<Arc<AudioConfig>>); 2] = [("with", Some(aac())), ("without", None)];
    for (name, at_open) in table {
        let mut world = World::cold();
        world.audio = Some(aac());
        world.run(20_000);
        world.audio.clone_from(&at_open);
        world.must_open(HUB, 1);
        world.audio = Some(aac()); // The microphone runs on in either case.
        world.run(2 * GOP_MS);
        let parts = world.parts(HUB, 1);
        let init = probe::init_segment(&parts[0].bytes).unwrap();
        assert_eq!(init.audio.is_some(), at_open.is_some(), "{name}");
        assert_eq!(parts.len(), 4, "{name}");
        for part in &parts[1..] {
            let fragment = probe::fragment(&init, &part.bytes).unwrap();
            let packets = fragment.audio.map_or(0, |run| run.samples.len());
            assert_eq!(packets > 30, at_open.is_some(), "{name}: {packets}");
        }
    }
}

#[test]
fn the_open_waits_for_an_encoder_that_starts() {
    let mut world = World::cold();
    world.encoder_runs = false;
    world.now_ms = 900;
    world.must_open(HUB, 1);
    world.run(3_000);
    assert_eq!(world.parts(HUB, 1).len(), 0);
    world.encoder_runs = true;
    world.run(100);
    assert_eq!(world.parts(HUB, 1).len(), 1, "the init segment at the first IDR");
    world.run(GOP_MS);
    assert_eq!(world.fragment_times(HUB, 1), [8_000]);
    assert!(world.ended.is_empty());
}
