// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every way a recording ends: what the hub is told, what the journal says, and that the next one
//! can begin.

use std::time::Duration;

use camera::recording::{Input, SourceEnd, Timers};
use privacy::OperatingMode;

use crate::world::{GOP_MS, HUB, OTHER_HUB, World, on};

/// Ended with this line, and the place is free.
fn assert_ended(world: &mut World, closes: &[i64], line: &str) {
    assert_eq!(world.closes(HUB, 1), closes, "{line}");
    assert_eq!(world.journal(), format!("recording {line}"));
    assert!(!world.recorder.is_recording() && world.recorder.next_timeout().is_none(), "{line}");
    world.must_open(OTHER_HUB, 1);
}

/// A recording of which three fragments were sent.
fn recording() -> World {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.run(2 * GOP_MS);
    assert_eq!(world.fragment_times(HUB, 1).len(), 3);
    world
}

/// One that had its end of stream at 36 s, after motion ended at 24 s.
fn at_its_end() -> World {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.run(GOP_MS);
    world.tell(Input::Motion(false));
    world.run(2 * GOP_MS);
    assert!(!world.has_end_of_stream(HUB, 1), "ten seconds are not over");
    world.run(GOP_MS);
    assert!(world.has_end_of_stream(HUB, 1));
    assert_eq!(world.fragment_times(HUB, 1).last(), Some(&36_000));
    assert!(world.ended.is_empty());
    world
}

#[test]
fn the_hub_closes_in_the_middle() {
    let table = [
        (0, "ended normally: the home hub closed it"),
        (1, "cut short: the home hub closed it because it is not allowed (reason 1)"),
        (2, "cut short: the home hub closed it because it is busy (reason 2)"),
        (3, "cut short: the home hub closed it because it was cancelled (reason 3)"),
        (4, "cut short: the home hub closed it because it does not support it (reason 4)"),
        (5, "cut short: the home hub closed it because of an unexpected failure (reason 5)"),
        (6, "cut short: the home hub closed it because it waited too long (reason 6)"),
        (7, "cut short: the home hub closed it because it did not understand the video (reason 7)"),
        (8, "cut short: the home hub closed it because of a protocol error (reason 8)"),
        (9, "cut short: the home hub closed it because the configuration is invalid (reason 9)"),
        (77, "cut short: the home hub closed it for reason 77"),
    ];
    for (reason, line) in table {
        let mut world = recording();
        world.hub_closes(HUB, 1, reason);
        assert_eq!(world.ended[0].ending.is_normal(), reason == 0, "{line}");
        assert_ended(&mut world, &[], &format!("{line} after 3 fragments (12.0 s, 0.1 MB)"));
    }
}

#[test]
fn what_happens_outside_ends_it_at_once() {
    type Do = fn(&mut World);
    let table: [(&str, Do, &[i64], &str); 7] = [
        (
            "data stream lost",
            |world| world.tell(Input::Closed(HUB)),
            &[],
            "cut short: the connection to the home hub was lost",
        ),
        (
            "revoked",
            |world| world.tell(Input::Revoked),
            &[1],
            "ended: recording is no longer allowed",
        ),
        (
            "daemon ends",
            |world| world.tell(Input::Stopping),
            &[3],
            "ended: the camera is shutting down",
        ),
        (
            "permit gone",
            |world| {
                world.gate.set(OperatingMode { manually_disabled: true, ..on() });
                world.run(500); // The next frame finds out.
                world.gate.set(on());
            },
            &[1],
            "ended: recording is no longer allowed",
        ),
        (
            "encoder failed",
            |world| world.tell(Input::SourceEnded(SourceEnd::Failed)),
            &[5],
            "cut short: the camera or its encoder failed",
        ),
        (
            "encoder changed",
            |world| {
                world.level = 40;
                world.run(500);
            },
            &[5],
            "cut short: the encoder's settings changed",
        ),
        (
            "no more frames",
            |world| {
                world.encoder_runs = false;
                world.run(9_900);
                assert!(world.ended.is_empty(), "the hub's own 8 s come first");
                world.run(100);
            },
            &[5],
            "cut short: the encoder gave no more video",
        ),
    ];
    for (name, act, closes, line) in table {
        let mut world = recording();
        act(&mut world);
        assert!(!world.ended.is_empty(), "{name}");
        let line = format!("{line} after 3 fragments (12.0 s, 0.1 MB)");
        assert_ended(&mut world, closes, &line);
    }
}

#[test]
fn no_fragment_goes_out_after_the_permit_ended() {
    let mut world = recording();
    world.gate.set(OperatingMode { homekit_camera_active: false, ..on() });
    let sent = world.sent.len();
    world.run(3 * GOP_MS);
    assert_eq!(world.sent.len(), sent + 1, "the close alone");
    assert_eq!(world.closes(HUB, 1), [1]);
}

#[test]
fn the_encoder_never_starts() {
    let mut world = World::cold();
    world.encoder_runs = false;
    world.now_ms = 100;
    world.must_open(HUB, 1);
    world.run(4_900);
    assert!(world.ended.is_empty());
    world.run(100);
    let line = "failed: the encoder gave no picture after 0 fragments (0.0 s, 0.0 MB)";
    assert_ended(&mut world, &[5], line);
}

#[test]
fn a_hub_may_leave_before_the_first_picture() {
    type Do = fn(&mut World);
    let table: [(Do, &[i64], &str); 4] = [
        (
            |world| world.hub_closes(HUB, 1, 3),
            &[],
            "cut short: the home hub closed it because it was cancelled (reason 3)",
        ),
        (
            |world| world.tell(Input::Closed(HUB)),
            &[],
            "cut short: the connection to the home hub was lost",
        ),
        (|world| world.tell(Input::Revoked), &[1], "ended: recording is no longer allowed"),
        (
            |world| world.tell(Input::SourceEnded(SourceEnd::Failed)),
            &[5],
            "cut short: the camera or its encoder failed",
        ),
    ];
    for (act, closes, line) in table {
        let mut world = World::cold();
        world.must_open(HUB, 1);
        act(&mut world);
        let line = format!("{line} after 0 fragments (0.0 s, 0.0 MB)");
        assert_ended(&mut world, closes, &line);
    }
}

#[test]
fn after_the_motion_the_stream_is_ended_and_the_hub_answers() {
    type Do = fn(&mut World);
    let table: [(&str, Do, &[i64], &str); 5] = [
        (
            "ack",
            |world| world.hub_acknowledges(HUB, 1),
            &[],
            "ended normally: the home hub acknowledged it",
        ),
        (
            "close",
            |world| world.hub_closes(HUB, 1, 0),
            &[],
            "ended normally: the home hub closed it",
        ),
        (
            "disconnected",
            |world| world.tell(Input::Closed(HUB)),
            &[],
            "ended normally: the home hub disconnected after the end",
        ),
        (
            "nothing",
            |world| {
                world.run(11_900);
                assert!(world.ended.is_empty());
                world.run(200);
            },
            &[3],
            "ended: the home hub did not answer after the last fragment",
        ),
        (
            "revoked",
            |world| world.tell(Input::Revoked),
            &[1],
            "ended: recording is no longer allowed",
        ),
    ];
    for (name, act, closes, line) in table {
        let mut world = at_its_end();
        act(&mut world);
        assert!(!world.ended.is_empty(), "{name}");
        let line = format!("{line} after 5 fragments (20.0 s, 0.2 MB)");
        assert_ended(&mut world, closes, &line);
    }
}

#[test]
fn after_the_end_the_next_recording_may_follow_without_an_answer() {
    let mut world = at_its_end();
    world.run(500);
    world.must_open(HUB, 2);
    assert_eq!(world.closes(HUB, 1), [0]);
    assert_eq!(
        world.journal(),
        "recording ended normally: the home hub opened the next one after 5 fragments (20.0 s, 0.2 MB)"
    );
    world.hub_closes(HUB, 1, 0); // Late, for the old one.
    assert!(world.recorder.is_recording() && world.ended.is_empty());
}

#[test]
fn nothing_of_the_source_matters_after_the_last_fragment() {
    for end in [SourceEnd::Changed, SourceEnd::Failed] {
        let mut world = at_its_end();
        world.tell(Input::SourceEnded(end));
        world.hub_closes(HUB, 1, 0);
        assert!(world.ended[0].ending.is_normal());
    }
}

#[test]
fn motion_again_cancels_the_end() {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.run(GOP_MS);
    world.tell(Input::Motion(false));
    world.run(9_900);
    world.tell(Input::Motion(true));
    world.run(10 * GOP_MS);
    assert!(!world.has_end_of_stream(HUB, 1) && world.ended.is_empty());
    // And the ten seconds begin anew.
    world.tell(Input::Motion(false));
    let ended = world.now_ms;
    world.run(9_900);
    assert!(!world.has_end_of_stream(HUB, 1));
    world.run(GOP_MS + 100);
    let last = *world.fragment_times(HUB, 1).last().unwrap();
    assert!(world.has_end_of_stream(HUB, 1));
    assert!((ended + 10_000..=ended + 14_000).contains(&last), "{ended} {last}");
}

#[test]
fn the_end_of_motion_told_again_puts_nothing_off() {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.tell(Input::Motion(false));
    for _ in 0..16 {
        world.run(1_000);
        world.tell(Input::Motion(false));
    }
    assert!(world.has_end_of_stream(HUB, 1));
}

#[test]
fn a_recording_opened_without_motion_ends_as_if_it_had_just_ended() {
    let mut world = World::new();
    world.tell(Input::Motion(false));
    world.run(30_000);
    world.must_open(HUB, 1);
    world.run(8_000);
    assert!(!world.has_end_of_stream(HUB, 1));
    world.run(6_000);
    assert!(world.has_end_of_stream(HUB, 1));
}

#[test]
fn endless_motion_is_cut_at_the_maximum_if_there_is_one() {
    for (maximum, expected) in [(Some(60), Some(80_000)), (None, None)] {
        let maximum = maximum.map(Duration::from_secs);
        let mut world = World::with_timers(Timers { maximum, ..Timers::default() });
        world.run(20_000);
        world.must_open(HUB, 1);
        world.run(300_000);
        let ended_at = world.parts(HUB, 1).iter().find(|part| part.is_end).map(|part| part.at_ms);
        assert_eq!(ended_at, expected, "{maximum:?}");
        assert_eq!(world.recorder.is_recording(), maximum.is_none());
    }
}

#[test]
fn a_hundred_recordings_leave_nothing_behind() {
    let mut world = World::new();
    for stream in 0..100 {
        world.must_open(HUB, stream);
        world.run(1_000);
        match stream % 4 {
            0 => world.hub_closes(HUB, stream, 0),
            1 => world.tell(Input::Closed(HUB)),
            2 => world.tell(Input::Revoked),
            _ => world.tell(Input::SourceEnded(SourceEnd::Failed)),
        }
    }
    assert_eq!(world.ended.len(), 100);
}
