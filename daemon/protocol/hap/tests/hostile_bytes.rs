// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever a peer sends, the server neither panics nor keeps more than it should.

mod support;

use std::time::Duration;

use hap::Input;
use proptest::{collection::vec, prelude::*, sample::select};
use support::{Home, Link};

/// Pieces that get further than noise does.
const PIECES: &[&[u8]] = &[
    b"GET /accessories HTTP/1.1\r\n\r\n",
    b"GET /characteristics?id=1.3,1.22&meta=1&ev=1 HTTP/1.1\r\n",
    b"GET /characteristics?id=",
    b"1.18446744073709551616",
    b"PUT /characteristics HTTP/1.1\r\nContent-Length: 66\r\n\r\n",
    br#"{"characteristics":[{"aid":1,"iid":22,"value":1e999,"ev":true}]}  "#,
    b"PUT /prepare HTTP/1.1\r\nContent-Length: 19\r\n\r\n{\"ttl\":999,\"pid\":7}",
    b"POST /resource HTTP/1.1\r\nContent-Length: 300000\r\n\r\n",
    b"POST /pairings HTTP/1.1\r\nContent-Length: 6\r\n\r\n\x06\x01\x01\x00\x01\x05",
    b"POST /pair-setup HTTP/1.1\r\nContent-Length: 6\r\n\r\n\x00\x01\x00\x06\x01\x01",
    b"POST /pair-setup HTTP/1.1\r\nContent-Length: 9\r\n\r\n\x06\x01\x03\x03\x01\x00\x04\x01\x00",
    b"POST /pair-verify HTTP/1.1\r\nContent-Length: 5\r\n\r\n\x06\x01\x03\x05\x00",
    b"\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"\xff\xff\xff",
    b"\x00\x00",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![select(PIECES).prop_map(<[u8]>::to_vec), vec(any::<u8>(), 0..40)];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn in_clear(parts in vec(bytes(), 1..4)) {
        let (mut home, _, _link) = Home::paired();
        let link = home.connect();
        for part in parts {
            link.send_raw(&mut home, &part);
            home.pass(Duration::from_secs(1));
        }
        prop_assert!(home.persists().is_empty());
    }

    #[test]
    fn as_frames(part in bytes()) {
        let (mut home, _, link) = Home::paired();
        link.send_raw(&mut home, &part);
        home.pass(Duration::from_secs(20));
        prop_assert!(part.is_empty() || home.is_closed(&link), "noise is no session");
    }

    #[test]
    fn inside_a_session(parts in vec(bytes(), 1..4)) {
        let (mut home, _, mut link) = Home::paired();
        for part in parts {
            if home.is_closed(&link) {
                break;
            }
            link.send(&mut home, &part);
            home.pass(Duration::from_secs(1));
        }
        home.pass(Duration::from_secs(120));
        let fresh = home.connect();
        home.input(Input::Closed { conn: fresh.conn });
    }
}

#[test]
fn every_truncation_of_a_request_waits_and_then_closes() {
    let request = Link::head("PUT", "/characteristics", br#"{"characteristics":[]}"#);
    for end in 1..request.len() {
        let (mut home, _, mut link) = Home::paired();
        link.send(&mut home, &request[..end]);
        assert!(link.receive(&mut home).is_empty(), "answered after {end} bytes");
        home.pass(Duration::from_secs(61));
        assert!(home.is_closed(&link), "kept after {end} bytes");
    }
}
