// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes of light: lamps, clouds, exposure. On the tone scale they are a smooth field added to
//! the picture; this estimates it robustly, so that the background can be moved along.

use super::cells::{Grid, LEVEL};

/// Cells per side of a tile, roughly.
const TILE: usize = 40;
/// Every so many cells per side one is looked at.
const STRIDE: usize = 2;
const BINS: usize = 2 * 64;
/// Tone units per bin as a power of two: 2 levels, so that 128 bins reach ±128 levels.
const BIN_SHIFT: u32 = 5;
const BIN_OFFSET: i16 = 64 << BIN_SHIFT;
/// A smaller change of light is left to the background's own slow adaptation.
const DEAD_BAND: i16 = LEVEL / 2;
/// A lamp makes at least this difference from one frame to the next,
const ABRUPT: i16 = 5 * LEVEL;
/// in at least this part of the tiles (its reciprocal).
const ABRUPT_SHARE: usize = 4;

#[derive(Debug)]
pub(super) struct Illumination {
    grid: Grid,
    tiles: Grid,
    /// Tile of each column and each row of cells.
    column_tile: Vec<usize>,
    row_tile: Vec<usize>,
    /// Per column and per row: the tile whose centre lies before, and the way to the next in 1/256.
    column_blend: Vec<(usize, i32)>,
    row_blend: Vec<(usize, i32)>,
    counts: Vec<u16>,
    sums: Vec<i32>,
    medians: Vec<i16>,
    field: Vec<i16>,
    shift: Vec<i16>,
}

impl Illumination {
    pub fn new(grid: Grid) -> Self {
        let tiles = Grid { width: (grid.width / TILE).max(1), height: (grid.height / TILE).max(1) };
        let tile_of = |cells: usize, tiles: usize| (0..cells).map(|i| i * tiles / cells).collect();
        Self {
            grid,
            tiles,
            column_tile: tile_of(grid.width, tiles.width),
            row_tile: tile_of(grid.height, tiles.height),
            column_blend: blend(grid.width, tiles.width),
            row_blend: blend(grid.height, tiles.height),
            counts: vec![0; tiles.cells() * BINS],
            sums: vec![0; tiles.cells() * BINS],
            medians: vec![0; tiles.cells()],
            field: vec![0; tiles.cells()],
            shift: vec![0; grid.cells()],
        }
    }

    /// How much brighter `cells` is than `background` by light alone, per cell; `None` when the
    /// light is the same.
    pub fn change(&mut self, cells: &[i16], background: &[i16]) -> Option<&[i16]> {
        self.count(cells, background);
        for (tile, median) in self.medians.iter_mut().enumerate() {
            let bins = tile * BINS..(tile + 1) * BINS;
            *median = median_of(&self.counts[bins.clone()], &self.sums[bins]);
        }
        self.smooth();
        if self.field.iter().all(|&change| change == 0) {
            return None;
        }
        self.spread();
        Some(&self.shift)
    }

    /// Whether the light just changed abruptly in a good part of the picture.
    pub fn is_switching(&self) -> bool {
        let tiles = self.field.iter().filter(|change| change.abs() >= ABRUPT).count();
        tiles * ABRUPT_SHARE > self.field.len()
    }

    fn count(&mut self, cells: &[i16], background: &[i16]) {
        self.counts.fill(0);
        self.sums.fill(0);
        for y in (0..self.grid.height).step_by(STRIDE) {
            let first_tile = self.row_tile[y] * self.tiles.width;
            let row = y * self.grid.width..(y + 1) * self.grid.width;
            let pairs = cells[row.clone()].iter().zip(&background[row]).zip(&self.column_tile);
            for ((cell, background), tile) in pairs.step_by(STRIDE) {
                let change = cell - background;
                let bin = (change + BIN_OFFSET + (1 << (BIN_SHIFT - 1))) >> BIN_SHIFT;
                let bin = usize::try_from(bin).unwrap_or(0).min(BINS - 1);
                let place = (first_tile + tile) * BINS + bin;
                self.counts[place] += 1;
                self.sums[place] += i32::from(change);
            }
        }
    }

    /// The median over each tile and its neighbours: a thing that fills less than half of that
    /// does not pass for light. Never more than the tile's own median, and nothing where the two
    /// contradict each other: with every frame the rest then gets smaller, however patchy it is.
    fn smooth(&mut self) {
        let Grid { width, height } = self.tiles;
        for y in 0..height {
            for x in 0..width {
                let mut near = [0_i16; 9];
                let mut len = 0;
                for ny in y.saturating_sub(1)..(y + 2).min(height) {
                    for nx in x.saturating_sub(1)..(x + 2).min(width) {
                        near[len] = self.medians[ny * width + nx];
                        len += 1;
                    }
                }
                let near = &mut near[..len];
                near.sort_unstable();
                let median = i16::midpoint(near[(len - 1) / 2], near[len / 2]);
                let own = self.medians[y * width + x];
                let change = median.clamp(own.min(0), own.max(0));
                self.field[y * width + x] = if change.abs() < DEAD_BAND { 0 } else { change };
            }
        }
    }

    /// Interpolates between the tiles' centres.
    fn spread(&mut self) {
        let width = self.tiles.width;
        let mut line = vec![0_i32; width];
        let rows = self.shift.chunks_exact_mut(self.grid.width);
        for (row, &(above, way)) in rows.zip(&self.row_blend) {
            let below = (above + 1).min(self.tiles.height - 1);
            for (x, value) in line.iter_mut().enumerate() {
                let at = |y: usize| i32::from(self.field[y * width + x]);
                *value = at(above) * (256 - way) + at(below) * way;
            }
            for (shift, &(left, way)) in row.iter_mut().zip(&self.column_blend) {
                let right = (left + 1).min(width - 1);
                let value = (line[left] * (256 - way) + line[right] * way + (1 << 15)) >> 16;
                let value = value as i16;
                *shift = value;
            }
        }
    }
}

fn blend(cells: usize, tiles: usize) -> Vec<(usize, i32)> {
    let per_tile = 256 * cells / tiles;
    (0..cells)
        .map(|cell| {
            let past_first_centre = (256 * cell + 128).saturating_sub(per_tile / 2);
            let tile = (past_first_centre / per_tile).min(tiles - 1);
            let way = (past_first_centre - tile * per_tile) * 256 / per_tile;
            (tile, i32::try_from(way).expect("at most 256"))
        })
        .collect()
}

/// The mean within the bin in which the median lies.
fn median_of(counts: &[u16], sums: &[i32]) -> i16 {
    let total: u32 = counts.iter().map(|&count| u32::from(count)).sum();
    let mut before = 0;
    for (&count, &sum) in counts.iter().zip(sums) {
        before += u32::from(count);
        if 2 * before > total {
            #[expect(clippy::cast_possible_truncation, reason = "a mean of i16 values")]
            let mean = (sum / i32::from(count)) as i16;
            return mean;
        }
    }
    0
}
