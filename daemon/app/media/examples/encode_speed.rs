// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures drawing, encoding and memory: `cargo run --release --example encode_speed [WxH [frames]]`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use frame::{Pts, RawFrame, Size, YuvPicture};
use media::pattern::{Drawn, Moment, Scene, TestPattern};
use media::{Coding, EncoderChoice, EncoderSettings, IdrCadence, Level, Profile};

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() {
    let mut args = std::env::args().skip(1);
    let size = args.next().unwrap_or_else(|| "1920x1080".to_owned());
    let (width, height) = size.split_once('x').expect("a size like 1920x1080");
    let size = Size::new(width.parse().expect("a width"), height.parse().expect("a height"));
    let frames: u64 = args.next().map_or(300, |count| count.parse().expect("a count"));

    println!("at start: {} KiB resident", resident_kib());
    let pattern = TestPattern::new(Scene::Walker, size);
    let mut picture = Arc::new(YuvPicture::black(size));
    let mut drawn = Drawn::default();
    let settings = EncoderSettings {
        size,
        fps: 30,
        profile: Profile::High,
        level: Level::L4_0,
        bitrate_bps: 2_000_000,
        threads: std::num::NonZeroU8::MIN,
    };
    let mut encoder = EncoderChoice::Openh264.open(&settings).expect("an encoder");
    let mut cadence = IdrCadence::new(Duration::from_secs(4), Duration::from_secs(1) / 30);
    let (mut draw_time, mut encode_time) = (Duration::ZERO, Duration::ZERO);
    let mut encode_cpu = Duration::ZERO;
    let (mut worst, mut bytes, mut idrs) = (Duration::ZERO, 0, 0);
    for number in 0..frames {
        let begin = Instant::now();
        let elapsed = Duration::from_secs(5) + Duration::from_secs(number) / 30;
        let moment = Moment { number, elapsed, unix_s: 1_700_000_000 + number / 30 };
        let picture_mut = Arc::get_mut(&mut picture).expect("the encoder holds no picture");
        pattern.draw(&moment, picture_mut, &mut drawn);
        draw_time += begin.elapsed();
        if number == 0 {
            println!("with a picture: {} KiB resident", resident_kib());
        }

        let (begin, cpu_begin) = (Instant::now(), cpu_time());
        let pts = Pts::from_ticks_90k(number * 3000);
        let raw = RawFrame { number, pts, picture: Arc::clone(&picture) };
        let coding = cadence.next(pts);
        let coded = encoder.encode(&raw, coding).expect("encoding").expect("no picture skipped");
        assert_eq!(coded.is_idr, coding == Coding::Idr, "an IDR off the cadence");
        if coded.is_idr {
            cadence.started(pts);
            idrs += 1;
        }
        worst = worst.max(begin.elapsed());
        encode_time += begin.elapsed();
        encode_cpu += cpu_time() - cpu_begin;
        bytes += coded.data.len();
    }
    let per_frame = |time: Duration| {
        time.as_secs_f64() * 1000.0 / f64::from(u32::try_from(frames).expect("few"))
    };
    println!("draw: {:.3} ms a picture", per_frame(draw_time));
    println!("encode: {:.2} ms a picture, worst {worst:?}", per_frame(encode_time));
    println!("encode, processor time: {:.2} ms a picture", per_frame(encode_cpu));
    println!(
        "stream: {} kbit/s, {idrs} IDRs",
        bytes * 8 * 30 / usize::try_from(frames).expect("few") / 1000
    );
    println!("at end: {} KiB resident", resident_kib());
}

/// Of this process; other work on the machine does not count.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = time.tv_sec * 1_000_000_000 + time.tv_nsec;
    Duration::from_nanos(u64::try_from(nanos).expect("not negative"))
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
