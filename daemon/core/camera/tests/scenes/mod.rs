// SPDX-License-Identifier: MIT OR Apache-2.0
//! A made-up place before a made-up camera, the same on every machine for one seed.

#![allow(clippy::cast_possible_truncation, reason = "made-up numbers are small")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "used by tests only")]

use std::time::{Duration, Instant};

use camera::motion::{MotionChange, MotionConfig, MotionDetector};
use frame::Plane;

/// xorshift64*.
pub struct Rng(u64);

impl Rng {
    /// Seeded by `HSV_SEED`, else 1; printed, so that a failure can be repeated.
    pub fn new() -> Self {
        let seed: u64 = std::env::var("HSV_SEED").map_or(1, |seed| seed.parse().expect("a number"));
        println!("HSV_SEED={seed}");
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn bits(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    /// From 0 to below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.bits() as usize % end
    }

    /// Nearly normal, mean 0 and deviation 1: the sum of four bytes.
    pub fn normal(&mut self) -> f32 {
        let sum: u32 = self.bits().to_le_bytes().iter().map(|&b| u32::from(b)).sum();
        (sum as f32 - 510.0) / 147.8
    }
}

/// What the camera sees, in luma.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub luma: Vec<f32>,
}

impl Canvas {
    /// Calls `paint` with x and y from 0 to 1 and each luma.
    pub fn paint(&mut self, paint: impl Fn(f32, f32, &mut f32)) {
        let (width, height) = (self.width as f32, self.height as f32);
        for (i, luma) in self.luma.iter_mut().enumerate() {
            paint((i % self.width) as f32 / width, (i / self.width) as f32 / height, luma);
        }
    }

    /// A rectangle between fractions of the picture.
    pub fn fill(&mut self, x: (f32, f32), y: (f32, f32), luma: f32) {
        let range = |(from, to): (f32, f32), len: usize| {
            let at = |share: f32| (share.clamp(0.0, 1.0) * len as f32) as usize;
            at(from)..at(to)
        };
        for row in range(y, self.height) {
            self.luma[row * self.width..][range(x, self.width)].fill(luma);
        }
    }

    /// Head, body and moving legs, opaque; `x` is the middle as a share of the picture's width,
    /// `foot` where it stands and `height` its size as shares of the picture's height. `contrast`
    /// is between it and the picture's mean.
    pub fn walker(&mut self, x: f32, foot: f32, height: f32, contrast: f32) {
        let (w, h) = (self.width as f32, self.height as f32);
        let stride = (x * w / (height * h) * 6.0).sin() * 0.12;
        let middle = x * w;
        let mean = self.luma.iter().sum::<f32>() / self.luma.len() as f32;
        for row in 0..self.height {
            // 0 at the top of the head, 1 at the feet.
            let down = (row as f32 / h - (foot - height)) / height;
            let parts = match down {
                0.0..0.15 => [(0.0, 0.07), (0.0, 0.0)],
                0.15..0.55 => [(0.0, 0.14), (0.0, 0.0)],
                0.55..1.0 => [(stride * (down - 0.4), 0.06), (-stride * (down - 0.4), 0.06)],
                _ => continue,
            };
            for column in 0..self.width {
                let off = (column as f32 - middle) / (height * h);
                if parts.iter().any(|(centre, half)| (off - centre).abs() < *half) {
                    self.luma[row * self.width + column] = mean + contrast;
                }
            }
        }
    }
}

/// A camera on a tripod, its detector and what that has said.
pub struct Stage {
    pub rng: Rng,
    pub detector: MotionDetector,
    pub start: Instant,
    pub now: Instant,
    pub fps: u32,
    /// Deviation of the sensor's noise in luma.
    pub noise: f32,
    grain: Vec<f32>,
    pub place: Canvas,
    pub said: Vec<(Duration, MotionChange)>,
}

impl Stage {
    /// A room or yard of patches with edges and grain, 640 by 360, at 10 frames a second.
    pub fn new(config: MotionConfig) -> Self {
        Self::of_size(config, 640, 360)
    }

    pub fn of_size(config: MotionConfig, width: usize, height: usize) -> Self {
        let mut rng = Rng::new();
        let mut place = Canvas { width, height, luma: vec![95.0; width * height] };
        for _ in 0..60 {
            let (x, y) = (rng.below(100) as f32 / 100.0, rng.below(100) as f32 / 100.0);
            let (w, h) = (rng.below(30) as f32 / 100.0, rng.below(30) as f32 / 100.0);
            place.fill((x, x + w), (y, y + h), 50.0 + rng.below(110) as f32);
        }
        for luma in &mut place.luma {
            *luma += 3.0 * rng.normal();
        }
        let grain = (0..1 << 17).map(|_| rng.normal()).collect();
        let start = Instant::now();
        let detector = MotionDetector::new(config);
        Self {
            rng,
            detector,
            start,
            now: start,
            fps: 10,
            noise: 2.0,
            grain,
            place,
            said: Vec::new(),
        }
    }

    /// Films for `seconds`; `draw` changes the place as it is at the given second of this take.
    /// Returns what was said, with the second of this take.
    pub fn film(
        &mut self,
        seconds: f32,
        mut draw: impl FnMut(&mut Canvas, f32, &mut Rng),
    ) -> Vec<(f32, MotionChange)> {
        let began = self.now;
        let mut said = Vec::new();
        for number in 0..(seconds * self.fps as f32) as u32 {
            self.now = began + Duration::from_secs(1) * number / self.fps;
            let second = (self.now - began).as_secs_f32();
            let Canvas { width, height, .. } = self.place;
            let mut canvas = Canvas { width, height, luma: self.place.luma.clone() };
            draw(&mut canvas, second, &mut self.rng);
            let samples = self.expose(&canvas);
            let change = self.detector.handle(self.now, Plane { samples: &samples, width, height });
            said.extend(change.map(|change| (second, change)));
        }
        self.now = began + Duration::from_secs_f32(seconds);
        self.said.extend(
            said.iter().map(|(s, c)| (began - self.start + Duration::from_secs_f32(*s), *c)),
        );
        said
    }

    /// What the sensor makes of it: noise taken from another place of a long strip for every row.
    fn expose(&mut self, canvas: &Canvas) -> Vec<u8> {
        let mut samples = Vec::with_capacity(canvas.luma.len());
        for row in canvas.luma.chunks_exact(canvas.width) {
            let from = self.rng.below(self.grain.len() - canvas.width);
            let noise = &self.grain[from..][..canvas.width];
            samples.extend(row.iter().zip(noise).map(|(luma, n)| (luma + self.noise * n) as u8));
        }
        samples
    }

    /// Films the place as it is.
    pub fn wait(&mut self, seconds: f32) -> Vec<(f32, MotionChange)> {
        self.film(seconds, |_, _, _| {})
    }
}
