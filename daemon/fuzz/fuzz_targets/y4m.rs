// SPDX-License-Identifier: MIT OR Apache-2.0
//! Picture files: any header is read or refused, and no picture is larger than promised.

#![no_main]

use std::io::Cursor;

use media::y4m::{read_frame_line, read_header, skip_picture};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Cursor::new(data);
    let Ok(header) = read_header(&mut input) else { return };
    assert!(header.picture_len() <= 48 << 20);
    for _ in 0..10 {
        match read_frame_line(&mut input) {
            Ok(true) => skip_picture(&mut input, &header).expect("a cursor can seek"),
            Ok(false) | Err(_) => return,
        }
    }
});
