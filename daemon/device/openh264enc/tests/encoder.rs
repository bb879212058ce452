// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the encoder promises, on pictures that change all over.

use std::num::NonZeroU8;

use frame::{Pts, Size, YuvPicture};
use openh264enc::{Encoder, Error, Level, Profile, Settings};

const SIZE: Size = Size::new(320, 192);
const SEQUENCE_PARAMETER_SET: u8 = 7;
const IDR: u8 = 5;

fn settings(bitrate_bps: u32) -> Settings {
    let (profile, level) = (Profile::Main, Level::Level_3_1);
    Settings { size: SIZE, fps: 30, profile, level, bitrate_bps, threads: NonZeroU8::MIN }
}

/// A grid that moves, so that every picture costs bits.
fn picture(number: usize) -> YuvPicture {
    let mut picture = YuvPicture::black(SIZE);
    let width = usize::from(SIZE.width);
    let [luma, ..] = picture.planes_mut();
    for (at, sample) in luma.iter_mut().enumerate() {
        let (x, y) = (at % width + number * 3, at / width + number);
        *sample = if (x / 7 + y / 5) % 2 == 0 { 40 } else { 200 };
    }
    picture
}

fn encode(encoder: &mut Encoder, number: usize) -> Vec<u8> {
    let pts = Pts::from_millis(number as u64 * 1000 / 30);
    encoder.encode(&picture(number), pts).expect("it encodes").to_vec()
}

/// Kinds of the NAL units in a byte stream, by their start codes.
fn kinds(stream: &[u8]) -> Vec<u8> {
    stream.windows(4).filter(|w| w.starts_with(&[0, 0, 1])).map(|w| w[3] & 31).collect()
}

fn bytes(encoder: &mut Encoder, numbers: std::ops::Range<usize>) -> usize {
    numbers.map(|number| encode(encoder, number).len()).sum()
}

#[test]
fn an_idr_comes_first_and_when_forced_with_its_parameter_sets() {
    let mut encoder = Encoder::new(&settings(500_000)).unwrap();
    encoder.force_idr(); // before the first picture: nothing more than is promised anyway
    for number in 0..20 {
        if number == 11 {
            encoder.force_idr();
        }
        let kinds = kinds(&encode(&mut encoder, number));
        let is_idr = number == 0 || number == 11;
        assert_eq!(kinds.contains(&IDR), is_idr, "picture {number}: {kinds:?}");
        assert_eq!(kinds.contains(&SEQUENCE_PARAMETER_SET), is_idr, "picture {number}: {kinds:?}");
    }
}

#[test]
fn the_bit_rate_changes_before_the_first_picture_and_while_it_runs() {
    let mut plain = Encoder::new(&settings(1_000_000)).unwrap();
    bytes(&mut plain, 0..30);
    let rich = bytes(&mut plain, 30..60);

    let mut changed = Encoder::new(&settings(1_000_000)).unwrap();
    changed.set_bitrate(100_000).unwrap();
    bytes(&mut changed, 0..30);
    let poor = bytes(&mut changed, 30..60);
    assert!(poor * 2 < rich, "before the first picture: {poor} bytes a second, not {rich}");

    changed.set_bitrate(1_000_000).unwrap();
    bytes(&mut changed, 60..75);
    let again = bytes(&mut changed, 75..105);
    assert!(again > poor * 2, "while it runs: {again} bytes a second after {poor}");
    assert!(matches!(changed.set_bitrate(u32::MAX), Err(Error::Refused(_))));
    let after = bytes(&mut changed, 105..135);
    assert!(after < again * 3, "after a refusal: {after} bytes a second, not {again}");
}

#[test]
fn noise_keeps_the_bit_rate() {
    let mut seed = 1u32;
    let mut encoder = Encoder::new(&settings(2_000_000)).unwrap();
    let mut picture = YuvPicture::black(SIZE);
    let mut bits = Vec::new();
    for number in 0..120 {
        for sample in picture.planes_mut()[0].iter_mut() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = seed.to_be_bytes()[0];
        }
        let pts = Pts::from_millis(number * 1000 / 30);
        bits.push(encoder.encode(&picture, pts).unwrap().len() * 8);
    }
    let worst = bits[30..].windows(30).map(|second| second.iter().sum::<usize>()).max().unwrap();
    assert!(worst < 3_000_000, "{worst} bits in a second at 2000000");
}

#[test]
fn sizes_it_cannot_encode_are_refused_and_harm_nothing() {
    for (width, height) in [(321, 192), (320, 191), (14, 320), (0, 0), (3842, 2160), (2162, 2162)] {
        let size = Size::new(width, height);
        let refused = Encoder::new(&Settings { size, ..settings(500_000) });
        assert!(matches!(refused, Err(Error::Unsupported(named)) if named == size), "{size:?}");
    }
    let mut encoder = Encoder::new(&settings(500_000)).unwrap();
    let got = Size::new(64, 64);
    let refused = encoder.encode(&YuvPicture::black(got), Pts::from_millis(0)).map(<[u8]>::len);
    assert!(matches!(refused, Err(Error::Size { got: named, expected: SIZE }) if named == got));
    assert!(kinds(&encode(&mut encoder, 0)).contains(&IDR));
}
