// SPDX-License-Identifier: MIT OR Apache-2.0
//! The reader on bytes from anywhere: no panic, and never a cut-off segment taken for a whole one.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use fmp4::probe;
use proptest::prelude::{any, prop, prop_assert, proptest};

#[test]
fn every_truncation_of_the_init_segment_is_refused() {
    let (bytes, _) = support::init();
    for len in 0..bytes.len() {
        assert!(probe::init_segment(&bytes[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn every_truncation_of_a_fragments_boxes_is_refused() {
    let (_, init) = support::init();
    let bytes = support::bytes("sequence2.mp4");
    let cuts = (0..2_100).chain((2_100..bytes.len()).step_by(997)).chain([bytes.len() - 1]);
    for len in cuts {
        assert!(probe::fragment(&init, &bytes[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn offsets_that_leave_the_media_are_refused() {
    let (_, init) = support::init();
    let mut bytes = support::bytes("sequence2.mp4");
    // data offset of the first trun: moof 8, mfhd 16, traf 8, tfhd 20, tfdt 20, trun 8+4+4
    let at = 8 + 16 + 8 + 20 + 20 + 16;
    assert_eq!(bytes[at..at + 4], 1944u32.to_be_bytes());
    for offset in [0, 1943, 380_000, u32::MAX, 1 << 31] {
        bytes[at..at + 4].copy_from_slice(&offset.to_be_bytes());
        let error = probe::fragment(&init, &bytes).unwrap_err();
        assert_eq!(error.fault, probe::Fault::Outside, "offset {offset}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let (_, init) = support::init();
        prop_assert!(probe::init_segment(&bytes).is_err());
        prop_assert!(probe::fragment(&init, &bytes).is_err());
    }

    #[test]
    fn flipped_bytes_in_the_boxes_are_read_without_a_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (mut init_bytes, init) = support::init();
        let mut bytes = support::bytes("sequence2.mp4");
        for (index, value) in flips {
            let len = init_bytes.len();
            init_bytes[index.index(len)] = value;
            bytes[index.index(1_944)] = value;
        }
        if let Ok(fragment) = probe::fragment(&init, &bytes) {
            prop_assert!(fragment.video.samples[0].is_sync);
        }
        if let Ok(init) = probe::init_segment(&init_bytes) {
            prop_assert!(init.video.timescale_hz > 0);
        }
    }
}
