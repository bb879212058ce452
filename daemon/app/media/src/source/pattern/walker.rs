// SPDX-License-Identifier: MIT OR Apache-2.0
//! A figure that walks by: a quarter of the picture high, textured, with moving arms and legs, so
//! that motion detection and encoder have something like real work.

use std::f64::consts::TAU;
use std::time::Duration;

use super::canvas::{Canvas, Colour, Rect};

/// Draws the figure and returns where, or `None` while nobody is there.
pub(super) fn draw(canvas: &mut Canvas<'_>, elapsed: Duration) -> Option<Rect> {
    let second = (elapsed.as_secs_f64() - ENTERS_S).rem_euclid(PERIOD_S);
    if elapsed.as_secs_f64() < ENTERS_S || second >= CROSSES_S {
        return None;
    }
    let figure = Figure::at(canvas, second);
    let area = figure.area.intersect(canvas.whole());
    if area.is_empty() {
        return None;
    }
    for row in area.top..area.bottom {
        for (left, right, material) in figure.spans(row) {
            paint(canvas, row, left, right, material, &figure);
        }
    }
    Some(area.even().intersect(canvas.whole()))
}

const ENTERS_S: f64 = 5.0;
const PERIOD_S: f64 = 20.0;
const CROSSES_S: f64 = 6.0;
const STEPS_PER_S: f64 = 1.1;

struct Figure {
    area: Rect,
    height: f64,
    middle: f64,
    swing: f64,
}

#[derive(Debug, Clone, Copy)]
enum Material {
    Skin,
    Hair,
    Jacket,
    Trousers,
}

impl Figure {
    fn at(canvas: &Canvas<'_>, second: f64) -> Self {
        let (width, height) = (f64::from(canvas.width), f64::from(canvas.height) / 4.0);
        let half = height * 0.3;
        let middle = -half + (width + 2.0 * half) * second / CROSSES_S;
        let top = f64::from(canvas.height) * 0.55;
        Self {
            area: Rect {
                left: floor(middle - half),
                top: floor(top),
                right: floor(middle + half) + 1,
                bottom: floor(top + height) + 1,
            },
            height,
            middle,
            swing: (second * STEPS_PER_S * TAU).sin(),
        }
    }

    /// What covers `row`, back to front. Sizes are parts of the figure's height.
    fn spans(&self, row: i32) -> impl Iterator<Item = (i32, i32, Material)> {
        let v = f64::from(row - self.area.top) / self.height;
        let span = |centre: f64, half: f64, material| {
            let (centre, half) = (self.middle + centre * self.height, half * self.height);
            (floor(centre - half), floor(centre + half) + 1, material)
        };
        let mut spans = Vec::with_capacity(5);
        if (0.5..0.99).contains(&v) {
            let reach = (v - 0.5) * 0.36 * self.swing;
            spans.push(span(-reach, 0.055, Material::Trousers));
            spans.push(span(reach, 0.055, Material::Trousers));
        }
        if (0.18..0.54).contains(&v) {
            spans.push(span(0.0, 0.12, Material::Jacket));
            let reach = (v - 0.18) * 0.5 * self.swing;
            let arm = if v > 0.48 { Material::Skin } else { Material::Jacket };
            spans.push(span(reach, 0.04, arm));
        }
        if v < 0.17 {
            let half = (0.085_f64.powi(2) - (v - 0.085).powi(2)).max(0.0).sqrt() * 0.8;
            let material = if v < 0.06 { Material::Hair } else { Material::Skin };
            spans.push(span(0.0, half, material));
        }
        spans.into_iter()
    }
}

fn paint(
    canvas: &mut Canvas<'_>,
    row: i32,
    left: i32,
    right: i32,
    material: Material,
    figure: &Figure,
) {
    let area = figure.area.intersect(canvas.whole());
    let (left, right) = (left.max(area.left), right.min(area.right));
    if left >= right {
        return;
    }
    let Colour(luma, u, v) = match material {
        Material::Skin => Colour(150, 110, 150),
        Material::Hair => Colour(40, 126, 132),
        Material::Jacket => Colour(90, 110, 175),
        Material::Trousers => Colour(55, 145, 120),
    };
    // The texture is fixed to the figure, not to the picture.
    let (x0, y) = (left - figure.area.left, row - figure.area.top);
    for (x, sample) in (x0..).zip(canvas.luma_row(row, left, right)) {
        *sample = luma.saturating_add(texture(x, y));
    }
    if row % 2 == 0 {
        canvas.chroma_row(row, left, right, u, v);
    }
}

/// Coarse cloth: 0 to 63, one value for 2 by 2 pixels.
fn texture(x: i32, y: i32) -> u8 {
    let mixed = ((x / 2).wrapping_mul(0x9E37) ^ (y / 2).wrapping_mul(0x79B9)).wrapping_mul(0x85EB);
    (mixed >> 7).to_le_bytes()[0] & 0x3f
}

#[expect(clippy::cast_possible_truncation, reason = "pixels of a picture; a cast saturates")]
fn floor(value: f64) -> i32 {
    value.floor() as i32
}
