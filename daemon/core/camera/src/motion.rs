// SPDX-License-Identifier: MIT OR Apache-2.0
//! Motion detection on the luma plane: whether something walks before the camera, not what it is.
//!
//! ```text
//! luma ─► cells ─► illumination ─► background ─► blobs ─► weather ─► tracks ─► hold
//!         shrink   what the light   two looks     groups   rain and   seen      Started,
//!         and tone did to it        per cell      of cells snow out   again     Ended
//! ```
//!
//! * **Cells.** The picture is averaged to at most 65536 cells (320 by 180 of 16:9), smoothed, and
//!   put on a logarithmic tone scale, on which more light adds the same to every surface.
//! * **Illumination.** Per tile of about 40 by 40 cells the median difference from the background,
//!   then the median over neighbouring tiles, is a change of light; the background is moved along.
//!   So lamps, clouds and the exposure hardly become differences at all. When the light jumps in
//!   a quarter of the tiles, or 30 % of the cells change at once, nothing is reported for 0.5 s
//!   (at most for 3 s on end).
//! * **Background.** A cell has a calm look and the newest other look, with the time it was kept.
//!   A difference counts above a floor, plus a multiple of the cell's own usual deviation (noise,
//!   flicker), plus what half a cell of shaking makes at an edge. A cell *moves* when it shows
//!   neither the calm look nor one kept for 1 s, and is *fresh* when it shows neither at all. A look
//!   kept for 30 s becomes the calm one and the old calm one is kept as the other, so that neither
//!   a parked car nor its leaving is reported for long. A cell fresh in more than 15 % of the
//!   frames of the last 20 s (twigs, water, a clock) is restless and does not count.
//! * **Blobs.** Moving cells with enough moving neighbours, joined over blocks of 4 by 4 cells; at
//!   least the configured size, within the zones. A blob with the background's own texture is a
//!   lit or shaded place and does not count.
//! * **Weather.** When many blobs do not overlap what moved a frame before, only those that do
//!   count.
//! * **Tracks.** A blob must be seen again nearby, in three frames (two, if they come less often
//!   than every 150 ms) over at least 180 ms, and must go on changing: what appears at once and
//!   then stays is light.
//!
//! All rates are per second and frames closer than 80 ms are passed over, so that the frame rate
//! does not matter. It needs about 0.4 ms for a frame of 768 by 576; see
//! `examples/motion_speed.rs`. How well it does is measured by `tests/motion_on_real_video.rs`.
//!
//! Known limits: a gust in a tree that was calm is motion until it is learned (half a minute or
//! so), and boughs that now and then swing much wider than usual stay motion: a zone that excludes
//! the tree helps; who stands still for longer than the hold time is no longer motion; who runs past at 5
//! frames a second in heavy rain is taken for rain.

mod background;
mod blobs;
mod cells;
mod config;
mod correlation;
mod illumination;
mod tracks;
mod weather;

use std::time::{Duration, Instant};

use frame::Plane;

use self::background::{Background, LANES, Rates, Thresholds};
use self::blobs::{Blob, BlobFinder};
use self::cells::{LEVEL, Shrinker};
use self::correlation::Correlation;
use self::illumination::Illumination;
use self::tracks::Tracks;
use self::weather::Weather;

pub use self::config::{
    ConfigError, Hold, MAX_CORNERS, MAX_ZONES, MinimumSize, MotionConfig, Point, Sensitivity, Zone,
    ZoneKind, Zones,
};

/// Frames that come sooner after the last one looked at are passed over.
const MIN_INTERVAL: Duration = Duration::from_millis(80);
/// After so long without frames nothing seen before says anything about movement now.
const GAP: Duration = Duration::from_millis(1_500);
/// After so long without frames the background is learned anew.
const STALE: Duration = Duration::from_secs(120);
/// Nothing is reported before the background was watched for this long.
const LEARNING: Duration = Duration::from_millis(1_500);
/// For this long after the start the background follows faster.
const YOUNG: Duration = Duration::from_secs(12);
/// A tick of the background's ages.
const TICK: Duration = Duration::from_millis(250);
/// A thing left behind becomes background after so many ticks: 30 s.
const ABSORB_TICKS: i16 = 120;
/// The same after a change of light that took the whole picture: 2 s.
const ABSORB_TICKS_AFTER_FLOOD: i16 = 8;
/// How long that holds.
const FLOOD_MEMORY: Duration = Duration::from_secs(6);
/// When so much of the picture changes at once (in 1/256), it is the light or the camera.
const FLOOD_SHARE: usize = 77;
/// Nothing is reported for this long after that,
const FLOOD_PAUSE: Duration = Duration::from_millis(500);
/// unless it goes on for longer than this.
const MAX_FLOOD: Duration = Duration::from_secs(3);

/// What [`MotionDetector`] has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MotionChange {
    /// Something began to move.
    Started,
    /// Nothing has moved for the hold time.
    Ended,
}

/// Tells whether something moves before the camera.
#[derive(Debug)]
pub struct MotionDetector {
    config: MotionConfig,
    scene: Option<Scene>,
    hold: MotionHold,
}

/// For how long motion is reported after it was seen last. A look takes its time; who holds this
/// apart from the detector that [looks](MotionDetector::look) never waits for one.
#[derive(Debug)]
pub struct MotionHold {
    time: Duration,
    /// While motion is reported: when that ends.
    until: Option<Instant>,
}

impl MotionHold {
    /// Nothing moves yet.
    pub fn new(hold: Hold) -> Self {
        Self { time: hold.time(), until: None }
    }

    /// Motion for the hold time from `now` on.
    #[must_use]
    pub fn trigger(&mut self, now: Instant) -> Option<MotionChange> {
        self.until.replace(now + self.time).is_none().then_some(MotionChange::Started)
    }

    /// Ends motion when its hold time has passed.
    #[must_use]
    pub fn handle_timeout(&mut self, now: Instant) -> Option<MotionChange> {
        self.until.take_if(|until| *until <= now).map(|_| MotionChange::Ended)
    }

    /// Ends motion now.
    #[must_use]
    pub fn end(&mut self) -> Option<MotionChange> {
        self.until.take().map(|_| MotionChange::Ended)
    }
}

impl MotionDetector {
    /// Knows no background yet.
    pub fn new(config: MotionConfig) -> Self {
        Self { hold: MotionHold::new(config.hold), config, scene: None }
    }

    /// Looks at a picture captured at `now`. Any size will do; another size than the last starts
    /// to learn anew. At least 2 a second are needed, 5 to 10 are best, more are passed over. A
    /// picture below 16 by 16, above 16384 a side or with fewer samples than its size says only
    /// serves as a clock.
    #[must_use]
    pub fn handle(&mut self, now: Instant, luma: Plane<'_>) -> Option<MotionChange> {
        if self.look(now, luma) {
            return self.trigger(now);
        }
        self.handle_timeout(now)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called, should no picture come.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.hold.until
    }

    /// Ends motion when its hold time has passed.
    #[must_use]
    pub fn handle_timeout(&mut self, now: Instant) -> Option<MotionChange> {
        self.hold.handle_timeout(now)
    }

    /// Motion for the hold time because something else saw it, say a passive infrared sensor.
    #[must_use]
    pub fn trigger(&mut self, now: Instant) -> Option<MotionChange> {
        self.hold.trigger(now)
    }

    /// Forgets the background, as is due when the camera is switched off, and ends motion.
    #[must_use]
    pub fn reset(&mut self) -> Option<MotionChange> {
        self.forget();
        self.hold.end()
    }

    /// Forgets the background.
    pub fn forget(&mut self) {
        self.scene = None;
    }

    /// What moved of the picture when it was last looked at, and from where on that counts: shares
    /// of the picture's area, 0 to 1. `None` before the first look.
    pub fn score(&self) -> Option<(f32, f32)> {
        self.scene.as_ref().map(|scene| (scene.largest, self.config.minimum_size.share()))
    }

    /// Whether motion is reported.
    pub fn is_motion(&self) -> bool {
        self.hold.until.is_some()
    }

    /// Looks at a picture as [`handle`](Self::handle) does, for whoever keeps a [`MotionHold`]
    /// elsewhere: whether something moves.
    pub fn look(&mut self, now: Instant, luma: Plane<'_>) -> bool {
        let len = luma.width.checked_mul(luma.height);
        let Some(samples) = len.and_then(|len| luma.samples.get(..len)) else {
            tracing::debug!(
                len = luma.samples.len(),
                luma.width,
                luma.height,
                "luma plane cut off"
            );
            return false;
        };
        let luma = Plane { samples, ..luma };
        let is_current = |scene: &Scene| {
            scene.shrinker.fits(&luma) && now.saturating_duration_since(scene.last) < STALE
        };
        match self.scene.as_mut().filter(|scene| is_current(scene)) {
            Some(scene) => scene.observe(now, luma, &self.config),
            None => {
                self.scene = Scene::new(now, luma, &self.config);
                false
            }
        }
    }
}

/// What is known of the picture.
#[derive(Debug)]
struct Scene {
    shrinker: Shrinker,
    cells: Vec<i16>,
    illumination: Illumination,
    background: Background,
    finder: BlobFinder,
    weather: Weather,
    tracks: Tracks,
    since: Instant,
    last: Instant,
    /// Between the last two frames looked at.
    gap: Duration,
    /// Frames looked at.
    frames: u32,
    /// Time that has not yet made a tick, and movement that has not yet made a tone unit.
    tick_rest: Duration,
    step_rest: f32,
    /// The largest thing that moved at the last look, as a share of the picture's area.
    largest: f32,
    /// The last time the whole picture changed, and since when it has been doing so.
    flood: Option<(Instant, Instant)>,
}

impl Scene {
    fn new(now: Instant, luma: Plane<'_>, config: &MotionConfig) -> Option<Self> {
        let mut shrinker = Shrinker::new(luma.width, luma.height)?;
        let grid = shrinker.grid();
        let mut cells = vec![0; grid.cells().next_multiple_of(LANES)];
        shrinker.shrink(luma, &mut cells);
        let counts_at = zone_mask(grid, config);
        Some(Self {
            illumination: Illumination::new(grid),
            background: Background::new(grid, shrinker.tone_range(), &cells),
            finder: BlobFinder::new(grid, counts_at),
            shrinker,
            cells,
            weather: Weather::default(),
            tracks: Tracks::default(),
            since: now,
            last: now,
            gap: Duration::ZERO,
            frames: 1,
            tick_rest: Duration::ZERO,
            step_rest: 0.0,
            largest: 0.0,
            flood: None,
        })
    }

    fn observe(&mut self, now: Instant, luma: Plane<'_>, config: &MotionConfig) -> bool {
        let gap = now.saturating_duration_since(self.last);
        if gap < MIN_INTERVAL {
            return false;
        }
        (self.last, self.gap) = (now, gap);
        self.frames = self.frames.saturating_add(1);
        self.shrinker.shrink(luma, &mut self.cells);
        if let Some(change) = self.illumination.change(&self.cells, self.background.calm()) {
            self.background.follow_light(change);
        }
        let rates = self.rates(now, gap);
        self.background.update(&self.cells, thresholds(config.sensitivity), rates);
        if gap > GAP {
            self.tracks.clear();
        }
        // Blobs are found even when they do not count: the next ones are compared with them.
        let blobs = self.moving_blobs(config);
        if self.is_flooded(now) || now.duration_since(self.since) < LEARNING {
            self.tracks.clear();
            return false;
        }
        self.tracks.observe(now, gap, &blobs)
    }

    fn moving_blobs(&mut self, config: &MotionConfig) -> Vec<Blob> {
        let cells = self.shrinker.grid().cells();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of at most 65536 cells"
        )]
        let minimum = (cells as f32 * config.minimum_size.share()).ceil() as u32;
        let (moving, fresh) = (self.background.moving(), self.background.fresh());
        let mut blobs = self.finder.find(moving, fresh);
        self.weather.sort_out(self.gap, cells, &mut blobs);
        let largest = blobs.iter().map(|blob| blob.area).max().unwrap_or(0);
        #[expect(clippy::cast_precision_loss, reason = "at most 65536 cells")]
        let share = largest as f32 / cells as f32;
        self.largest = share;
        blobs.retain(|blob| blob.area >= minimum && !self.is_only_lit(blob));
        blobs
    }

    /// Whether a blob shows what was there before in another light: as the background gets brighter
    /// or darker from cell to cell, so does the picture.
    fn is_only_lit(&self, blob: &Blob) -> bool {
        let (moving, calm) = (self.background.moving(), self.background.calm());
        let mut sums = Correlation::default();
        for row in blob.cells_of_rows(self.shrinker.grid()) {
            for i in row.filter(|&i| moving[i] == 1) {
                sums.add(self.cells[i], calm[i]);
            }
        }
        sums.is_strong()
    }

    /// Whether the whole picture changes or just did.
    fn is_flooded(&mut self, now: Instant) -> bool {
        let fresh = self.background.fresh();
        let changed: usize = fresh.chunks(255).map(|c| usize::from(c.iter().sum::<u8>())).sum();
        let recent = self.flood.filter(|(last, _)| now.duration_since(*last) < FLOOD_PAUSE);
        if self.illumination.is_switching() || changed * 256 > fresh.len() * FLOOD_SHARE {
            let since = recent.map_or(now, |(_, since)| since);
            self.flood = Some((now, since));
            return now.duration_since(since) < MAX_FLOOD;
        }
        recent.is_some_and(|(_, since)| now.duration_since(since) < MAX_FLOOD)
    }

    #[expect(clippy::cast_possible_truncation, reason = "small numbers by construction")]
    fn rates(&mut self, now: Instant, gap: Duration) -> Rates {
        let gap = gap.min(Duration::from_secs(1));
        let seconds = gap.as_secs_f32();
        let age = now.duration_since(self.since);
        let learn = if age < LEARNING { 32_768 / i64::from(self.frames) } else { 0 };
        let levels_per_second = if age < YOUNG { 4.0 } else { 0.5 };
        self.step_rest += seconds * levels_per_second * f32::from(LEVEL);
        let step = self.step_rest.floor();
        self.step_rest -= step;
        self.tick_rest += gap;
        let mut ticks = 0;
        while self.tick_rest >= TICK {
            self.tick_rest -= TICK;
            ticks += 1;
        }
        let share = |time: f32| ((seconds / time).min(0.5) * 32_768.0) as i16;
        let known = |usual: f32| if age < LEARNING { age.as_secs_f32().max(0.3) } else { usual };
        let flooded = self.flood.is_some_and(|(last, _)| now.duration_since(last) < FLOOD_MEMORY);
        Rates {
            learn: learn as i16,
            step: step as i16,
            rise: share(known(8.0)),
            fall: share(known(20.0)),
            stir: share(20.0),
            ticks,
            absorb: if flooded { ABSORB_TICKS_AFTER_FLOOD } else { ABSORB_TICKS },
        }
    }
}

fn thresholds(sensitivity: Sensitivity) -> Thresholds {
    // 0: 9 levels and 7 deviations; 50: 4.5 and 5; 100: 2.25 and 3.
    let dullness = f32::from(100 - sensitivity.percent()) / 50.0;
    #[expect(clippy::cast_possible_truncation, reason = "at most 144 and 28672")]
    Thresholds {
        floor: (2.25 * dullness.exp2() * f32::from(LEVEL)) as i16,
        deviations: ((3.0 + 2.0 * dullness) * 4096.0) as i16,
    }
}

#[expect(clippy::cast_precision_loss, reason = "cell numbers are small")]
fn zone_mask(grid: cells::Grid, config: &MotionConfig) -> Vec<u8> {
    let middle = |cell: usize, cells: usize| (cell as f32 + 0.5) / cells as f32;
    (0..grid.cells())
        .map(|i| {
            let x = middle(i % grid.width, grid.width);
            let y = middle(i / grid.width, grid.height);
            u8::from(config.zones.count_at(Point { x, y }))
        })
        .collect()
}
