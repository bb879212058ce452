// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stranger on a data stream, and then one who has the key: first raw bytes, then the same
//! bytes inside frames that open.

#![no_main]

use std::time::Instant;

use hds::{Config, ConnectionId, Dict, Input, Keys, Message, Output, Owner, Sealer, Server};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let now = Instant::now();
    let peer = "10.0.0.2".parse().expect("an address");
    let keys = Keys::accessory(&[1; 32], &[2; 32], &[3; 32]);

    let mut server = Server::new(Config::default());
    server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys.clone()).expect("room for one");
    let connection = ConnectionId(1);
    drop(server.handle(now, Input::Accepted { connection, peer }));
    for bytes in data.chunks(7) {
        for output in server.handle(now, Input::Received { connection, bytes }) {
            assert!(!matches!(output, Output::Message { .. } | Output::Send { .. }));
        }
    }

    let connection = ConnectionId(2);
    let mut hub = Sealer::new(&keys.of_peer());
    let hello = hub.seal(&Message::request("control", "hello", 1, Dict::new())).expect("small");
    drop(server.handle(now, Input::Accepted { connection, peer }));
    drop(server.handle(now, Input::Received { connection, bytes: &hello }));
    if let Ok(frame) = hub.seal_payload(data) {
        drop(server.handle(now, Input::Received { connection, bytes: &frame }));
    }
    assert!(server.queued_bytes(connection) < 4096);
});
