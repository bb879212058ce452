// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the software encoder may use of the machine, and how fast it is.

use std::num::{NonZeroU8, NonZeroU16};

use super::{Limits, Pictures};

/// What the software encoder may use. The defaults stand in the daemon's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Macroblocks (16 by 16 pixels) that one core encodes in a second.
    pub speed: u32,
    /// The machine's cores.
    pub cores: NonZeroU16,
    /// How much of all cores together.
    pub share: Share,
}

/// Percent of the machine's processor, 10 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u8);

impl Share {
    /// In percent.
    pub const fn percent(self) -> u8 {
        self.0
    }
}

impl Default for Share {
    /// More than half, so that two cores record the largest picture; the rest is for motion
    /// detection, sound, the network and whatever else the owner runs.
    fn default() -> Self {
        Self(60)
    }
}

impl TryFrom<u8> for Share {
    type Error = &'static str;

    fn try_from(percent: u8) -> Result<Self, Self::Error> {
        if (10..=100).contains(&percent) {
            Ok(Self(percent))
        } else {
            Err("the encoder's budget must be 10 to 100 percent")
        }
    }
}

/// The encoder has no more threads for one picture.
const MOST_THREADS: u8 = 4;

impl Budget {
    /// What fits, in at most `encodes` encodes.
    pub fn limits(&self, encodes: usize) -> Limits {
        let whole = u64::from(self.speed) * u64::from(self.cores.get());
        let macroblocks_per_second = whole * u64::from(self.share.0) / 100;
        Limits { encodes, macroblocks_per_second }
    }

    /// Threads for an encode of `pictures`: one where a core manages them within three quarters of
    /// its time, since every further thread costs the machine a tenth more for the same pictures.
    pub fn threads(&self, pictures: Pictures) -> NonZeroU8 {
        let one = u64::from(self.speed.max(1)) * 3 / 4;
        let most = u8::try_from(self.cores.get()).unwrap_or(u8::MAX).min(MOST_THREADS);
        let needed = pictures.macroblocks_per_second().div_ceil(one.max(1));
        let threads = u8::try_from(needed).unwrap_or(u8::MAX).clamp(1, most);
        NonZeroU8::new(threads).unwrap_or(NonZeroU8::MIN)
    }
}
