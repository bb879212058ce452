// SPDX-License-Identifier: MIT OR Apache-2.0
//! What sending recordings costs: processor seconds per GiB of media in data events of 256 KiB.
//!
//! `cargo run --release -p hds --example throughput [GiB]`; Linux only, for `/proc/self/stat`.

#![expect(clippy::print_stdout, reason = "a measurement for people")]

use std::hint::black_box;
use std::time::Instant;

use hds::{Data, Dict, Keys, Message, Sealer, Value};

const CHUNK_LEN: usize = 0x4_0000;
const GIB: usize = 1 << 30;

/// Ticks of `utime` and `stime` a second, the same on every Linux that Rust knows.
const TICKS_PER_SECOND: f64 = 100.0;

fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let behind_name = stat.rsplit_once(')').expect("a name in brackets").1;
    let mut fields = behind_name.split_whitespace().skip(11);
    let mut next = || fields.next().and_then(|field| field.parse::<f64>().ok()).expect("a number");
    (next() + next()) / TICKS_PER_SECOND
}

fn main() {
    let gib: usize = std::env::args().nth(1).map_or(1, |gib| gib.parse().expect("GiB"));
    let keys = Keys::accessory(&[1; 32], &[2; 32], &[3; 32]);
    let mut sealer = Sealer::new(&keys);
    let fragment = Data::from((0..4 * CHUNK_LEN).map(|at| at.to_le_bytes()[0]).collect::<Vec<_>>());
    let (start, used) = (Instant::now(), processor_seconds());
    let chunks = gib * GIB / CHUNK_LEN;
    let mut sent = 0usize;
    for chunk in 0..chunks {
        let at = chunk % 4 * CHUNK_LEN;
        let metadata = Dict::new()
            .with("dataType", "mediaFragment")
            .with("dataSequenceNumber", 2i64)
            .with("dataChunkSequenceNumber", 1i64)
            .with("isLastDataChunk", true);
        let packet = Dict::new()
            .with("data", fragment.slice(at..at + CHUNK_LEN).expect("inside"))
            .with("metadata", metadata);
        let body = Dict::new().with("streamId", 1i64).with("packets", vec![Value::Dict(packet)]);
        let frame = sealer.seal(&Message::event("dataSend", "data", body)).expect("fits");
        sent += black_box(frame).len();
    }
    let (wall, used) = (start.elapsed().as_secs_f64(), processor_seconds() - used);
    #[expect(clippy::cast_precision_loss, reason = "a measurement")]
    let per_gib = used / gib as f64;
    println!("{chunks} events, {sent} bytes of frames");
    println!("{per_gib:.3} s per GiB of processor time, {wall:.3} s in all");
}
