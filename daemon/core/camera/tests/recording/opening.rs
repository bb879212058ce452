// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may record.

use hds::{Dict, Message, Status};
use privacy::OperatingMode;

use camera::recording::Refusal;

use crate::world::{HUB, OTHER_HUB, World, on};

const REFUSED: Status = Status::ProtocolSpecificError;

#[test]
fn an_open_is_refused_with_the_reason_of_its_row() {
    let body = |kind: &str, target: &str| {
        Dict::new().with("streamId", 1i64).with("type", kind).with("target", target)
    };
    let good = || body("ipcamera.recording", "controller");
    let off = OperatingMode { homekit_camera_active: false, ..on() };
    let inactive = OperatingMode { recording_active: false, ..on() };
    let switch = OperatingMode { manually_disabled: true, ..on() };
    let unselected = OperatingMode { has_selected_configuration: false, ..on() };
    let nothing = OperatingMode { has_selected_configuration: false, ..off.clone() };
    let none = Err(Refusal::SourceFailed);
    let table = [
        ("another type", body("ipcamera.snapshot", "controller"), on(), Ok(()), 5),
        ("another target", body("ipcamera.recording", "accessory"), on(), Ok(()), 5),
        ("no type", Dict::new().with("streamId", 1i64), on(), Ok(()), 5),
        ("no stream id", Dict::new().with("type", "ipcamera.recording"), on(), Ok(()), 7),
        ("recording inactive", good(), inactive, Ok(()), 1),
        ("camera off", good(), off, Ok(()), 1),
        ("privacy switch", good(), switch, Ok(()), 1),
        ("off and nothing selected", good(), nothing, Ok(()), 1),
        ("nothing selected", good(), unselected, Ok(()), 9),
        ("encoder dead", good(), on(), none, 5),
    ];
    for (name, body, mode, source, reason) in table {
        let mut world = World::new();
        world.gate.set(mode);
        world.source = source;
        assert_eq!(world.open_with(HUB, body), (REFUSED, reason), "{name}");
        assert!(!world.recorder.is_recording(), "{name}");
        assert!(world.ended.is_empty() && world.sent.len() == 1, "{name}");
        let [(HUB, told)] = world.refused[..] else { panic!("{name}: {:?}", world.refused) };
        assert_eq!(told.number(), Some(reason), "the owner is told the same: {name}");
        // What was refused is forgotten.
        world.gate.set(on());
        world.source = Ok(());
        world.must_open(HUB, 1);
    }
}

#[test]
fn a_second_recording_is_busy_while_the_first_is_healthy() {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.run(6_000);
    for (connection, stream) in [(OTHER_HUB, 1), (OTHER_HUB, 7), (HUB, 2), (HUB, 1)] {
        assert_eq!(world.open(connection, stream), (REFUSED, 2), "{connection:?} {stream}");
    }
    assert!(world.ended.is_empty());
    world.run(8_000);
    assert_eq!(world.fragment_times(HUB, 1).len(), 4, "the first goes on");
    assert!(world.parts(OTHER_HUB, 1).is_empty());
}

#[test]
fn a_stalled_recording_is_taken_over_by_another_hub() {
    // Asleep before the other asks, whether it may take over, its journal line.
    let line = "recording cut short: the home hub took no data and another one asked after 1 \
                fragment (4.0 s, 0.0 MB)";
    for (asleep_ms, same_hub, takes_over) in
        [(4_900, false, false), (5_000, false, true), (5_000, true, false)]
    {
        let mut world = World::new();
        world.asleep.insert(HUB);
        world.must_open(HUB, 1);
        world.encoder_runs = false;
        world.run(asleep_ms);
        let connection = if same_hub { HUB } else { OTHER_HUB };
        let answer = world.open(connection, 5);
        let row = format!("{asleep_ms} ms, same hub {same_hub}");
        if takes_over {
            assert_eq!(answer, (Status::Success, 0), "{row}");
            assert_eq!(world.closes(HUB, 1), [3], "{row}");
            assert_eq!(world.journal(), line, "{row}");
            assert_eq!(world.parts(OTHER_HUB, 5).len(), 2, "{row}");
        } else {
            assert_eq!(answer, (REFUSED, 2), "{row}");
            assert!(world.ended.is_empty(), "{row}");
        }
    }
}

#[test]
fn a_stalled_recording_is_not_given_up_for_one_that_is_refused() {
    let mut world = World::new();
    world.asleep.insert(HUB);
    world.must_open(HUB, 1);
    world.run(9_000);
    assert_eq!(world.open_with(OTHER_HUB, Dict::new().with("streamId", 2i64)), (REFUSED, 5));
    assert!(world.ended.is_empty());
}

#[test]
fn streams_of_two_hubs_are_told_apart_though_their_numbers_are_the_same() {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.hub_closes(OTHER_HUB, 1, 0);
    world.hub_closes(HUB, 2, 0);
    assert!(world.ended.is_empty() && world.recorder.is_recording());
    world.hub_closes(HUB, 1, 0);
    assert_eq!(world.ended.len(), 1);
}

#[test]
fn late_and_senseless_messages_change_nothing() {
    let mut world = World::new();
    world.must_open(HUB, 1);
    world.hub_closes(HUB, 1, 0);
    world.ended.clear();
    let sent = world.sent.len();
    world.hub_closes(HUB, 1, 0);
    world.hub_acknowledges(HUB, 1);
    let event = |topic: &str, body| Message::event("dataSend", topic, body);
    world.hear(HUB, event("close", Dict::new()));
    world.hear(HUB, event("data", Dict::new().with("streamId", 1i64)));
    world.hear(HUB, Message::event("control", "ping", Dict::new()));
    assert!(world.ended.is_empty() && world.sent.len() == sent);

    world.must_open(HUB, 2);
    world.hub_closes(HUB, 1, 0); // The old one's number.
    world.hub_acknowledges(HUB, 2); // Nothing is at its end.
    world.hear(HUB, event("ack", Dict::new().with("streamId", 2i64)));
    assert!(world.ended.is_empty() && world.recorder.is_recording());
}
