// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hubs that read slowly or not at all.

use camera::recording::{Action, Input};
use hds::{CloseReason, Config, ConnectionId, Dict, Keys, Message, Output, Owner, Sealer, Server};

use crate::world::{GOP_MS, HUB, World};

/// What may wait for a hub: the bound, the chunk that goes over it, and the envelope.
const MOST_QUEUED: usize = (2 << 20) + 0x4_0000 + 1_024;

#[test]
fn a_hub_that_reads_nothing_gets_no_more_than_the_bound_and_falls_behind() {
    let mut world = World::cold();
    world.frame_bytes = 200_000; // 1.6 MB a fragment
    world.run(20_000);
    world.asleep.insert(HUB);
    world.must_open(HUB, 1);
    assert!(world.recorder.next_timeout().is_some(), "one fragment fits: the next is awaited");
    world.run(GOP_MS);
    assert!(world.recorder.next_timeout().is_none(), "it is the hub that is waited for");
    let sent = world.sent.len();
    world.run(GOP_MS);
    assert_eq!(world.sent.len(), sent, "nothing more goes out");
    while world.ended.is_empty() {
        assert!(world.now_ms < 60_000, "the ring has dropped it long ago");
        world.run(1_000);
    }
    assert!(world.most_queued <= MOST_QUEUED, "{}", world.most_queued);
    assert_eq!(world.closes(HUB, 1), [5]);
    assert_eq!(
        world.journal(),
        "recording cut short: the home hub was too slow and video was dropped after 1 fragment \
         (4.0 s, 1.6 MB)"
    );
}

#[test]
fn a_hub_that_wakes_up_gets_all_it_missed_in_order() {
    let mut world = World::cold();
    world.frame_bytes = 200_000;
    world.run(20_000);
    world.asleep.insert(HUB);
    world.must_open(HUB, 1);
    world.run(2 * GOP_MS + 1_000);
    world.asleep.clear();
    world.run(1_000);
    // `parts` sees that nothing is missing and all is in order.
    assert_eq!(world.parts(HUB, 1).len(), 4);
    world.run(2 * GOP_MS);
    assert_eq!(world.parts(HUB, 1).len(), 6);
    assert!(world.ended.is_empty());
}

#[test]
fn a_hub_that_is_behind_gets_the_end_with_the_newest_fragment() {
    let mut world = World::cold();
    world.frame_bytes = 200_000;
    world.run(20_000);
    world.asleep.insert(HUB);
    world.must_open(HUB, 1);
    world.tell(Input::Motion(false));
    world.run(3 * GOP_MS);
    world.asleep.clear();
    world.run(1_000);
    let ends: Vec<bool> = world.parts(HUB, 1).iter().map(|part| part.is_end).collect();
    assert_eq!(ends, [false, false, false, false, true], "init segment, prebuffer, three more");
}

#[test]
fn the_end_waits_until_the_hub_has_everything() {
    let mut world = World::cold();
    world.frame_bytes = 100_000;
    world.run(20_000);
    world.must_open(HUB, 1);
    world.tell(Input::Motion(false));
    world.run(2 * GOP_MS);
    world.asleep.insert(HUB);
    world.run(GOP_MS);
    assert!(world.has_end_of_stream(HUB, 1) && world.queued[&HUB] > 0);
    world.run(14_000);
    assert!(world.ended.is_empty(), "its answer cannot be expected yet");
    world.asleep.clear();
    world.run(12_000);
    assert!(world.ended.is_empty());
    world.run(200);
    assert_eq!(world.closes(HUB, 1), [3]);
}

#[test]
fn a_hub_lost_before_it_had_the_end_did_not_end_normally() {
    let mut world = World::cold();
    world.frame_bytes = 100_000;
    world.run(20_000);
    world.asleep.insert(HUB);
    world.tell(Input::Motion(false));
    world.must_open(HUB, 1);
    world.run(3 * GOP_MS);
    world.tell(Input::Closed(HUB));
    assert!(!world.ended[0].ending.is_normal(), "{}", world.ended[0]);
}

/// The data stream server drops the hub after 15 s, and with it ends the recording.
#[test]
fn a_hub_that_never_reads_is_dropped_and_its_place_is_free() {
    let mut world = World::cold();
    world.frame_bytes = 100_000;
    world.run(20_000);
    let mut server = Server::new(Config::default());
    connect(&mut server, &world, HUB);
    world.asleep.insert(HUB);

    let mut handed = world.sent.len();
    world.must_open(HUB, 1);
    let opened = world.now_ms;
    let mut most = 0;
    let dropped = 'dropped: loop {
        for (_, connection, message) in &world.sent[handed..] {
            drop(server.send(world.now(), *connection, message).unwrap());
        }
        handed = world.sent.len();
        most = most.max(server.queued_bytes(HUB));
        world.run(100);
        if server.next_timeout().is_some_and(|due| due <= world.now()) {
            for output in server.handle(world.now(), hds::Input::Timeout) {
                if let Output::Closed { connection, reason, .. } = output {
                    assert_eq!((connection, reason), (HUB, CloseReason::Stalled));
                    world.tell(Input::Closed(connection));
                    break 'dropped world.now_ms;
                }
            }
        }
        assert!(world.now_ms < opened + 60_000);
    };
    assert!((15_000..15_200).contains(&(dropped - opened)), "{dropped}");
    assert!(most <= MOST_QUEUED, "{most}");
    assert_eq!(world.ended.len(), 1);
    assert!(!world.recorder.is_recording());
    world.must_open(ConnectionId(9), 1);
}

/// Hello and all, and the answer read.
fn connect(server: &mut Server, world: &World, connection: ConnectionId) {
    let (now, keys) = (world.now(), Keys::accessory(&[1; 32], &[2; 32], &[3; 32]));
    server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys.clone()).unwrap();
    let peer = "10.0.0.7".parse().unwrap();
    drop(server.handle(now, hds::Input::Accepted { connection, peer }));
    let hello = Message::request("control", "hello", 1, Dict::new());
    let bytes = Sealer::new(&keys.of_peer()).seal(&hello).unwrap();
    assert_eq!(server.handle(now, hds::Input::Received { connection, bytes: &bytes }).len(), 1);
    let bytes = server.queued_bytes(connection);
    drop(server.handle(now, hds::Input::Written { connection, bytes }));
}

#[test]
fn the_end_is_told_once() {
    let mut world = World::new();
    world.must_open(HUB, 1);
    let (now, connection) = (world.now(), HUB);
    let actions = world.recorder.handle(now, &world.prebuffer, Input::Closed(connection));
    assert!(matches!(&actions[..], [Action::Ended(summary)] if summary.connection == HUB));
    assert_eq!(world.recorder.handle(now, &world.prebuffer, Input::Closed(connection)), []);
}
