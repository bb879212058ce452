// SPDX-License-Identifier: MIT OR Apache-2.0
//! The owner's file: any text is read or refused.
#![no_main]

#[path = "../../app/hsvd/src/config.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
mod config;

libfuzzer_sys::fuzz_target!(|data: &str| {
    if let Err(error) = config::Config::parse(data) {
        assert!(!error.to_string().is_empty());
    }
});
