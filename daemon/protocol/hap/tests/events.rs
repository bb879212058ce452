// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events: who gets them, when, and what they hold.

mod support;

use std::time::Duration;

use hap::{Input, Output, Reply, Value};
use serde_json::json;
use support::{BELL, FAULT, Home, Link, MOTION, Mode, TAMPERED, VOLUME};

const WINDOW: Duration = Duration::from_millis(250);

fn subscribed() -> (Home, Link) {
    let (mut home, _, mut link) = Home::paired();
    for iid in [MOTION, FAULT, TAMPERED, BELL, VOLUME] {
        link.subscribe(&mut home, iid);
    }
    (home, link)
}

#[test]
fn events_of_250_ms_come_in_one_message() {
    let (mut home, mut link) = subscribed();
    home.change(FAULT, Value::UInt(1));
    home.pass(WINDOW - Duration::from_millis(1));
    home.change(TAMPERED, Value::UInt(1));
    assert!(link.receive(&mut home).is_empty());
    home.pass(Duration::from_millis(1));
    let event = link.only_message(&mut home);
    assert!(event.is_event());
    assert_eq!(
        event.json(),
        json!({"characteristics":[{"aid":1,"iid":FAULT,"value":1},{"aid":1,"iid":TAMPERED,"value":1}]})
    );
    home.pass(10 * WINDOW);
    assert!(link.receive(&mut home).is_empty());
}

#[test]
fn motion_and_the_bell_come_at_once_and_take_along_what_waits() {
    let (mut home, mut link) = subscribed();
    home.change(FAULT, Value::UInt(1));
    home.change(MOTION, Value::Bool(true));
    let event = link.only_message(&mut home);
    assert_eq!(event.values(), [(FAULT, json!(1)), (MOTION, json!(1))]);
    for _ in 0..2 {
        home.change(BELL, Value::UInt(0));
        assert_eq!(link.only_message(&mut home).values(), [(BELL, json!(0))]);
    }
    home.pass(10 * WINDOW);
    assert!(link.receive(&mut home).is_empty());
}

#[test]
fn a_value_that_toggles_in_the_window_makes_two_messages() {
    let (mut home, mut link) = subscribed();
    home.change(FAULT, Value::UInt(1));
    home.change(FAULT, Value::UInt(0));
    home.pass(WINDOW);
    let values: Vec<_> = link.receive(&mut home).iter().map(|event| event.values()).collect();
    assert_eq!(values, [[(FAULT, json!(1))], [(FAULT, json!(0))]]);
}

#[test]
fn only_subscribers_get_events_and_never_the_author() {
    let (mut home, admin, mut author) = Home::paired();
    let (mut other, mut stranger) = (admin.session(&mut home), admin.session(&mut home));
    author.subscribe(&mut home, VOLUME);
    other.subscribe(&mut home, VOLUME);
    let author_conn = Some(author.conn);
    home.input(Input::Changed { iid: VOLUME, value: Value::UInt(1), author: author_conn });
    home.pass(WINDOW);
    assert!(author.receive(&mut home).is_empty());
    assert!(stranger.receive(&mut home).is_empty());
    assert_eq!(other.only_message(&mut home).values(), [(VOLUME, json!(1))]);
}

#[test]
fn unsubscribing_also_drops_what_waits_and_closing_unsubscribes() {
    let (mut home, mut link) = subscribed();
    home.change(FAULT, Value::UInt(1));
    let body = format!(r#"{{"characteristics":[{{"aid":1,"iid":{FAULT},"ev":false}}]}}"#);
    assert_eq!(link.put(&mut home, &body).code(), 204);
    home.pass(WINDOW);
    assert!(link.receive(&mut home).is_empty());
    let conn = link.conn;
    link.close(&mut home);
    assert_eq!(home.log.last(), Some(&Output::SessionEnded { conn }));
    home.log.clear();
    home.change(MOTION, Value::Bool(true));
    assert!(home.log.is_empty());
}

#[test]
fn no_event_comes_between_a_request_and_its_response() {
    let (mut home, mut link) = subscribed();
    home.camera = Mode::Waits;
    let frames = link.seal(&Link::head("GET", "/characteristics?id=1.3", b""));
    link.send_raw(&mut home, &frames[..1]);
    home.change(MOTION, Value::Bool(true));
    home.pass(WINDOW);
    assert!(link.receive(&mut home).is_empty(), "the first byte of a request holds events back");
    link.send_raw(&mut home, &frames[1..]);
    home.change(FAULT, Value::UInt(1));
    home.pass(2 * WINDOW);
    assert!(link.receive(&mut home).is_empty(), "so does waiting for the camera");

    let (ticket, _) = home.requests().pop().unwrap();
    home.input(Input::Reply { ticket, reply: Reply::Read(vec![Ok(Value::Null)]) });
    let messages = link.receive(&mut home);
    assert_eq!(messages.len(), 2);
    assert!(!messages[0].is_event() && messages[1].is_event());
    assert_eq!(messages[1].values(), [(MOTION, json!(1)), (FAULT, json!(1))]);
}

#[test]
fn an_event_that_is_not_due_yet_waits_past_a_response() {
    let (mut home, mut link) = subscribed();
    home.change(FAULT, Value::UInt(1));
    assert!(!link.get(&mut home, "/characteristics?id=1.3").is_event());
    home.pass(WINDOW);
    assert!(link.only_message(&mut home).is_event());
}

#[test]
fn what_cannot_be_subscribed_to_says_so() {
    let (mut home, _, mut link) = Home::paired();
    let body = r#"{"characteristics":[{"aid":1,"iid":3,"ev":true},{"aid":1,"iid":11,"ev":true}]}"#;
    assert_eq!(link.put(&mut home, body).statuses(), [(3, -70406), (11, 0)]);
    home.change(MOTION, Value::Bool(true));
    assert!(link.only_message(&mut home).is_event());
}
