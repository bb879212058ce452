// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames, and a receiver that puts payloads together again.

#![allow(dead_code, reason = "each test uses a part")]
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use frame::{AvcConfig, EncodedFrame, Pts, Size};

/// An access unit of `slices`, captured at `ms`.
pub fn frame(ms: u64, is_idr: bool, slices: &[&[u8]]) -> EncodedFrame {
    frame_with(ms, is_idr, slices, &[0x67, 100, 0, 31, 9, 9])
}

/// The same with another sequence parameter set.
pub fn frame_with(ms: u64, is_idr: bool, slices: &[&[u8]], sps: &[u8]) -> EncodedFrame {
    let pps = vec![0x68, 0xee, 0x3c];
    let config = Arc::new(AvcConfig::new(sps.to_vec(), pps, Size::new(640, 360)).unwrap());
    let mut data = Vec::new();
    for slice in slices {
        data.extend_from_slice(&u32::try_from(slice.len()).unwrap().to_be_bytes());
        data.extend_from_slice(slice);
    }
    EncodedFrame { pts: Pts::from_millis(ms), is_idr, data: data.into(), config }
}

/// The NAL units of `payloads`, none of which is lost.
pub fn depacketize<'a>(payloads: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let mut nals: Vec<Vec<u8>> = Vec::new();
    let mut open = false;
    for payload in payloads {
        let kind = payload[0] & 0x1f;
        assert!(kind == 28 || !open, "a part is missing");
        match kind {
            24 => {
                let mut rest = &payload[1..];
                while let Some((len, tail)) = rest.split_first_chunk::<2>() {
                    let (nal, tail) = tail.split_at(u16::from_be_bytes(*len).into());
                    nals.push(nal.to_vec());
                    rest = tail;
                }
            }
            28 => {
                let (start, end) = (payload[1] & 0x80 != 0, payload[1] & 0x40 != 0);
                assert!(start != open && !(start && end) && payload[1] & 0x20 == 0);
                if start {
                    nals.push(vec![payload[0] & 0xe0 | payload[1] & 0x1f]);
                }
                nals.last_mut().unwrap().extend_from_slice(&payload[2..]);
                open = !end;
            }
            _ => nals.push(payload.to_vec()),
        }
    }
    assert!(!open, "the last part is missing");
    nals
}
