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

/// A cell that changed in more than 15 % of the frames of late is a twig or water, in 1/32768.
const RESTLESS: i16 = 4_915;

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
    /// Share of the way the background goes to the picture while learning, in 1/32768; else 0.
    pub learn: i16,
    /// Tone units the background may move.
    pub step: i16,
    /// Share of the way a deviation rises and falls, in 1/32768.
    pub rise: i16,
    pub fall: i16,
    /// Share of the way the share of fresh frames follows, in 1/32768.
    pub stir: i16,
    /// Ticks of 1/4 s that passed.
    pub ticks: i16,
    /// A look kept for so many ticks becomes the background.
    pub absorb: i16,
}

/// Cells compared at a time. All that is known of them is copied to one place first, where the
/// compiler sees that nothing overlaps and so makes vector instructions of the comparison.
pub(super) const LANES: usize = 32;

type Lanes = [i16; LANES];

/// Per cell: `calm` is its look when nothing moves, `other` the newest look that differs from it,
/// kept for `age` ticks. A branch that sways, a digit that blinks, a lit and an unlit wall are two
/// looks of a place where nothing moves. Every vector is a multiple of [`LANES`] long.
#[derive(Debug)]
pub(super) struct Background {
    grid: Grid,
    tone_range: (i16, i16),
    calm: Vec<i16>,
    edges: Vec<i16>,
    memory: Vec<Memory>,
    /// 1 where a cell looks neither calm nor settled.
    moving: Vec<u8>,
    /// 1 where it took a look just now that it had not before.
    fresh: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Memory {
    other: Lanes,
    age: Lanes,
    /// Share of frames in which the cell was fresh, in 1/32768.
    stir: Lanes,
    /// Usual distance from `calm` or `other`, in 1/256 level.
    deviation: Lanes,
}

/// What one comparison needs besides the cells.
#[derive(Debug, Clone, Copy)]
struct Step {
    tone_range: (i16, i16),
    thresholds: Thresholds,
    rates: Rates,
}

impl Background {
    /// Takes `cells` for calm. Their number is that of the grid, rounded up to whole [`LANES`].
    pub fn new(grid: Grid, tone_range: (i16, i16), cells: &[i16]) -> Self {
        let (lanes, _) = cells.as_chunks();
        let unknown = |other: &Lanes| Memory {
            other: *other,
            age: [0; LANES],
            stir: [0; LANES],
            deviation: [FIRST_DEVIATION; LANES],
        };
        Self {
            grid,
            tone_range,
            calm: cells.to_vec(),
            edges: vec![0; cells.len()],
            memory: lanes.iter().map(unknown).collect(),
            moving: vec![0; cells.len()],
            fresh: vec![0; cells.len()],
        }
    }

    /// What it looks like when nothing moves.
    pub fn calm(&self) -> &[i16] {
        &self.calm
    }

    pub fn moving(&self) -> &[u8] {
        &self.moving[..self.grid.cells()]
    }

    pub fn fresh(&self) -> &[u8] {
        &self.fresh[..self.grid.cells()]
    }

    /// Moves both layers along with a change of light.
    pub fn follow_light(&mut self, change: &[i16]) {
        let others = self.memory.iter_mut().flat_map(|memory| &mut memory.other);
        for ((calm, other), change) in self.calm.iter_mut().zip(others).zip(change) {
            *calm = (*calm + change).clamp(MIN_TONE, MAX_TONE);
            *other = (*other + change).clamp(MIN_TONE, MAX_TONE);
        }
    }

    /// Compares and learns. Afterwards `moving` and `fresh` tell of `cells`.
    pub fn update(&mut self, cells: &[i16], thresholds: Thresholds, rates: Rates) {
        self.find_edges();
        let step = Step { tone_range: self.tone_range, thresholds, rates };
        let (cells, _) = cells.as_chunks();
        let (calm, _) = self.calm.as_chunks_mut();
        let (edges, _) = self.edges.as_chunks();
        let (moving, _) = self.moving.as_chunks_mut();
        let (fresh, _) = self.fresh.as_chunks_mut();
        let known = calm.iter_mut().zip(&mut self.memory).zip(edges);
        let told = moving.iter_mut().zip(fresh);
        for ((cells, ((calm, memory), edges)), (moving, fresh)) in cells.iter().zip(known).zip(told)
        {
            (*calm, *memory, *moving, *fresh) = step.compare(*cells, *calm, *memory, *edges);
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

impl Step {
    /// The new `calm` and `memory`, then which cells move and which are fresh.
    fn compare(
        &self,
        cells: Lanes,
        mut calm: Lanes,
        mut memory: Memory,
        edges: Lanes,
    ) -> (Lanes, Memory, [u8; LANES], [u8; LANES]) {
        let Self { tone_range: (low, high), thresholds, rates } = *self;
        let (mut moving, mut fresh) = ([0; LANES], [0; LANES]);
        for i in 0..LANES {
            let (other, age, deviation) = (memory.other[i], memory.age[i], memory.deviation[i]);
            // What is over- or underexposed cannot get brighter or darker with the light.
            let difference = cells[i] - calm[i].clamp(low, high);
            let distance = difference.abs();
            let since_other = cells[i] - other;
            let threshold =
                thresholds.floor + edges[i] + share(deviation, thresholds.deviations >> 1);
            let is_calm = distance <= threshold;
            let is_other = since_other.abs() <= threshold;
            let is_fresh = !is_calm & !is_other;

            let is_familiar = age >= FAMILIAR;
            let remembered = if is_familiar { age } else { 0 };
            let kept = if is_calm { remembered } else { age + rates.ticks };
            let age = if is_fresh { 0 } else { kept };
            let is_absorbed = !is_calm & (age >= rates.absorb);
            let step = |by: i16| by.clamp(-rates.step, rates.step);
            let drawn = calm[i] + share(difference, rates.learn) + step(difference);
            let calm_now = if is_calm { drawn } else { calm[i] };
            let remembered = if is_familiar { other } else { drawn };
            let followed = if is_calm { remembered } else { other + step(since_other) };
            let other_now = if is_fresh { cells[i] } else { followed };
            calm[i] = if is_absorbed { other_now } else { calm_now };
            memory.other[i] = if is_absorbed { calm_now } else { other_now };
            memory.age[i] = if is_absorbed { SETTLED } else { age };

            // What merely passes must not count for much, or busy places go blind.
            let strayed = if is_fresh { threshold } else { distance.min(since_other.abs()) };
            let change = (strayed.min(MAX_DEVIATION) << DEVIATION_SHIFT) - deviation;
            let rate = if change > 0 { rates.rise } else { rates.fall };
            memory.deviation[i] = deviation + share(change, rate);

            let stirred = if is_fresh { i16::MAX } else { 0 };
            let stir = memory.stir[i] + share(stirred - memory.stir[i], rates.stir);
            memory.stir[i] = stir;

            moving[i] = u8::from(!is_calm & (is_fresh | (age < SETTLED)) & (stir < RESTLESS));
            fresh[i] = u8::from(is_fresh);
        }
        (calm, memory, moving, fresh)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a share below one makes nothing larger")]
/// `value * share / 32768`, rounded to the nearest; `share` is not negative.
fn share(value: i16, share: i16) -> i16 {
    ((i32::from(value) * i32::from(share) + 0x4000) >> 15) as i16
}
