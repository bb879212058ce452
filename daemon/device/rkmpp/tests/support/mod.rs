// SPDX-License-Identifier: MIT OR Apache-2.0
//! The stand-in library, pictures, and memory that passes for a camera's.
#![allow(dead_code, reason = "each test file uses its part")]

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;

use frame::{Chroma, Colour};
use rkmpp::{Codec, EncoderConfig, Layout, Library};
use rustix::fs::MemfdFlags;

/// `HSV_TEST_MPP`, or what cargo built beside this test.
pub fn path() -> OsString {
    std::env::var_os("HSV_TEST_MPP").unwrap_or_else(|| {
        let test = std::env::current_exe().expect("a test has a file");
        let beside = test.parent().expect("it lies in a folder");
        beside.join("libhsv_mpp_standin.so").into_os_string()
    })
}

pub fn library() -> Library {
    Library::load(Some(&path())).expect("the stand-in is built before its users' tests")
}

pub const CONFIG: EncoderConfig = EncoderConfig {
    width: 322,
    height: 182,
    layout: Layout { chroma: Chroma::Pairs, stride: 336, lines: 184 },
    colour: Colour { is_bt709: true, is_full_range: false },
    codec: Codec::H264 { profile_idc: 77, level_idc: 31, fps: 30, bitrate_bps: 300_000 },
};

/// A grey slope that moves, as `layout` has it.
pub fn draw(config: &EncoderConfig, number: usize, memory: &mut [u8]) {
    let number_of = |count: u32| usize::try_from(count).expect("small");
    let stride = number_of(config.layout.stride);
    let luma = stride * number_of(config.layout.lines);
    memory[luma..].fill(128);
    for (y, row) in memory[..luma].chunks_mut(stride).enumerate() {
        for (x, sample) in row.iter_mut().enumerate() {
            *sample = u8::try_from((x + y + number * 4) / 2 % 220).expect("below 220") + 16;
        }
    }
}

pub fn drawn(config: &EncoderConfig, number: usize) -> Vec<u8> {
    let mut memory = vec![0; config.layout.picture_len()];
    draw(config, number, &mut memory);
    memory
}

/// Memory with a descriptor, as a DMABUF has one; the stand-in maps either.
pub fn lent(bytes: &[u8]) -> OwnedFd {
    let fd = rustix::fs::memfd_create("picture", MemfdFlags::CLOEXEC).expect("memory");
    let mut rest = bytes;
    while !rest.is_empty() {
        let written = rustix::io::write(&fd, rest).expect("room");
        rest = &rest[written..];
    }
    fd
}

/// NAL unit types of a byte stream.
pub fn kinds(stream: &[u8]) -> Vec<u8> {
    stream
        .windows(4)
        .filter(|bytes| bytes.starts_with(&[0, 0, 1]))
        .map(|bytes| bytes[3] & 0x1f)
        .collect()
}

/// What the stand-in has not got back.
pub fn alive() -> usize {
    call("hsv_mpp_standin_alive")
}

/// Ends what hangs in the stand-in.
pub fn release() {
    call("hsv_mpp_standin_release");
}

fn call(name: &str) -> usize {
    // SAFETY: it is loaded already, and both functions take nothing; the one that returns nothing
    // leaves a number that is not looked at.
    unsafe {
        let library = libloading::Library::new(path()).expect("loaded before");
        let function =
            library.get::<unsafe extern "C" fn() -> usize>(name.as_bytes()).expect("it is there");
        function()
    }
}

/// Runs the test `name` again, alone, where the stand-in has `faults`: they are the whole
/// process's. True in there, where the test does its work.
pub fn with_faults(name: &str, faults: &str) -> bool {
    if std::env::var_os("HSV_MPP_STANDIN").is_some() {
        return true;
    }
    let test: PathBuf = std::env::current_exe().expect("a test has a file");
    let output = Command::new(test)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("HSV_MPP_STANDIN", faults)
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = told + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{name} with {faults}:\n{told}");
    false
}
