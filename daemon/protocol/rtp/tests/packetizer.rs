// SPDX-License-Identifier: MIT OR Apache-2.0
//! Access units are sent whole, within the MTU, with their parameter sets first.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::cast_possible_truncation, reason = "small numbers, or meant to wrap")]

mod common;

use common::{depacketize, frame, frame_with};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq};
use proptest::proptest;
use rtp::{Mtu, Position, packetize};

fn payloads(frame: &frame::EncodedFrame, mtu: Mtu) -> Vec<(Vec<u8>, Position)> {
    let mut payloads = packetize(frame, mtu);
    std::iter::from_fn(|| {
        let mut bytes = Vec::new();
        payloads.write_next(&mut bytes).map(|position| (bytes, position))
    })
    .collect()
}

#[test]
fn parameter_sets_go_before_each_idr_in_one_packet() {
    let idr = frame(0, true, &[&[0x65, 1, 2, 3]]);
    let found = payloads(&idr, Mtu::clamped(1200));
    let (sps, pps) = (idr.config.sps(), idr.config.pps());
    let mut sets = vec![0x78, 0, u8::try_from(sps.len()).unwrap()];
    sets.extend_from_slice(sps);
    sets.extend([0, u8::try_from(pps.len()).unwrap()]);
    sets.extend_from_slice(pps);
    assert_eq!(found[0], (sets, Position::Inner), "NRI 3 is that of the sets");
    assert_eq!(found[1], (vec![0x65, 1, 2, 3], Position::Last));
    assert_eq!(found.len(), 2);

    let other = frame(1, false, &[&[0x41, 1]]);
    assert_eq!(payloads(&other, Mtu::clamped(1200)), [(vec![0x41, 1], Position::Last)]);
}

#[test]
fn a_slice_is_split_only_when_it_does_not_fit() {
    let mtu = Mtu::clamped(1200);
    let whole = [&[0x41][..], &vec![7; mtu.payload_len() - 1]].concat();
    assert_eq!(payloads(&frame(0, false, &[&whole]), mtu), [(whole, Position::Last)]);

    let long = [&[0x41][..], &vec![7; mtu.payload_len()]].concat();
    let parts = payloads(&frame(0, false, &[&long]), mtu);
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].0[..2], [0x5c, 0x81], "FU-A of NRI 2, start of type 1");
    assert_eq!(parts[1].0, [0x5c, 0x41, 7, 7], "end of type 1");
    assert_eq!((parts[0].1, parts[1].1), (Position::Inner, Position::Last));
    assert_eq!(parts[0].0.len(), mtu.payload_len());
}

#[test]
fn delimiters_sei_and_sets_in_the_data_are_left_out() {
    let odd: [&[u8]; 7] =
        [&[0x09, 0xf0], &[0x06, 5], &[0x67, 1], &[0x68], &[], &[0x41, 2], &[0x0c]];
    let found = payloads(&frame(0, false, &odd), Mtu::clamped(1200));
    assert_eq!(found, [(vec![0x41, 2], Position::Last)], "the last slice carries the marker");
    assert!(payloads(&frame(0, true, &[&[0x06, 5]]), Mtu::clamped(1200)).is_empty());
}

#[test]
fn parameter_sets_too_large_for_one_packet_go_apart() {
    let sps = [&[0x67, 100, 0, 40][..], &[5; 300]].concat();
    let idr = frame_with(0, true, &[&[0x65, 1]], &sps);
    let mtu = Mtu::clamped(0);
    let found = payloads(&idr, mtu);
    assert!(found.iter().all(|(bytes, _)| bytes.len() <= mtu.payload_len()));
    let nals = depacketize(found.iter().map(|(bytes, _)| &bytes[..]));
    assert_eq!(nals, [sps, idr.config.pps().to_vec(), vec![0x65, 1]]);
}

proptest! {
    #[test]
    fn every_slice_arrives_whole_within_the_mtu(
        sizes in prop::collection::vec(0usize..6000, 1..5),
        mtu: u16,
        is_idr: bool,
    ) {
        let mtu = Mtu::clamped(mtu);
        let first = if is_idr { 0x65 } else { 0x41 };
        let slices: Vec<Vec<u8>> = sizes
            .iter()
            .map(|&len| std::iter::once(first).chain((0..len).map(|at| (at % 251) as u8)).collect())
            .collect();
        let unit = frame(0, is_idr, &slices.iter().map(|slice| &slice[..]).collect::<Vec<_>>());
        let found = payloads(&unit, mtu);
        let (last, inner) = found.split_last().unwrap();
        prop_assert_eq!(last.1, Position::Last);
        prop_assert!(inner.iter().all(|(_, position)| *position == Position::Inner));
        prop_assert!(found.iter().all(|(bytes, _)| bytes.len() + 22 <= usize::from(mtu.bytes())));
        let nals = depacketize(found.iter().map(|(bytes, _)| &bytes[..]));
        let sets = if is_idr { 2 } else { 0 };
        prop_assert_eq!(&nals[sets..], &slices[..]);
    }

    #[test]
    fn any_bytes_in_a_frame_are_packed_or_left_out(data in prop::collection::vec(any::<u8>(), 0..900)) {
        let mut unit = frame(0, true, &[]);
        unit.data = data.into();
        let found = payloads(&unit, Mtu::clamped(300));
        prop_assert!(found.iter().all(|(bytes, _)| !bytes.is_empty() && bytes.len() <= 278));
    }
}
