// SPDX-License-Identifier: MIT OR Apache-2.0
//! Motion detection scored per second against real people in a real surveillance video.

#![allow(clippy::cast_possible_truncation, reason = "made-up numbers are small")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "used by tests only")]

mod real_video;

use std::time::{Duration, Instant};

use camera::motion::{Hold, MotionConfig, MotionDetector};
use frame::Plane;

use real_video::{BLOCKS_X, BLOCKS_Y, FPS, HEIGHT, Rng, Video, WIDTH, Window};

/// Blocks of persons in a frame from which somebody is surely in view: 0.15 % of the picture.
const PERSON_BLOCKS: usize = 40;
/// Of those, the blocks that must have changed within half a second.
const MOVING_BLOCKS: usize = 20;
/// Frames of a second that must show somebody moving.
const PERSON_FRAMES: usize = 5;

#[derive(Clone, Copy, Default)]
struct Score {
    tp: u32,
    fp: u32,
    fn_: u32,
    tn: u32,
    unclear: u32,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.tp += other.tp;
        self.fp += other.fp;
        self.fn_ += other.fn_;
        self.tn += other.tn;
        self.unclear += other.unclear;
    }

    fn f1(&self) -> f64 {
        f64::from(2 * self.tp) / f64::from(2 * self.tp + self.fp + self.fn_)
    }

    fn print(&self, name: &str) {
        let precision = f64::from(self.tp) / f64::from(self.tp + self.fp);
        let recall = f64::from(self.tp) / f64::from(self.tp + self.fn_);
        println!(
            "{name:<34} TP {:3}  FP {:2}  FN {:2}  TN {:3}  unclear {:3}  precision {precision:.3}  \
             recall {recall:.3}  F1 {:.3}",
            self.tp,
            self.fp,
            self.fn_,
            self.tn,
            self.unclear,
            self.f1()
        );
    }
}

/// What is done to a finished frame: (frame, its number, random numbers).
type Disturbance = fn(&mut [u8], usize, &mut Rng);

fn nothing(_: &mut [u8], _: usize, _: &mut Rng) {}

/// A lamp to the right goes on and off every 7 s, at other times than people come and go.
fn lamp(frame: &mut [u8], index: usize, _: &mut Rng) {
    if (index / FPS + 3) / 7 % 2 == 1 {
        for (i, luma) in frame.iter_mut().enumerate() {
            let (x, y) = ((i % WIDTH) as f32 / WIDTH as f32, (i / WIDTH) as f32 / HEIGHT as f32);
            let gain = 1.0 + 0.6 / (1.0 + 4.0 * ((x - 0.8).powi(2) + (y - 0.2).powi(2)));
            *luma = (f32::from(*luma) * gain) as u8;
        }
    }
}

fn noise(frame: &mut [u8], _: usize, rng: &mut Rng) {
    for luma in frame {
        *luma = (f32::from(*luma) + 10.0 * rng.normal()) as u8;
    }
}

/// Bright streaks, 400 a frame, each in one frame only.
fn rain(frame: &mut [u8], _: usize, rng: &mut Rng) {
    for _ in 0..400 {
        let (x, y, len) = (rng.below(WIDTH - 8), rng.below(HEIGHT - 50), 12 + rng.below(36));
        for step in 0..len {
            for width in 0..2 {
                let luma = &mut frame[(y + step) * WIDTH + x + step / 6 + width];
                *luma = luma.saturating_add(45);
            }
        }
    }
}

/// Clouds: the light swings by a quarter within 10 s.
fn clouds(frame: &mut [u8], index: usize, _: &mut Rng) {
    let phase = index as f32 / FPS as f32 * std::f32::consts::TAU / 20.0;
    let gain = 0.85 + 0.25 * phase.sin();
    for luma in frame {
        *luma = (f32::from(*luma) * gain) as u8;
    }
}

/// Little light: low contrast in the dark, strong noise.
fn night(frame: &mut [u8], _: usize, rng: &mut Rng) {
    for luma in frame {
        *luma = (20.0 + f32::from(*luma) * 0.25 + 6.0 * rng.normal()) as u8;
    }
}

/// The automatic exposure hunts: steps of a tenth every 3 s.
fn exposure(frame: &mut [u8], index: usize, _: &mut Rng) {
    let gain = [0.9, 1.0, 0.8, 0.7][index / FPS / 3 % 4];
    for luma in frame {
        *luma = (f32::from(*luma) * gain) as u8;
    }
}

/// Runs a clip: `window` says what frame `index` shows.
fn score(
    video: &Video,
    seed: u64,
    window: impl Fn(usize) -> Window,
    disturb: Disturbance,
) -> Score {
    let mut rng = Rng(seed);
    // The shortest hold, and from it the moments at which movement was really seen: those at which
    // the end of the hold was put off to the full.
    let hold = Hold::new(Duration::from_secs(1)).unwrap();
    let mut detector = MotionDetector::new(MotionConfig { hold, ..MotionConfig::default() });
    let start = Instant::now();
    let mut picture = Vec::new();
    let mut score = Score::default();
    // Three seconds to learn, which are not scored.
    let seconds = video.len() / FPS;
    for second in 0..seconds {
        let mut mv = Vec::new();
        let (mut shown, mut none, mut seen) = (0, 0, 0);
        for index in second * FPS..(second + 1) * FPS {
            let window = if second < 3 { Window::NONE } else { window(index) };
            video.compose(index, window, &mut rng, &mut picture);
            disturb(&mut picture, index, &mut rng);
            let now = start + Duration::from_millis(100) * u32::try_from(index).unwrap();
            let plane = Plane { samples: &picture, width: WIDTH, height: HEIGHT };
            let _change = detector.handle(now, plane);
            seen += usize::from(detector.next_timeout() == Some(now + hold.time()));
            let blocks = video.person_blocks(index, window);
            let moving = video.moving_blocks(index, window);
            shown += usize::from(blocks >= PERSON_BLOCKS && moving >= MOVING_BLOCKS);
            mv.push((blocks, moving));
            none += usize::from(blocks == 0);
        }
        if std::env::var_os("HSV_VERBOSE").is_some() {
            println!("{second:3}: shown {shown:2} none {none:2} seen {seen:2} {mv:?}");
        }
        if second < 3 {
            continue;
        }
        let says = seen > 0;
        match (shown >= PERSON_FRAMES, none == FPS) {
            (true, _) if says => score.tp += 1,
            (true, _) => score.fn_ += 1,
            (false, true) if says => score.fp += 1,
            (false, true) => score.tn += 1,
            (false, false) => score.unclear += 1,
        }
    }
    score
}

#[test]
fn people_are_told_from_light_and_weather() {
    let Some(video) = Video::load() else { return };
    let seed = std::env::var("HSV_SEED").map_or(1, |seed| seed.parse().expect("a number"));
    println!("HSV_SEED={seed}");
    let alternate =
        |index: usize| if index / FPS / 5 % 2 == 1 { Window::ALL } else { Window::NONE };
    let disturbances: [(&str, Disturbance); 7] = [
        ("as it is", nothing),
        ("lamp on and off", lamp),
        ("noise", noise),
        ("rain", rain),
        ("clouds", clouds),
        ("night", night),
        ("exposure steps", exposure),
    ];
    let mut total = Score::default();
    for (name, disturb) in disturbances {
        let score = score(&video, seed, alternate, disturb);
        score.print(&format!("people come and go, {name}"));
        total.add(score);
    }
    let (x, y) = (BLOCKS_X / 2, BLOCKS_Y / 2);
    let windows = [
        ("upper left", Window { x: (0, x), y: (0, y) }),
        ("upper right", Window { x: (x, BLOCKS_X), y: (0, y) }),
        ("lower left", Window { x: (0, x), y: (y, BLOCKS_Y) }),
        ("lower right", Window { x: (x, BLOCKS_X), y: (y, BLOCKS_Y) }),
    ];
    for (name, window) in windows {
        let score = score(&video, seed, |_| window, nothing);
        score.print(&format!("people in the {name} only"));
        total.add(score);
    }
    total.print("all");
    assert!(total.f1() >= 0.97, "F1 {:.4}", total.f1());
}
