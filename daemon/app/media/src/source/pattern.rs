// SPDX-License-Identifier: MIT OR Apache-2.0
//! A picture of the camera's own: colour bars, a running clock and, if wanted, somebody who walks
//! by. Only what moved is drawn again; the bars are computed, not stored.

mod bars;
mod canvas;
mod clock;
mod walker;

use std::time::Duration;

use frame::{Size, YuvPicture};

use canvas::{Canvas, Rect};

/// Whether somebody walks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Bars and clock: nothing that counts as motion.
    Still,
    /// A figure, a quarter of the picture high, enters at 5 s and every 20 s after that and takes
    /// 6 s to cross.
    Walker,
}

/// What a picture already shows, so that the next drawing can be small.
#[derive(Debug, Clone, Copy, Default)]
pub struct Drawn {
    has_bars: bool,
    figure: Option<Rect>,
}

/// One moment of the pattern.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Shown by the clock.
    pub number: u64,
    /// Time since the scene began; moves the walker.
    pub elapsed: Duration,
    /// Shown by the clock, as UTC.
    pub unix_s: u64,
}

/// The painter. Equal moments give equal pictures.
#[derive(Debug, Clone, Copy)]
pub struct TestPattern {
    scene: Scene,
    size: Size,
}

impl TestPattern {
    /// A pattern for pictures of `size`.
    pub const fn new(scene: Scene, size: Size) -> Self {
        Self { scene, size }
    }

    /// Draws `moment` into `picture`, whose present content `drawn` describes (the default for
    /// one that is not ours).
    ///
    /// # Panics
    /// When `picture` is not of the pattern's size.
    pub fn draw(&self, moment: &Moment, picture: &mut YuvPicture, drawn: &mut Drawn) {
        assert_eq!(picture.size(), self.size);
        let mut canvas = Canvas::new(picture);
        if !drawn.has_bars {
            let whole = canvas.whole();
            bars::draw(&mut canvas, whole);
            drawn.has_bars = true;
        }
        if let Some(old) = drawn.figure.take() {
            bars::draw(&mut canvas, old);
        }
        if self.scene == Scene::Walker {
            drawn.figure = walker::draw(&mut canvas, moment.elapsed);
        }
        clock::draw(&mut canvas, moment.unix_s, moment.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(320, 180);

    fn at(ms: u64) -> Moment {
        let elapsed = Duration::from_millis(ms);
        Moment { number: ms * 30 / 1000, elapsed, unix_s: 1_700_000_000 + ms / 1000 }
    }

    fn fresh(scene: Scene, moment: &Moment) -> YuvPicture {
        let mut picture = YuvPicture::black(SIZE);
        TestPattern::new(scene, SIZE).draw(moment, &mut picture, &mut Drawn::default());
        picture
    }

    fn changed_luma(a: &YuvPicture, b: &YuvPicture) -> usize {
        a.y().samples.iter().zip(b.y().samples).filter(|(a, b)| a.abs_diff(**b) > 16).count()
    }

    #[test]
    fn a_redrawn_picture_equals_a_fresh_one() {
        let mut picture = YuvPicture::black(SIZE);
        let mut drawn = Drawn::default();
        for ms in [0, 4_900, 5_500, 7_000, 8_333, 10_900, 12_000, 27_000, 31_500] {
            let moment = at(ms);
            TestPattern::new(Scene::Walker, SIZE).draw(&moment, &mut picture, &mut drawn);
            assert!(picture == fresh(Scene::Walker, &moment), "at {ms} ms");
        }
    }

    #[test]
    fn the_clock_alone_changes_little() {
        let (a, b) = (fresh(Scene::Still, &at(59_967)), fresh(Scene::Still, &at(60_000)));
        let changed = changed_luma(&a, &b);
        assert!(changed > 0, "the clock stands");
        assert!(changed < SIZE.area() / 200, "{changed} of {} pixels changed", SIZE.area());
    }

    #[test]
    fn the_walker_comes_every_twenty_seconds() {
        // ms, whether somebody is there
        let table = [(0, false), (4_900, false), (8_000, true), (11_100, false), (28_000, true)];
        for (ms, is_there) in table {
            let changed =
                changed_luma(&fresh(Scene::Still, &at(ms)), &fresh(Scene::Walker, &at(ms)));
            assert_eq!(changed > SIZE.area() / 200, is_there, "{changed} pixels at {ms} ms");
        }
    }

    #[test]
    fn the_walker_moves_to_the_right_with_moving_legs() {
        let steps: Vec<_> = (0..30).map(|n| fresh(Scene::Walker, &at(7_000 + n * 33))).collect();
        for pair in steps.windows(2) {
            assert!(changed_luma(&pair[0], &pair[1]) > 50, "the figure stands still");
        }
    }

    #[test]
    fn any_size_can_be_drawn() {
        for (width, height) in [(2, 2), (16, 16), (34, 20), (640, 480), (1080, 1920)] {
            let size = Size::new(width, height);
            let mut picture = YuvPicture::black(size);
            let pattern = TestPattern::new(Scene::Walker, size);
            let mut drawn = Drawn::default();
            for ms in (0..20_000).step_by(500) {
                pattern.draw(&at(ms), &mut picture, &mut drawn);
            }
        }
    }
}
