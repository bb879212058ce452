// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures motion detection: milliseconds per frame, shrinking included, for sizes cameras give.
//! `cargo run --release -p camera --example motion_speed`

#![expect(clippy::print_stdout, reason = "its one purpose is to print")]

use std::time::{Duration, Instant};

use camera::motion::{MotionConfig, MotionDetector};
use frame::Plane;

const FRAMES: u32 = 200;
/// Pictures made beforehand, shown in turn.
const PICTURES: u32 = 10;

fn main() {
    for (width, height) in [(768, 576), (640, 360), (1280, 720), (1920, 1080)] {
        let walker: Vec<Vec<u8>> = (0..PICTURES).map(|i| picture(width, height, i, 100)).collect();
        let lamp: Vec<Vec<u8>> =
            (0..PICTURES).map(|i| picture(width, height, i, 90 + i % 2 * 20)).collect();
        report("noise and a walker", width, height, &walker);
        report("light changes every frame", width, height, &lamp);
    }
}

/// Prints the median and the worst time of a frame.
fn report(name: &str, width: usize, height: usize, pictures: &[Vec<u8>]) {
    let mut detector = MotionDetector::new(MotionConfig::default());
    let start = Instant::now();
    let mut times = Vec::new();
    let mut changes = 0;
    for (number, samples) in (0..FRAMES).zip(pictures.iter().cycle()) {
        let now = start + Duration::from_millis(100) * number;
        let plane = Plane { samples, width, height };
        let before = Instant::now();
        changes += u32::from(detector.handle(now, plane).is_some());
        times.push(before.elapsed());
    }
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let (median, worst) = (ms(times[times.len() / 2]), ms(times[times.len() - 1]));
    println!(
        "{width}x{height} {name}: median {median:.3} ms, worst {worst:.3} ms, {changes} changes"
    );
}

/// A grey texture with noise and a dark figure that walks.
fn picture(width: usize, height: usize, number: u32, light: u32) -> Vec<u8> {
    let mut random = 1 + number;
    let place = usize::try_from(number).expect("small") * width / 20;
    (0..width * height)
        .map(|i| {
            let (x, y) = (i % width, i / width);
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let texture = u32::try_from((x / 16 + y / 16) % 5 * 20).expect("small");
            let is_walker = (place..place + width / 16).contains(&x) && y > height / 2;
            let luma = if is_walker { 40 } else { (60 + texture) * light / 100 };
            u8::try_from(luma + (random >> 29)).expect("below 200")
        })
        .collect()
}
