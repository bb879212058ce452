// SPDX-License-Identifier: MIT OR Apache-2.0
//! Colour bars in the manner of SMPTE: 75 % colours above, their reverse, and a grey ramp below.

use super::canvas::{Canvas, Colour, Rect};

/// Draws the part of the bars inside `area`.
pub(super) fn draw(canvas: &mut Canvas<'_>, area: Rect) {
    let (width, height) = (canvas.width, canvas.height);
    let (below_bars, below_reverse) = ((height * 2 / 3) & !1, (height * 3 / 4) & !1);
    let bands: [(i32, i32, &[Colour]); 3] = [
        (0, below_bars, &BARS),
        (below_bars, below_reverse, &REVERSE),
        (below_reverse, height, &RAMP),
    ];
    for (top, bottom, colours) in bands {
        let count = i32::try_from(colours.len()).expect("a handful");
        for (n, colour) in (0..count).zip(colours) {
            let (left, right) = ((n * width / count) & !1, ((n + 1) * width / count) & !1);
            let right = if n + 1 == count { width } else { right };
            let rect = Rect { left, top, right, bottom }.intersect(area);
            if !rect.is_empty() {
                canvas.fill(rect, *colour);
            }
        }
    }
}

/// 75 % grey, yellow, cyan, green, magenta, red, blue: Y = 16 + 219 L, C = 128 + 224 c with the
/// weights of BT.709.
pub(super) const BARS: [Colour; 7] = [
    Colour(180, 128, 128),
    Colour(168, 44, 136),
    Colour(145, 147, 44),
    Colour(133, 63, 52),
    Colour(63, 193, 204),
    Colour(51, 109, 212),
    Colour(28, 212, 120),
];

const BLACK: Colour = Colour(16, 128, 128);
const REVERSE: [Colour; 7] = [BARS[6], BLACK, BARS[4], BLACK, BARS[2], BLACK, BARS[0]];
const RAMP: [Colour; 6] = [
    BLACK,
    Colour(60, 128, 128),
    Colour(104, 128, 128),
    Colour(147, 128, 128),
    Colour(191, 128, 128),
    Colour(235, 128, 128),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_bt709_of_the_bars() {
        let rgb = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1)];
        for ((r, g, b), Colour(y, u, v)) in rgb.into_iter().zip(BARS) {
            let [r, g, b] = [r, g, b].map(|part| f64::from(part) * 0.75);
            let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            let (cb, cr) = ((b - luma) / 1.8556, (r - luma) / 1.5748);
            let exact = [16.0 + 219.0 * luma, 128.0 + 224.0 * cb, 128.0 + 224.0 * cr];
            for (exact, ours) in exact.into_iter().zip([y, u, v]) {
                assert!((exact - f64::from(ours)).abs() <= 1.0, "{r} {g} {b}: {exact} {ours}");
            }
        }
    }
}
