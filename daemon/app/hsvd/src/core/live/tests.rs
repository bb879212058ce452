// SPDX-License-Identifier: MIT OR Apache-2.0
//! Views over real ports on the loopback interface.

use std::sync::Arc;
use std::time::Duration;

use camera::tlv::live::CryptoSuite;
use camera::tlv::recording::{Level, Profile, Resolution};
use camera::tlv::selected_rtp::VideoSelection;
use camera::tlv::setup_endpoints::{Endpoint, SrtpParameters};
use frame::{AvcConfig, Size};
use privacy::{Gate, OperatingMode};
use rand_chacha::rand_core::SeedableRng;
use rtp::{SrtpKeys, Suite, TAG_LEN, Unprotector};
use tokio::net::UdpSocket;

use super::view::Seed;
use super::*;

/// A camera's view and the viewer at its other end.
struct Pair {
    view: View,
    prepared: Prepared,
    gate: Gate,
    viewer: UdpSocket,
    opener: Unprotector,
    rng: ChaCha20Rng,
}

fn selection(mtu: Option<u16>) -> Selection {
    let video = VideoSelection {
        profile: Profile::Main,
        level: Level::L4_0,
        resolution: Resolution::new(1280, 720, 30),
        payload_type: 99,
        ssrc: Some(77),
        max_bitrate_kbps: 299,
        rtcp_interval_s: Some(0.5),
        mtu,
    };
    Selection { video, audio: None }
}

fn open_gate() -> Gate {
    let mut gate = Gate::closed();
    gate.set(OperatingMode { is_paired: true, ..OperatingMode::factory() });
    gate
}

fn frame(is_idr: bool, len: usize) -> EncodedFrame {
    let mut data = u32::try_from(len).unwrap().to_be_bytes().to_vec();
    data.push(if is_idr { 0x65 } else { 0x41 });
    data.resize(4 + len, 0x55);
    let config = AvcConfig::new(vec![0x67, 77, 0, 40, 1], vec![0x68, 2], Size::new(1280, 720));
    let pts = Pts::from_monotonic(media::monotonic());
    EncodedFrame { pts, is_idr, data: data.into(), config: Arc::new(config.unwrap()) }
}

impl Pair {
    async fn new(suite: CryptoSuite) -> Result<Self, view::PrepareError> {
        let (gate, mut rng) = (open_gate(), ChaCha20Rng::from_seed([7; 32]));
        let viewer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = viewer.local_addr().unwrap();
        let (received, _inbox) = mpsc::channel(4);
        let port = |media| {
            let arrival = Arrival { service: 0, session: SessionId([1; 16]), media };
            let socket = udp::bind("127.0.0.1:0".parse().unwrap(), None, 0).unwrap();
            Port::open(socket, at, arrival, received.clone()).unwrap()
        };
        let srtp = SrtpParameters {
            suite,
            key: vec![1; suite.key_bytes()].into(),
            salt: vec![2; suite.salt_bytes()].into(),
        };
        let seed = Seed {
            permit: gate.live(0).unwrap(),
            connection: ConnectionId(5),
            request: Request {
                session_id: SessionId([1; 16]),
                controller: Endpoint {
                    address: at.ip(),
                    video_port: at.port(),
                    audio_port: at.port(),
                },
                video_srtp: srtp.clone(),
                audio_srtp: srtp,
            },
            video: port(Media::Video),
            audio: port(Media::Audio),
            cname: Cname::new("camera").unwrap(),
            maximum_mtu: 1200,
        };
        let (view, prepared) = View::prepare(seed, &mut rng)?;
        let suite = match suite {
            CryptoSuite::AesCm256 => Suite::AesCm256HmacSha1_80,
            _ => Suite::AesCm128HmacSha1_80,
        };
        let ours = &prepared.video_srtp;
        let keys = SrtpKeys::new(suite, &ours.key, &ours.salt).unwrap();
        let opener = Unprotector::new(&keys, 0);
        tokio::time::sleep(Duration::from_millis(1)).await; // the runtime sees that ports are free
        Ok(Self { view, prepared, gate, viewer, opener, rng })
    }

    async fn started(mtu: Option<u16>) -> Self {
        let mut pair = Self::new(CryptoSuite::AesCm128).await.unwrap();
        pair.view.start(Instant::now(), selection(mtu), &mut pair.rng);
        pair.view.set_feed(Some(Feed::Encode(EncodeId(1))));
        pair
    }

    /// Feeds a picture and gives the decrypted RTP packets that arrive.
    async fn feed(&mut self, is_idr: bool, len: usize) -> Vec<Vec<u8>> {
        for output in self.view.send_frame(moment(Instant::now()), &frame(is_idr, len)) {
            if let Output::Send(packet) = output {
                self.view.send(&packet);
            }
        }
        self.arrived().await.into_iter().filter(|packet| !rtp::is_rtcp(packet)).collect()
    }

    async fn arrived(&mut self) -> Vec<Vec<u8>> {
        let (mut packets, mut buffer) = (Vec::new(), vec![0; 2048]);
        let wait = Duration::from_millis(50);
        while let Ok(got) = tokio::time::timeout(wait, self.viewer.recv(&mut buffer)).await {
            let len = got.unwrap();
            let opened = if rtp::is_rtcp(&buffer[..len]) {
                self.opener.unprotect_rtcp(&mut buffer[..len]).map(|_| ())
            } else {
                self.opener.unprotect_rtp(&mut buffer[..len]).map(|_| ())
            };
            opened.expect("protected with the keys of the answer");
            packets.push(buffer[..len].to_vec());
        }
        packets
    }
}

#[tokio::test]
async fn the_answer_is_what_the_viewer_gets() {
    for suite in [CryptoSuite::AesCm128, CryptoSuite::AesCm256] {
        let mut pair = Pair::new(suite).await.unwrap();
        assert_ne!(*pair.prepared.video_srtp.key, vec![1; suite.key_bytes()], "not echoed");
        assert_ne!(pair.prepared.video_srtp.key, pair.prepared.audio_srtp.key);
        assert!(pair.feed(true, 100).await.is_empty(), "before the start");
        pair.view.start(Instant::now(), selection(None), &mut pair.rng);
        pair.view.set_feed(Some(Feed::Recording));
        let packets = pair.feed(true, 100).await;
        assert_eq!(packets.len(), 2, "parameter sets and a slice");
        for packet in packets {
            assert_eq!(packet[1] & 0x7f, 99);
            assert_eq!(packet[8..12], pair.prepared.video_ssrc.to_be_bytes());
        }
    }
    assert!(Pair::new(CryptoSuite::None).await.is_err(), "never in the clear");
}

#[tokio::test]
async fn pictures_begin_with_an_idr_after_each_change_of_source() {
    let mut pair = Pair::started(None).await;
    assert!(pair.feed(false, 100).await.is_empty());
    assert!(!pair.feed(true, 100).await.is_empty());
    assert!(!pair.feed(false, 100).await.is_empty());
    let changes: [fn(&mut View); 2] = [
        |view| view.set_feed(Some(Feed::Encode(EncodeId(2)))),
        |view| {
            view.suspend();
            view.resume();
        },
    ];
    for change in changes {
        change(&mut pair.view);
        assert!(pair.feed(false, 100).await.is_empty());
        assert!(!pair.feed(true, 100).await.is_empty());
    }
    let unchanged = pair.view.feed();
    pair.view.set_feed(unchanged);
    assert!(!pair.feed(false, 100).await.is_empty(), "the same source goes on");
}

#[tokio::test]
async fn no_picture_leaves_after_its_permit() {
    let mut pair = Pair::started(None).await;
    assert!(!pair.feed(true, 100).await.is_empty());
    pair.gate.set(OperatingMode { manually_disabled: true, ..pair.gate.mode().clone() });
    assert!(pair.feed(true, 100).await.is_empty());
    pair.gate.set(OperatingMode { manually_disabled: false, ..pair.gate.mode().clone() });
    assert!(pair.feed(true, 100).await.is_empty(), "a permit never revives");
}

#[tokio::test]
async fn packets_are_as_long_as_viewer_and_owner_allow() {
    // what the viewer selected, the longest packet
    for (selected, longest) in [(None, 1200), (Some(1378), 1200), (Some(900), 900), (Some(1), 256)]
    {
        let mut pair = Pair::started(selected).await;
        let packets = pair.feed(true, 5000).await;
        let protected = packets.iter().map(Vec::len).max();
        assert_eq!(protected, Some(longest), "{selected:?}, tag of {TAG_LEN} included");
    }
}

#[tokio::test]
async fn a_session_ends_with_a_goodbye_and_a_line() {
    let mut pair = Pair::started(None).await;
    pair.feed(true, 100).await;
    let now = Instant::now();
    pair.view.close(moment(now));
    let last = pair.arrived().await.pop().unwrap();
    assert!(rtp::is_rtcp(&last));
    let bye = [0x81, 203, 0, 1];
    assert!(last.windows(4).any(|part| part == bye), "{last:x?}");
    let line = |view: &View, reason| view.summary(now, Reason::Ended(reason)).to_string();
    let shown = line(&pair.view, LiveEnd::Viewer);
    assert!(shown.starts_with("live view for 127.0.0.1 ended after 0."), "{shown}");
    assert!(shown.contains("1 pictures in 2 packets, 0 of them lost"), "{shown}");

    let pair = Pair::new(CryptoSuite::AesCm128).await.unwrap();
    let shown = line(&pair.view, LiveEnd::NotStarted);
    assert_eq!(
        shown,
        "live view for 127.0.0.1 ended before its start: the viewer never started it"
    );
}
