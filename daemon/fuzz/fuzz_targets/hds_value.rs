// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes are a value and a message or an error, and what was read is written and read again.

#![no_main]

use hds::{Message, Value};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok((value, len)) = Value::decode(data) {
        assert!(len <= data.len());
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        assert!(bytes.len() <= value.max_encoded_len());
        match Value::decode(&bytes) {
            Ok((again, _)) => assert_eq!(again, value),
            // Written without back-references it can be no longer than the limits allow.
            Err(error) => panic!("{error} in {bytes:02x?}"),
        }
    }
    if let Ok(message) = Message::decode(data) {
        let mut payload = Vec::new();
        if message.encode(&mut payload).is_ok() {
            assert_eq!(Message::decode(&payload).as_ref(), Ok(&message));
        }
    }
});
