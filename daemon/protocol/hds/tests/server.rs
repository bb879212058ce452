// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hubs, and others, at the accessory's end of a data stream.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};

use hds::{
    CloseReason, Closing, Config, ConnectionId, Data, Dict, Input, Keys, Kind, Message, Opener,
    Output, Owner, PeerRule, Sealer, SendError, Server, Status, Value,
};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn keys(hub: u8) -> Keys {
    Keys::accessory(&[hub; 32], &[2; 32], &[3; 32])
}

/// The controller's end.
struct Hub {
    connection: ConnectionId,
    sealer: Sealer,
    opener: Opener,
}

impl Hub {
    fn new(connection: u64, keys: &Keys) -> Self {
        let keys = keys.of_peer();
        let connection = ConnectionId(connection);
        Self { connection, sealer: Sealer::new(&keys), opener: Opener::new(&keys) }
    }

    fn connect(&self, server: &mut Server, now: Instant) {
        let (connection, peer) = (self.connection, "192.168.1.20".parse().unwrap());
        assert_eq!(server.handle(now, Input::Accepted { connection, peer }), []);
    }

    fn send(&mut self, server: &mut Server, now: Instant, message: &Message) -> Vec<Output> {
        let bytes = self.sealer.seal(message).unwrap();
        self.send_bytes(server, now, &bytes)
    }

    fn send_bytes(&self, server: &mut Server, now: Instant, bytes: &[u8]) -> Vec<Output> {
        server.handle(now, Input::Received { connection: self.connection, bytes })
    }

    /// The messages among `outputs` for this hub.
    fn read(&mut self, outputs: &[Output]) -> Vec<Message> {
        let mut messages = Vec::new();
        for output in outputs {
            if let Output::Send { connection, bytes } = output {
                assert_eq!(*connection, self.connection);
                self.opener.push(bytes);
                let payload = self.opener.payload().unwrap().unwrap();
                messages.push(Message::decode(&payload).unwrap());
            }
        }
        messages
    }

    fn closed(&self, owner: u64, closing: Closing, reason: CloseReason) -> [Output; 2] {
        let (connection, owner) = (self.connection, Owner(owner));
        [
            Output::Close { connection, closing, reason },
            Output::Closed { connection, owner, reason },
        ]
    }
}

fn hello() -> Message {
    Message::request("control", "hello", 1, Dict::new())
}

fn open() -> Message {
    Message::request("dataSend", "open", 2, Dict::new().with("streamId", 1i64))
}

/// A hub that has connected and said hello.
fn connected(server: &mut Server, now: Instant, number: u8) -> Hub {
    server.prepare(now, Owner(number.into()), [192, 168, 1, 20].into(), keys(number)).unwrap();
    let mut hub = Hub::new(number.into(), &keys(number));
    hub.connect(server, now);
    let outputs = hub.send(server, now, &hello());
    let answers = hub.read(&outputs);
    assert_eq!(outputs.len(), 1, "{outputs:?}");
    let kind = Kind::Response { id: 1, status: Status::Success };
    assert_eq!(answers, [Message { kind, ..hello() }]);
    // The socket takes the answer.
    let connection = hub.connection;
    let bytes = server.queued_bytes(connection);
    assert_eq!(server.handle(now, Input::Written { connection, bytes }), []);
    hub
}

fn server() -> (Server, Instant) {
    (Server::new(Config::default()), Instant::now())
}

#[test]
fn two_hubs_are_told_apart_by_their_keys() {
    let (mut server, now) = server();
    for owner in [1, 2, 3] {
        server.prepare(now, Owner(owner.into()), [192, 168, 1, 20].into(), keys(owner)).unwrap();
    }
    // They connect in another order than they were prepared.
    for (connection, owner) in [(10, 3), (11, 1)] {
        let mut hub = Hub::new(connection, &keys(owner));
        hub.connect(&mut server, now);
        let outputs = hub.send(&mut server, now, &hello());
        assert_eq!(hub.read(&outputs).len(), 1);
        let outputs = hub.send(&mut server, now, &open());
        let expected = Output::Message {
            connection: hub.connection,
            owner: Owner(owner.into()),
            message: open(),
        };
        assert_eq!(outputs, [expected]);
    }
}

#[test]
fn hello_and_open_may_arrive_together_and_in_pieces() {
    let (mut server, now) = server();
    server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys(1)).unwrap();
    let mut hub = Hub::new(1, &keys(1));
    hub.connect(&mut server, now);
    let mut stream = hub.sealer.seal(&hello()).unwrap();
    stream.extend(hub.sealer.seal(&open()).unwrap());
    let outputs: Vec<Output> =
        stream.chunks(11).flat_map(|bytes| hub.send_bytes(&mut server, now, bytes)).collect();
    assert!(
        matches!(&outputs[..], [Output::Send { .. }, Output::Message { message, .. }] if *message == open())
    );
}

#[test]
fn a_prepared_session_is_good_for_ten_seconds_and_one_connection() {
    for (wait, connects_twice, is_welcome) in
        [(MS(9_999), false, true), (MS(10_000), false, false), (MS(1), true, false)]
    {
        let (mut server, start) = server();
        server.prepare(start, Owner(1), [192, 168, 1, 20].into(), keys(1)).unwrap();
        let now = start + wait;
        if connects_twice {
            let mut first = Hub::new(1, &keys(1));
            first.connect(&mut server, now);
            assert_eq!(first.send(&mut server, now, &hello()).len(), 1);
        }
        let mut hub = Hub::new(2, &keys(1));
        hub.connect(&mut server, now);
        let outputs = hub.send(&mut server, now, &hello());
        let row = format!("after {wait:?}, twice: {connects_twice}: {outputs:?}");
        if is_welcome {
            assert_eq!(hub.read(&outputs).len(), 1, "{row}");
        } else {
            let (connection, closing) = (hub.connection, Closing::Now);
            let reason = CloseReason::Unidentified;
            assert_eq!(outputs, [Output::Close { connection, closing, reason }], "{row}");
        }
    }
}

#[test]
fn sessions_can_be_prepared_up_to_a_number() {
    let (mut server, now) = server();
    for owner in 0..16 {
        server.prepare(now, Owner(owner), [192, 168, 1, 20].into(), keys(1)).unwrap();
    }
    assert!(server.prepare(now, Owner(16), [192, 168, 1, 20].into(), keys(1)).is_err());
    assert!(
        server.prepare(now + MS(10_000), Owner(16), [192, 168, 1, 20].into(), keys(1)).is_ok(),
        "the old have expired"
    );
}

#[test]
fn a_stranger_is_sent_away() {
    let frame_of = |len: usize| {
        let message = Message::event("a", "b", Dict::new().with("c", Data::from(vec![0; len])));
        Sealer::new(&keys(9).of_peer()).seal(&message).unwrap()
    };
    let table = [
        ("a key nobody prepared", frame_of(10), CloseReason::Unidentified),
        ("a first frame over 1 KiB", frame_of(1025)[..4].to_vec(), CloseReason::Protocol),
        ("no frame at all", b"GET / HTTP/1.1\r\n".to_vec(), CloseReason::Protocol),
    ];
    for (name, bytes, reason) in table {
        let (mut server, now) = server();
        server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys(1)).unwrap();
        let hub = Hub::new(1, &keys(1));
        hub.connect(&mut server, now);
        let outputs = hub.send_bytes(&mut server, now, &bytes);
        let (connection, closing) = (hub.connection, Closing::Now);
        assert_eq!(outputs, [Output::Close { connection, closing, reason }], "{name}");
        assert_eq!(hub.send_bytes(&mut server, now, &bytes), [], "{name}: it is forgotten");
    }
}

#[test]
fn silence_is_not_waited_for() {
    // Sent at 1 s, when it is dropped.
    let table = [("nothing", 0, MS(2_000)), ("half a hello", 30, MS(10_000))];
    for (name, len, due) in table {
        let (mut server, start) = server();
        let mut hub = Hub::new(1, &keys(1));
        hub.connect(&mut server, start);
        let frame = hub.sealer.seal(&hello()).unwrap();
        let outputs = match len {
            0 => Vec::new(),
            _ => hub.send_bytes(&mut server, start + MS(1_000), &frame[..len]),
        };
        assert_eq!(outputs, [], "{name}");
        assert_eq!(server.next_timeout(), Some(start + due), "{name}");
        assert_eq!(server.handle(start + due - MS(1), Input::Timeout), [], "{name}");
        let (connection, closing, reason) = (hub.connection, Closing::Now, CloseReason::NoHello);
        let expected = [Output::Close { connection, closing, reason }];
        assert_eq!(server.handle(start + due, Input::Timeout), expected, "{name}");
        assert_eq!(server.next_timeout(), None, "{name}");
    }
}

#[test]
fn eight_strangers_are_enough() {
    let (mut server, now) = server();
    let peer = "fe80::1".parse().unwrap();
    for connection in 0..8 {
        let connection = ConnectionId(connection);
        assert_eq!(server.handle(now, Input::Accepted { connection, peer }), []);
    }
    let (connection, closing) = (ConnectionId(8), Closing::Now);
    let expected = [Output::Close { connection, closing, reason: CloseReason::TooMany }];
    assert_eq!(server.handle(now, Input::Accepted { connection, peer }), expected);
    // One goes, another may come.
    assert_eq!(server.handle(now, Input::Closed { connection: ConnectionId(3) }), []);
    assert_eq!(server.handle(now, Input::Accepted { connection: ConnectionId(9), peer }), []);
}

#[test]
fn strangers_from_afar_are_refused_unless_everyone_is_welcome() {
    let (connection, peer) = (ConnectionId(1), "203.0.113.5".parse().unwrap());
    let (mut server, now) = server();
    let (closing, reason) = (Closing::Now, CloseReason::AddressRefused);
    let expected = [Output::Close { connection, closing, reason }];
    assert_eq!(server.handle(now, Input::Accepted { connection, peer }), expected);
    let mut server = Server::new(Config { peers: PeerRule::Any, ..Config::default() });
    assert_eq!(server.handle(now, Input::Accepted { connection, peer }), []);
}

#[test]
fn a_hub_may_come_from_where_its_hap_connection_comes_from() {
    let (connection, peer) = (ConnectionId(1), "2001:db8::5".parse().unwrap());
    let (mut server, now) = server();
    server.prepare(now, Owner(1), peer, keys(1)).unwrap();
    assert_eq!(server.handle(now, Input::Accepted { connection, peer }), []);
    let (other, elsewhere) = (ConnectionId(2), "2001:db8::6".parse().unwrap());
    let outputs = server.handle(now, Input::Accepted { connection: other, peer: elsewhere });
    assert!(
        matches!(outputs[..], [Output::Close { reason: CloseReason::AddressRefused, .. }]),
        "{outputs:?}"
    );
}

#[test]
fn a_controller_that_asks_too_often_takes_its_own_place() {
    let (mut server, now) = server();
    for number in 0..20 {
        server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys(number)).unwrap();
    }
    let outputs = server.prepare(now, Owner(2), [192, 168, 1, 20].into(), keys(1));
    assert!(outputs.is_err(), "nobody else's place is taken");
}

#[test]
fn who_does_not_say_hello_first_is_closed() {
    let (mut server, now) = server();
    server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys(1)).unwrap();
    let mut hub = Hub::new(1, &keys(1));
    hub.connect(&mut server, now);
    let outputs = hub.send(&mut server, now, &open());
    assert_eq!(outputs, hub.closed(1, Closing::AfterSending, CloseReason::Protocol));
    assert_eq!(
        server.send(now, hub.connection, &hello()).unwrap_err(),
        SendError::NotConnected,
        "it is gone"
    );
}

#[test]
fn what_is_not_known_is_answered_and_the_stream_goes_on() {
    let (mut server, now) = server();
    let mut hub = connected(&mut server, now, 1);
    for (protocol, topic) in
        [("targetControl", "whoami"), ("dataSend", "reopen"), ("control", "goodbye")]
    {
        let request = Message::request(protocol, topic, 77, Dict::new());
        let outputs = hub.send(&mut server, now, &request);
        let kind = Kind::Response { id: 77, status: Status::MissingProtocol };
        assert_eq!(hub.read(&outputs), [Message { kind, ..request }], "{protocol} {topic}");
        assert_eq!(outputs.len(), 1, "{protocol} {topic}");
    }
    let outputs = hub.send(&mut server, now, &open());
    assert!(matches!(&outputs[..], [Output::Message { .. }]));
    let ack = Message::event("dataSend", "ack", Dict::new());
    let outputs = hub.send(&mut server, now, &ack);
    assert!(matches!(&outputs[..], [Output::Message { message, .. }] if *message == ack));
}

#[test]
fn a_bad_body_is_answered_with_its_number_and_closed() {
    let (mut server, now) = server();
    let mut hub = connected(&mut server, now, 1);
    let mut payload = Vec::new();
    Message::request("dataSend", "open", 5, Dict::new()).encode(&mut payload).unwrap();
    *payload.last_mut().unwrap() = 0x34;
    let bytes = hub.sealer.seal_payload(&payload).unwrap();
    let outputs = hub.send_bytes(&mut server, now, &bytes);
    let kind = Kind::Response { id: 5, status: Status::PayloadError };
    assert_eq!(
        hub.read(&outputs),
        [Message { kind, ..open() }].map(|m| Message { body: Dict::new(), ..m })
    );
    assert_eq!(outputs[1..], hub.closed(1, Closing::AfterSending, CloseReason::Protocol));
}

#[test]
fn what_is_no_message_or_no_frame_closes() {
    let no_header = |payload: &[u8]| {
        let payload = payload.to_vec();
        move |hub: &mut Hub| hub.sealer.seal_payload(&payload).unwrap()
    };
    type Make = Box<dyn Fn(&mut Hub) -> Vec<u8>>;
    let table: [(&str, Make); 5] = [
        (
            "a changed frame",
            Box::new(|hub| {
                let mut frame = hub.sealer.seal(&open()).unwrap();
                frame[20] ^= 1;
                frame
            }),
        ),
        ("an unknown type", Box::new(|_| vec![0x02])),
        ("an oversized frame", Box::new(|_| vec![0x01, 0x10, 0x00, 0x00])),
        ("an empty payload", Box::new(no_header(&[]))),
        ("a header that is no dictionary", Box::new(no_header(&[1, 0x01, 0xe0]))),
    ];
    for (name, make) in table {
        let (mut server, now) = server();
        let mut hub = connected(&mut server, now, 1);
        let bytes = make(&mut hub);
        let outputs = hub.send_bytes(&mut server, now, &bytes);
        let [Output::Close { reason, .. }, Output::Closed { owner, .. }] = &outputs[..] else {
            panic!("{name}: {outputs:?}");
        };
        assert_eq!((*reason, *owner), (CloseReason::Protocol, Owner(1)), "{name}");
    }
}

#[test]
fn a_data_stream_ends_with_its_hap_connection() {
    let (mut server, now) = server();
    let (first, second) = (connected(&mut server, now, 1), connected(&mut server, now, 2));
    server.prepare(now, Owner(1), [192, 168, 1, 20].into(), keys(7)).unwrap();
    let outputs = server.handle(now, Input::OwnerGone(Owner(1)));
    assert_eq!(outputs, first.closed(1, Closing::Now, CloseReason::OwnerGone));
    let mut late = Hub::new(9, &keys(7));
    late.connect(&mut server, now);
    let outputs = late.send(&mut server, now, &hello());
    assert!(
        matches!(&outputs[..], [Output::Close { reason: CloseReason::Unidentified, .. }]),
        "its prepared session is gone too: {outputs:?}"
    );
    assert!(server.send(now, second.connection, &open()).is_ok(), "the other one stays");
}

#[test]
fn the_end_is_told_once_whoever_ends_it() {
    let (mut server, now) = server();
    let first = connected(&mut server, now, 1);
    let (connection, owner) = (first.connection, Owner(1));
    let reason = CloseReason::PeerClosed;
    let outputs = server.handle(now, Input::Closed { connection });
    assert_eq!(outputs, [Output::Closed { connection, owner, reason }]);
    assert_eq!(server.handle(now, Input::Closed { connection }), []);
    let second = connected(&mut server, now, 2);
    let outputs = server.close(second.connection);
    assert_eq!(outputs, second.closed(2, Closing::AfterSending, CloseReason::Asked));
    assert_eq!(server.close(second.connection), []);
    assert_eq!(server.next_timeout(), None);
}

#[test]
fn a_hub_that_never_reads_costs_a_bounded_queue_and_is_dropped() {
    const CHUNK: usize = 0x4_0000;
    let (mut server, start) = server();
    let hub = connected(&mut server, start, 1);
    let body = Dict::new().with("data", Value::Data(vec![0; CHUNK].into()));
    let chunk = Message::event("dataSend", "data", body);
    let mut now = start + MS(60_000); // Idle time before does not count.
    let begin = now;
    let refused = loop {
        match server.send(now, hub.connection, &chunk) {
            Ok(_) => now += MS(10),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, SendError::QueueFull);
    let queued = server.queued_bytes(hub.connection);
    assert!((4 << 20..(4 << 20) + CHUNK + 100).contains(&queued), "{queued}");
    let due = begin + MS(15_000);
    assert_eq!(server.next_timeout(), Some(due));
    assert_eq!(server.handle(due - MS(1), Input::Timeout), []);
    let outputs = server.handle(due, Input::Timeout);
    assert_eq!(outputs, hub.closed(1, Closing::Now, CloseReason::Stalled));
    assert_eq!(server.queued_bytes(hub.connection), 0);
}

#[test]
fn a_slow_hub_is_not_a_stalled_one() {
    let (mut server, start) = server();
    let hub = connected(&mut server, start, 1);
    let connection = hub.connection;
    let body = Dict::new().with("data", Value::Data(vec![0; 1000].into()));
    let message = Message::event("dataSend", "data", body);
    drop(server.send(start, connection, &message).unwrap());
    for second in 1..100 {
        let now = start + MS(second * 1000);
        assert_eq!(server.handle(now, Input::Timeout), []);
        assert_eq!(server.handle(now, Input::Written { connection, bytes: 10 }), []);
    }
    let rest = server.queued_bytes(connection);
    assert!((1..1000).contains(&rest), "{rest}");
    let now = start + MS(100_000);
    assert_eq!(server.handle(now, Input::Written { connection, bytes: rest }), []);
    assert_eq!(server.next_timeout(), None, "nothing waits");
}

#[test]
fn one_who_asks_without_reading_gets_no_more_answers() {
    let config = Config { max_queued_bytes: 1000, ..Config::default() };
    let (mut server, now) = (Server::new(config), Instant::now());
    let mut hub = connected(&mut server, now, 1);
    let request = Message::request("no", "such", 1, Dict::new());
    for _ in 0..1000 {
        drop(hub.send(&mut server, now, &request));
    }
    assert!(server.queued_bytes(hub.connection) < 1200);
}
