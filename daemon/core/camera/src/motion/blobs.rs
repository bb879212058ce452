// SPDX-License-Identifier: MIT OR Apache-2.0
//! Things that move: connected groups of moving cells.

use std::ops::Range;

use super::cells::Grid;

/// Cells per side of a block.
pub(super) const BLOCK: usize = 4;
/// Of the nine cells around and including a moving one so many must move, or it is noise.
const NEIGHBOURS: u8 = 6;
/// A block with fewer moving cells is empty.
const BLOCK_CELLS: u16 = 4;
/// A blob with fewer cells is not even weather.
const SPECK: u32 = 8;

/// A connected group of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blob {
    /// Moving cells.
    pub area: u32,
    /// Cells that changed just now.
    pub fresh: u32,
    /// Cells that moved in the frame before already.
    pub again: u32,
    /// In blocks, both ends included.
    pub left: usize,
    pub right: usize,
    pub top: usize,
    pub bottom: usize,
}

impl Blob {
    /// The cells between its ends, row by row.
    pub fn cells_of_rows(&self, grid: Grid) -> impl Iterator<Item = Range<usize>> {
        let (left, right) = (self.left * BLOCK, ((self.right + 1) * BLOCK).min(grid.width));
        let rows = self.top * BLOCK..((self.bottom + 1) * BLOCK).min(grid.height);
        rows.map(move |y| y * grid.width + left..y * grid.width + right)
    }
}

#[derive(Debug)]
pub(super) struct BlobFinder {
    grid: Grid,
    blocks: Grid,
    /// 1 where movement counts.
    counts_at: Vec<u8>,
    /// Sums of three cells in a row.
    sums: Vec<u8>,
    /// 1 where something moved in the frame before.
    before: Vec<u8>,
    area: Vec<u16>,
    fresh: Vec<u16>,
    again: Vec<u16>,
    stack: Vec<usize>,
}

impl BlobFinder {
    /// `counts_at` has a 1 for each cell at which movement counts.
    pub fn new(grid: Grid, counts_at: Vec<u8>) -> Self {
        let blocks =
            Grid { width: grid.width.div_ceil(BLOCK), height: grid.height.div_ceil(BLOCK) };
        Self {
            grid,
            blocks,
            counts_at,
            sums: vec![0; grid.cells()],
            area: vec![0; blocks.cells()],
            before: vec![0; grid.cells()],
            fresh: vec![0; blocks.cells()],
            again: vec![0; blocks.cells()],
            stack: Vec::new(),
        }
    }

    /// The blobs of at least [`SPECK`] cells.
    pub fn find(&mut self, moving: &[u8], fresh: &[u8]) -> Vec<Blob> {
        self.sum_rows(moving);
        self.fill_blocks(moving, fresh);
        let mut blobs = Vec::new();
        for start in 0..self.area.len() {
            if self.area[start] >= BLOCK_CELLS {
                let blob = self.take(start);
                if blob.area >= SPECK {
                    blobs.push(blob);
                }
            }
        }
        blobs
    }

    fn sum_rows(&mut self, moving: &[u8]) {
        let width = self.grid.width;
        for (out, row) in self.sums.chunks_exact_mut(width).zip(moving.chunks_exact(width)) {
            // A cell at the border counts for the one beyond it too.
            out[0] = 2 * row[0] + row[1];
            out[width - 1] = row[width - 2] + 2 * row[width - 1];
            for (out, near) in out[1..width - 1].iter_mut().zip(row.windows(3)) {
                *out = near[0] + near[1] + near[2];
            }
        }
    }

    fn fill_blocks(&mut self, moving: &[u8], fresh: &[u8]) {
        let Grid { width, height } = self.grid;
        self.area.fill(0);
        self.fresh.fill(0);
        self.again.fill(0);
        let (mut kept, mut both) = (vec![0_u8; width], vec![0_u8; width]);
        for y in 0..height {
            let row = |y: usize| &self.sums[y * width..][..width];
            let (above, here, below) =
                (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
            let cells = y * width..(y + 1) * width;
            let (moving, zone) = (&moving[cells.clone()], &self.counts_at[cells.clone()]);
            let fresh = &fresh[cells.clone()];
            for x in 0..width {
                let enough = u8::from(above[x] + here[x] + below[x] >= NEIGHBOURS);
                kept[x] = enough & moving[x] & zone[x];
            }
            let blocks = y / BLOCK * self.blocks.width..(y / BLOCK + 1) * self.blocks.width;
            let before = &mut self.before[cells];
            count_blocks(&kept, &mut self.area[blocks.clone()]);
            for ((kept, before), both) in kept.iter().zip(before).zip(&mut both) {
                (*before, *both) = (*kept, *kept & *before);
            }
            count_blocks(&both, &mut self.again[blocks.clone()]);
            for ((kept, fresh), both) in kept.iter().zip(fresh).zip(&mut both) {
                *both = kept & fresh;
            }
            count_blocks(&both, &mut self.fresh[blocks]);
        }
    }

    /// Takes the blob that holds block `start` out of the blocks.
    fn take(&mut self, start: usize) -> Blob {
        let Grid { width, height } = self.blocks;
        let (x, y) = (start % width, start / width);
        let mut blob = Blob { area: 0, fresh: 0, again: 0, left: x, right: x, top: y, bottom: y };
        self.stack.push(start);
        while let Some(block) = self.stack.pop() {
            if self.area[block] < BLOCK_CELLS {
                continue;
            }
            blob.area += u32::from(std::mem::take(&mut self.area[block]));
            blob.fresh += u32::from(self.fresh[block]);
            blob.again += u32::from(self.again[block]);
            let (x, y) = (block % width, block / width);
            blob.left = blob.left.min(x);
            blob.right = blob.right.max(x);
            blob.top = blob.top.min(y);
            blob.bottom = blob.bottom.max(y);
            for ny in y.saturating_sub(1)..(y + 2).min(height) {
                for nx in x.saturating_sub(1)..(x + 2).min(width) {
                    if self.area[ny * width + nx] >= BLOCK_CELLS {
                        self.stack.push(ny * width + nx);
                    }
                }
            }
        }
        blob
    }
}

/// Adds a row of cells to the blocks it runs through.
fn count_blocks(row: &[u8], blocks: &mut [u16]) {
    for (block, cells) in blocks.iter_mut().zip(row.chunks(BLOCK)) {
        *block += u16::from(cells.iter().sum::<u8>());
    }
}
