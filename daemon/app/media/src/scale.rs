// SPDX-License-Identifier: MIT OR Apache-2.0
//! Scaling of pictures plane by plane, without a detour through RGB.

use fast_image_resize::images::{
    TypedCroppedImage, TypedCroppedImageMut, TypedImage, TypedImageRef,
};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use frame::{DevicePicture, Plane, Size, YuvPicture};

/// Keeps the buffers of the resizer.
#[derive(Debug, Default)]
pub(crate) struct Scaler(Resizer);

impl Scaler {
    /// Scales `from` into the middle of `to`, aspect kept, the rest black.
    pub(crate) fn letterbox(&mut self, from: &YuvPicture, to: &mut YuvPicture) {
        let inner = fit(from.size(), to.size());
        let outer = to.size();
        if inner != outer {
            let [y, u, v] = to.planes_mut();
            y.fill(16);
            u.fill(128);
            v.fill(128);
        }
        let area = Area::centred(inner, outer);
        let (stride, halved) = (usize::from(outer.width), area.halved());
        let [y, u, v] = to.planes_mut();
        self.plane(from.y(), y, stride, area);
        self.plane(from.u(), u, stride.div_ceil(2), halved);
        self.plane(from.v(), v, stride.div_ceil(2), halved);
    }

    /// Scales the luma of `from` to all of `to`; chroma becomes neutral.
    pub(crate) fn luma(&mut self, from: &YuvPicture, to: &mut YuvPicture) {
        let size = to.size();
        let [y, u, v] = to.planes_mut();
        u.fill(128);
        v.fill(128);
        let area = Area::centred(size, size);
        match from.device() {
            Some(device) => self.device_luma(device, from.size(), y, area),
            None => self.plane(from.y(), y, size.width.into(), area),
        }
    }

    /// Reads a device's memory as it lies there: rows are `stride` apart.
    fn device_luma(&mut self, device: &dyn DevicePicture, from: Size, to: &mut [u8], area: Area) {
        let (width, height) = (usize::from(from.width), usize::from(from.height));
        let from = Rows { samples: device.bytes(), stride: device.layout().stride, width, height };
        self.rows(from, to, area.width, area);
    }

    fn plane(&mut self, from: Plane<'_>, to: &mut [u8], stride: usize, area: Area) {
        let Plane { samples, width, height } = from;
        self.rows(Rows { samples, stride: width, width, height }, to, stride, area);
    }

    fn rows(&mut self, from: Rows<'_>, to: &mut [u8], stride: usize, area: Area) {
        if (from.width, from.height) == (area.width, area.height) {
            let rows = to.chunks_exact_mut(stride).skip(area.top).take(area.height);
            for (from, to) in from.samples.chunks(from.stride).zip(rows) {
                to[area.left..area.left + area.width].copy_from_slice(&from[..area.width]);
            }
            return;
        }
        let height = to.len() / stride;
        let samples = &from.samples[..from.stride * from.height];
        let padded =
            TypedImageRef::<U8>::from_buffer(pixels(from.stride), pixels(from.height), samples)
                .expect("so many rows of so many samples");
        let from =
            TypedCroppedImage::from_ref(&padded, 0, 0, pixels(from.width), pixels(from.height))
                .expect("a row is as long as it is wide at least");
        let mut whole = TypedImage::<U8>::from_buffer(pixels(stride), pixels(height), to)
            .expect("a plane has width times height samples");
        let mut to = TypedCroppedImageMut::from_ref(
            &mut whole,
            pixels(area.left),
            pixels(area.top),
            pixels(area.width),
            pixels(area.height),
        )
        .expect("the area lies in the picture");
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        self.0.resize_typed(&from, &mut to, &options).expect("no crop that could be wrong");
    }
}

/// Samples in rows that may be longer than the picture is wide.
#[derive(Debug, Clone, Copy)]
struct Rows<'a> {
    samples: &'a [u8],
    stride: usize,
    width: usize,
    height: usize,
}

fn pixels(count: usize) -> u32 {
    u32::try_from(count).expect("sizes are of 16 bits")
}

#[derive(Debug, Clone, Copy)]
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Area {
    /// Offsets are even, so that chroma fits.
    fn centred(inner: Size, outer: Size) -> Self {
        let offset = |inner: u16, outer: u16| usize::from((outer - inner) / 2) & !1;
        Self {
            left: offset(inner.width, outer.width),
            top: offset(inner.height, outer.height),
            width: inner.width.into(),
            height: inner.height.into(),
        }
    }

    fn halved(self) -> Self {
        Self {
            left: self.left / 2,
            top: self.top / 2,
            width: self.width.div_ceil(2),
            height: self.height.div_ceil(2),
        }
    }
}

/// The largest size of the shape of `from` that fits in `bounds`, with even sides, and no larger
/// than `bounds`.
pub(crate) fn fit(from: Size, bounds: Size) -> Size {
    if from.width == 0 || from.height == 0 || from == bounds {
        return bounds;
    }
    let (w, h) = (u32::from(from.width), u32::from(from.height));
    let (bound_w, bound_h) = (u32::from(bounds.width), u32::from(bounds.height));
    let (width, height) = if w * bound_h >= h * bound_w {
        (bound_w, (bound_w * h + w / 2) / w)
    } else {
        ((bound_h * w + h / 2) / h, bound_h)
    };
    let even = |side: u32, bound: u16| {
        let side = u16::try_from(side).unwrap_or(bound).min(bound);
        if side == bound { side } else { ((side + 1) & !1).clamp(2, bound) }
    };
    Size::new(even(width, bounds.width), even(height, bounds.height))
}

/// The same, but never larger than `from`.
pub(crate) fn shrink(from: Size, bounds: Size) -> Size {
    if from.width <= bounds.width && from.height <= bounds.height {
        from
    } else {
        fit(from, bounds)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::BorrowedFd;
    use std::sync::Arc;

    use frame::{Chroma, Colour, DeviceLayout};

    use super::*;

    const HD: Size = Size::new(1920, 1080);

    #[test]
    fn a_picture_keeps_its_shape() {
        // from, bounds, fitted, shrunk
        let table = [
            (HD, Size::new(640, 360), Size::new(640, 360), Size::new(640, 360)),
            (HD, Size::new(320, 240), Size::new(320, 180), Size::new(320, 180)),
            (HD, Size::new(1080, 1920), Size::new(1080, 608), Size::new(1080, 608)),
            (Size::new(320, 240), HD, Size::new(1440, 1080), Size::new(320, 240)),
            (HD, HD, HD, HD),
            (HD, Size::new(2, 2), Size::new(2, 2), Size::new(2, 2)),
            (Size::new(4000, 2), Size::new(100, 100), Size::new(100, 2), Size::new(100, 2)),
        ];
        for (from, bounds, fitted, shrunk) in table {
            assert_eq!(fit(from, bounds), fitted, "{from:?} in {bounds:?}");
            assert_eq!(shrink(from, bounds), shrunk, "{from:?} in {bounds:?}");
        }
    }

    fn grey(size: Size, luma: u8) -> YuvPicture {
        let mut picture = YuvPicture::black(size);
        let [y, u, v] = picture.planes_mut();
        y.fill(luma);
        u.fill(90);
        v.fill(160);
        picture
    }

    #[test]
    fn bars_stand_where_the_picture_does_not_reach() {
        // from, to, a bar sample, the first sample of the picture
        let table = [
            (Size::new(64, 36), Size::new(64, 48), (32, 5), (0, 6)),
            (Size::new(40, 40), Size::new(64, 48), (7, 24), (8, 0)),
            (Size::new(33, 33), Size::new(65, 48), (3, 10), (30, 20)),
        ];
        for (from, to, bar, inside) in table {
            let mut picture = grey(to, 77);
            Scaler::default().letterbox(&grey(from, 200), &mut picture);
            let row = format!("{from:?} into {to:?}");
            let y = picture.y();
            assert_eq!(y.samples[bar.1 * y.width + bar.0], 16, "{row}");
            assert_eq!(y.samples[inside.1 * y.width + inside.0], 200, "{row}");
            let u = picture.u();
            assert_eq!(u.samples[bar.1 / 2 * u.width + bar.0 / 2], 128, "{row}");
            assert_eq!(u.samples[u.height / 2 * u.width + u.width / 2], 90, "{row}");
            assert_eq!(picture.v().samples[u.height / 2 * u.width + u.width / 2], 160, "{row}");
        }
    }

    #[test]
    fn an_equal_size_is_a_copy() {
        let from = grey(Size::new(34, 18), 55);
        let mut to = YuvPicture::black(Size::new(34, 18));
        Scaler::default().letterbox(&from, &mut to);
        assert_eq!(from, to);
    }

    /// A picture in a device's memory, whose rows are longer than it is wide.
    #[derive(Debug)]
    struct Padded(Vec<u8>);

    impl DevicePicture for Padded {
        fn layout(&self) -> DeviceLayout {
            let colour = Colour { is_bt709: true, is_full_range: false };
            let (chroma, stride, lines) = (Chroma::Pairs, 80, 36);
            DeviceLayout { chroma, stride, lines, buffer_len: self.0.len(), colour }
        }
        fn bytes(&self) -> &[u8] {
            &self.0
        }
        fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
            None
        }
        fn copy_out(&self) -> Vec<u8> {
            panic!("luma needs no copy")
        }
    }

    #[test]
    fn luma_is_read_where_it_lies() {
        let size = Size::new(64, 36);
        let mut here = YuvPicture::black(size);
        for (index, sample) in here.planes_mut()[0].iter_mut().enumerate() {
            *sample = u8::try_from(index * 7 % 251).unwrap();
        }
        let rows = here.y().samples.chunks(64).map(|row| [row, &[255; 16]].concat());
        let memory = rows.flatten().chain([128; 80 * 18]).collect();
        let there = YuvPicture::in_device(size, Arc::new(Padded(memory)));
        for to in [size, Size::new(32, 18), Size::new(20, 12)] {
            let (mut one, mut other) = (YuvPicture::black(to), YuvPicture::black(to));
            Scaler::default().luma(&here, &mut one);
            Scaler::default().luma(&there, &mut other);
            assert_eq!(one, other, "{to:?}");
        }
    }

    #[test]
    fn scaling_down_averages() {
        let mut from = YuvPicture::black(Size::new(64, 64));
        for (index, sample) in from.planes_mut()[0].iter_mut().enumerate() {
            *sample = if (index + index / 64) % 2 == 0 { 50 } else { 150 };
        }
        let mut to = YuvPicture::black(Size::new(16, 16));
        Scaler::default().luma(&from, &mut to);
        assert!(to.y().samples.iter().all(|luma| luma.abs_diff(100) <= 2));
        assert!(to.u().samples.iter().all(|&chroma| chroma == 128));
    }
}
