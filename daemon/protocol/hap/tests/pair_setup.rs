// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pair setup as controllers and strangers see it.

mod support;

use std::time::Duration;

use hap::{Input, Output, PairingState, StoreFailed};
use support::{CODE, Controller, Home, Mode, PairError};

const WRONG: &str = "111-22-333";
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_first_controller_becomes_admin_and_is_stored_before_m6() {
    let mut home = Home::new();
    let admin = Controller::new("E1B2C3D4-0001-4AAA-8BBB-0123456789AB", 1);
    let mut link = home.connect();
    let m2 = admin.start(&mut home, &mut link).unwrap();
    let proof = admin.prove(&mut home, &mut link, &m2, CODE).unwrap();

    home.store = Mode::Waits;
    assert_eq!(admin.exchange(&mut home, &mut link, &proof), Err(PairError::Silent));
    let (ticket, state) = home.persists().pop().unwrap();
    assert_eq!(state.pairings[0].identifier.as_str(), admin.id);
    assert_eq!(state.pairings[0].public_key, admin.public_key());
    assert!(state.pairings[0].is_admin);
    assert!(!home.server.pairing_state().is_paired(), "in force before it is stored");

    home.input(Input::Persisted { ticket, result: Ok(()) });
    assert_eq!(link.only_message(&mut home).body[..3], [6, 1, 6]);
    assert_eq!(home.log.last(), Some(&Output::PairingsChanged { is_paired: true }));
    admin.verify(&mut home, &mut link).unwrap();
    assert_eq!(link.get(&mut home, "/accessories").code(), 200);
}

#[test]
fn a_second_controller_gets_unavailable() {
    let (mut home, _, _link) = Home::paired();
    let mut link = home.connect();
    let refused = Controller::new("other", 2).start(&mut home, &mut link).err();
    assert_eq!(refused, Some(PairError::Tlv(2, 6)));
}

#[test]
fn a_wrong_code_is_counted_before_m4_and_a_retry_works() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let mut link = home.connect();
    assert_eq!(admin.pair(&mut home, &mut link, WRONG), Err(PairError::Tlv(4, 2)));
    assert_eq!(home.stored.failed_attempts, 1);

    let m2 = admin.start(&mut home, &mut link).unwrap();
    home.store = Mode::Waits;
    assert!(matches!(admin.prove(&mut home, &mut link, &m2, WRONG), Err(PairError::Silent)));
    let (ticket, state) = home.persists().pop().unwrap();
    assert_eq!(state.failed_attempts, 2);
    home.input(Input::Persisted { ticket, result: Err(StoreFailed) });
    assert_eq!(link.only_message(&mut home).body, [6, 1, 4, 7, 1, 2]);
    assert_eq!(home.server.pairing_state().failed_attempts, 2, "counted though not stored");

    home.store = Mode::Works;
    admin.pair(&mut home, &mut link, CODE).unwrap();
    assert_eq!(home.stored.failed_attempts, 0);
}

#[test]
fn after_a_hundred_wrong_codes_even_a_restart_does_not_help() {
    let mut home = Home::with(PairingState { failed_attempts: 98, ..PairingState::default() });
    let admin = Controller::new("admin", 1);
    for count in [99, 100] {
        let mut link = home.connect();
        let m2 = admin.start(&mut home, &mut link).unwrap();
        let (m3, _) = Controller::m3(&m2, WRONG);
        link.send(&mut home, &support::Link::head("POST", "/pair-setup", &m3));
        home.pass(8 * SECOND);
        assert_eq!(link.only_message(&mut home).body, [6, 1, 4, 7, 1, 2]);
        assert_eq!(home.stored.failed_attempts, count);
    }
    let mut link = home.connect();
    assert_eq!(admin.start(&mut home, &mut link).err(), Some(PairError::Tlv(2, 5)));
    home.restart();
    let mut link = home.connect();
    assert_eq!(admin.start(&mut home, &mut link).err(), Some(PairError::Tlv(2, 5)));

    home.input(Input::UnpairAll);
    assert_eq!(home.stored.failed_attempts, 0);
    admin.pair(&mut home, &mut link, CODE).unwrap();
}

#[test]
fn the_tenth_wrong_code_is_answered_late_without_holding_up_others() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let mut link = home.connect();
    for _ in 0..9 {
        assert_eq!(admin.pair(&mut home, &mut link, WRONG), Err(PairError::Tlv(4, 2)));
    }
    for delay in [1, 2, 4, 8, 8] {
        let m2 = admin.start(&mut home, &mut link).unwrap();
        assert!(matches!(admin.prove(&mut home, &mut link, &m2, WRONG), Err(PairError::Silent)));
        let mut other = home.connect();
        assert_eq!(other.request(&mut home, "POST", "/identify", b"").code(), 204);
        other.close(&mut home);
        home.pass(delay * SECOND - Duration::from_millis(1));
        assert!(link.receive(&mut home).is_empty(), "answered before {delay} s");
        home.pass(Duration::from_millis(1));
        assert_eq!(link.only_message(&mut home).body, [6, 1, 4, 7, 1, 2]);
    }
    // Who hangs up before the answer has not tried, so there is nothing to gain by that.
    let m2 = admin.start(&mut home, &mut link).unwrap();
    assert!(matches!(admin.prove(&mut home, &mut link, &m2, CODE), Err(PairError::Silent)));
    link.close(&mut home);
    home.pass(10 * SECOND);
    assert_eq!(home.stored.failed_attempts, 14);
}

#[test]
fn one_pairs_at_a_time_and_after_30_seconds_the_next_takes_over() {
    let mut home = Home::new();
    let (first, second) = (Controller::new("first", 1), Controller::new("second", 2));
    let (mut one, mut two) = (home.connect(), home.connect());
    let m2 = first.start(&mut home, &mut one).unwrap();
    assert_eq!(second.start(&mut home, &mut two).err(), Some(PairError::Tlv(2, 7)));
    home.pass(29 * SECOND);
    assert_eq!(second.start(&mut home, &mut two).err(), Some(PairError::Tlv(2, 7)));
    home.pass(SECOND);
    let second_m2 = second.start(&mut home, &mut two).unwrap();
    assert!(matches!(first.prove(&mut home, &mut one, &m2, CODE), Err(PairError::Http(400))));
    let proof = second.prove(&mut home, &mut two, &second_m2, CODE).unwrap();
    second.exchange(&mut home, &mut two, &proof).unwrap();
}

#[test]
fn closing_the_connection_lets_the_next_one_pair() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let (mut one, mut two) = (home.connect(), home.connect());
    admin.start(&mut home, &mut one).unwrap();
    one.close(&mut home);
    admin.pair(&mut home, &mut two, CODE).unwrap();
}

#[test]
fn m1_again_on_the_same_connection_starts_over_with_another_b() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let mut link = home.connect();
    let before = admin.start(&mut home, &mut link).unwrap();
    home.pass(120 * SECOND);
    let again = admin.start(&mut home, &mut link).unwrap();
    assert_ne!(before.required(3), again.required(3));
    let proof = admin.prove(&mut home, &mut link, &again, CODE).unwrap();
    admin.exchange(&mut home, &mut link, &proof).unwrap();
}

#[test]
fn tools_that_ask_for_authentication_or_set_flags_pair_as_well() {
    for m1 in [&[0, 1, 1, 6, 1, 1][..], &[0, 1, 0, 6, 1, 1, 0x13, 4, 0x10, 0, 0, 1]] {
        let mut home = Home::new();
        let admin = Controller::new("admin", 1);
        let mut link = home.connect();
        let m2 = link.request(&mut home, "POST", "/pair-setup", m1);
        let m2 = tlv8::Fields::parse(&m2.body).unwrap();
        let proof = admin.prove(&mut home, &mut link, &m2, CODE).unwrap();
        admin.exchange(&mut home, &mut link, &proof).unwrap();
    }
}

#[test]
fn what_is_malformed_or_out_of_turn_is_a_400_and_starts_over() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let mut link = home.connect();
    let m2 = admin.start(&mut home, &mut link).unwrap();
    let (m3, proof) = Controller::m3(&m2, CODE);
    let m5 = admin.m5(&proof);
    for body in [&b""[..], &[6, 1], &[6, 1, 1], &[6, 1, 2], &[6, 1, 1, 0, 1, 9], &m5, &m3[..9]] {
        admin.start(&mut home, &mut link).unwrap();
        let answer = link.request(&mut home, "POST", "/pair-setup", body);
        assert_eq!((answer.code(), answer.body.len()), (400, 0), "{body:?}");
        let answer = link.request(&mut home, "POST", "/pair-setup", &m3);
        assert_eq!(answer.code(), 400, "it went on after {body:?}");
    }
    assert_eq!(home.stored.failed_attempts, 0);
    admin.pair(&mut home, &mut link, CODE).unwrap();
}

#[test]
fn a_bad_m5_or_a_full_disk_makes_no_pairing() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let mut link = home.connect();
    let m2 = admin.start(&mut home, &mut link).unwrap();
    let mut proof = admin.prove(&mut home, &mut link, &m2, CODE).unwrap();
    proof.key[0] ^= 1;
    assert_eq!(admin.exchange(&mut home, &mut link, &proof), Err(PairError::Tlv(6, 2)));

    home.store = Mode::Fails;
    assert_eq!(admin.pair(&mut home, &mut link, CODE), Err(PairError::Tlv(6, 1)));
    assert!(!home.server.pairing_state().is_paired());
    home.store = Mode::Works;
    admin.pair(&mut home, &mut link, CODE).unwrap();
}

#[test]
fn power_loss_before_m6_leaves_a_pairing_or_none_but_nothing_between() {
    for is_stored in [false, true] {
        let mut home = Home::new();
        let admin = Controller::new("admin", 1);
        let mut link = home.connect();
        let m2 = admin.start(&mut home, &mut link).unwrap();
        let proof = admin.prove(&mut home, &mut link, &m2, CODE).unwrap();
        home.store = Mode::Waits;
        assert_eq!(admin.exchange(&mut home, &mut link, &proof), Err(PairError::Silent));
        if is_stored {
            home.stored = home.persists().pop().unwrap().1;
        }
        home.restart();
        let mut link = home.connect();
        assert_eq!(admin.verify(&mut home, &mut link).is_ok(), is_stored);
    }
}

#[test]
fn identify_works_only_while_unpaired() {
    let mut home = Home::new();
    let mut link = home.connect();
    assert_eq!(link.request(&mut home, "POST", "/identify", b"").code(), 204);
    assert!(home.log.contains(&Output::Identify));
    let (mut home, _, mut verified) = Home::paired();
    let mut link = home.connect();
    for link in [&mut link, &mut verified] {
        let answer = link.request(&mut home, "POST", "/identify", b"");
        assert_eq!((answer.code(), answer.json()["status"].as_i64()), (400, Some(-70401)));
    }
    assert!(!home.log.contains(&Output::Identify));
}
