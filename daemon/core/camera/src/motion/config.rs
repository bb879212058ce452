// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the owner may set about motion detection, as types that cannot hold a bad value.

use std::time::Duration;

use thiserror::Error;

/// Most corners of a zone.
pub const MAX_CORNERS: usize = 32;
/// Most zones.
pub const MAX_ZONES: usize = 16;

/// Why a value was refused.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum ConfigError {
    /// Not 0 to 100.
    #[error("sensitivity {0} is not within 0 to 100")]
    Sensitivity(u8),
    /// Not 1 s to 10 min.
    #[error("hold time {0:?} is not within 1 s to 10 min")]
    Hold(Duration),
    /// Not 0.0002 to 0.5, or not a number.
    #[error("minimum size {0} is not within 0.0002 to 0.5 of the picture")]
    MinimumSize(f32),
    /// Fewer than three corners or more than [`MAX_CORNERS`].
    #[error("a zone has {0} corners, which is not within 3 to {MAX_CORNERS}")]
    Corners(usize),
    /// A corner outside the picture.
    #[error("corner ({}, {}) of a zone is outside the picture (0 to 1)", .0.x, .0.y)]
    Corner(Point),
    /// More than [`MAX_ZONES`].
    #[error("{0} zones are more than {MAX_ZONES}")]
    Zones(usize),
}

/// How readily movement is reported: 0 only when it stands out strongly, 100 at the slightest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sensitivity(u8);

impl Sensitivity {
    /// From 0 to 100.
    pub const fn new(percent: u8) -> Result<Self, ConfigError> {
        if percent > 100 {
            return Err(ConfigError::Sensitivity(percent));
        }
        Ok(Self(percent))
    }

    /// 0 to 100.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl Default for Sensitivity {
    /// 50.
    fn default() -> Self {
        Self(50)
    }
}

/// How long motion stays reported after the last movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold(Duration);

impl Hold {
    /// From 1 s to 10 min. Below 10 s a home hub may make several clips of one event.
    pub const fn new(time: Duration) -> Result<Self, ConfigError> {
        if time.as_millis() < 1_000 || time.as_millis() > 600_000 {
            return Err(ConfigError::Hold(time));
        }
        Ok(Self(time))
    }

    /// The time.
    pub const fn time(self) -> Duration {
        self.0
    }
}

impl Default for Hold {
    /// 10 s, so that one event is one clip.
    fn default() -> Self {
        Self(Duration::from_secs(10))
    }
}

/// The smallest thing that counts, as a share of the picture's area.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct MinimumSize(f32);

impl MinimumSize {
    /// From 0.0002 to 0.5.
    pub fn new(share: f32) -> Result<Self, ConfigError> {
        if (0.0002..=0.5).contains(&share) {
            return Ok(Self(share));
        }
        Err(ConfigError::MinimumSize(share))
    }

    /// Share of the picture, 0 to 1.
    pub const fn share(self) -> f32 {
        self.0
    }
}

impl Default for MinimumSize {
    /// 0.001: a person of about an eighth of the picture's height.
    fn default() -> Self {
        Self(0.001)
    }
}

/// A place in the picture: (0, 0) is the upper left corner, (1, 1) the lower right one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// 0 left to 1 right.
    pub x: f32,
    /// 0 top to 1 bottom.
    pub y: f32,
}

/// What a zone is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneKind {
    /// Movement counts here. With at least one such zone it counts nowhere else.
    Include,
    /// Movement does not count here, whatever other zones say.
    Exclude,
}

/// A part of the picture bounded by a polygon.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    kind: ZoneKind,
    corners: Vec<Point>,
}

impl Zone {
    /// From 3 to [`MAX_CORNERS`] corners within the picture; edges that cross follow the even-odd
    /// rule.
    pub fn polygon(kind: ZoneKind, corners: Vec<Point>) -> Result<Self, ConfigError> {
        if !(3..=MAX_CORNERS).contains(&corners.len()) {
            return Err(ConfigError::Corners(corners.len()));
        }
        let inside = |c: &Point| (0.0..=1.0).contains(&c.x) && (0.0..=1.0).contains(&c.y);
        match corners.iter().find(|corner| !inside(corner)) {
            Some(corner) => Err(ConfigError::Corner(*corner)),
            None => Ok(Self { kind, corners }),
        }
    }

    /// A rectangle between two opposite corners.
    pub fn rectangle(kind: ZoneKind, a: Point, b: Point) -> Result<Self, ConfigError> {
        Self::polygon(kind, vec![a, Point { x: b.x, y: a.y }, b, Point { x: a.x, y: b.y }])
    }

    /// What it is for.
    pub fn kind(&self) -> ZoneKind {
        self.kind
    }

    /// Whether `point` is within.
    pub fn contains(&self, point: Point) -> bool {
        let next = self.corners.iter().cycle().skip(1);
        let crossings = self.corners.iter().zip(next).filter(|(a, b)| {
            (a.y > point.y) != (b.y > point.y)
                && point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)
        });
        crossings.count() % 2 == 1
    }
}

/// Settings of a [`MotionDetector`](super::MotionDetector).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MotionConfig {
    /// How readily movement is reported.
    pub sensitivity: Sensitivity,
    /// How long it stays reported.
    pub hold: Hold,
    /// The smallest thing that counts.
    pub minimum_size: MinimumSize,
    /// Where it counts; everywhere when empty.
    pub zones: Zones,
}

/// Up to [`MAX_ZONES`] zones.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Zones(Vec<Zone>);

impl Zones {
    /// Refuses more than [`MAX_ZONES`].
    pub fn new(zones: Vec<Zone>) -> Result<Self, ConfigError> {
        if zones.len() > MAX_ZONES {
            return Err(ConfigError::Zones(zones.len()));
        }
        Ok(Self(zones))
    }

    /// Whether movement at `point` counts.
    pub fn count_at(&self, point: Point) -> bool {
        let mut includes = self.0.iter().filter(|zone| zone.kind == ZoneKind::Include).peekable();
        let included = includes.peek().is_none() || includes.any(|zone| zone.contains(point));
        let mut excludes = self.0.iter().filter(|zone| zone.kind == ZoneKind::Exclude);
        included && !excludes.any(|zone| zone.contains(point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn bad_values_are_refused() {
        assert_eq!(Sensitivity::new(101), Err(ConfigError::Sensitivity(101)));
        assert!(Sensitivity::new(100).is_ok());
        let short = Duration::from_millis(999);
        assert_eq!(Hold::new(short), Err(ConfigError::Hold(short)));
        assert!(Hold::new(Duration::from_secs(600)).is_ok());
        assert!(Hold::new(Duration::from_millis(600_001)).is_err());
        assert!(MinimumSize::new(f32::NAN).is_err());
        assert!(MinimumSize::new(0.6).is_err());
        let corner = at(0.5, 1.1);
        assert_eq!(
            Zone::polygon(ZoneKind::Include, vec![at(0.0, 0.0), at(1.0, 0.0), corner]),
            Err(ConfigError::Corner(corner))
        );
        assert!(Zone::polygon(ZoneKind::Include, vec![at(0.0, f32::NAN); 3]).is_err());
        assert_eq!(
            Zone::polygon(ZoneKind::Include, vec![at(0.0, 0.0); 2]),
            Err(ConfigError::Corners(2))
        );
        assert!(Zone::polygon(ZoneKind::Include, vec![at(0.0, 0.0); 33]).is_err());
        let zone = Zone::rectangle(ZoneKind::Include, at(0.0, 0.0), at(0.5, 0.5)).unwrap();
        assert_eq!(Zones::new(vec![zone; 17]), Err(ConfigError::Zones(17)));
    }

    #[test]
    fn zones_combine() {
        let triangle = vec![at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0)];
        let include = Zone::polygon(ZoneKind::Include, triangle).unwrap();
        let exclude = Zone::rectangle(ZoneKind::Exclude, at(0.0, 0.0), at(0.2, 0.2)).unwrap();
        let cases = [
            (vec![], at(0.9, 0.9), true),
            (vec![include.clone()], at(0.3, 0.3), true),
            (vec![include.clone()], at(0.9, 0.9), false),
            (vec![exclude.clone()], at(0.9, 0.9), true),
            (vec![exclude.clone()], at(0.1, 0.1), false),
            (vec![include.clone(), exclude.clone()], at(0.1, 0.1), false),
            (vec![exclude, include], at(0.3, 0.3), true),
        ];
        for (zones, point, counts) in cases {
            let row = format!("{zones:?} {point:?}");
            assert_eq!(Zones::new(zones).unwrap().count_at(point), counts, "{row}");
        }
    }
}
