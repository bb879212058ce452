// SPDX-License-Identifier: MIT OR Apache-2.0
//! The real recording, as frames and packets.
#![allow(dead_code, reason = "each test uses its part of this")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use fmp4::probe::{self, Fragment, InitSegment};
use frame::{AudioConfig, AudioPacket, AvcConfig, EncodedFrame, Pts};

/// Any time of the monotonic clock; not zero, so that a forgotten subtraction shows.
pub const START: Pts = Pts::from_millis(86_400_000);

pub fn bytes(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/recording").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn init() -> (Vec<u8>, InitSegment) {
    let bytes = bytes("mediaInitialization.mp4");
    let init = probe::init_segment(&bytes).unwrap();
    (bytes, init)
}

pub fn fragments() -> Vec<Vec<u8>> {
    ["sequence2.mp4", "sequence3.mp4", "sequence4.mp4"].map(bytes).to_vec()
}

/// A fragment in the daemon's words.
pub struct OwnedGop {
    pub frames: Vec<EncodedFrame>,
    pub end: Pts,
    pub audio: Vec<AudioPacket>,
    pub audio_end: Pts,
}

impl OwnedGop {
    pub fn gop(&self) -> fmp4::Gop<'_> {
        let audio_end = Some(self.audio_end);
        fmp4::Gop { frames: &self.frames, end: self.end, audio: &self.audio, audio_end }
    }
}

pub struct Recording {
    pub video: Arc<AvcConfig>,
    pub audio: Arc<AudioConfig>,
    pub gops: Vec<OwnedGop>,
}

/// Capture time of a moment of a track.
fn pts(units: u64, timescale_hz: u32) -> Pts {
    let hz = u64::from(timescale_hz);
    Pts::from_ticks_90k(START.ticks_90k() + (units * 90_000 + hz / 2) / hz)
}

pub fn recording() -> Recording {
    let (_, init) = init();
    let track = init.audio.as_ref().expect("it has sound");
    let (video, audio) = (Arc::new(init.video.config.clone()), Arc::new(track.config.clone()));
    let gop = |bytes: &Vec<u8>| {
        let Fragment { video: pictures, audio: sound, .. } = probe::fragment(&init, bytes).unwrap();
        let mut at = pictures.decode_time;
        let mut frames = Vec::new();
        for sample in &pictures.samples {
            frames.push(EncodedFrame {
                pts: pts(at, init.video.timescale_hz),
                is_idr: sample.is_sync,
                data: frame::Coded::from(sample.data),
                config: Arc::clone(&video),
            });
            at += u64::from(sample.duration);
        }
        let end = pts(at, init.video.timescale_hz);
        let sound = sound.unwrap();
        let mut at = sound.decode_time;
        let mut packets = Vec::new();
        for sample in &sound.samples {
            packets.push(AudioPacket {
                pts: pts(at, track.timescale_hz),
                samples: 1024,
                data: frame::Coded::from(sample.data),
                config: Arc::clone(&audio),
            });
            at += u64::from(sample.duration);
        }
        OwnedGop { frames, end, audio: packets, audio_end: pts(at, track.timescale_hz) }
    };
    let gops = fragments().iter().map(gop).collect();
    Recording { video, audio, gops }
}
