// SPDX-License-Identifier: MIT OR Apache-2.0
//! From one YCbCr to another: cameras and JPEG use BT.601, our pictures are BT.709 limited.

/// How colour is written as Y, Cb and Cr.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct YCbCr {
    kr: f64,
    kb: f64,
    is_full_range: bool,
}

impl YCbCr {
    /// Of all [`frame::YuvPicture`]s. Spec: ITU-R BT.709-6 §3.
    pub(crate) const BT709_LIMITED: Self = Self { kr: 0.2126, kb: 0.0722, is_full_range: false };
    /// Of most USB cameras. Spec: ITU-R BT.601-7 §2.5.
    pub(crate) const BT601_LIMITED: Self = Self { kr: 0.299, kb: 0.114, is_full_range: false };
    /// Of JPEG. Spec: ITU-T T.871 §7.
    pub(crate) const BT601_FULL: Self = Self { is_full_range: true, ..Self::BT601_LIMITED };
    /// Of some cameras.
    pub(crate) const BT709_FULL: Self = Self { is_full_range: true, ..Self::BT709_LIMITED };

    /// Black, range of Y, range of C.
    fn scale(self) -> (f64, f64, f64) {
        if self.is_full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) }
    }
}

impl From<frame::Colour> for YCbCr {
    fn from(colour: frame::Colour) -> Self {
        match (colour.is_bt709, colour.is_full_range) {
            (true, false) => Self::BT709_LIMITED,
            (true, true) => Self::BT709_FULL,
            (false, false) => Self::BT601_LIMITED,
            (false, true) => Self::BT601_FULL,
        }
    }
}

/// The linear map between two of them. Greys stay greys, so new chroma depends on chroma alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conversion {
    y: [i32; 4],
    cb: [i32; 3],
    cr: [i32; 3],
}

impl Conversion {
    pub(crate) fn between(from: YCbCr, to: YCbCr) -> Self {
        let (from_black, from_y, from_c) = from.scale();
        let (to_black, to_y, to_c) = to.scale();
        let (kg, to_kg) = (1.0 - from.kr - from.kb, 1.0 - to.kr - to.kb);
        // R - Y = red * Cr, B - Y = blue * Cb, G - Y follows.
        let (red, blue) = (2.0 * (1.0 - from.kr), 2.0 * (1.0 - from.kb));
        let y_cb = to.kb * blue - to_kg * from.kb * blue / kg;
        let y_cr = to.kr * red - to_kg * from.kr * red / kg;
        let (to_red, to_blue) = (2.0 * (1.0 - to.kr), 2.0 * (1.0 - to.kb));
        let chroma = to_c / from_c;
        let offset = |value: f64, cb: f64, cr: f64| value - 128.0 * (cb + cr);
        let y = [to_y / from_y, y_cb * to_y / from_c, y_cr * to_y / from_c];
        let cb = [(blue - y_cb) / to_blue * chroma, -y_cr / to_blue * chroma];
        let cr = [-y_cb / to_red * chroma, (red - y_cr) / to_red * chroma];
        let y_offset = offset(to_black - y[0] * from_black, y[1], y[2]);
        Self {
            y: [fixed(y[0]), fixed(y[1]), fixed(y[2]), fixed(y_offset + 0.5)],
            cb: [fixed(cb[0]), fixed(cb[1]), fixed(offset(128.0, cb[0], cb[1]) + 0.5)],
            cr: [fixed(cr[0]), fixed(cr[1]), fixed(offset(128.0, cr[0], cr[1]) + 0.5)],
        }
    }

    /// What chroma adds to the luma of its pixels; for [`Conversion::luma`].
    #[inline]
    pub(crate) fn offset(&self, cb: u8, cr: u8) -> i32 {
        let [_, of_cb, of_cr, offset] = self.y;
        of_cb * i32::from(cb) + of_cr * i32::from(cr) + offset
    }

    /// New luma of a pixel.
    #[inline]
    pub(crate) fn luma(&self, y: u8, offset: i32) -> u8 {
        sample(self.y[0] * i32::from(y) + offset)
    }

    /// New chroma of a pixel.
    #[inline]
    pub(crate) fn chroma(&self, cb: u8, cr: u8) -> (u8, u8) {
        let (cb, cr) = (i32::from(cb), i32::from(cr));
        let apply = |[of_cb, of_cr, offset]: [i32; 3]| sample(of_cb * cb + of_cr * cr + offset);
        (apply(self.cb), apply(self.cr))
    }
}

const FRACTION_BITS: u32 = 16;

#[expect(clippy::cast_possible_truncation, reason = "weights are small; a cast saturates")]
fn fixed(value: f64) -> i32 {
    (value * f64::from(1 << FRACTION_BITS)).round() as i32
}

#[inline]
fn sample(value: i32) -> u8 {
    u8::try_from((value >> FRACTION_BITS).clamp(0, 255)).expect("clamped")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook way: to RGB and back, in floating point.
    fn textbook(from: YCbCr, to: YCbCr, [y, cb, cr]: [u8; 3]) -> [f64; 3] {
        let (black, y_range, c_range) = from.scale();
        let y = (f64::from(y) - black) / y_range;
        let (cb, cr) = ((f64::from(cb) - 128.0) / c_range, (f64::from(cr) - 128.0) / c_range);
        let (r, b) = (y + 2.0 * (1.0 - from.kr) * cr, y + 2.0 * (1.0 - from.kb) * cb);
        let g = (y - from.kr * r - from.kb * b) / (1.0 - from.kr - from.kb);
        let y = to.kr * r + (1.0 - to.kr - to.kb) * g + to.kb * b;
        let (cb, cr) = ((b - y) / (2.0 * (1.0 - to.kb)), (r - y) / (2.0 * (1.0 - to.kr)));
        let (black, y_range, c_range) = to.scale();
        [black + y * y_range, 128.0 + cb * c_range, 128.0 + cr * c_range]
    }

    #[test]
    fn every_conversion_is_that_of_the_textbook() {
        let all =
            [YCbCr::BT709_LIMITED, YCbCr::BT601_LIMITED, YCbCr::BT601_FULL, YCbCr::BT709_FULL];
        for (from, to) in all.iter().flat_map(|from| all.map(|to| (*from, to))) {
            let conversion = Conversion::between(from, to);
            for y in (0..=255).step_by(15) {
                for cb in (0..=255).step_by(17) {
                    for cr in (0..=255).step_by(17) {
                        let exact = textbook(from, to, [y, cb, cr]);
                        let (new_cb, new_cr) = conversion.chroma(cb, cr);
                        let ours = [conversion.luma(y, conversion.offset(cb, cr)), new_cb, new_cr];
                        for (exact, ours) in exact.into_iter().zip(ours) {
                            let error = (exact.clamp(0.0, 255.0) - f64::from(ours)).abs();
                            assert!(error < 0.51, "{from:?} to {to:?}: {y} {cb} {cr}");
                        }
                    }
                }
            }
        }
    }
}
