// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ports on the loopback interface, which answers to all of 127.0.0.0/8.

use super::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn the_answer_comes_from_where_the_connection_came_in() {
    // HAP connection's local address, peer's UDP address, from where, to where
    let table = [
        ("192.0.2.1:51826", "192.0.2.7:50000", "192.0.2.1:0", "192.0.2.7:50000"),
        ("[::ffff:192.0.2.1]:51826", "192.0.2.7:50000", "192.0.2.1:0", "192.0.2.7:50000"),
        ("[2001:db8::1]:51826", "[2001:db8::7]:5", "[2001:db8::1]:0", "[2001:db8::7]:5"),
        ("[fe80::1%3]:51826", "[fe80::7]:5", "[fe80::1%3]:0", "[fe80::7%3]:5"),
        ("[::1]:51826", "127.0.0.1:5", "127.0.0.1:0", "127.0.0.1:5"),
        ("127.0.0.1:51826", "[::1]:5", "[::1]:0", "[::1]:5"),
    ];
    for (local, peer, from, to) in table {
        if at(peer).is_ipv6() && std::net::UdpSocket::bind("[::1]:0").is_err() {
            println!("skipped, no IPv6 here: {local} {peer}");
            continue;
        }
        assert_eq!(route(at(local), at(peer)).unwrap(), (at(from), at(to)), "{local} {peer}");
    }
    assert!(route(at("192.0.2.1:1"), at("[fe80::7]:5")).is_err(), "on which interface?");
}

#[test]
fn ports_come_from_the_range_until_it_is_used_up() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let start = taken.local_addr().unwrap().port().min(65_000);
    let range = start..=start + 3;
    let mut open = Vec::new();
    let refused = loop {
        match bind(at("127.0.0.1:0"), Some(&range), 7) {
            Ok(socket) => open.push(socket),
            Err(refused) => break refused,
        }
        assert!(open.len() <= 4, "more than the range has");
    };
    assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    for socket in &open {
        assert!(range.contains(&socket.local_addr().unwrap().port()));
    }
    assert!(bind(at("127.0.0.1:0"), Some(&(65_535..=65_535)), u16::MAX).is_ok());
}

#[tokio::test]
async fn only_the_peers_datagrams_come_through_and_no_more_than_fit() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at_peers = peer.local_addr().unwrap().port();
    let stranger = UdpSocket::bind(("127.0.0.2", at_peers)).await.unwrap();
    let neighbour = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (received, mut inbox) = mpsc::channel(2);
    let socket = bind(at("127.0.0.1:0"), None, 0).unwrap();
    let mut port = Port::open(socket, peer.local_addr().unwrap(), 'v', received).unwrap();
    let to = port.local().unwrap();
    for bytes in [&b"first"[..], b"", &[7; 3000]] {
        stranger.send_to(b"forged", to).await.unwrap();
        neighbour.send_to(b"forged", to).await.unwrap();
        peer.send_to(bytes, to).await.unwrap();
    }
    while port.dropped().foreign < 6 || port.dropped().not_read < 1 {
        time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(port.dropped(), Dropped { foreign: 6, not_read: 1, not_sent: 0 });
    let first = inbox.recv().await.unwrap();
    assert_eq!((first.to, &first.bytes[..]), ('v', &b"first"[..]));
    assert_eq!(inbox.recv().await.unwrap().bytes, b"");

    assert!(port.send(b"answer"), "writable once the runtime has looked");
    let mut answer = [0; 16];
    let (len, from) = peer.recv_from(&mut answer).await.unwrap();
    assert_eq!((&answer[..len], from), (&b"answer"[..], to));
    drop(port);
    assert!(inbox.recv().await.is_none(), "closed with the port");
}
