// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the vector tests share.

use std::fs;
use std::path::PathBuf;

use hds::{Data, Dict, Message, Value};
use sha2::{Digest, Sha256};

pub fn read(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(name: &str) -> serde_json::Value {
    serde_json::from_slice(&read(name)).unwrap()
}

pub fn unhex(hex: &str) -> Vec<u8> {
    assert_eq!(hex.len() % 2, 0, "{hex}");
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A `dataSend` `data` event of the recording, as the vectors have it.
pub fn data_event(fragment: &Data, sequence: i64, chunk: usize, end_of_stream: bool) -> Message {
    const CHUNK_LEN: usize = 0x4_0000;
    let start = (chunk - 1) * CHUNK_LEN;
    let end = fragment.len().min(start + CHUNK_LEN);
    let is_last = end == fragment.len();
    let kind = if sequence == 1 { "mediaInitialization" } else { "mediaFragment" };
    let mut metadata = Dict::new()
        .with("dataType", kind)
        .with("dataSequenceNumber", sequence)
        .with("dataChunkSequenceNumber", i64::try_from(chunk).unwrap())
        .with("isLastDataChunk", is_last);
    if chunk == 1 {
        metadata.insert("dataTotalSize", i64::try_from(fragment.len()).unwrap());
    }
    let packet =
        Dict::new().with("data", fragment.slice(start..end).unwrap()).with("metadata", metadata);
    let mut body = Dict::new().with("streamId", 1i64).with("packets", vec![Value::Dict(packet)]);
    if is_last {
        body.insert("endOfStream", end_of_stream);
    }
    Message::event("dataSend", "data", body)
}

/// The media events of the vectors, by the names `hds-frames.json` gives them.
pub fn media_events() -> Vec<(&'static str, Message)> {
    let init = Data::from(read("recording/mediaInitialization.mp4"));
    let mut events = vec![("data_init", data_event(&init, 1, 1, false))];
    let names = [["data_2_1", "data_2_2"], ["data_3_1", "data_3_2"], ["data_4_1", "data_4_2"]];
    for (sequence, names) in (2..).zip(names) {
        let fragment = Data::from(read(&format!("recording/sequence{sequence}.mp4")));
        for (chunk, name) in (1..).zip(names) {
            events.push((name, data_event(&fragment, sequence, chunk, name == "data_4_2")));
        }
    }
    events
}
