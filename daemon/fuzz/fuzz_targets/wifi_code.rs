// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a QR code before the lens says: any bytes are a network that can be joined, or refused.

#![no_main]

use appliance::wifi_code::{MAX_BYTES, WifiCode};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(code) = WifiCode::parse(data) else { return };
    assert!(data.len() <= MAX_BYTES && (1..=32).contains(&code.ssid.len()));
    assert!(!code.ssid.contains(char::is_control));
    if let Some(password) = code.password {
        assert!((8..=64).contains(&password.len()) && password.is_ascii());
    }
});
