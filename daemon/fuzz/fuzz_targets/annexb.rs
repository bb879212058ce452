// SPDX-License-Identifier: MIT OR Apache-2.0
//! An encoder's byte stream: any bytes are packed or refused, and nothing is invented.

#![no_main]

use frame::{Pts, Size};
use media::AccessUnits;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut units = AccessUnits::new(Size::new(640, 360));
    for part in data.chunks(200) {
        if let Ok(Some(frame)) = units.package(part, Pts::from_millis(0)) {
            let total: usize = frame::nals(&frame.data).map(|nal| nal.0.len() + 4).sum();
            assert_eq!(total, frame.data.len());
        }
    }
});
