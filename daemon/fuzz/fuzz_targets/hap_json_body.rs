// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as JSON bodies of requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hap::fuzzing::json_body(data);
});
