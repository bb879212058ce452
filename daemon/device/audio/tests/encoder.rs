// SPDX-License-Identifier: MIT OR Apache-2.0
//! The encoder through its public face, and what ffmpeg hears.

#![cfg(feature = "fdk-aac")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "says what it skips")]
#![allow(clippy::cast_possible_truncation, reason = "samples are made from small numbers")]

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use audio::{AudioFormat, EncodeError, Encoder};
use frame::{AudioCodec, AudioPacket, Pts};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

const START: Pts = Pts::from_millis(60_000);
const MONO_32K: AudioFormat = AudioFormat {
    codec: AudioCodec::AacLc,
    sample_rate_hz: 32_000,
    channels: 1,
    bitrate_bps: 64_000,
};

#[test]
fn every_format_that_homekit_knows_has_an_encoder() {
    let configs = [
        (8_000, "1588"),
        (16_000, "1408"),
        (24_000, "1308"),
        (32_000, "1288"),
        (44_100, "1208"),
        (48_000, "1188"),
    ];
    for (sample_rate_hz, expected) in configs {
        let format = AudioFormat { sample_rate_hz, bitrate_bps: 24_000, ..MONO_32K };
        let config = Encoder::new(format).unwrap().config();
        let hex = config.specific_config.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(hex, expected, "{sample_rate_hz} Hz");
    }
    for sample_rate_hz in [16_000, 24_000, 32_000, 48_000] {
        let format = AudioFormat { codec: AudioCodec::AacEld, sample_rate_hz, ..MONO_32K };
        let config = Encoder::new(format).unwrap().config();
        assert!(config.specific_config.starts_with(&[0xf8]), "{:02x?}", config.specific_config);
    }
    for bad in [
        AudioFormat { sample_rate_hz: 22_050, ..MONO_32K },
        AudioFormat { channels: 3, ..MONO_32K },
    ] {
        assert!(matches!(Encoder::new(bad), Err(EncodeError::Format(format)) if format == bad));
    }
}

#[test]
fn a_gap_moves_the_time_and_an_overlap_is_left_out() {
    let mut encoder = Encoder::new(MONO_32K).unwrap();
    let push = |encoder: &mut Encoder, ms: u64, samples: usize| {
        let pts = Pts::from_ticks_90k(START.ticks_90k() + 90 * ms);
        encoder.push(pts, &vec![0; samples]).unwrap()
    };
    let before = push(&mut encoder, 0, 1_100);
    assert_eq!(before.len(), 1);
    // 76 samples wait; ten seconds later they are filled up to a packet of their own
    let after = push(&mut encoder, 10_000, 2_048);
    assert_eq!(after.len(), 3);
    let ticks = |packet: &AudioPacket| packet.pts.ticks_90k() - before[0].pts.ticks_90k();
    assert_eq!([ticks(&after[0]), ticks(&after[1])], [2_880, 900_000]);
    // all of this was there already
    assert!(push(&mut encoder, 10_000, 1_600).is_empty());
    // and of this the second half is new: 1024 samples from 10.064 s on
    assert_eq!(push(&mut encoder, 10_000, 3_072).len(), 1);
}

/// Decoded by ffmpeg, a click is where its packet's time says: the delay is taken off rightly.
#[test]
fn sound_stands_where_it_was_captured() {
    for bitrate_bps in [32_000, 64_000] {
        let mut encoder = Encoder::new(AudioFormat { bitrate_bps, ..MONO_32K }).unwrap();
        let burst_at = 20_000;
        let samples: Vec<i16> = (0..64_000)
            .map(|n: i32| match n - burst_at {
                since @ 0..2_000 => {
                    (12_000.0 * (TAU * 1_000.0 * f64::from(since) / 32_000.0).sin()) as i16
                }
                _ => 0,
            })
            .collect();
        let packets: Vec<_> = samples
            .chunks(700)
            .zip(0u64..)
            .flat_map(|(chunk, index)| {
                // 700 samples are 1968.75 ticks
                let ticks = START.ticks_90k() + index * 700 * 90_000 / 32_000;
                encoder.push(Pts::from_ticks_90k(ticks), chunk).unwrap()
            })
            .collect();
        let Some(heard) = decode(&packets) else { return };
        let first = heard.iter().position(|sample| sample.unsigned_abs() > 4_000).unwrap();
        let begins = packets[0].pts.ticks_90k() as f64 + first as f64 * 90_000.0 / 32_000.0;
        let expected = START.ticks_90k() as f64 + f64::from(burst_at) * 90_000.0 / 32_000.0;
        let off_ms = (begins - expected) / 90.0;
        assert!(off_ms.abs() < 2.0, "{bitrate_bps} bit/s: the burst is {off_ms} ms off");
        let energy: f64 = heard.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        let ratio = energy / (2_000.0 * 12_000.0f64.powi(2) / 2.0);
        assert!((0.9..1.1).contains(&ratio), "{ratio} of the loudness");
    }
}

/// Raw packets with an ADTS header each, decoded by ffmpeg; `None` when there is no ffmpeg.
fn decode(packets: &[AudioPacket]) -> Option<Vec<i16>> {
    let mut adts = Vec::new();
    for packet in packets {
        let len = packet.data.len() + 7;
        // MPEG-4, no CRC, LC, 32 kHz (5), one channel, any buffer fullness
        adts.extend([0xff, 0xf1, 0x40 | 5 << 2, 0x40 | (len >> 11) as u8]);
        adts.extend([(len >> 3) as u8, (len << 5) as u8 | 0x1f, 0xfc]);
        adts.extend_from_slice(&packet.data);
    }
    let args = ["-v", "warning", "-f", "aac", "-i", "pipe:0", "-f", "s16le", "-"];
    let child = Command::new("ffmpeg")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            println!("skipped: ffmpeg cannot be run here: {error}");
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(&adts));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Some(output.stdout.chunks_exact(2).map(|p| i16::from_le_bytes([p[0], p[1]])).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However samples and times come, packets' times grow and packets are small.
    #[test]
    fn times_only_grow(
        pushes in prop::collection::vec((0..3_000usize, -20_000i64..20_000), 1..30),
        stereo in any::<bool>(),
    ) {
        let channels = if stereo { 2 } else { 1 };
        let mut encoder = Encoder::new(AudioFormat { channels, ..MONO_32K }).unwrap();
        let (mut ticks, mut last) = (5_400_000i64, None);
        for (samples, jump) in pushes {
            let noise: Vec<i16> =
                (0..samples * usize::from(channels)).map(|n| (n * 7_919 % 20_011) as i16).collect();
            // every other push continues rightly
            let pts = ticks + if jump % 2 == 0 { jump } else { 0 };
            for packet in encoder.push(Pts::from_ticks_90k(pts.unsigned_abs()), &noise).unwrap() {
                prop_assert!(last.is_none_or(|last| packet.pts > last));
                prop_assert_eq!(packet.samples, 1_024);
                prop_assert!(!packet.data.is_empty() && packet.data.len() <= 1_536);
                last = Some(packet.pts);
            }
            ticks = pts + (samples as i64) * 90_000 / 32_000;
        }
    }
}
