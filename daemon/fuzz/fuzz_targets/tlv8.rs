// SPDX-License-Identifier: MIT OR Apache-2.0
//! TLV8: any bytes; what decodes encodes to a body that decodes to the same items.
#![no_main]

use tlv8::{Writer, decode};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(items) = decode(data) else { return };
    let fold = |out: Writer, item: &tlv8::Item| out.bytes(item.kind, &item.value);
    let bytes = items.iter().fold(Writer::new(), fold).finish();
    let total = |items: &[tlv8::Item]| items.iter().map(|item| item.value.len()).sum::<usize>();
    let again = decode(&bytes).expect("what we write can be read");
    assert_eq!(total(&again), total(&items));
});
