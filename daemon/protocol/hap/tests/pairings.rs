// SPDX-License-Identifier: MIT OR Apache-2.0
//! Adding, removing and listing pairings, and what that ends.

mod support;

use hap::{Change, ChangeRefused, ControllerId, Input, Order, Output, PairingState, StoreFailed};
use support::{Controller, Home, MOTION, Mode, PairError};

const USER: u8 = 0;
const ADMIN: u8 = 1;

#[test]
fn an_admin_adds_a_member_who_may_not_manage_pairings() {
    let (mut home, _, mut admin) = Home::paired();
    let member = Controller::new("member", 2);
    Controller::add(&mut home, &mut admin, &member, USER).unwrap();
    assert_eq!(home.stored.pairings.len(), 2);
    let mut link = member.session(&mut home);
    assert_eq!(link.get(&mut home, "/accessories").code(), 200);
    let refused = Some(PairError::Tlv(2, 2));
    assert_eq!(Controller::list(&mut home, &mut link).err(), refused);
    assert_eq!(Controller::add(&mut home, &mut link, &member, ADMIN).err(), refused);
    assert_eq!(Controller::remove(&mut home, &mut link, "admin").err(), refused);
    assert_eq!(home.stored.pairings.len(), 2);
}

#[test]
fn the_list_separates_its_entries() {
    let (mut home, one, mut link) = Home::paired();
    let member = Controller::new("member", 2);
    Controller::add(&mut home, &mut link, &member, USER).unwrap();
    let list = Controller::list(&mut home, &mut link).unwrap();
    let entries: Vec<_> = tlv8::split(&list.items()[1..], 0xff).collect();
    assert_eq!(entries.len(), 2);
    for (entry, controller, permissions) in [(entries[0], &one, ADMIN), (entries[1], &member, USER)]
    {
        let items: Vec<(u8, &[u8])> = entry.iter().map(|i| (i.kind, i.value.as_slice())).collect();
        let key = controller.public_key();
        let expected = [(1, controller.id.as_bytes()), (3, &key[..]), (11, &[permissions][..])];
        assert_eq!(items, expected);
    }
    assert_ne!(list.items().last().unwrap().kind, 0xff, "no separator after the last");
}

#[test]
fn adding_again_updates_permissions_and_another_key_is_an_error() {
    let (mut home, _, mut link) = Home::paired();
    let member = Controller::new("member", 2);
    Controller::add(&mut home, &mut link, &member, USER).unwrap();
    Controller::add(&mut home, &mut link, &member, ADMIN).unwrap();
    assert!(home.stored.pairings[1].is_admin);
    let other_key = Controller::new("member", 3);
    let refused = Controller::add(&mut home, &mut link, &other_key, USER);
    assert_eq!(refused, Err(PairError::Tlv(2, 1)));
    assert!(home.stored.pairings[1].is_admin);
}

#[test]
fn there_is_room_for_32_and_then_an_error() {
    let (mut home, _, mut link) = Home::paired();
    for number in 1..32 {
        let member = Controller::new(&format!("member {number}"), number);
        Controller::add(&mut home, &mut link, &member, USER).unwrap();
    }
    let one_more = Controller::new("one more", 99);
    let refused = Controller::add(&mut home, &mut link, &one_more, USER);
    assert_eq!(refused, Err(PairError::Tlv(2, 4)));
    let known = Controller::new("member 5", 5);
    Controller::add(&mut home, &mut link, &known, ADMIN).unwrap();
}

#[test]
fn a_removed_member_loses_all_connections_after_the_answer() {
    let (mut home, _, mut admin) = Home::paired();
    let member = Controller::new("member", 2);
    Controller::add(&mut home, &mut admin, &member, USER).unwrap();
    let (one, two) = (member.session(&mut home), member.session(&mut home));
    home.log.clear();
    Controller::remove(&mut home, &mut admin, "member").unwrap();
    assert!(matches!(home.log[0], Output::Persist { .. }));
    assert!(matches!(home.log[1], Output::Send { conn, .. } if conn == admin.conn));
    for link in [&one, &two] {
        assert!(home.is_closed(link));
        assert!(home.log.contains(&Output::SessionEnded { conn: link.conn }));
    }
    assert!(!home.is_closed(&admin));
    let mut link = home.connect();
    assert_eq!(member.verify(&mut home, &mut link), Err(PairError::Tlv(4, 2)));
    assert_eq!(Controller::remove(&mut home, &mut admin, "nobody"), Ok(()));
}

#[test]
fn removing_oneself_is_answered_and_then_closed() {
    let (mut home, admin, mut link) = Home::paired();
    let second = Controller::new("second", 2);
    Controller::add(&mut home, &mut link, &second, ADMIN).unwrap();
    let mut other = second.session(&mut home);
    home.log.clear();
    Controller::remove(&mut home, &mut link, &admin.id).unwrap();
    let conn = link.conn;
    let [Output::Persist { .. }, Output::Send { .. }, rest @ ..] = &home.log[..] else {
        panic!("{:?}", home.log)
    };
    assert_eq!(rest, [Output::Close { conn }, Output::SessionEnded { conn }]);
    assert_eq!(other.get(&mut home, "/accessories").code(), 200);
}

#[test]
fn without_an_admin_nobody_stays() {
    for way in ["removed", "made a user"] {
        let (mut home, admin, mut link) = Home::paired();
        let member = Controller::new("member", 2);
        Controller::add(&mut home, &mut link, &member, USER).unwrap();
        let other = member.session(&mut home);
        home.log.clear();
        match way {
            "removed" => Controller::remove(&mut home, &mut link, &admin.id).unwrap(),
            _ => Controller::add(&mut home, &mut link, &admin, USER).unwrap(),
        }
        assert!(home.stored.pairings.is_empty(), "{way}");
        assert!(home.log.contains(&Output::PairingsChanged { is_paired: false }), "{way}");
        assert!(home.is_closed(&link) && home.is_closed(&other), "{way}");
        let mut link = home.connect();
        Controller::new("next owner", 3).pair(&mut home, &mut link, support::CODE).unwrap();
    }
}

#[test]
fn what_cannot_be_stored_is_not_done() {
    let (mut home, _, mut link) = Home::paired();
    let member = Controller::new("member", 2);
    home.store = Mode::Fails;
    let refused = Controller::add(&mut home, &mut link, &member, USER);
    assert_eq!(refused, Err(PairError::Tlv(2, 1)));
    assert_eq!(Controller::remove(&mut home, &mut link, "admin"), Err(PairError::Tlv(2, 1)));
    assert_eq!(link.get(&mut home, "/accessories").code(), 200);
}

#[test]
fn two_changes_at_once_are_made_one_after_the_other() {
    let (mut home, admin, mut one) = Home::paired();
    let mut two = admin.session(&mut home);
    home.store = Mode::Waits;
    home.log.clear();
    let silent = Err(PairError::Silent);
    assert_eq!(Controller::add(&mut home, &mut one, &Controller::new("a", 2), USER), silent);
    assert_eq!(Controller::remove(&mut home, &mut two, "admin"), silent);
    assert_eq!(home.persists().len(), 1, "the second waits");
    for count in [2, 0] {
        let (ticket, state) = home.persists().pop().unwrap();
        assert_eq!(state.pairings.len(), count);
        home.input(Input::Persisted { ticket, result: Ok(()) });
    }
    assert_eq!(one.only_message(&mut home).body, [6, 1, 2]);
    assert_eq!(two.only_message(&mut home).body, [6, 1, 2]);
    assert!(home.is_closed(&one) && home.is_closed(&two));
}

#[test]
fn the_owner_unpairs_by_hand() {
    let (mut home, _, link) = Home::paired();
    home.input(Input::UnpairAll);
    assert!(home.stored.pairings.is_empty());
    assert!(home.is_closed(&link));
    assert!(home.log.contains(&Output::PairingsChanged { is_paired: false }));
}

/// What the owner is told about a change.
fn change(home: &mut Home, change: Change) -> Option<Result<(), ChangeRefused>> {
    home.log.clear();
    home.input(Input::Change { order: Order(7), change });
    home.log.iter().find_map(|output| match output {
        Output::Changed { order, result } => {
            assert_eq!(*order, Order(7));
            Some(*result)
        }
        _ => None,
    })
}

fn named(name: &str) -> ControllerId {
    ControllerId::new(name.as_bytes()).expect("an identifier")
}

#[test]
fn the_owner_removes_one_and_is_answered_when_it_is_stored() {
    let (mut home, _, mut admin) = Home::paired();
    let member = Controller::new("member", 2);
    Controller::add(&mut home, &mut admin, &member, USER).unwrap();
    let link = member.session(&mut home);
    let unknown = Err(ChangeRefused::UnknownController);
    assert_eq!(change(&mut home, Change::Remove(named("nobody"))), Some(unknown));
    home.store = Mode::Waits;
    assert_eq!(change(&mut home, Change::Remove(named("member"))), None, "the disk has it not");
    let (ticket, state) = home.persists().pop().unwrap();
    assert_eq!(state.pairings.len(), 1);
    home.input(Input::Persisted { ticket, result: Ok(()) });
    assert!(home.log.contains(&Output::Changed { order: Order(7), result: Ok(()) }));
    assert!(home.is_closed(&link) && !home.is_closed(&admin));
    home.store = Mode::Works;
    assert_eq!(change(&mut home, Change::Remove(named("admin"))), Some(Ok(())));
    assert_eq!(home.stored, PairingState::default(), "with the last admin everybody goes");
}

#[test]
fn the_owner_unpairs_all_also_where_the_disk_refuses() {
    let (mut home, _, link) = Home::paired();
    home.store = Mode::Fails;
    let refused = Err(ChangeRefused::NotStored(StoreFailed));
    assert_eq!(change(&mut home, Change::UnpairAll), Some(refused), "and says so");
    assert!(home.is_closed(&link), "what restricts is in force all the same");
    home.store = Mode::Works;
    assert_eq!(change(&mut home, Change::UnpairAll), Some(Ok(())));
}

#[test]
fn the_owner_clears_the_count_of_wrong_codes() {
    let mut home = Home::with(PairingState { pairings: Vec::new(), failed_attempts: 100 });
    home.store = Mode::Fails;
    let refused = Err(ChangeRefused::NotStored(StoreFailed));
    assert_eq!(change(&mut home, Change::ClearAttempts), Some(refused));
    assert_eq!(home.server.pairing_state().failed_attempts, 100, "what permits is stored first");
    home.store = Mode::Works;
    assert_eq!(change(&mut home, Change::ClearAttempts), Some(Ok(())));
    assert_eq!((home.stored.failed_attempts, home.server.pairing_state().failed_attempts), (0, 0));
}

#[test]
fn sessions_and_when_they_were_last_heard() {
    let (mut home, _, mut link) = Home::paired();
    assert_eq!(home.server.last_seen(&named("nobody")), None);
    let subscribe = format!(r#"{{"characteristics":[{{"aid":1,"iid":{MOTION},"ev":true}}]}}"#);
    link.request(&mut home, "PUT", "/characteristics", subscribe.as_bytes());
    let session = home.server.sessions().next().unwrap();
    assert_eq!((session.controller, session.last_active), (&named("admin"), home.now));
    assert!(session.subscriptions.contains(&MOTION));
    let then = home.now;
    home.now += std::time::Duration::from_secs(60);
    home.input(Input::Closed { conn: link.conn });
    assert_eq!(home.server.sessions().count(), 0);
    assert_eq!(home.server.last_seen(&named("admin")), Some(then));
    home.input(Input::UnpairAll);
    assert_eq!(home.server.last_seen(&named("admin")), None, "nothing stays of who is gone");
}

#[test]
fn malformed_requests_are_a_400() {
    let (mut home, _, mut link) = Home::paired();
    for body in [
        &b""[..],
        &[6, 1, 2, 0, 1, 5],
        &[6, 1, 1, 0, 1, 9],
        &[6, 1, 1, 0, 1, 4],
        &[6, 1, 1, 0, 1, 4, 1, 0],
        &[6, 1, 1, 0, 1],
    ] {
        assert_eq!(link.request(&mut home, "POST", "/pairings", body).code(), 400, "{body:?}");
    }
    let mut add = vec![6, 1, 1, 0, 1, 3, 1, 1, b'x', 3, 32];
    add.extend([7; 32]);
    add.extend([11, 1, 2]);
    assert_eq!(link.request(&mut home, "POST", "/pairings", &add).code(), 400, "permissions 2");
}
