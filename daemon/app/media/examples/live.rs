// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each encode of live view costs beside a recording, thread by thread:
//! `cargo run --release --example live SOURCE WxH SECONDS [WxH@FPS:KBIT/S …]`.

use std::collections::BTreeMap;
use std::num::NonZeroU8;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use frame::Size;
use media::{
    EncodeId, EncoderChoice, EncoderSettings, Level, LiveEncode, Profile, RecordSettings, Video,
    VideoConfig, VideoEvent,
};
use privacy::{Gate, OperatingMode};

#[derive(Default)]
struct Seen {
    pictures: u64,
    bytes: usize,
    /// From the call of `Video::live` to the first picture.
    first: Option<Duration>,
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() {
    let mut args = std::env::args().skip(1);
    let source = args.next().expect("a source");
    let size = parse_size(&args.next().expect("a size like 1920x1080"));
    let time = Duration::from_secs(args.next().expect("seconds").parse().expect("seconds"));
    let wanted: Vec<EncoderSettings> = args.map(|text| parse_encode(&text)).collect();

    let mut gate = Gate::closed();
    gate.set(OperatingMode {
        is_paired: true,
        has_selected_configuration: true,
        ..OperatingMode::factory()
    });
    let seen: Arc<Mutex<BTreeMap<u32, Seen>>> = Arc::default();
    let begin = media::monotonic();
    let asked = Arc::new(Mutex::new(begin));
    let (told, since) = (Arc::clone(&seen), Arc::clone(&asked));
    let tell = Box::new(move |event| {
        let (id, frame) = match event {
            VideoEvent::Live { encode, frame } => (encode.0, frame),
            VideoEvent::Encoded(frame) => (0, frame),
            _ => return,
        };
        let mut told = told.lock().expect("no panic");
        let seen = told.entry(id).or_default();
        seen.pictures += 1;
        seen.bytes += frame.data.len();
        let since = *since.lock().expect("no panic");
        seen.first.get_or_insert_with(|| media::monotonic() - since);
    });
    let config = VideoConfig {
        source: source.parse().expect("a source"),
        size,
        fps: 30,
        encoder: EncoderChoice::Auto,
        snapshot_quality: 80,
        scaler: media::ScalerChoice::Software,
        look: media::Look::default(),
    };
    let video = Video::spawn(config, gate.watch(), tell).expect("a configuration");
    std::thread::sleep(Duration::from_secs(1));
    println!("looking: {} KiB resident", resident_kib());
    video.record(Some(RecordSettings {
        size,
        fps: 30,
        coded_fps: 30,
        profile: Profile::High,
        level: Level::L4_0,
        bitrate_bps: 2_000_000,
        threads: NonZeroU8::MIN,
        idr_interval: Duration::from_secs(4),
    }));
    std::thread::sleep(Duration::from_secs(3));
    println!("with a recording: {} KiB resident", resident_kib());
    let permit = gate.live(0).expect("it is open");
    let mut encodes = Vec::new();
    for (id, settings) in (1..).zip(wanted) {
        encodes.push(LiveEncode { id: EncodeId(id), settings, permits: vec![permit.clone()] });
        *asked.lock().expect("no panic") = media::monotonic();
        video.live(encodes.clone());
        std::thread::sleep(Duration::from_secs(2));
        println!("with encode {id}: {} KiB resident", resident_kib());
    }
    seen.lock()
        .expect("no panic")
        .values_mut()
        .for_each(|seen| (seen.pictures, seen.bytes) = (0, 0));
    let before = thread_times();
    std::thread::sleep(time);
    let after = thread_times();
    for (id, seen) in seen.lock().expect("no panic").iter() {
        let name = if *id == 0 { "record".to_owned() } else { format!("live-{id}") };
        let used = after[&name] - before.get(&name).copied().unwrap_or_default();
        let pictures = seen.pictures.max(1) as f64;
        println!(
            "{name}: {:.1} pictures/s, {:.0} kbit/s, {:.2} ms processor time a picture, first after {:?}",
            seen.pictures as f64 / time.as_secs_f64(),
            seen.bytes as f64 * 8.0 / 1000.0 / time.as_secs_f64(),
            used.as_secs_f64() * 1000.0 / pictures,
            seen.first,
        );
    }
    for name in ["capture", "snapshot"] {
        let used = after[name] - before[name];
        println!("{name}: {:.1} % of a core", 100.0 * used.as_secs_f64() / time.as_secs_f64());
    }
    println!("{:?}", video.stats());
    video.live(Vec::new());
    video.record(None);
    std::thread::sleep(Duration::from_secs(1));
    println!("after all: {} KiB resident", resident_kib());
}

fn parse_size(text: &str) -> Size {
    let (width, height) = text.split_once('x').expect("a size like 1920x1080");
    Size::new(width.parse().expect("a width"), height.parse().expect("a height"))
}

fn parse_encode(text: &str) -> EncoderSettings {
    let (size, rest) = text.split_once('@').expect("an encode like 640x360@30:500");
    let (fps, kbits) = rest.split_once(':').expect("an encode like 640x360@30:500");
    EncoderSettings {
        size: parse_size(size),
        fps: fps.parse().expect("pictures a second"),
        profile: Profile::Main,
        level: Level::L4_0,
        bitrate_bps: kbits.parse::<u32>().expect("kbit/s") * 1000,
        threads: NonZeroU8::MIN,
    }
}

/// Processor time of each thread by its name, which the scheduler counts in nanoseconds.
fn thread_times() -> BTreeMap<String, Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("it is mounted");
    let time = |task: std::path::PathBuf| {
        let name = std::fs::read_to_string(task.join("comm")).ok()?;
        let times = std::fs::read_to_string(task.join("schedstat")).ok()?;
        let nanos = times.split_whitespace().next()?.parse().ok()?;
        Some((name.trim().to_owned(), Duration::from_nanos(nanos)))
    };
    tasks.filter_map(|task| time(task.ok()?.path())).collect()
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
