// SPDX-License-Identifier: MIT OR Apache-2.0
//! Camera and encoder of the test bench: vivid's pictures go to the H.264 encoder without a copy,
//! ffmpeg decodes the stream, key frames are compared byte by byte. Run by scripts/testbench/uml.

#[path = "support/scaling.rs"]
mod scaling;
#[path = "support/bench.rs"]
mod support;

use std::time::{Duration, Instant};

use support::{Bench, Camera, Coded, Sink, decode, decode_by_kernel};
use v4l2::{
    Codec, Control, Encoder, EncoderWish, Feed, Format, FourCc, InputLayout, Lent, RunError,
    StartError, Step,
};

const INJECT_ERRORS: Control = Control(0x0098_0900 + 0x10f0);
const INJECT_STALL_MS: Control = Control(0x0098_0900 + 0x10f1);
const INJECT_FATAL: Control = Control(0x0098_0900 + 0x10f2);
const SECOND: Duration = Duration::from_secs(1);

type M2m = Encoder<Lent<v4l2::Device>>;

fn importer(camera: &Camera, bitrate_bps: u32) -> Result<M2m, StartError> {
    let encoders = v4l2::find_encoders().expect("/dev can be read");
    let node = encoders.iter().find(|node| node.is_called("vh264enc")).expect("it is loaded");
    let device = v4l2::Device::open(&node.path).expect("it opens");
    M2m::start(device, &wish(camera, bitrate_bps))
}

fn wish(camera: &Camera, bitrate_bps: u32) -> EncoderWish {
    wish_for(camera.capture.format(), camera.buffer_len, bitrate_bps)
}

fn wish_for(format: Format, buffer_len: u32, bitrate_bps: u32) -> EncoderWish {
    EncoderWish {
        width: format.width,
        height: format.height,
        fps: 30,
        feed: Feed::Import(InputLayout {
            fourcc: format.fourcc,
            bytes_per_line: format.bytes_per_line,
            lines: format.height,
            buffer_len,
        }),
        matrix: format.matrix,
        range: format.range,
        codec: Codec::H264 { profile: v4l2::Profile::High, level_idc: 40 },
        bitrate_bps,
    }
}

/// Lends `count` pictures to the encoder, a key frame forced at `keys`, and waits for each.
fn record(camera: &mut Camera, encoder: &mut M2m, count: u64, keys: &[u64], sink: &mut Sink) {
    for number in 0..count {
        let lent = camera.next();
        sink.raw.push(lent.bytes().to_vec());
        if keys.contains(&number) {
            encoder.force_key_frame().expect("it has the control");
        }
        submit(encoder, lent, number);
        match encoder.next(5 * SECOND).expect("it runs") {
            Step::Coded { bytes, is_key, timestamp } => {
                assert_eq!(timestamp, Some(Duration::from_millis(number)));
                sink.coded.push(Some(Coded { bytes: bytes.to_vec(), is_key }));
            }
            Step::Damaged => sink.coded.push(None),
            step => panic!("picture {number}: {step:?}"),
        }
    }
}

fn submit(encoder: &mut M2m, lent: Lent<v4l2::Device>, number: u64) {
    let length = u32::try_from(lent.buffer_len()).expect("less than 4 GB");
    let dma_buf = lent.dma_buf().expect("vivid exports").try_clone_to_owned().expect("dup");
    let time = Duration::from_millis(number);
    encoder
        .submit_import(time, std::os::fd::AsFd::as_fd(&dma_buf), length, lent)
        .expect("imported");
}

#[test]
fn pictures_pass_from_camera_to_stream_without_a_copy() {
    let Some(bench) = Bench::load("n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0", "")
    else {
        return;
    };
    for (width, height) in [(320, 180), (640, 360), (1280, 720), (1920, 1080)] {
        let begin = Instant::now();
        let mut camera = bench.camera(width, height);
        let mut encoder = importer(&camera, 8_000_000).expect("it starts");
        let mut sink = Sink::default();
        record(&mut camera, &mut encoder, 12, &[5, 9], &mut sink);
        encoder.drain().expect("it stops");
        assert_eq!(encoder.next(SECOND).expect("it ends"), Step::Drained);
        assert_eq!(encoder.pending(), 0);
        let keys: Vec<usize> = sink.keys().collect();
        assert_eq!(keys, [0, 5, 9], "{width}x{height}");
        let decoded = decode(&sink.stream(), width * height * 3 / 2);
        assert_eq!(decoded.len(), 12, "{width}x{height}");
        for key in keys {
            assert!(decoded[key] == sink.raw[key], "{width}x{height}: picture {key} differs");
        }
        println!("{width}x{height}: 12 pictures in {} ms", begin.elapsed().as_millis());
    }
}

#[test]
fn a_multi_planar_camera_serves_as_well() {
    let options = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0 multiplanar=2";
    let Some(bench) = Bench::load(options, "") else { return };
    let mut camera = bench.camera(640, 360);
    let mut encoder = importer(&camera, 2_000_000).expect("it starts");
    let mut sink = Sink::default();
    record(&mut camera, &mut encoder, 4, &[2], &mut sink);
    let decoded = decode(&sink.stream(), 640 * 360 * 3 / 2);
    assert!(decoded[0] == sink.raw[0] && decoded[2] == sink.raw[2]);
}

#[test]
fn an_error_buffer_costs_one_picture_and_a_stall_only_time() {
    let Some(bench) = Bench::load("n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0", "")
    else {
        return;
    };
    let mut camera = bench.camera(320, 180);
    let mut encoder = importer(&camera, 8_000_000).expect("it starts");
    let mut sink = Sink::default();
    record(&mut camera, &mut encoder, 3, &[], &mut sink);
    encoder.set_control(INJECT_ERRORS, 1).expect("known");
    record(&mut camera, &mut encoder, 3, &[1], &mut sink);
    let kinds: Vec<_> = sink.coded.iter().map(|coded| coded.as_ref().map(|c| c.is_key)).collect();
    let (key, other) = (Some(true), Some(false));
    assert_eq!(kinds, [key, other, other, None, key, other]);
    let decoded = decode(&sink.stream(), 320 * 180 * 3 / 2);
    assert_eq!(decoded.len(), 5);
    assert!(decoded[3] == sink.raw[4], "what was lost shows after the key frame");

    encoder.set_control(INJECT_STALL_MS, 400).expect("known");
    submit(&mut encoder, camera.next(), 0);
    assert_eq!(encoder.next(SECOND / 10).expect("it runs"), Step::Nothing);
    assert!(matches!(encoder.next(SECOND).expect("it runs"), Step::Coded { .. }));

    encoder.set_control(INJECT_FATAL, 1).expect("known");
    submit(&mut encoder, camera.next(), 1);
    let error = loop {
        match encoder.next(SECOND) {
            Ok(Step::Coded { .. }) => {}
            Ok(step) => panic!("{step:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, RunError::Failed), "{error:?}");
    drop(encoder);
    let mut encoder = importer(&camera, 8_000_000).expect("it starts again");
    let mut again = Sink::default();
    record(&mut camera, &mut encoder, 2, &[], &mut again);
    assert_eq!(again.keys().collect::<Vec<_>>(), [0]);
}

#[test]
fn the_bit_rate_is_followed_while_it_runs() {
    let Some(bench) = Bench::load("n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0", "")
    else {
        return;
    };
    let mut camera = bench.camera(640, 360);
    camera.be_busy();
    let mut encoder = importer(&camera, 4_000_000).expect("it starts");
    let mut mean = |bitrate_bps: u32| {
        encoder.set_bitrate(bitrate_bps).expect("while it runs");
        let mut sink = Sink::default();
        record(&mut camera, &mut encoder, 10, &[], &mut sink);
        let others = sink.coded.iter().flatten().filter(|coded| !coded.is_key);
        others.map(|coded| coded.bytes.len()).max().expect("some")
    };
    let (rich, poor) = (mean(4_000_000), mean(500_000));
    println!("largest picture: {rich} bytes at 4 Mbit/s, {poor} at 0.5 Mbit/s");
    let limit = |bitrate_bps: usize| bitrate_bps / 8 / 30 * 5 / 4;
    assert!(rich < limit(4_000_000) && poor < limit(500_000), "{rich}, {poor}");
    assert!(rich > 3 * poor, "{rich} against {poor}");
}

#[test]
fn an_encoder_that_rounds_to_macroblocks_is_copied_to_and_crops() {
    let camera = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0";
    let Some(bench) = Bench::load(camera, "hw_align=16") else { return };
    let mut camera = bench.camera(640, 360);
    let refused = importer(&camera, 2_000_000);
    assert!(matches!(refused, Err(StartError::Layout(format)) if format.height == 368));
    let encoders = v4l2::find_encoders().expect("/dev can be read");
    let device = v4l2::Device::open(&encoders[0].path).expect("it opens");
    let feed = Feed::Copy(vec![FourCc::NV12]);
    let wish = EncoderWish { feed, ..wish(&camera, 2_000_000) };
    let mut encoder = M2m::start(device, &wish).expect("it starts");
    let lent = camera.next();
    let raw = lent.bytes().to_vec();
    let copy = |to: &mut [u8]| {
        let (luma, chroma) = raw.split_at(640 * 360);
        to[..luma.len()].copy_from_slice(luma);
        to[640 * 368..][..chroma.len()].copy_from_slice(chroma);
    };
    encoder.submit_copy(SECOND, copy).expect("copied");
    let Step::Coded { bytes, is_key: true, .. } = encoder.next(SECOND).expect("it runs") else {
        panic!("no key frame")
    };
    let decoded = decode(bytes, 640 * 360 * 3 / 2);
    assert!(decoded.len() == 1 && decoded[0] == raw, "360 rows, without the padding");
}

/// A driver that nobody here wrote: the kernel's. It codes something else, by the same rules.
#[test]
fn the_kernels_own_encoder_is_driven_as_well() {
    const SIZE: (u32, u32) = (1280, 720);
    let Some(bench) = Bench::load("n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0", "")
    else {
        return;
    };
    let (encoder, decoder) = bench.kernels_own_codec();
    let mut camera = bench.camera(SIZE.0, SIZE.1);
    let wish = EncoderWish { codec: Codec::Fwht, ..wish(&camera, 2_000_000) };
    let device = v4l2::Device::open(&encoder).expect("it opens");
    let mut encoder = M2m::start(device, &wish).expect("it starts");
    let mut sink = Sink::default();
    record(&mut camera, &mut encoder, 12, &[], &mut sink);
    let refused = encoder.force_key_frame().expect_err("it has no such control");
    assert_eq!(refused.raw_os_error(), Some(22), "EINVAL");
    for number in 12..14 {
        submit(&mut encoder, camera.next(), number);
    }
    encoder.drain().expect("it stops");
    for number in 12..14 {
        let Step::Coded { timestamp, .. } = encoder.next(SECOND).expect("it runs") else {
            panic!("picture {number} is still in it")
        };
        assert_eq!(timestamp, Some(Duration::from_millis(number)));
    }
    assert_eq!(encoder.next(SECOND).expect("it ends"), Step::Drained);
    assert_eq!(encoder.pending(), 0);

    let decoded = decode_by_kernel(&decoder, &sink.stream(), SIZE);
    let raw = sink.raw.concat();
    assert_eq!(decoded.len(), raw.len(), "each of the twelve pictures");
    let error = mean_square_error(&raw, &decoded);
    println!("vicodec: mean square error {error:.1}");
    assert!(error < 50.0, "31 dB: {error:.1}");
}

fn mean_square_error(one: &[u8], other: &[u8]) -> f64 {
    let squares = one.iter().zip(other).map(|(&a, &b)| u64::from(a.abs_diff(b)).pow(2));
    squares.sum::<u64>() as f64 / one.len() as f64
}
