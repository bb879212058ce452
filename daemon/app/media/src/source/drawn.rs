// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sources without a device: they are asked for a picture at every point of the time grid.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use frame::{RawFrame, Size, YuvPicture};

use super::pattern::{Drawn, Moment, Scene, TestPattern};
use super::{FrameSource, LONGEST_WAIT, SourceError};
use crate::clock::{Pace, Pacer, Signal, monotonic};
use crate::pool::Pool;

/// Makes the picture of a moment.
pub(crate) trait Painter: Send {
    /// The picture `elapsed` after the first one; `None` when all picture memory is held by late
    /// readers, so that this one is lost.
    fn paint(
        &mut self,
        number: u64,
        elapsed: Duration,
    ) -> Result<Option<Arc<YuvPicture>>, SourceError>;
}

/// Paces a painter in real time.
pub(crate) struct DrawnSource<P> {
    painter: P,
    pacer: Pacer,
    first: Option<u64>,
    fps: u32,
}

impl<P: Painter> DrawnSource<P> {
    pub(crate) fn new(painter: P, fps: u32) -> Self {
        Self { painter, pacer: Pacer::new(fps, monotonic()), first: None, fps }
    }
}

impl<P: Painter> FrameSource for DrawnSource<P> {
    fn next(&mut self, signal: &Signal) -> Result<Option<RawFrame>, SourceError> {
        let seen = signal.seen();
        match self.pacer.poll(monotonic()) {
            Pace::Wait(time) => {
                signal.wait_for(seen, time.min(LONGEST_WAIT));
                Ok(None)
            }
            Pace::Due(slot, pts) => {
                let number = slot - *self.first.get_or_insert(slot);
                let elapsed = Duration::from_secs(1)
                    * u32::try_from(number / u64::from(self.fps)).unwrap_or(u32::MAX)
                    + Duration::from_secs(number % u64::from(self.fps)) / self.fps;
                let picture = self.painter.paint(number, elapsed)?;
                Ok(picture.map(|picture| RawFrame { number, pts, picture }))
            }
        }
    }
}

/// The test pattern with its picture memory.
pub(crate) struct PatternPainter {
    pattern: TestPattern,
    pool: Pool<Drawn>,
}

impl PatternPainter {
    pub(crate) fn new(scene: Scene, size: Size, pictures: usize) -> Self {
        Self { pattern: TestPattern::new(scene, size), pool: Pool::new(size, pictures) }
    }
}

impl Painter for PatternPainter {
    fn paint(
        &mut self,
        number: u64,
        elapsed: Duration,
    ) -> Result<Option<Arc<YuvPicture>>, SourceError> {
        let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let moment = Moment { number, elapsed, unix_s };
        let painted: Result<_, Infallible> = self.pool.paint(|picture, drawn| {
            self.pattern.draw(&moment, picture, drawn);
            Ok(())
        });
        match painted {
            Ok(picture) => Ok(picture),
        }
    }
}
