// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pair verify: from a plain connection to a session.

mod support;

use hap::Output;
use support::{Controller, Home, Link, PairError};
use tlv8::Writer;

#[test]
fn a_session_begins_on_the_connection_of_pair_setup_or_on_another() {
    let (mut home, admin, mut same) = Home::paired();
    let mut other = admin.session(&mut home);
    for link in [&mut same, &mut other] {
        assert_eq!(link.get(&mut home, "/accessories").code(), 200);
        assert!(home.server.shared_secret(link.conn).is_some());
    }
    let plain = home.connect();
    assert!(home.server.shared_secret(plain.conn).is_none());
}

#[test]
fn both_sides_keep_the_same_secret_for_data_streams() {
    let (mut home, admin, _link) = Home::paired();
    let mut link = home.connect();
    let (m3, secret) = admin.start_verify(&mut home, &mut link).unwrap();
    assert!(home.server.shared_secret(link.conn).is_none());
    assert_eq!(link.request(&mut home, "POST", "/pair-verify", &m3).body, [6, 1, 4]);
    assert_eq!(home.server.shared_secret(link.conn).unwrap().as_bytes(), &secret);
}

#[test]
fn a_stranger_is_refused_and_the_connection_stays_usable() {
    let (mut home, admin, _link) = Home::paired();
    let mut link = home.connect();
    let stranger = Controller::new("stranger", 9);
    assert_eq!(stranger.verify(&mut home, &mut link), Err(PairError::Tlv(4, 2)));
    let impostor = Controller::new("admin", 9);
    assert_eq!(impostor.verify(&mut home, &mut link), Err(PairError::Tlv(4, 2)));
    let (mut m3, _) = admin.start_verify(&mut home, &mut link).unwrap();
    *m3.last_mut().unwrap() ^= 1;
    assert_eq!(link.request(&mut home, "POST", "/pair-verify", &m3).body, [6, 1, 4, 7, 1, 2]);
    assert_eq!(link.get(&mut home, "/accessories").code(), 470);
    admin.verify(&mut home, &mut link).unwrap();
    assert_eq!(link.get(&mut home, "/accessories").code(), 200);
}

#[test]
fn m1_again_starts_over_and_m3_alone_is_a_400() {
    let (mut home, admin, _link) = Home::paired();
    let mut link = home.connect();
    let (old_m3, _) = admin.start_verify(&mut home, &mut link).unwrap();
    admin.start_verify(&mut home, &mut link).unwrap();
    assert_eq!(link.request(&mut home, "POST", "/pair-verify", &old_m3).body, [6, 1, 4, 7, 1, 2]);
    assert_eq!(link.request(&mut home, "POST", "/pair-verify", &old_m3).code(), 400);
    for body in [&b""[..], &[6, 1, 1], &[6, 1, 5], &[6, 1, 1, 3, 1, 7]] {
        assert_eq!(link.request(&mut home, "POST", "/pair-verify", body).code(), 400, "{body:?}");
    }
    admin.verify(&mut home, &mut link).unwrap();
}

#[test]
fn a_key_that_makes_the_secret_zero_is_refused() {
    let (mut home, admin, _link) = Home::paired();
    let mut link = home.connect();
    let m1 = Writer::new().u8(6, 1).bytes(3, &[0; 32]).finish();
    assert_eq!(link.request(&mut home, "POST", "/pair-verify", &m1).body, [6, 1, 2, 7, 1, 2]);
    admin.verify(&mut home, &mut link).unwrap();
}

#[test]
fn handshakes_inside_a_session_are_a_400_and_do_not_end_it() {
    let (mut home, _, mut link) = Home::paired();
    for path in ["/pair-setup", "/pair-verify"] {
        assert_eq!(link.request(&mut home, "POST", path, &[6, 1, 1]).code(), 400, "{path}");
    }
    assert_eq!(link.get(&mut home, "/accessories").code(), 200);
}

#[test]
fn what_comes_with_m3_is_taken_as_frames() {
    let (mut home, admin, _link) = Home::paired();
    let mut link = home.connect();
    let (m3, secret) = admin.start_verify(&mut home, &mut link).unwrap();
    let mut bytes = Link::head("POST", "/pair-verify", &m3);
    let mut later = Link::new(link.conn);
    later.secure(&secret);
    bytes.extend(later.seal(&Link::head("GET", "/characteristics?id=1.3", b"")));
    link.send_raw(&mut home, &bytes);
    let wire = home.take_wire(link.conn);
    let end = wire.windows(7).position(|w| w == b"\r\n\r\n\x06\x01\x04").unwrap() + 7;
    assert!(wire[end..].len() > 18, "the answer in frames");

    let mut link = home.connect();
    let (m3, _) = admin.start_verify(&mut home, &mut link).unwrap();
    let plain = Link::head("GET", "/characteristics?id=1.3", b"");
    link.send_raw(&mut home, &[Link::head("POST", "/pair-verify", &m3), plain].concat());
    assert_eq!(link.only_message(&mut home).body, [6, 1, 4], "nothing more in clear");
    assert!(home.is_closed(&link));
    assert!(home.log.contains(&Output::SessionEnded { conn: link.conn }));
}

#[test]
fn without_a_session_there_is_nothing_to_see() {
    let (mut home, _, _link) = Home::paired();
    let mut link = home.connect();
    for (method, path) in [
        ("GET", "/accessories"),
        ("GET", "/characteristics?id=1.3"),
        ("PUT", "/characteristics"),
        ("PUT", "/prepare"),
        ("POST", "/pairings"),
        ("POST", "/resource"),
        ("GET", "/unknown"),
    ] {
        let answer = link.request(&mut home, method, path, b"{}");
        assert_eq!(answer.first_line, "HTTP/1.1 470 Connection Authorization Required", "{path}");
        assert_eq!(answer.json()["status"], -70401, "{path}");
    }
    for path in ["/identify", "/pair-setup", "/pair-verify"] {
        assert_eq!(link.get(&mut home, path).code(), 405, "{path}");
    }
    assert!(home.requests().is_empty());
}
