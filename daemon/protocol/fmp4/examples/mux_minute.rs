// SPDX-License-Identifier: MIT OR Apache-2.0
//! Muxes one minute of 1080p30 at 2 Mbit/s with 64 kbit/s of sound and prints the CPU time it took.
//! To be compared with the user and system time of
//! `ffmpeg -i minute.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof -f mp4 out.mp4`.

use std::sync::Arc;
use std::time::Instant;

use fmp4::{Gop, Muxer};
use frame::{AudioCodec, AudioConfig, AudioPacket, AvcConfig, EncodedFrame, Pts, Size};

const FRAMES: u64 = 60 * 30;
const GOP_FRAMES: u64 = 4 * 30;
const FRAME_BYTES: usize = 2_000_000 / 8 / 30;
const PACKET_BYTES: usize = 64_000 / 8 * 1024 / 32_000;
const ROUNDS: u32 = 50;

#[expect(clippy::print_stdout, reason = "the figure is what this is for")]
fn main() {
    let (frames, packets) = (frames(), packets());
    let (mut bytes, mut fragments) = (0, 0);
    let start = Instant::now();
    for _ in 0..ROUNDS {
        let config = Arc::clone(&frames[0].config);
        let mut muxer = Muxer::new(config, Some(Arc::clone(&packets[0].config))).expect("good");
        bytes += muxer.init_segment().len();
        let mut sound = &packets[..];
        for gop in frames.chunks(usize::try_from(GOP_FRAMES).expect("small")) {
            let end = Pts::from_ticks_90k(gop[0].pts.ticks_90k() + GOP_FRAMES * 3_000);
            let count = sound.iter().take_while(|packet| packet.pts < end).count();
            let (audio, rest) = sound.split_at(count);
            sound = rest;
            let audio_end = rest.first().map(|packet| packet.pts);
            let fragment = muxer.fragment(&Gop { frames: gop, end, audio, audio_end });
            bytes += std::hint::black_box(fragment.expect("good")).len();
            fragments += 1;
        }
    }
    // one thread that never waits: its wall time on an idle machine is its CPU time
    let each = start.elapsed() / ROUNDS;
    let (bytes, fragments) = (bytes / ROUNDS as usize, fragments / ROUNDS);
    println!("{bytes} bytes in {fragments} fragments: {:.6} s a minute", each.as_secs_f64());
}

fn frames() -> Vec<EncodedFrame> {
    let sps = vec![0x67, 0x42, 0xc0, 0x28];
    let config = AvcConfig::new(sps, vec![0x68, 0xce, 0x3c, 0x80], Size::new(1920, 1080));
    let config = Arc::new(config.expect("parameter sets"));
    let frame = |number: u64| EncodedFrame {
        pts: Pts::from_ticks_90k(900_000 + number * 3_000),
        is_idr: number.is_multiple_of(GOP_FRAMES),
        data: vec![u8::try_from(number % 251).expect("small"); FRAME_BYTES].into(),
        config: Arc::clone(&config),
    };
    (0..FRAMES).map(frame).collect()
}

fn packets() -> Vec<AudioPacket> {
    let config = Arc::new(AudioConfig {
        codec: AudioCodec::AacLc,
        sample_rate_hz: 32_000,
        channels: 1,
        bitrate_bps: 64_000,
        specific_config: vec![0x12, 0x88],
    });
    let packet = |number: u64| AudioPacket {
        pts: Pts::from_ticks_90k(900_000 + number * 2_880),
        samples: 1024,
        data: vec![7; PACKET_BYTES].into(),
        config: Arc::clone(&config),
    };
    (0..60 * 32_000 / 1024).map(packet).collect()
}
