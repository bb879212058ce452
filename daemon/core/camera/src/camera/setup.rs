// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a camera is for as long as the daemon runs: its configuration, checked.

use hap::setup::Category;
use privacy::LIVE_SERVICES;
use sha2::{Digest, Sha256};

use crate::services::{self, Identity};
use crate::tlv::live::LiveOffer;
use crate::tlv::recording::Offer;

/// The camera's configuration.
#[derive(Debug, Clone)]
pub struct Setup {
    /// A camera, or a camera with a bell.
    pub category: Category,
    /// Its names and numbers.
    pub identity: Identity,
    /// What recordings are offered.
    pub recording: Offer,
    /// What live view is offered.
    pub live: LiveOffer,
    /// How many viewers there may be at once.
    pub maximum_viewers: MaximumViewers,
    /// What the lens sees.
    pub field_of_view: FieldOfView,
}

/// How many viewers there may be at once: 1 to [`LIVE_SERVICES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaximumViewers(usize);

/// The number of viewers cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number of viewers must be 1 to {LIVE_SERVICES}, not {0}")]
pub struct MaximumViewersRange(pub usize);

impl MaximumViewers {
    /// One for each stream service.
    pub const MAX: Self = Self(LIVE_SERVICES);

    /// The number.
    pub const fn get(self) -> usize {
        self.0
    }
}

impl TryFrom<usize> for MaximumViewers {
    type Error = MaximumViewersRange;

    fn try_from(viewers: usize) -> Result<Self, Self::Error> {
        let is_fit = (1..=LIVE_SERVICES).contains(&viewers);
        if is_fit { Ok(Self(viewers)) } else { Err(MaximumViewersRange(viewers)) }
    }
}

/// Diagonal field of view in arc degrees, 0 to 360.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldOfView(f64);

/// The angle is none.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("the field of view must be 0 to 360 degrees, not {0}")]
pub struct FieldOfViewRange(pub f64);

impl FieldOfView {
    /// In arc degrees.
    pub const fn degrees(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for FieldOfView {
    type Error = FieldOfViewRange;

    fn try_from(degrees: f64) -> Result<Self, FieldOfViewRange> {
        let is_fit = (0.0..=360.0).contains(&degrees);
        if is_fit { Ok(Self(degrees)) } else { Err(FieldOfViewRange(degrees)) }
    }
}

impl Setup {
    /// A number for all that controllers keep from the day of pairing: the database, the offers,
    /// the identity. Where it differs from the last start's, the configuration number (`c#`) must
    /// rise. Nothing else may be read from it.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for service in services::database(self.category).services() {
            hash.update(format!("{service:?}\n"));
        }
        hash.update(format!("{:?}\n", self.identity.labels()));
        hash.update(self.recording.hash());
        for value in [self.live.video(), self.live.audio(), self.live.rtp()] {
            hash.update(format!("{value:?}\n"));
        }
        hash.update(self.field_of_view.degrees().to_le_bytes());
        hash.finalize().into()
    }
}
