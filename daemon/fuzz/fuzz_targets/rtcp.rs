// SPDX-License-Identifier: MIT OR Apache-2.0
//! Control packets: any bytes are read or refused, and what was read can be written and read again.

#![no_main]

use rtp::rtcp::{Packet, parse};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(mut packets) = parse(data) else { return };
    packets.retain(|packet| !matches!(packet, Packet::Other { .. }));
    let mut bytes = Vec::new();
    packets.iter().for_each(|packet| packet.write(&mut bytes));
    if !packets.is_empty() && bytes.len() <= data.len() {
        assert_eq!(parse(&bytes), Ok(packets));
    }
});
