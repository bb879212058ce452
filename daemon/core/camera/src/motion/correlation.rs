// SPDX-License-Identifier: MIT OR Apache-2.0
//! How alike two pictures of the same cells are but for brightness and contrast.

use super::cells::LEVEL;

/// Fewer cells say nothing.
const MIN_CELLS: i64 = 32;
/// Flat surfaces look alike whatever they are; below this deviation nothing is said, in levels.
const MIN_DEVIATION: i64 = 5;
/// The square of the correlation coefficient from which it is strong, in 1/256: 0.9².
const STRONG: i128 = 207;

/// Sums over pairs of tones.
#[derive(Debug, Default)]
pub(super) struct Correlation {
    cells: i64,
    a: i64,
    b: i64,
    aa: i64,
    bb: i64,
    ab: i64,
}

impl Correlation {
    pub fn add(&mut self, a: i16, b: i16) {
        let (a, b) = (i64::from(a), i64::from(b));
        self.cells += 1;
        self.a += a;
        self.b += b;
        self.aa += a * a;
        self.bb += b * b;
        self.ab += a * b;
    }

    /// Whether both have texture and it is the same.
    pub fn is_strong(&self) -> bool {
        if self.cells < MIN_CELLS {
            return false;
        }
        // Each times the square of the number of cells.
        let variance_a = self.cells * self.aa - self.a * self.a;
        let variance_b = self.cells * self.bb - self.b * self.b;
        let covariance = self.cells * self.ab - self.a * self.b;
        let least = (MIN_DEVIATION * i64::from(LEVEL) * self.cells).pow(2);
        let (explained, both) = (
            i128::from(covariance) * i128::from(covariance) * 256,
            i128::from(variance_a) * i128::from(variance_b) * STRONG,
        );
        variance_a.min(variance_b) >= least && covariance > 0 && explained >= both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `cells` times the tones `a(i)` and `b(i)`.
    fn of(cells: i16, a: impl Fn(i16) -> i16, b: impl Fn(i16) -> i16) -> bool {
        let mut sums = Correlation::default();
        for i in 0..cells {
            sums.add(a(i), b(i));
        }
        sums.is_strong()
    }

    #[test]
    fn the_same_texture_brighter_is_found() {
        let texture = |i: i16| i * 37 % 600;
        let grain = |i: i16| i * 61 % 97;
        assert!(of(200, texture, |i| texture(i) + 900), "brighter");
        assert!(of(200, texture, |i| texture(i) * 2 + grain(i)), "more contrast and some noise");
        assert!(!of(200, texture, |i| 700 - texture(i)), "negative");
        assert!(!of(200, texture, |i| i * 53 % 601), "another texture");
        assert!(!of(200, texture, |_| 300), "something flat before it");
        assert!(!of(200, |i| i % 3, |i| i % 3 + 200), "flat both");
        assert!(!of(31, texture, texture), "too little");
    }

    #[test]
    fn the_largest_sums_fit() {
        let mut sums = Correlation::default();
        for i in 0..65_536 {
            sums.add(if i % 2 == 0 { -2048 } else { 7168 }, if i % 2 == 0 { -2048 } else { 7168 });
        }
        assert!(sums.is_strong());
    }
}
