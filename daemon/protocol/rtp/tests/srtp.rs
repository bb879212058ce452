// SPDX-License-Identifier: MIT OR Apache-2.0
//! SRTP through the public face: vectors, roll-over, replays, forgeries, any bytes.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::cast_possible_truncation, reason = "small numbers, or meant to wrap")]

use proptest::prelude::{any, prop, prop_assert_eq};
use proptest::proptest;
use rtp::{
    Header, ProtectError, Protector, RTCP_TRAILER_LEN, Rejected, SrtpKeys, Suite, TAG_LEN,
    Unprotector,
};

const SSRC: u32 = 0x0012_3456;
const OTHER: u32 = 7;

fn keys(suite: Suite) -> SrtpKeys {
    let key: Vec<u8> = (0..32).take(suite.key_len()).collect();
    SrtpKeys::new(suite, &key, &(128..142).collect::<Vec<u8>>()).unwrap()
}

fn ends(suite: Suite) -> (Protector, Unprotector) {
    (Protector::new(&keys(suite), SSRC), Unprotector::new(&keys(suite), OTHER))
}

fn packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header { marker: false, payload_type: 99, sequence, timestamp: 3000, ssrc: SSRC };
    let mut packet = Vec::new();
    header.write(&mut packet);
    packet.extend_from_slice(payload);
    packet
}

fn sealed(sender: &mut Protector, sequence: u16) -> Vec<u8> {
    let mut bytes = packet(sequence, b"slice");
    sender.protect_rtp(&mut bytes).unwrap();
    bytes
}

fn unhex(value: &serde_json::Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

#[test]
fn packets_are_libsrtps_in_both_directions() {
    let all: serde_json::Value =
        serde_json::from_str(include_str!("data/srtp-vectors.json")).unwrap();
    let vector = &all["srtp"]["AES_CM_128_HMAC_SHA1_80"];
    let suite = Suite::AesCm128HmacSha1_80;
    let keys = SrtpKeys::new(suite, &unhex(&vector["master_key"]), &unhex(&vector["master_salt"]))
        .unwrap();
    let (mut sender, mut receiver) = (Protector::new(&keys, SSRC), Unprotector::new(&keys, OTHER));
    for row in vector["rtp"].as_array().unwrap() {
        let (plain, sealed) = (unhex(&row["rtp"]), unhex(&row["srtp"]));
        let mut bytes = plain.clone();
        sender.protect_rtp(&mut bytes).unwrap();
        assert_eq!(bytes, sealed);
        assert_eq!(receiver.unprotect_rtp(&mut bytes).unwrap(), plain);
    }
    for row in vector["rtcp"].as_array().unwrap() {
        let (plain, sealed) = (unhex(&row["rtcp"]), unhex(&row["srtcp"]));
        let mut bytes = plain.clone();
        sender.protect_rtcp(&mut bytes).unwrap();
        assert_eq!(bytes, sealed);
        assert_eq!(receiver.unprotect_rtcp(&mut bytes).unwrap(), plain);
    }
}

#[test]
fn the_roll_over_survives_loss_and_reordering_around_it() {
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AesCm256HmacSha1_80] {
        let (mut sender, mut receiver) = ends(suite);
        let mut all: Vec<_> = (0..200_000u32)
            .step_by(5)
            .map(|count| (count + 60_000) as u16)
            .map(|sequence| (sequence, sealed(&mut sender, sequence)))
            .collect();
        for pair in all.chunks_exact_mut(2) {
            pair.swap(0, 1);
        }
        for (at, (sequence, bytes)) in all.iter_mut().enumerate() {
            if at % 7 != 3 {
                let opened = receiver.unprotect_rtp(bytes).unwrap();
                assert_eq!(opened, packet(*sequence, b"slice"), "packet {at}");
            }
        }
    }
}

#[test]
fn a_packet_is_taken_once_and_a_forged_one_never() {
    let (mut sender, mut receiver) = ends(Suite::AesCm128HmacSha1_80);
    let first = sealed(&mut sender, 65_535);
    let second = sealed(&mut sender, 0);
    for at in 0..second.len() {
        let mut forged = second.clone();
        forged[at] ^= 1;
        assert!(receiver.unprotect_rtp(&mut forged).is_err(), "byte {at}");
        let mut cut = second[..at].to_vec();
        assert!(receiver.unprotect_rtp(&mut cut).is_err(), "cut at {at}");
    }
    assert!(receiver.unprotect_rtp(&mut first.clone()).is_ok());
    assert!(receiver.unprotect_rtp(&mut second.clone()).is_ok(), "the forgeries taught nothing");
    assert_eq!(receiver.unprotect_rtp(&mut first.clone()), Err(Rejected::Replayed));
    assert_eq!(receiver.unprotect_rtp(&mut second.clone()), Err(Rejected::Replayed));
}

#[test]
fn control_packets_are_taken_once_and_forged_ones_never() {
    let (mut sender, mut receiver) = ends(Suite::AesCm256HmacSha1_80);
    let plain = [&[0x80, 201, 0, 1][..], &SSRC.to_be_bytes()].concat();
    let mut bytes = plain.clone();
    sender.protect_rtcp(&mut bytes).unwrap();
    assert_eq!(bytes.len(), plain.len() + RTCP_TRAILER_LEN);
    assert_eq!(bytes[8..12], [0x80, 0, 0, 1], "E bit and index 1");
    for at in 0..bytes.len() {
        let mut forged = bytes.clone();
        forged[at] ^= 1;
        assert!(receiver.unprotect_rtcp(&mut forged).is_err(), "byte {at}");
        assert!(receiver.unprotect_rtcp(&mut bytes[..at].to_vec()).is_err(), "cut at {at}");
    }
    assert_eq!(receiver.unprotect_rtcp(&mut bytes.clone()).unwrap(), plain);
    assert_eq!(receiver.unprotect_rtcp(&mut bytes), Err(Rejected::Replayed));
}

#[test]
fn our_own_packets_do_not_come_back_and_strangers_are_few() {
    let suite = Suite::AesCm128HmacSha1_80;
    let mut sender = Protector::new(&keys(suite), SSRC);
    let mut receiver = Unprotector::new(&keys(suite), SSRC);
    let mut own = sealed(&mut sender, 1);
    assert_eq!(receiver.unprotect_rtp(&mut own), Err(Rejected::Reflected));
    for ssrc in 1..=5u32 {
        let mut report = [&[0x80, 201, 0, 1][..], &ssrc.to_be_bytes()].concat();
        Protector::new(&keys(suite), ssrc).protect_rtcp(&mut report).unwrap();
        let taken = receiver.unprotect_rtcp(&mut report).map(drop);
        assert_eq!(taken, if ssrc <= 4 { Ok(()) } else { Err(Rejected::TooManySources) });
    }
}

#[test]
fn no_key_stream_is_used_twice() {
    let (mut sender, _) = ends(Suite::AesCm128HmacSha1_80);
    sealed(&mut sender, 10);
    for (sequence, ssrc, error) in [
        (10, SSRC, ProtectError::SequenceReused),
        (9, SSRC, ProtectError::SequenceReused),
        (65_000, SSRC, ProtectError::SequenceReused),
        (11, OTHER, ProtectError::NotOurs),
    ] {
        let header = Header { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc };
        let mut bytes = Vec::new();
        header.write(&mut bytes);
        assert_eq!(sender.protect_rtp(&mut bytes), Err(error), "{sequence}");
    }
    sealed(&mut sender, 11);
}

proptest! {
    #[test]
    fn any_payload_comes_back(payload in prop::collection::vec(any::<u8>(), 0..1500), long: bool) {
        let suite = if long { Suite::AesCm256HmacSha1_80 } else { Suite::AesCm128HmacSha1_80 };
        let (mut sender, mut receiver) = ends(suite);
        let plain = packet(500, &payload);
        let mut bytes = plain.clone();
        sender.protect_rtp(&mut bytes).unwrap();
        prop_assert_eq!(bytes.len(), plain.len() + TAG_LEN);
        prop_assert_eq!(receiver.unprotect_rtp(&mut bytes).unwrap(), plain);
    }

    #[test]
    fn any_bytes_are_refused_unchanged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (_, mut receiver) = ends(Suite::AesCm128HmacSha1_80);
        let mut copy = bytes.clone();
        assert!(receiver.unprotect_rtp(&mut copy).is_err());
        assert!(receiver.unprotect_rtcp(&mut copy).is_err());
        prop_assert_eq!(copy, bytes);
    }
}
