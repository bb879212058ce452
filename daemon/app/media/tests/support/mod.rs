// SPDX-License-Identifier: MIT OR Apache-2.0
//! What several test programs need. None of them needs all of it.

#![allow(dead_code)]

pub mod ffmpeg;
pub mod rig;
pub mod sps;
pub mod standin;

use std::path::PathBuf;

use frame::Size;

/// A Y4M file of 30 pictures a second with a grid that wanders over noise, so that every picture
/// costs bits. The caller removes it.
pub fn moving_pictures(name: &str, size: Size, count: usize) -> PathBuf {
    let path = std::env::temp_dir().join(format!("media-{name}-{}.y4m", std::process::id()));
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let mut file = format!("YUV4MPEG2 W{width} H{height} F30:1 Ip A1:1 C420jpeg\n").into_bytes();
    let mut noise = 1u32;
    for number in 0..count {
        file.extend_from_slice(b"FRAME\n");
        let end = file.len() + size.i420_len();
        for at in 0..width * height {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = (at % width + number * 3, at / width + number);
            let grid = if (x / 17 + y / 13) % 2 == 0 { 60 } else { 180 };
            file.push(grid + u8::try_from(noise >> 28).expect("four bits"));
        }
        file.resize(end, 128);
    }
    std::fs::write(&path, file).expect("there is room");
    path
}
