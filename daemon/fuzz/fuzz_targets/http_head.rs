// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes as heads of HTTP requests.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    hap::fuzzing::http_head(data);
});
