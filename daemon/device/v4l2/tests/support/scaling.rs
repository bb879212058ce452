// SPDX-License-Identifier: MIT OR Apache-2.0
//! Camera and scaler of the test bench: what comes out is compared with what it must be, byte by
//! byte, and goes on to the encoder without a copy.

use std::os::fd::AsFd;
use std::time::Duration;

use v4l2::{
    Control, Device, FourCc, InputLayout, Lent, RunError, Scaled, ScalerWish, StartError, Step,
};

use super::support::{Bench, Camera, decode};
use super::{M2m, SECOND};

const INJECT_ERRORS: Control = Control(0x0098_0900 + 0x1100);
const INJECT_FATAL: Control = Control(0x0098_0900 + 0x1101);
const VIVID: &str = "n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0";

type Scaler = v4l2::Scaler<Lent<Device>>;

fn scaler(camera: &Camera, width: u32, height: u32) -> Result<Scaler, StartError> {
    let nodes = v4l2::find_scalers().expect("/dev can be read");
    let node = nodes.iter().find(|node| node.is_called("vscaler")).expect("it is loaded");
    let format = camera.capture.format();
    let wish = ScalerWish {
        input: InputLayout {
            fourcc: format.fourcc,
            bytes_per_line: format.bytes_per_line,
            lines: format.height,
            buffer_len: camera.buffer_len,
        },
        from_width: format.width,
        from_height: format.height,
        width,
        height,
        matrix: format.matrix,
        range: format.range,
    };
    Scaler::start(Device::open(&node.path).expect("it opens"), &wish)
}

fn submit(scaler: &mut Scaler, lent: Lent<Device>, number: u64) {
    let length = u32::try_from(lent.buffer_len()).expect("less than 4 GB");
    let dma_buf = lent.dma_buf().expect("vivid exports").try_clone_to_owned().expect("dup");
    let time = Duration::from_millis(number);
    scaler.submit(time, dma_buf.as_fd(), length, lent).expect("imported");
}

fn scale(scaler: &mut Scaler, lent: Lent<Device>, number: u64) -> Lent<Device> {
    submit(scaler, lent, number);
    match scaler.next(5 * SECOND, None).expect("it runs") {
        Scaled::Picture(small) => {
            assert_eq!(small.timestamp(), Some(Duration::from_millis(number)));
            small
        }
        other => panic!("picture {number}: {other:?}"),
    }
}

/// What the driver promises: each sample is the mean of those that it covers.
fn means(
    from: &[u8],
    (from_w, from_h): (usize, usize),
    to: (usize, usize),
    step: usize,
) -> Vec<u8> {
    let covered = |from: usize, to: usize, at: usize| {
        let first = at * from / to;
        first..((at + 1) * from / to).max(first + 1)
    };
    let mut out = Vec::new();
    for y in 0..to.1 {
        for x in 0..to.0 {
            for part in 0..step {
                let columns = covered(from_w, to.0, x);
                let samples = covered(from_h, to.1, y).flat_map(|row| {
                    columns.clone().map(move |column| (row * from_w + column) * step + part)
                });
                let (sum, count) = samples
                    .fold((0u32, 0u32), |(sum, count), at| (sum + u32::from(from[at]), count + 1));
                out.push(u8::try_from(sum / count).expect("a mean"));
            }
        }
    }
    out
}

fn expected(raw: &[u8], fourcc: FourCc, from: (usize, usize), to: (usize, usize)) -> Vec<u8> {
    let half = |(width, height): (usize, usize)| (width / 2, height / 2);
    let (luma, chroma) = raw.split_at(from.0 * from.1);
    let mut out = means(luma, from, to, 1);
    if fourcc == FourCc::NV12 {
        out.extend(means(chroma, half(from), half(to), 2));
    } else {
        for plane in chroma.chunks_exact(from.0 * from.1 / 4) {
            out.extend(means(plane, half(from), half(to), 1));
        }
    }
    out
}

#[test]
fn pictures_are_scaled_where_they_lie() {
    let Some(bench) = Bench::load(VIVID, "") else { return };
    for fourcc in [FourCc::NV12, FourCc::YUV420] {
        let mut camera = bench.camera_in(fourcc, 1280, 720);
        for to in [(640, 360), (320, 180), (500, 282)] {
            let (width, height) = (u32::try_from(to.0), u32::try_from(to.1));
            let mut scaler =
                scaler(&camera, width.expect("small"), height.expect("small")).expect("it starts");
            for number in 0..3 {
                let lent = camera.next();
                let raw = lent.bytes().to_vec();
                let small = scale(&mut scaler, lent, number);
                assert!(
                    small.bytes() == expected(&raw, fourcc, (1280, 720), to),
                    "{fourcc:?} to {to:?}, picture {number}"
                );
            }
            assert_eq!(scaler.pending(), 0);
        }
    }
}

#[test]
fn what_the_scaler_made_goes_to_the_encoder_without_a_copy() {
    let Some(bench) = Bench::load(VIVID, "") else { return };
    let mut camera = bench.camera(1280, 720);
    let mut scaler = scaler(&camera, 640, 360).expect("it starts");
    let first = scale(&mut scaler, camera.next(), 0);
    let format = scaler.format();
    let buffer_len = u32::try_from(first.buffer_len()).expect("small");
    let wish = super::wish_for(format, buffer_len, 8_000_000);
    let encoders = v4l2::find_encoders().expect("/dev can be read");
    let node = encoders.iter().find(|node| node.is_called("vh264enc")).expect("it is loaded");
    let mut encoder =
        M2m::start(Device::open(&node.path).expect("it opens"), &wish).expect("it starts");
    let raw = first.bytes().to_vec();
    super::submit(&mut encoder, first, 0);
    let Step::Coded { bytes, is_key: true, .. } = encoder.next(5 * SECOND).expect("it runs") else {
        panic!("no key frame")
    };
    let decoded = decode(bytes, 640 * 360 * 3 / 2);
    assert!(decoded.len() == 1 && decoded[0] == raw);
}

#[test]
fn a_scaler_that_errs_is_late_or_dies_is_told() {
    let Some(bench) = Bench::load(VIVID, "") else { return };
    let mut camera = bench.camera(640, 360);
    let mut scaler = scaler(&camera, 320, 180).expect("it starts");
    drop(scale(&mut scaler, camera.next(), 0));

    scaler.set_control(INJECT_ERRORS, 2).expect("known");
    for number in 1..3 {
        submit(&mut scaler, camera.next(), number);
        assert!(matches!(scaler.next(SECOND, None).expect("it runs"), Scaled::Damaged), "{number}");
    }
    drop(scale(&mut scaler, camera.next(), 3));

    bench.slow_scaler(Duration::from_millis(400));
    submit(&mut scaler, camera.next(), 4);
    assert!(matches!(scaler.next(SECOND / 10, None).expect("it runs"), Scaled::Nothing));
    assert!(matches!(scaler.next(SECOND, None).expect("it runs"), Scaled::Picture(_)));
    bench.slow_scaler(Duration::ZERO);

    scaler.set_control(INJECT_FATAL, 1).expect("known");
    submit(&mut scaler, camera.next(), 5);
    let error = loop {
        match scaler.next(SECOND, None) {
            Ok(Scaled::Picture(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, RunError::Failed), "{error:?}");
}
