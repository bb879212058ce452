// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the whole of video for some seconds and measures processor time and memory:
//! `cargo run --release --example pipeline [source [WxH [seconds]]]`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use frame::Size;
use media::{
    EncoderChoice, Level, Profile, Received, RecordSettings, TapOptions, Video, VideoConfig,
    VideoEvent,
};
use privacy::{Gate, Motion, OperatingMode};

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() {
    let mut args = std::env::args().skip(1);
    let source = args.next().unwrap_or_else(|| "test-pattern:walker".to_owned());
    let size = args.next().unwrap_or_else(|| "1920x1080".to_owned());
    let (width, height) = size.split_once('x').expect("a size like 1920x1080");
    let size = Size::new(width.parse().expect("a width"), height.parse().expect("a height"));
    let seconds: u64 = args.next().map_or(10, |count| count.parse().expect("seconds"));

    let mut gate = Gate::closed();
    gate.set(OperatingMode {
        is_paired: true,
        has_selected_configuration: true,
        ..OperatingMode::factory()
    });
    let bytes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&bytes);
    let config = VideoConfig {
        source: source.parse().expect("a source"),
        size,
        fps: 30,
        encoder: EncoderChoice::Auto,
        snapshot_quality: 80,
        scaler: media::ScalerChoice::Software,
        look: media::Look::default(),
    };
    let tell = Box::new(move |event| match event {
        VideoEvent::Encoded(frame) => {
            counted.fetch_add(frame.data.len(), Ordering::Relaxed);
        }
        event => println!("{event:?}"),
    });
    let video = Video::spawn(config, gate.watch(), tell).expect("a configuration");
    let motion = video
        .tap(gate.permit::<Motion>().expect("it is open"), TapOptions::motion(Size::new(320, 180)));
    println!("without recording:");
    watch(&video, &motion, seconds / 2);
    video.record(Some(RecordSettings {
        size,
        fps: 30,
        coded_fps: 30,
        profile: Profile::High,
        level: Level::L4_0,
        bitrate_bps: 2_000_000,
        threads: std::num::NonZeroU8::MIN,
        idr_interval: Duration::from_secs(4),
    }));
    println!("with recording:");
    watch(&video, &motion, seconds);
    video.snapshot(
        Size::new(640, 360),
        Box::new(|jpeg| println!("snapshot: {:?}", jpeg.map(|j| j.len()))),
    );
    watch(&video, &motion, 2);
    println!("{:?}, {} bytes encoded", video.stats(), bytes.load(Ordering::Relaxed));
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn watch(video: &Video, motion: &media::Tap, seconds: u64) {
    let (begin, cpu) = (media::monotonic(), cpu_time());
    let before = video.stats().captured;
    let mut luma = 0;
    while media::monotonic() - begin < Duration::from_secs(seconds) {
        if let Received::Frame(_) = motion.recv(Duration::from_millis(250)) {
            luma += 1;
        }
    }
    let wall = media::monotonic() - begin;
    println!(
        "  {:.1} pictures/s, {:.1} for motion, {:.1} % of a core, {} KiB resident",
        per_second(video.stats().captured - before, wall),
        per_second(luma, wall),
        100.0 * (cpu_time() - cpu).as_secs_f64() / wall.as_secs_f64(),
        resident_kib(),
    );
}

fn per_second(count: u64, time: Duration) -> f64 {
    f64::from(u32::try_from(count).expect("few")) / time.as_secs_f64()
}

/// Of this process.
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
