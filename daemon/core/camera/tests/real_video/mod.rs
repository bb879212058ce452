// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scored clips from one surveillance video of a busy place.
//!
//! The video hardly ever shows the place without people, so clips are composed. The median of
//! every pixel over the whole video is the empty place. A block of 4 by 4 pixels belongs to a
//! person where the picture differs from that median (less the picture's overall change of light).
//! A "cleared" frame is the real frame with those blocks, generously dilated, replaced by the
//! median plus the residual noise of other blocks of the same frame: real noise, real compression
//! and real changes of light stay. A clip shows, inside a window, the real frame and outside it the
//! cleared one; in a clip that alternates, the window opens and shuts at whole seconds.
//!
//! The truth of a second is counted from the blocks that differ and are shown. The detector under
//! test takes no part in it: moving are blocks of a person that also changed within half a second.

#![allow(clippy::cast_possible_truncation, reason = "made-up numbers are small")]
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "used by tests only")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

pub const WIDTH: usize = 768;
pub const HEIGHT: usize = 576;
pub const FPS: usize = 10;
pub const VIDEO: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
const PIXELS: usize = WIDTH * HEIGHT;
/// Pixels per side of a block.
const BLOCK: usize = 4;
pub const BLOCKS_X: usize = WIDTH / BLOCK;
pub const BLOCKS_Y: usize = HEIGHT / BLOCK;
const BLOCKS: usize = BLOCKS_X * BLOCKS_Y;
/// Mean difference in luma from which a block surely belongs to a person,
const PERSON: i32 = 18;
/// and from which it is cleared together with its neighbours within `CLEAR_REACH` blocks.
const CLEAR: i32 = 8;
const CLEAR_REACH: usize = 3;

/// xorshift64*: the same numbers on every machine.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    /// Nearly normal, mean 0 and deviation 1: the sum of four bytes.
    pub fn normal(&mut self) -> f32 {
        let sum: i32 = self.next().to_le_bytes().iter().map(|&b| i32::from(b)).sum();
        (sum as f32 - 510.0) / 147.8
    }
}

/// A rectangle of blocks, ends excluded.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub x: (usize, usize),
    pub y: (usize, usize),
}

impl Window {
    pub const ALL: Self = Self { x: (0, BLOCKS_X), y: (0, BLOCKS_Y) };
    pub const NONE: Self = Self { x: (0, 0), y: (0, 0) };

    fn contains(&self, block: usize) -> bool {
        let (x, y) = (block % BLOCKS_X, block / BLOCKS_X);
        (self.x.0..self.x.1).contains(&x) && (self.y.0..self.y.1).contains(&y)
    }
}

pub struct Video {
    frames: Vec<u8>,
    median: Vec<u8>,
    /// Per frame and block: the mean difference from the median.
    difference: Vec<u8>,
}

impl Video {
    /// `None` with the reason printed when the video or ffmpeg is not installed.
    pub fn load() -> Option<Self> {
        if !Path::new(VIDEO).exists() {
            println!("SKIPPED: {VIDEO} is not installed (Debian package opencv-doc)");
            return None;
        }
        let child = Command::new("ffmpeg")
            .args(["-v", "error", "-i", VIDEO, "-f", "rawvideo", "-pix_fmt", "gray", "-"])
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(error) => {
                println!("SKIPPED: ffmpeg cannot be run: {error}");
                return None;
            }
        };
        let mut frames = Vec::new();
        child.stdout.take().unwrap().read_to_end(&mut frames).unwrap();
        assert!(child.wait().unwrap().success(), "ffmpeg decodes {VIDEO}");
        assert!(frames.len() >= 60 * FPS * PIXELS && frames.len() % PIXELS == 0);
        let median = median(&frames);
        let difference =
            frames.chunks_exact(PIXELS).flat_map(|f| differences(f, &median)).collect();
        Some(Self { frames, median, difference })
    }

    pub fn len(&self) -> usize {
        self.frames.len() / PIXELS
    }

    /// Frame `index` with people inside `window` only.
    pub fn compose(&self, index: usize, window: Window, rng: &mut Rng, out: &mut Vec<u8>) {
        let frame = &self.frames[index * PIXELS..][..PIXELS];
        let mut clear = vec![false; BLOCKS];
        for (block, &difference) in self.differences_at(index).iter().enumerate() {
            if i32::from(difference) >= CLEAR {
                let (x, y) = (block % BLOCKS_X, block / BLOCKS_X);
                for ny in y.saturating_sub(CLEAR_REACH)..(y + CLEAR_REACH + 1).min(BLOCKS_Y) {
                    for nx in x.saturating_sub(CLEAR_REACH)..(x + CLEAR_REACH + 1).min(BLOCKS_X) {
                        clear[ny * BLOCKS_X + nx] = true;
                    }
                }
            }
        }
        let unchanged: Vec<usize> = (0..BLOCKS).filter(|&block| !clear[block]).collect();
        out.clear();
        out.extend_from_slice(frame);
        for block in (0..BLOCKS).filter(|&block| clear[block] && !window.contains(block)) {
            let from = corner(unchanged[rng.below(unchanged.len())]);
            let to = corner(block);
            for y in 0..BLOCK {
                for x in 0..BLOCK {
                    let (from, to) = (from + y * WIDTH + x, to + y * WIDTH + x);
                    let noise = i32::from(frame[from]) - i32::from(self.median[from]);
                    out[to] = (i32::from(self.median[to]) + noise).clamp(0, 255) as u8;
                }
            }
        }
    }

    /// How many blocks of persons frame `index` shows inside `window`.
    pub fn person_blocks(&self, index: usize, window: Window) -> usize {
        let differences = self.differences_at(index).iter().enumerate();
        differences.filter(|&(b, &d)| i32::from(d) >= PERSON && window.contains(b)).count()
    }

    /// How many of them also changed within the last half second: somebody who stands still does
    /// not move.
    pub fn moving_blocks(&self, index: usize, window: Window) -> usize {
        let frame = |index: usize| &self.frames[index * PIXELS..][..PIXELS];
        let (now, before) = (frame(index), frame(index.saturating_sub(FPS / 2)));
        let moves = |block: usize| {
            let sum: i32 =
                pixels_of(block).map(|i| (i32::from(now[i]) - i32::from(before[i])).abs()).sum();
            sum / (BLOCK * BLOCK) as i32 >= PERSON
        };
        let differences = self.differences_at(index).iter().enumerate();
        differences
            .filter(|&(b, &d)| i32::from(d) >= PERSON && window.contains(b) && moves(b))
            .count()
    }

    fn differences_at(&self, index: usize) -> &[u8] {
        &self.difference[index * BLOCKS..][..BLOCKS]
    }
}

fn corner(block: usize) -> usize {
    block / BLOCKS_X * BLOCK * WIDTH + block % BLOCKS_X * BLOCK
}

fn pixels_of(block: usize) -> impl Iterator<Item = usize> {
    let corner = corner(block);
    (0..BLOCK * BLOCK).map(move |i| corner + i / BLOCK * WIDTH + i % BLOCK)
}

/// Of every eighth frame.
fn median(frames: &[u8]) -> Vec<u8> {
    let chosen: Vec<&[u8]> = frames.chunks_exact(PIXELS).step_by(8).collect();
    let mut column = vec![0; chosen.len()];
    (0..PIXELS)
        .map(|pixel| {
            for (value, frame) in column.iter_mut().zip(&chosen) {
                *value = frame[pixel];
            }
            *column.select_nth_unstable(chosen.len() / 2).1
        })
        .collect()
}

fn differences(frame: &[u8], median: &[u8]) -> Vec<u8> {
    let mut all: Vec<i32> =
        frame.iter().zip(median).step_by(7).map(|(&a, &b)| i32::from(a) - i32::from(b)).collect();
    let middle = all.len() / 2;
    let light = *all.select_nth_unstable(middle).1;
    (0..BLOCKS)
        .map(|block| {
            let corner = corner(block);
            let pixels = (0..BLOCK * BLOCK).map(|i| corner + i / BLOCK * WIDTH + i % BLOCK);
            let sum: i32 =
                pixels.map(|i| (i32::from(frame[i]) - i32::from(median[i]) - light).abs()).sum();
            (sum / (BLOCK * BLOCK) as i32) as u8
        })
        .collect()
}
