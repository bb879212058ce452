// SPDX-License-Identifier: MIT OR Apache-2.0
//! How well the bit rate is kept, and what it costs: encodes a Y4M file (4:2:0) round and round,
//! `cargo run --release --example rate FILE FPS BITS_PER_SECOND [FRAMES [IDR_EVERY [THREADS]]]`.

use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use frame::{Pts, Size, YuvPicture};
use openh264enc::{Encoder, Level, Profile, Settings};

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() {
    let mut args = std::env::args().skip(1);
    let pictures = read(&args.next().expect("a Y4M file"));
    let mut number = |default: Option<u32>| match args.next() {
        Some(text) => text.parse().expect("a number"),
        None => default.expect("FPS and BITS_PER_SECOND"),
    };
    let (fps, bitrate_bps) = (number(None), number(None));
    let (frames, idr_every) = (number(Some(300)), number(Some(120)));
    let threads = u8::try_from(number(Some(1))).ok().and_then(NonZeroU8::new);
    let settings = Settings {
        size: pictures[0].size(),
        fps: u16::try_from(fps).expect("few pictures a second"),
        profile: Profile::Main,
        level: Level::Level_4_0,
        bitrate_bps,
        threads: threads.expect("a few threads"),
    };
    let mut encoder = Encoder::new(&settings).expect("an encoder");
    let mut bits: Vec<u64> = Vec::new();
    let mut times: Vec<Duration> = Vec::new();
    let mut idr_bits = 0;
    let (cpu_begin, begin_all) = (cpu_time(), Instant::now());
    for n in 0..frames {
        let picture = &pictures[usize::try_from(n).expect("few") % pictures.len()];
        if n % idr_every == 0 {
            encoder.force_idr();
        }
        let begin = Instant::now();
        let stream =
            encoder.encode(picture, Pts::from_ticks_90k(u64::from(n) * 90_000 / u64::from(fps)));
        let len = stream.expect("it encodes").len() as u64 * 8;
        times.push(begin.elapsed());
        if n % idr_every == 0 {
            idr_bits = idr_bits.max(len);
        }
        bits.push(len);
    }
    let (cpu, wall) = (cpu_time() - cpu_begin, begin_all.elapsed());
    times.sort_unstable();
    let of_ten = |n: usize| times[n * (times.len() - 1) / 10].as_secs_f64() * 1000.0;
    let total: Duration = times.iter().sum();
    let second = usize::try_from(fps).expect("few");
    let share = |bits: u64| bits as f64 / f64::from(bitrate_bps);
    let windows: Vec<f64> = bits.windows(second).map(|w| share(w.iter().sum())).collect();
    let peak = windows.iter().copied().fold(0.0, f64::max);
    let later = windows.iter().skip(second).copied().fold(0.0, f64::max);
    let over = windows.iter().filter(|&&share| share > 1.5).count();
    let mean = share(bits.iter().sum()) * f64::from(fps) / f64::from(frames);
    println!(
        "{:?} {fps} fps {bitrate_bps} bit/s: mean {mean:.2}, worst second {peak:.2} (after the first: {later:.2}), \
         {over} of {} over 1.5, largest IDR {:.2} s of the rate; {:.2} ms a picture, \
         one of ten within {:.2} ms, worst {:.1} ms",
        settings.size,
        windows.len(),
        share(idr_bits),
        total.as_secs_f64() * 1000.0 / f64::from(frames),
        of_ten(1),
        of_ten(10),
    );
    println!(
        "processor time {:.3} ms a picture, {:.1} pictures a second",
        cpu.as_secs_f64() * 1000.0 / f64::from(frames),
        f64::from(frames) / wall.as_secs_f64(),
    );
}

/// Of this process; other work on the machine does not count.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let nanos = time.tv_sec * 1_000_000_000 + time.tv_nsec;
    Duration::from_nanos(u64::try_from(nanos).expect("not negative"))
}

fn read(path: &str) -> Vec<YuvPicture> {
    let mut file = BufReader::new(std::fs::File::open(path).expect("the file"));
    let mut line = String::new();
    file.read_line(&mut line).expect("a header");
    let side =
        |tag: char| line.split_whitespace().find_map(|word| word.strip_prefix(tag)?.parse().ok());
    let size = Size::new(side('W').expect("a width"), side('H').expect("a height"));
    let mut pictures = Vec::new();
    loop {
        line.clear();
        if file.read_line(&mut line).expect("the file") == 0 {
            return pictures;
        }
        let mut data = vec![0; size.i420_len()];
        file.read_exact(&mut data).expect("a whole picture");
        pictures.push(YuvPicture::from_i420(size, data).expect("of this length"));
    }
}
