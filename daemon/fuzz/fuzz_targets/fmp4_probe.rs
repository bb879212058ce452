// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as an init segment, and as a fragment of the real recording.
#![no_main]

use std::sync::LazyLock;

use fmp4::probe::{self, InitSegment};

static INIT: LazyLock<InitSegment> = LazyLock::new(|| {
    let bytes = include_bytes!("../../protocol/fmp4/tests/data/recording/mediaInitialization.mp4");
    probe::init_segment(bytes).expect("the real recording is readable")
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(init) = probe::init_segment(data) {
        assert!(init.video.timescale_hz > 0);
    }
    if let Ok(fragment) = probe::fragment(&INIT, data) {
        assert!(fragment.video.samples[0].is_sync);
        assert!(fragment.video.end() >= fragment.video.decode_time);
    }
});
