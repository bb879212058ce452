// SPDX-License-Identifier: MIT OR Apache-2.0
//! What night vision costs: the mean of one picture in a camera's memory and the decision over it,
//! as often as the daemon does both. `cargo run --release --example light_cost`.

use std::hint::black_box;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use appliance::night::{Mode, NightVision, Picture, Sample, Settings};
use frame::{Chroma, Colour, DeviceLayout, DevicePicture, Size, YuvPicture};
use media::Mean;

const SIZE: Size = Size::new(1920, 1080);
const STRIDE: usize = 2048;
const LINES: usize = 1088;
/// One picture of each second of video.
const SECONDS: u32 = 2000;

#[derive(Debug)]
struct Lent(Vec<u8>);

impl DevicePicture for Lent {
    fn layout(&self) -> DeviceLayout {
        let colour = Colour { is_bt709: false, is_full_range: true };
        let chroma = Chroma::Pairs;
        DeviceLayout { chroma, stride: STRIDE, lines: LINES, buffer_len: self.0.len(), colour }
    }
    fn bytes(&self) -> &[u8] {
        &self.0
    }
    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        None
    }
    fn copy_out(&self) -> Vec<u8> {
        panic!("night vision copies nothing")
    }
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() {
    let memory = |number: u8| {
        let bytes = (0..STRIDE * LINES * 3 / 2)
            .map(|at| u8::try_from(at % 199).unwrap_or_default() ^ number)
            .collect();
        YuvPicture::in_device(SIZE, Arc::new(Lent(bytes)))
    };
    // As many as a camera has, and more than a cache holds
    let pictures: Vec<YuvPicture> = (0..8).map(memory).collect();
    let mut night = NightVision::new(Settings::luma());
    let begin = Instant::now();
    let mut actions = night.set_mode(begin, Mode::Automatic).len();
    let spent_before = cpu_time();
    for second in 0..SECONDS {
        let picture = &pictures[second as usize % pictures.len()];
        let Mean { luma, cb, cr } = Mean::of(black_box(picture));
        let sample = Sample { level: luma.into(), picture: Some(Picture { luma, cb, cr }) };
        let now = begin + Duration::from_secs(1) * second;
        actions += night.handle(now, sample).len();
    }
    let spent = cpu_time() - spent_before;
    let each = spent.as_secs_f64() * 1000.0 / f64::from(SECONDS);
    println!("{SIZE:?}, {actions} actions: {each:.4} ms a second of video");
}

/// Of this process; other work on the machine does not count.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = time.tv_sec * 1_000_000_000 + time.tv_nsec;
    Duration::from_nanos(u64::try_from(nanos).expect("not negative"))
}
