// SPDX-License-Identifier: MIT OR Apache-2.0
//! Codes in pictures as cameras make them: small, turned, unevenly lit, full of noise.

use frame::Size;
use qrcode::{Color, EcLevel, QrCode};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

const CODE: &str = "WIFI:T:WPA;S:Living Room;P:correct horse battery;H:true;;";
const SIZE: Size = Size::new(1280, 720);

/// How a code lies before the lens.
#[derive(Debug, Clone, Copy)]
struct View {
    /// Pixels of one of its squares.
    square: f64,
    turned_degrees: f64,
    /// Levels of luma between its black and its white.
    contrast: f64,
    /// Mean deviation of each pixel, in levels of luma.
    noise: f64,
    /// Times that each row and column is averaged with its neighbours.
    blur: usize,
}

const PLAIN: View = View { square: 6.0, turned_degrees: 0.0, contrast: 200.0, noise: 0.0, blur: 0 };

#[expect(clippy::cast_possible_truncation, reason = "places and levels are within their bounds")]
/// `code` in the middle of a picture that is brighter on the left than on the right.
fn picture(code: &str, view: View, rng: &mut ChaCha20Rng) -> Vec<u8> {
    let (width, height) = (usize::from(SIZE.width), usize::from(SIZE.height));
    let qr = QrCode::with_error_correction_level(code, EcLevel::M).unwrap();
    let (side, squares) = (qr.width(), qr.to_colors());
    let (sin, cos) = view.turned_degrees.to_radians().sin_cos();
    let mut luma = vec![0.0; width * height];
    for (at, luma) in luma.iter_mut().enumerate() {
        let (x, y) = ((at % width) as f64 - 640.0, (at / width) as f64 - 360.0);
        let middle = side as f64 / 2.0;
        let column = (x * cos + y * sin) / view.square + middle;
        let row = (y * cos - x * sin) / view.square + middle;
        let is_inside = |at: f64| (0.0..side as f64).contains(&at);
        let is_dark = is_inside(column)
            && is_inside(row)
            && squares[row as usize * side + column as usize] == Color::Dark;
        let light = 30.0 + (width - at % width) as f64 / 40.0;
        *luma = light + if is_dark { 0.0 } else { view.contrast };
    }
    for _ in 0..view.blur {
        for apart in [1, width] {
            let before = luma.clone();
            for at in apart..luma.len() - apart {
                luma[at] = (before[at - apart] + 2.0 * before[at] + before[at + apart]) / 4.0;
            }
        }
    }
    let samples = luma.iter().map(|level| {
        // Of four even ones the sum is nearly normal
        let sum: f64 = (0..4).map(|_| f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5).sum();
        (level + sum * view.noise * 1.73).clamp(0.0, 255.0) as u8
    });
    samples.collect()
}

fn whole(samples: &[u8]) -> Plane<'_> {
    Plane { samples, width: SIZE.width.into(), height: SIZE.height.into() }
}

fn found(picture: &[u8]) -> Option<String> {
    find(whole(picture)).map(|code| String::from_utf8(code.to_vec()).unwrap())
}

#[test]
fn a_code_is_read_as_cameras_see_it() {
    let rows = [
        PLAIN,
        View { square: 3.0, ..PLAIN },
        View { square: 15.0, ..PLAIN },
        View { turned_degrees: 17.0, ..PLAIN },
        View { turned_degrees: 90.0, ..PLAIN },
        View { turned_degrees: 200.0, square: 5.0, ..PLAIN },
        View { contrast: 60.0, ..PLAIN },
        View { noise: 20.0, ..PLAIN },
        View { blur: 3, ..PLAIN },
        View { square: 5.0, turned_degrees: 8.0, contrast: 110.0, noise: 4.0, blur: 1 },
    ];
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for view in rows {
        assert_eq!(found(&picture(CODE, view, &mut rng)).as_deref(), Some(CODE), "{view:?}");
    }
}

#[test]
fn other_codes_and_no_codes_are_nothing() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    assert_eq!(found(&picture("X-HM://0023ISYWYABCD", PLAIN, &mut rng)), None);
    assert_eq!(found(&picture("", PLAIN, &mut rng)), None);
    for (width, height) in [(1, 1), (1, 50), (50, 1), (640, 360)] {
        for level in [0, 128, 255] {
            let samples = vec![level; width * height];
            let plane = Plane { samples: &samples, width, height };
            assert_eq!(find(plane), None, "{width} by {height}, {level}");
        }
    }
}

#[test]
fn a_spoilt_code_of_a_network_is_told_from_another_code() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let spoilt = "WIFI:T:WEP;S:Home;P:12345;;";
    assert_eq!(found(&picture(spoilt, PLAIN, &mut rng)).as_deref(), Some(spoilt));
}

#[test]
fn what_is_sent_is_answered() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let mut sent = Vec::new();
    send(&mut sent, whole(&picture(CODE, PLAIN, &mut rng))).unwrap();
    let mut said = Vec::new();
    answer(&*sent, &mut said).unwrap();
    assert_eq!(said, CODE.as_bytes());
    for end in [0, 3, 4, 1000, sent.len() - 1] {
        assert!(answer(&sent[..end], &mut said).is_err(), "cut at {end}");
    }
    for sides in [[0, 0, 1, 0], [1, 0, 0, 0], [255, 255, 1, 0]] {
        assert!(answer(&sides[..], &mut said).is_err(), "{sides:?}");
    }
}
