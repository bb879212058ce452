// SPDX-License-Identifier: MIT OR Apache-2.0
//! The small picture motion is sought in: cells of averaged luma on a tone scale on which a change
//! of light adds the same everywhere, whatever the surface reflects.

use frame::Plane;

/// Units per tone level; a level is one step of luma around mid grey.
pub(super) const LEVEL: i16 = 16;
/// Most cells of the small picture: a little over 320 by 180.
pub(super) const MAX_CELLS: usize = 65_536;
/// Fewest cells per side; a smaller picture is not worth watching.
const MIN_SIDE: usize = 16;
/// Most samples per side of a picture.
const MAX_SIDE: usize = 16_384;
/// Luma at which a tone level is one luma step.
const MID_GREY: f32 = 100.0;
/// Added to luma before the logarithm, so that noise in the dark is not blown up without bound.
const DARK_OFFSET: f32 = 24.0;
/// Luma in 1/16.
const LUMA_STEPS: usize = 4096;

/// Width and height in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub width: usize,
    pub height: usize,
}

impl Grid {
    pub fn cells(self) -> usize {
        self.width * self.height
    }
}

/// Makes cells of a luma plane of one size.
#[derive(Debug)]
pub(super) struct Shrinker {
    picture: (usize, usize),
    factor: usize,
    grid: Grid,
    tone: Box<[i16; LUMA_STEPS]>,
    columns: Vec<u16>,
    raw: Vec<i16>,
    line: Vec<i16>,
}

impl Shrinker {
    /// For planes of `width` by `height` samples; `None` when motion cannot be sought in that size.
    pub fn new(width: usize, height: usize) -> Option<Self> {
        if width.max(height) > MAX_SIDE {
            return None;
        }
        let factor = (1..).find(|f| (width / f) * (height / f) <= MAX_CELLS)?;
        let grid = Grid { width: width / factor, height: height / factor };
        (grid.width >= MIN_SIDE && grid.height >= MIN_SIDE).then(|| Self {
            picture: (width, height),
            factor,
            grid,
            tone: tone_table(),
            columns: vec![0; grid.width * factor],
            raw: vec![0; grid.cells()],
            line: vec![0; grid.width],
        })
    }

    pub fn fits(&self, luma: &Plane<'_>) -> bool {
        self.picture == (luma.width, luma.height)
    }

    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// Lowest and highest tone a picture can have.
    pub fn tone_range(&self) -> (i16, i16) {
        (self.tone[0], self.tone[LUMA_STEPS - 1])
    }

    /// Averages `luma` (of the size given at construction) into `cells`, slightly smoothed.
    pub fn shrink(&mut self, luma: Plane<'_>, cells: &mut [i16]) {
        let band_len = luma.width * self.factor;
        let bands = luma.samples.chunks_exact(band_len);
        for (band, out) in bands.zip(self.raw.chunks_exact_mut(self.grid.width)) {
            self.columns.fill(0);
            for row in band.chunks_exact(luma.width) {
                for (sum, &sample) in self.columns.iter_mut().zip(row) {
                    *sum += u16::from(sample);
                }
            }
            match self.factor {
                1 => average::<1>(&self.columns, &self.tone, out),
                2 => average::<2>(&self.columns, &self.tone, out),
                3 => average::<3>(&self.columns, &self.tone, out),
                4 => average::<4>(&self.columns, &self.tone, out),
                6 => average::<6>(&self.columns, &self.tone, out),
                _ => average_any(self.factor, &self.columns, &self.tone, out),
            }
        }
        self.smooth(cells);
    }

    /// The binomial 3 by 3 filter; the outermost rows and columns count double beyond the border.
    fn smooth(&mut self, cells: &mut [i16]) {
        let Grid { width, height } = self.grid;
        for y in 0..height {
            let row = |y: usize| &self.raw[y * width..][..width];
            let (above, here, below) =
                (row(y.saturating_sub(1)), row(y), row((y + 1).min(height - 1)));
            for (((out, a), b), c) in self.line.iter_mut().zip(above).zip(here).zip(below) {
                *out = (a + 2 * b + c + 2) >> 2;
            }
            let out = &mut cells[y * width..][..width];
            let line = &self.line[..width];
            out[0] = line[0];
            out[width - 1] = line[width - 1];
            for (out, w) in out[1..width - 1].iter_mut().zip(line.windows(3)) {
                *out = (w[0] + 2 * w[1] + w[2] + 2) >> 2;
            }
        }
    }
}

fn average<const F: usize>(columns: &[u16], tone: &[i16; LUMA_STEPS], out: &mut [i16]) {
    let scale = scale_of(F);
    for (out, group) in out.iter_mut().zip(columns.chunks_exact(F)) {
        let sum: u32 = group.iter().map(|&column| u32::from(column)).sum();
        *out = tone[tone_index(sum, scale)];
    }
}

fn average_any(factor: usize, columns: &[u16], tone: &[i16; LUMA_STEPS], out: &mut [i16]) {
    let scale = scale_of(factor);
    for (out, group) in out.iter_mut().zip(columns.chunks_exact(factor)) {
        let sum: u32 = group.iter().map(|&column| u32::from(column)).sum();
        *out = tone[tone_index(sum, scale)];
    }
}

/// 2^16 times what turns a sum of `factor`² samples into luma in 1/16.
fn scale_of(factor: usize) -> u32 {
    let samples = u32::try_from(factor * factor).expect("MAX_SIDE bounds the factor");
    (16 << 16) / samples
}

fn tone_index(sum: u32, scale: u32) -> usize {
    // 255 * samples * scale <= 255 * 2^20, so nothing overflows.
    ((sum * scale + 0x8000) >> 16) as usize & (LUMA_STEPS - 1)
}

fn tone_table() -> Box<[i16; LUMA_STEPS]> {
    let per_level = f32::from(LEVEL) * (MID_GREY + DARK_OFFSET);
    let mut table = Box::new([0; LUMA_STEPS]);
    for (luma, tone) in (0_u16..).zip(table.iter_mut()) {
        let ratio = (f32::from(luma) / 16.0 + DARK_OFFSET) / DARK_OFFSET;
        #[expect(clippy::cast_possible_truncation, reason = "ln(279/24) * 1984 is below 4900")]
        let rounded = (per_level * ratio.ln()).round() as i16;
        *tone = rounded;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_sizes_come_out_near_320_by_180() {
        let cases = [
            ((1920, 1080), Some((320, 180))),
            ((1280, 720), Some((320, 180))),
            ((768, 576), Some((256, 192))),
            ((640, 360), Some((320, 180))),
            ((640, 480), Some((213, 160))),
            ((3840, 2160), Some((320, 180))),
            ((320, 240), Some((160, 120))),
            ((160, 120), Some((160, 120))),
            ((15, 400), None),
            ((0, 0), None),
            ((100_000, 100), None),
        ];
        for ((width, height), expected) in cases {
            let grid = Shrinker::new(width, height).map(|s| (s.grid().width, s.grid().height));
            assert_eq!(grid, expected, "{width}x{height}");
        }
    }

    #[test]
    fn every_factor_averages() {
        for factor in 1..=8 {
            // MAX_CELLS forces this factor: one less would give too many cells.
            let (width, height) = (256 * factor + factor / 2, 240 * factor);
            let mut shrinker = Shrinker::new(width, height).unwrap();
            assert_eq!(shrinker.factor, factor);
            let samples: Vec<u8> = (0..width * height)
                .map(|i| if (i / width + i % width) % 2 == 0 { 99 } else { 101 })
                .collect();
            let mut cells = vec![0; shrinker.grid().cells()];
            shrinker.shrink(Plane { samples: &samples, width, height }, &mut cells);
            let grey = shrinker.tone[100 * 16];
            let worst = cells.iter().map(|cell| (cell - grey).abs()).max().unwrap();
            assert!(worst <= LEVEL, "factor {factor}: off by {worst}");
        }
    }

    #[test]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "luma in 1/16")]
    fn twice_the_light_adds_the_same_on_dark_and_bright() {
        let tone = tone_table();
        let rise = |luma: f32| {
            let to = (luma + DARK_OFFSET) * 1.3 - DARK_OFFSET;
            tone[(to * 16.0) as usize] - tone[(luma * 16.0) as usize]
        };
        assert!((rise(20.0) - rise(150.0)).abs() <= 2);
    }
}
