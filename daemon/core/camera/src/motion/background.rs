// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each cell looks like when nothing moves: two layers and the usual deviation.

use super::cells::{Grid, LEVEL};

/// Deviations are kept in 1/256 level, tones in 1/16.
const DEVIATION_SHIFT: u32 = 4;
/// Deviation assumed before anything is known, in 1/256 level.
const FIRST_DEVIATION: i16 = 256;
/// No deviation counts for more than this, in tone units.
const MAX_DEVIATION: i16 = 100 * LEVEL;
/// Far enough beyond any tone of a picture for what the light made too dark or too bright to see,
/// near enough that sums of differences stay within an i16.
const MIN_TONE: i16 = -2048;
const MAX_TONE: i16 = 7168;
/// A cell that kept its new look for so many ticks is no longer moving.
const SETTLED: i16 = 4;

/// A look kept for so many ticks on end is remembered when the cell is calm again: 10 s.
const FAMILIAR: i16 = 40;

/// How strongly a cell must differ.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thresholds {
    /// At the least, in tone units.
    pub floor: i16,
    /// Times the usual deviation, in 1/4096.
    pub deviations: i16,
}

/// How far the model may follow the picture in one step; made from the time that passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rates {
    /// Share of the way the background goes to the picture while learning, in 1/65536; else 0.
    pub learn: i32,
    /// Tone units the background may move.
    pub step: i16,
    /// Share of the way a deviation rises and falls, in 1/65536.
    pub rise: i32,
    pub fall: i32,
    /// Ticks of 1/4 s that passed.
    pub ticks: i16,
    /// A look kept for so many ticks becomes the background.
    pub absorb: i16,
}

/// Per cell: `calm` is its look when nothing moves, `other` the newest look that differs from it,
/// kept for `age` ticks. A branch that sways, a digit that blinks, a lit and an unlit wall are two
/// looks of a place where nothing moves.
#[derive(Debug)]
pub(super) struct Background {
    grid: Grid,
    tone_range: (i16, i16),
    calm: Vec<i16>,
    other: Vec<i16>,
    age: Vec<i16>,
    deviation: Vec<i16>,
    edges: Vec<i16>,
    /// 1 where a cell looks neither calm nor settled.
    moving: Vec<u8>,
    /// 1 where it took a look just now that it had not before.
    fresh: Vec<u8>,
}

impl Background {
    /// Takes `cells` for calm.
    pub fn new(grid: Grid, tone_range: (i16, i16), cells: &[i16]) -> Self {
        let len = grid.cells();
        Self {
            grid,
            tone_range,
            calm: cells.to_vec(),
            other: cells.to_vec(),
            age: vec![0; len],
            deviation: vec![FIRST_DEVIATION; len],
            edges: vec![0; len],
            moving: vec![0; len],
            fresh: vec![0; len],
        }
    }

    /// What it looks like when nothing moves.
    pub fn calm(&self) -> &[i16] {
        &self.calm
    }

    pub fn moving(&self) -> &[u8] {
        &self.moving
    }

    pub fn fresh(&self) -> &[u8] {
        &self.fresh
    }

    /// Moves both layers along with a change of light.
    pub fn follow_light(&mut self, change: &[i16]) {
        for layer in [&mut self.calm, &mut self.other] {
            for (tone, change) in layer.iter_mut().zip(change) {
                *tone = (*tone + *change).clamp(MIN_TONE, MAX_TONE);
            }
        }
    }

    /// Compares and learns. Afterwards `moving` and `fresh` tell of `cells`.
    pub fn update(&mut self, cells: &[i16], thresholds: Thresholds, rates: Rates) {
        self.find_edges();
        let len = cells.len();
        let (low, high) = self.tone_range;
        let (calm, other) = (&mut self.calm[..len], &mut self.other[..len]);
        let (age, deviation) = (&mut self.age[..len], &mut self.deviation[..len]);
        let (moving, fresh) = (&mut self.moving[..len], &mut self.fresh[..len]);
        let edges = &self.edges[..len];
        for i in 0..len {
            let cell = cells[i];
            // What is over- or underexposed cannot get brighter or darker with the light.
            let difference = cell - calm[i].clamp(low, high);
            let distance = difference.abs();
            let threshold =
                thresholds.floor + high_half(deviation[i], thresholds.deviations) + edges[i];
            let since_other = cell - other[i];
            let is_calm = distance <= threshold;
            let is_other = since_other.abs() <= threshold;
            let is_fresh = !is_calm & !is_other;

            let remembered = if age[i] >= FAMILIAR { age[i] } else { 0 };
            let kept = if is_calm { remembered } else { age[i] + rates.ticks };
            let aged = if is_fresh { 0 } else { kept };
            let absorbed = !is_calm & (aged >= rates.absorb);
            let pull = scale(difference, rates.learn) + difference.clamp(-rates.step, rates.step);
            let calm_now = if is_calm { calm[i] + pull } else { calm[i] };
            let other_now = if is_fresh {
                cell
            } else if is_calm {
                other[i]
            } else {
                other[i] + since_other.clamp(-rates.step, rates.step)
            };
            calm[i] = if absorbed { other_now } else { calm_now };
            other[i] = if absorbed { calm_now } else { other_now };
            age[i] = if absorbed { SETTLED } else { aged };

            // What merely passes must not count for much, or busy places go blind.
            let strayed = if is_fresh { threshold } else { distance.min(since_other.abs()) };
            let seen = strayed.min(MAX_DEVIATION) << DEVIATION_SHIFT;
            let change = seen - deviation[i];
            deviation[i] += scale(change, if change > 0 { rates.rise } else { rates.fall });

            moving[i] = u8::from(!is_calm & (is_fresh | (aged < SETTLED)));
            fresh[i] = u8::from(is_fresh);
        }
    }

    /// How much each cell would change if the camera shook by half a cell.
    fn find_edges(&mut self) {
        let Grid { width, height } = self.grid;
        for y in 1..height - 1 {
            let row = |y: usize| &self.calm[y * width..][..width];
            let (above, here, below) = (row(y - 1), row(y), row(y + 1));
            let out = &mut self.edges[y * width..][..width];
            for x in 1..width - 1 {
                let across = (here[x + 1] - here[x - 1]).abs();
                let down = (below[x] - above[x]).abs();
                out[x] = (across + down) >> 2;
            }
        }
    }
}

/// `a * b / 65536`, rounded down.
#[expect(clippy::cast_possible_truncation, reason = "the upper half of an i32")]
fn high_half(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// `value * share / 65536`, rounded; `share` is at most 65536.
#[expect(clippy::cast_possible_truncation, reason = "no larger than value")]
fn scale(value: i16, share: i32) -> i16 {
    ((i32::from(value) * share + 0x8000) >> 16) as i16
}
