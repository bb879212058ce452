// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rain and snow: many things at once that are somewhere else in every frame.

use std::time::Duration;

use super::blobs::Blob;

/// With so many blobs that were not there in the frame before, it rains;
const MANY: f32 = 4.0;
/// also when they fill this part of the picture (its reciprocal).
const LARGE_SHARE: usize = 8;
/// For about so long the weather is remembered.
const MEMORY: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Weather {
    /// Fleeting blobs per frame of late.
    fleeting: f32,
}

impl Weather {
    /// Takes what may be rain or snow out of `blobs`. In fair weather that is nothing, so that who
    /// runs past is seen; in foul weather all that does not overlap what it was a frame before.
    /// `gap` is the time since that frame, `cells` how many cells the picture has.
    pub fn sort_out(&mut self, gap: Duration, cells: usize, blobs: &mut Vec<Blob>) {
        let fleeting = blobs.iter().filter(|blob| is_fleeting(blob));
        let (count, area) = fleeting.fold((0.0, 0), |(n, area), blob| (n + 1.0, area + blob.area));
        self.fleeting *= (-gap.as_secs_f32() / MEMORY.as_secs_f32()).exp();
        self.fleeting = self.fleeting.max(count);
        let is_large = usize::try_from(area).unwrap_or(cells) * LARGE_SHARE > cells;
        if self.fleeting >= MANY || is_large {
            blobs.retain(|blob| !is_fleeting(blob));
        }
    }
}

/// Less than two fifths of it moved before.
fn is_fleeting(blob: &Blob) -> bool {
    5 * blob.again < 2 * blob.area
}
