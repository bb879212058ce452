// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as frames of a session.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hap::fuzzing::frame(data);
});
