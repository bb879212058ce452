// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections: frames, limits, time limits, and who goes when there is no room.

mod support;

use std::time::Duration;

use hap::{Input, Output};
use support::{Controller, FAULT, Home, JPEG, Link, Mode, NAME};

const SECOND: Duration = Duration::from_secs(1);

fn read_name() -> Vec<u8> {
    Link::head("GET", &format!("/characteristics?id=1.{NAME}"), b"")
}

#[test]
fn frames_that_come_byte_by_byte_make_one_request() {
    let (mut home, _, mut link) = Home::paired();
    for byte in link.seal(&read_name()) {
        assert!(link.receive(&mut home).is_empty());
        link.send_raw(&mut home, &[byte]);
    }
    assert_eq!(link.only_message(&mut home).code(), 200);
}

#[test]
fn two_requests_in_a_frame_and_one_over_two_frames_are_answered_in_order() {
    let (mut home, _, mut link) = Home::paired();
    link.send(&mut home, &[read_name(), Link::head("GET", "/none", b"")].concat());
    let codes: Vec<u16> = link.receive(&mut home).iter().map(|message| message.code()).collect();
    assert_eq!(codes, [200, 404]);
    let request = read_name();
    let (first, second) = request.split_at(7);
    link.send(&mut home, first);
    assert!(link.receive(&mut home).is_empty());
    link.send(&mut home, second);
    assert_eq!(link.only_message(&mut home).code(), 200);
}

#[test]
fn a_request_waits_for_the_answer_before_it() {
    let (mut home, _, mut link) = Home::paired();
    home.camera = Mode::Waits;
    link.send(&mut home, &[read_name(), Link::head("GET", "/none", b"")].concat());
    assert!(link.receive(&mut home).is_empty());
    let (ticket, _) = home.requests().pop().unwrap();
    home.input(Input::Reply { ticket, reply: hap::Reply::Read(vec![Ok(hap::Value::Null)]) });
    let codes: Vec<u16> = link.receive(&mut home).iter().map(|message| message.code()).collect();
    assert_eq!(codes, [200, 404]);
    home.input(Input::Reply { ticket, reply: hap::Reply::Read(vec![Ok(hap::Value::Null)]) });
    assert!(link.receive(&mut home).is_empty(), "a reply counts once");
}

#[test]
fn a_peer_that_does_not_wait_for_answers_is_closed() {
    let (mut home, _, mut link) = Home::paired();
    home.camera = Mode::Waits;
    for _ in 0..80 {
        link.send(&mut home, &[read_name(), vec![b'x'; 1024]].concat());
        if home.is_closed(&link) {
            return;
        }
    }
    panic!("80 KiB of unread bytes were kept");
}

#[test]
fn wrong_lengths_and_tags_close_without_a_word() {
    for wrong in ["length 0", "length 1025", "tag", "plaintext"] {
        let (mut home, _, mut link) = Home::paired();
        let mut bytes = link.seal(&read_name());
        match wrong {
            "length 0" => bytes = vec![0, 0],
            "length 1025" => bytes[..2].copy_from_slice(&1025u16.to_le_bytes()),
            "tag" => *bytes.last_mut().unwrap() ^= 1,
            _ => bytes = read_name(),
        }
        link.send_raw(&mut home, &bytes);
        assert!(link.receive(&mut home).is_empty(), "{wrong}");
        let conn = link.conn;
        assert_eq!(home.log, [Output::Close { conn }, Output::SessionEnded { conn }], "{wrong}");
    }
}

#[test]
fn what_is_too_long_is_refused_before_it_is_read() {
    let (mut home, _, mut verified) = Home::paired();
    let post = |len: usize| format!("POST /resource HTTP/1.1\r\nContent-Length: {len}\r\n\r\n");
    let long_head = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(9000));
    let mut plain = home.connect();
    plain.send(&mut home, post(64 * 1024 + 1).as_bytes());
    assert_eq!(plain.only_message(&mut home).code(), 413);
    assert!(home.is_closed(&plain));
    let mut plain = home.connect();
    plain.send(&mut home, long_head.as_bytes());
    assert_eq!(plain.only_message(&mut home).code(), 431);
    assert!(home.is_closed(&plain));
    let mut plain = home.connect();
    plain.send(&mut home, b"\x16\x03\x01\x00\x05hello, this is TLS\r\n\r\n");
    assert_eq!(plain.only_message(&mut home).code(), 400);
    assert!(home.is_closed(&plain));

    let body = vec![b' '; 256 * 1024];
    assert_eq!(verified.request(&mut home, "POST", "/resource", &body).code(), 400);
    verified.send(&mut home, post(256 * 1024 + 1).as_bytes());
    assert_eq!(verified.only_message(&mut home).code(), 413);
    assert!(home.is_closed(&verified));
}

#[test]
fn a_long_answer_comes_in_frames_of_1024() {
    let (mut home, _, mut link) = Home::paired();
    let ids = vec![format!("1.{NAME}"); 100].join(",");
    link.ask(&mut home, "GET", &format!("/characteristics?id={ids}"), "");
    let wire = home.take_wire(link.conn);
    assert_eq!(wire[..2], 1024u16.to_le_bytes());
    assert!(wire.len() > 3 * 1042);
}

#[test]
fn a_head_that_does_not_end_within_ten_seconds_closes() {
    let (mut home, _, mut verified) = Home::paired();
    let mut plain = home.connect();
    let idle = home.connect();
    plain.send(&mut home, b"GET /accessories HT");
    let frame = verified.seal(&read_name());
    verified.send_raw(&mut home, &frame[..5]);
    home.pass(5 * SECOND);
    plain.send(&mut home, b"TP/1.1\r\n");
    home.pass(5 * SECOND - Duration::from_millis(1));
    assert!(home.closed.is_empty());
    home.pass(Duration::from_millis(1));
    assert!(home.is_closed(&plain) && home.is_closed(&verified));
    assert!(!home.is_closed(&idle));
}

#[test]
fn a_body_that_does_not_come_closes_later() {
    let (mut home, _, _link) = Home::paired();
    let mut link = home.connect();
    link.send(&mut home, b"POST /pair-verify HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc");
    home.pass(30 * SECOND);
    assert!(!home.is_closed(&link));
    home.pass(31 * SECOND);
    assert!(home.is_closed(&link));
}

#[test]
fn a_phone_may_wait_for_its_owner_but_not_for_ever() {
    let (mut home, _, verified) = Home::paired();
    let link = home.connect();
    home.pass(300 * SECOND);
    assert!(!home.is_closed(&link), "closed after five minutes");
    home.pass(301 * SECOND);
    assert!(home.is_closed(&link));
    home.pass(90 * 3600 * SECOND);
    assert!(!home.is_closed(&verified), "a session has no idle limit");
}

#[test]
fn of_nine_unverified_connections_the_one_silent_longest_goes_but_not_who_is_pairing() {
    let mut home = Home::new();
    let admin = Controller::new("admin", 1);
    let mut pairing = home.connect();
    admin.start(&mut home, &mut pairing).unwrap();
    let mut links = Vec::new();
    for _ in 0..7 {
        home.pass(SECOND);
        links.push(home.connect());
    }
    home.pass(SECOND);
    links[0].request(&mut home, "POST", "/identify", b"");
    home.connect();
    assert!(home.is_closed(&links[1]));
    assert_eq!(home.closed.len(), 1);
    assert!(!home.is_closed(&pairing));
}

#[test]
fn a_full_house_closes_strangers_then_idle_sessions_and_never_a_stream() {
    let (mut home, admin, first) = Home::paired();
    let mut links = vec![first];
    while links.len() < 63 {
        home.pass(SECOND);
        links.push(admin.session(&mut home));
    }
    // The oldest two are in use: a stream, and subscriptions.
    home.input(Input::Pinned { conn: links[0].conn, is_pinned: true });
    links[1].subscribe(&mut home, FAULT);
    let stranger = home.connect();
    assert!(home.closed.is_empty());
    let mut newest = home.connect();
    assert!(home.is_closed(&stranger), "the stranger goes first");
    admin.verify(&mut home, &mut newest).unwrap();
    for (number, idle) in links.iter().enumerate().skip(2) {
        let mut link = home.connect();
        assert!(home.is_closed(idle), "session {number} was idle longest");
        admin.verify(&mut home, &mut link).unwrap();
        home.input(Input::Pinned { conn: link.conn, is_pinned: true });
    }
    home.input(Input::Pinned { conn: newest.conn, is_pinned: true });
    let mut link = home.connect();
    assert!(home.is_closed(&links[1]), "subscriptions go when nothing else is left");
    admin.verify(&mut home, &mut link).unwrap();
    home.input(Input::Pinned { conn: link.conn, is_pinned: true });
    assert!(!home.is_closed(&links[0]), "streams stay");

    let mut refused = home.connect();
    assert_eq!(refused.only_message(&mut home).code(), 503);
    assert!(home.is_closed(&refused));
}

#[test]
fn methods_and_paths_that_do_not_exist_are_told() {
    let (mut home, _, mut link) = Home::paired();
    for (method, path, code) in [
        ("POST", "/accessories", 405),
        ("POST", "/characteristics", 405),
        ("GET", "/prepare", 405),
        ("GET", "/pairings", 405),
        ("PUT", "/resource", 405),
        ("DELETE", "/resource", 405),
        ("GET", "/", 404),
        ("POST", "/configured", 404),
    ] {
        assert_eq!(link.request(&mut home, method, path, b"").code(), code, "{method} {path}");
    }
}

#[test]
fn ten_snapshots_at_once_are_ten_answers() {
    let (mut home, admin, _link) = Home::paired();
    let mut links: Vec<Link> = (0..10).map(|_| admin.session(&mut home)).collect();
    home.camera = Mode::Waits;
    let body = r#"{"resource-type":"image","image-width":640,"image-height":360}"#;
    for link in &mut links {
        link.ask(&mut home, "POST", "/resource", body);
    }
    for (ticket, _) in home.requests() {
        home.input(Input::Reply { ticket, reply: hap::Reply::Snapshot(Ok(JPEG.to_vec().into())) });
    }
    for link in &mut links {
        let answer = link.only_message(&mut home);
        assert_eq!(answer.content_type.as_deref(), Some("image/jpeg"));
        assert_eq!(answer.body, JPEG);
    }
}
