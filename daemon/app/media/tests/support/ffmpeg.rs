// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs of the ffmpeg project as a second opinion.

use std::io::Write;
use std::process::{Command, Stdio};

use frame::{EncodedFrame, nals};

/// The byte stream of `frames`, parameter sets before every IDR.
pub fn annex_b(frames: &[EncodedFrame]) -> Vec<u8> {
    let mut stream = Vec::new();
    for frame in frames {
        let sets = [frame.config.sps(), frame.config.pps()];
        let slices = nals(&frame.data).map(|nal| nal.0);
        for nal in sets.into_iter().filter(|_| frame.is_idr).chain(slices) {
            stream.extend_from_slice(&[0, 0, 0, 1]);
            stream.extend_from_slice(nal);
        }
    }
    stream
}

/// Runs `program` on `input`: its output and its messages; `None` when there is no such program.
#[expect(clippy::print_stderr, reason = "a skip is told")]
pub fn run(program: &str, arguments: &[&str], input: &[u8]) -> Option<(Vec<u8>, String)> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("skipped: {program} is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("it reads all");
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} says no: {messages}");
    Some((output.stdout, messages))
}
