// SPDX-License-Identifier: MIT OR Apache-2.0
//! Smaller pictures: by the machine's scaler where it has one and the picture still lies in a
//! device's memory, else by the processor.

mod choice;
mod device;

use std::sync::Arc;

use frame::{Size, YuvPicture};

use crate::clock::Alarm;
use crate::scale::{Scaler, shrink};

pub(crate) use choice::Scalers;
pub use choice::{ScalerChoice, UnknownScaler};
pub(crate) use device::{DeviceScaler, Patience};

/// Makes the small pictures that readers of the frame bus want, on the capture thread.
pub(crate) struct Shrinker {
    device: DeviceScaler,
    /// The capture thread has to look at its permit when it rings.
    alarm: Arc<Alarm>,
    software: Scaler,
}

impl Shrinker {
    pub(crate) fn new(scalers: Arc<Scalers>, alarm: Arc<Alarm>) -> Self {
        Self { device: DeviceScaler::new(scalers), alarm, software: Scaler::default() }
    }

    /// The luma of `picture`, scaled down to fit `size`; chroma is neutral grey. Memory of ours.
    pub(crate) fn luma(&mut self, picture: &Arc<YuvPicture>, size: Size) -> Arc<YuvPicture> {
        let size = shrink(picture.size(), size);
        let small = self.device.scale(picture, size, Patience::Short(&self.alarm));
        let mut luma = YuvPicture::black(size);
        self.software.luma(small.as_ref().unwrap_or(picture), &mut luma);
        Arc::new(luma)
    }

    /// `picture` scaled down to fit `size` where the scaler does that, else as it is.
    pub(crate) fn small(&mut self, picture: &Arc<YuvPicture>, size: Size) -> Arc<YuvPicture> {
        let size = shrink(picture.size(), size);
        let small = self.device.scale(picture, size, Patience::Short(&self.alarm));
        small.unwrap_or_else(|| Arc::clone(picture))
    }

    /// Gives the scaler back: nothing is captured for a while.
    pub(crate) fn rest(&mut self) {
        self.device.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_scaler_the_processor_works_and_whole_pictures_stay() {
        let absent = ScalerChoice::M2m(Some("no such scaler".to_owned()));
        for choice in [ScalerChoice::Software, absent] {
            let mut shrinker = Shrinker::new(Arc::new(Scalers::new(choice)), Arc::default());
            let mut picture = YuvPicture::black(Size::new(640, 360));
            picture.planes_mut()[0].fill(77);
            let picture = Arc::new(picture);
            let luma = shrinker.luma(&picture, Size::new(160, 160));
            assert_eq!(luma.size(), Size::new(160, 90));
            assert!(luma.y().samples.iter().all(|&sample| sample == 77));
            assert!(Arc::ptr_eq(&shrinker.small(&picture, Size::new(160, 160)), &picture));
        }
    }
}
