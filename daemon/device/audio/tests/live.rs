// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sound of live sessions, there and back, through the public face; and what ffmpeg hears.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "says what it skips")]
#![allow(clippy::cast_possible_truncation, reason = "samples are made from small numbers")]

mod ogg;

use std::f64::consts::TAU;
use std::io::Write as _;
use std::process::{Command, Stdio};

use audio::{Decoder, Encoder, LiveCodec, LiveFormat, LiveRate, PacketTime};
use frame::{AudioPacket, Pts};
use proptest::prelude::{any, prop, prop_assert, proptest};

const START: Pts = Pts::from_millis(60_000);
const TONE_HZ: f64 = 440.0;
const LOUDNESS: f64 = 8_000.0;

/// Every format that a controller may select.
fn formats() -> Vec<LiveFormat> {
    let mut codecs: Vec<_> =
        [PacketTime::Ms20, PacketTime::Ms40, PacketTime::Ms60].map(LiveCodec::Opus).to_vec();
    if cfg!(feature = "fdk-aac") {
        codecs.push(LiveCodec::AacEld);
    }
    let rates = [LiveRate::Hz16000, LiveRate::Hz24000];
    let both = |codec| rates.map(|rate| LiveFormat { codec, rate, bitrate_bps: 24_000 });
    codecs.into_iter().flat_map(both).collect()
}

fn tone(rate_hz: u32, seconds: u32) -> Vec<i16> {
    let wave = |n: u32| LOUDNESS * (TAU * TONE_HZ * f64::from(n) / f64::from(rate_hz)).sin();
    (0..rate_hz * seconds).map(|n| wave(n) as i16).collect()
}

/// Pushed in blocks of 10 ms, as a card would.
fn encode(format: LiveFormat, samples: &[i16]) -> Vec<AudioPacket> {
    let mut encoder = Encoder::live(format).unwrap();
    let block = format.rate.hz() as usize / 100;
    let times = (0u64..).map(|n| Pts::from_ticks_90k(START.ticks_90k() + n * 900));
    let blocks = samples.chunks(block).zip(times);
    blocks.flat_map(|(block, pts)| encoder.push(pts, block).unwrap()).collect()
}

/// Frequency by rising zero crossings, and loudness as the amplitude of a sine, after 0.3 s.
fn heard(samples: &[i16], rate_hz: u32) -> (f64, f64) {
    let steady = &samples[rate_hz as usize * 3 / 10..];
    let crossings = steady.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    let seconds = steady.len() as f64 / f64::from(rate_hz);
    let power = steady.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / steady.len() as f64;
    (crossings as f64 / seconds, (2.0 * power).sqrt())
}

fn assert_is_the_tone(samples: &[i16], rate_hz: u32, who: &str) {
    let (pitch, loudness) = heard(samples, rate_hz);
    assert!((pitch - TONE_HZ).abs() < 4.0, "{who}: {pitch} Hz");
    let ratio = loudness / LOUDNESS;
    assert!((0.8..1.2).contains(&ratio), "{who}: {ratio} of the loudness");
}

#[test]
fn packets_are_exactly_as_long_as_selected_and_times_follow() {
    for format in formats() {
        let packets = encode(format, &tone(format.rate.hz(), 2));
        let samples = format.packet_samples();
        let ticks = u64::from(samples) * 90_000 / u64::from(format.rate.hz());
        assert!(packets.len() as u32 >= 2 * format.rate.hz() / samples - 3, "{format:?}");
        assert!(packets.iter().all(|packet| packet.samples == samples), "{format:?}");
        for pair in packets.windows(2) {
            let apart = pair[1].pts.ticks_90k() - pair[0].pts.ticks_90k();
            assert!(apart.abs_diff(ticks) <= 1, "{format:?}: {apart} ticks apart");
        }
        if let LiveCodec::Opus(time) = format.codec {
            for packet in &packets {
                assert_eq!(opus_ms(&packet.data), time.ms(), "{format:?}");
            }
        }
    }
}

/// Voices are one frame a packet, whatever its length, so that 60 ms cost one header.
#[test]
fn a_voice_of_60_ms_is_one_frame() {
    let rate = LiveRate::Hz16000;
    let codec = LiveCodec::Opus(PacketTime::Ms60);
    let packets = encode(LiveFormat { codec, rate, bitrate_bps: 24_000 }, &voice(rate.hz(), 3));
    assert!(packets.iter().all(|packet| packet.data[0] & 3 == 0), "frame count code 0");
    let bytes: usize = packets.iter().map(|packet| packet.data.len()).sum();
    let bps = bytes * 8 / 3;
    assert!((6_000..27_000).contains(&bps), "{bps} bit/s, at most 24000 selected");
}

#[test]
fn a_tone_survives() {
    for format in formats() {
        let mut decoder = Decoder::new(format).unwrap();
        let packets = encode(format, &tone(format.rate.hz(), 2));
        let mut samples = Vec::new();
        for packet in &packets {
            let decoded = decoder.decode(&packet.data).unwrap();
            assert_eq!(decoded.len() as u32, packet.samples, "{format:?}");
            samples.extend_from_slice(decoded);
        }
        assert_is_the_tone(&samples, format.rate.hz(), &format!("{format:?}"));
    }
}

#[test]
fn a_loss_is_made_up_and_many_fade() {
    for format in formats() {
        let mut decoder = Decoder::new(format).unwrap();
        let packets = encode(format, &tone(format.rate.hz(), 2));
        let level = |samples: &[i16]| {
            samples.iter().map(|s| f64::from(s.unsigned_abs())).sum::<f64>() / samples.len() as f64
        };
        packets[..20]
            .iter()
            .for_each(|packet| drop(decoder.decode(&packet.data).unwrap().to_vec()));
        let first = decoder.conceal().to_vec();
        assert_eq!(first.len() as u32, format.packet_samples(), "{format:?}");
        assert!(level(&first) > 0.05 * LOUDNESS, "{format:?}: {}", level(&first));
        let mut last = level(&first);
        for _ in 0..30 {
            last = level(decoder.conceal());
        }
        assert!(last < 0.15 * LOUDNESS, "{format:?}: {last} after 30 losses");
        // and it goes on
        packets[40..].iter().take(8).for_each(|packet| {
            last = level(decoder.decode(&packet.data).unwrap());
        });
        assert!(last > 0.5 * LOUDNESS, "{format:?}: {last} after the losses");
    }
}

#[test]
fn what_was_never_heard_is_concealed_as_silence() {
    for format in formats() {
        let mut decoder = Decoder::new(format).unwrap();
        let made_up = decoder.conceal();
        assert_eq!(made_up.len() as u32, format.packet_samples(), "{format:?}");
        assert!(made_up.iter().all(|&sample| sample == 0), "{format:?}");
        assert!(decoder.decode(&[]).is_err(), "{format:?}");
    }
}

/// A click is where its packet's time says: the encoder's delay is taken off rightly.
#[test]
fn sound_stands_where_it_was_captured() {
    for format in formats() {
        let rate = format.rate.hz();
        let burst_at = rate;
        let mut samples = vec![0; rate as usize * 2];
        for (n, sample) in (0..rate / 5).zip(&mut samples[burst_at as usize..]) {
            *sample = (12_000.0 * (TAU * 1_000.0 * f64::from(n) / f64::from(rate)).sin()) as i16;
        }
        let mut decoder = Decoder::new(format).unwrap();
        let packets = encode(format, &samples);
        let mut decoded = Vec::new();
        for packet in &packets {
            decoded.extend_from_slice(decoder.decode(&packet.data).unwrap());
        }
        let first = decoded.iter().position(|sample| sample.unsigned_abs() > 3_000).unwrap();
        let begins = packets[0].pts.ticks_90k() as f64 + first as f64 * 90_000.0 / f64::from(rate);
        let off_ms = (begins - START.ticks_90k() as f64 - 90_000.0) / 90.0;
        assert!(off_ms.abs() < 5.0, "{format:?}: the burst is {off_ms} ms off");
    }
}

/// Not our library: what ffmpeg makes of the packets, put into Ogg.
#[test]
fn ffmpeg_hears_the_tone() {
    for format in formats() {
        if !matches!(format.codec, LiveCodec::Opus(_)) {
            continue;
        }
        let packets = encode(format, &tone(format.rate.hz(), 2));
        let file = ogg::opus_file(&packets, format.rate.hz());
        let Some(samples) = ffmpeg(&file) else { return };
        assert_is_the_tone(&samples, 48_000, &format!("ffmpeg, {format:?}"));
        let packet_seconds = f64::from(format.packet_samples()) / f64::from(format.rate.hz());
        let expected = packets.len() as f64 * packet_seconds * 48_000.0;
        let off = samples.len() as f64 - expected;
        assert!(off.abs() < 700.0, "{format:?}: {off} samples too many");
    }
}

/// Decoded at 48 kHz; `None` when there is no ffmpeg.
fn ffmpeg(file: &[u8]) -> Option<Vec<i16>> {
    let child = Command::new("ffmpeg")
        .args(["-v", "warning", "-f", "ogg", "-i", "pipe:0", "-ac", "1", "-f", "s16le", "-"])
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
    let (mut stdin, file) = (child.stdin.take().unwrap(), file.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&file));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    Some(output.stdout.chunks_exact(2).map(|p| i16::from_le_bytes([p[0], p[1]])).collect())
}

/// What the first byte and the frame count say. Spec: RFC 6716 §3.
fn opus_ms(packet: &[u8]) -> u32 {
    let frame_ms_times_2 = match packet[0] >> 3 {
        config @ 0..12 => [20, 40, 80, 120][usize::from(config % 4)],
        config @ 12..16 => [20, 40][usize::from(config % 2)],
        config => [5, 10, 20, 40][usize::from(config % 4)],
    };
    let frames = match packet[0] & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet[1] & 0x3f),
    };
    frame_ms_times_2 * frames / 2
}

/// Pulses at 120 Hz through two resonances, on and off four times a second: speech to a codec.
fn voice(rate_hz: u32, seconds: u32) -> Vec<i16> {
    let (mut first, mut second) = ([0.0f64; 2], [0.0f64; 2]);
    let resonance = |state: &mut [f64; 2], hz: f64, input: f64| {
        let (radius, angle) = (0.97, TAU * hz / f64::from(rate_hz));
        let out = input + 2.0 * radius * angle.cos() * state[0] - radius * radius * state[1];
        *state = [out, state[0]];
        out
    };
    (0..rate_hz * seconds)
        .map(|n| {
            let pulse = if n % (rate_hz / 120) == 0 { 600.0 } else { 0.0 };
            let loud = if (n * 4 / rate_hz).is_multiple_of(2) { 1.0 } else { 0.02 };
            let out = resonance(&mut second, 1_700.0, resonance(&mut first, 600.0, pulse * loud));
            out.clamp(-20_000.0, 20_000.0) as i16
        })
        .collect()
}

proptest! {
    /// Whatever a controller sends, there is sound or an error, and the next packet can be heard.
    #[test]
    fn any_bytes_are_decoded_or_refused(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8),
        eld in any::<bool>(),
    ) {
        let opus = LiveCodec::Opus(PacketTime::Ms20);
        let codec = if eld && cfg!(feature = "fdk-aac") { LiveCodec::AacEld } else { opus };
        let format = LiveFormat { codec, rate: LiveRate::Hz16000, bitrate_bps: 24_000 };
        let mut decoder = Decoder::new(format).unwrap();
        for packet in packets {
            let count = match decoder.decode(&packet) {
                Ok(samples) => samples.len(),
                Err(_) => decoder.conceal().len(),
            };
            prop_assert!(count <= 16_000 * 120 / 1_000, "{} samples", count);
        }
    }
}
