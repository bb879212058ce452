// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parts of pictures. Kernel: media/v4l/selection-api.

use v4l::v4l_sys as sys;

use crate::raw::Plain;
use crate::{Planes, Queue};

/// A part of a picture, or of what a sensor sees, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Columns left of it.
    pub left: u32,
    /// Rows above it.
    pub top: u32,
    /// Its columns.
    pub width: u32,
    /// Its rows.
    pub height: u32,
}

impl Rect {
    /// That of `width` by `height` pixels in the upper left corner.
    pub const fn of(width: u32, height: u32) -> Self {
        Self { left: 0, top: 0, width, height }
    }

    /// Whether nothing of it lies outside of `other`.
    pub(crate) fn is_within(self, other: Self) -> bool {
        let ([left, top, right, bottom], outer) = (self.edges(), other.edges());
        left >= outer[0] && top >= outer[1] && right <= outer[2] && bottom <= outer[3]
    }

    /// Whether no edge is further than `pixels` from where `other` has it.
    pub(crate) fn is_near(self, other: Self, pixels: u32) -> bool {
        let edges = self.edges().into_iter().zip(other.edges());
        edges.into_iter().all(|(one, other)| one.abs_diff(other) <= pixels)
    }

    /// The whole blocks of `pixels` columns and rows in it.
    pub(crate) fn whole_blocks(self, pixels: u32) -> Self {
        let [left, top, right, bottom] = self.edges();
        let [left, top] = [left, top].map(|edge| edge.next_multiple_of(pixels));
        let [right, bottom] = [right, bottom].map(|edge| edge / pixels * pixels);
        let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
        Self { left, top, width, height }
    }

    /// Left, top, right, bottom.
    fn edges(self) -> [u32; 4] {
        let Self { left, top, width, height } = self;
        [left, top, left.saturating_add(width), top.saturating_add(height)]
    }

    /// What G_SELECTION and S_SELECTION take.
    pub(crate) fn to_raw(self, queue: Queue, target: Target) -> sys::v4l2_selection {
        // Selections know no planes: older kernels refuse the multi-planar type here.
        let type_ = Queue { planes: Planes::Single, ..queue }.raw();
        let place = |pixels: u32| i32::try_from(pixels).unwrap_or(i32::MAX);
        let (left, top) = (place(self.left), place(self.top));
        let r = sys::v4l2_rect { left, top, width: self.width, height: self.height };
        sys::v4l2_selection { type_, target: target.raw(), r, ..Plain::zeroed() }
    }

    /// Nothing begins left of a picture or above it.
    pub(crate) fn from_raw(selection: &sys::v4l2_selection) -> Self {
        let sys::v4l2_rect { left, top, width, height } = selection.r;
        let place = |pixels: i32| u32::try_from(pixels).unwrap_or(0);
        Self { left: place(left), top: place(top), width, height }
    }
}

/// Which part is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// What is used. Kernel: V4L2_SEL_TGT_CROP.
    Crop,
    /// What is used unless somebody asks for another. Kernel: V4L2_SEL_TGT_CROP_DEFAULT.
    Default,
    /// What could be used at most. Kernel: V4L2_SEL_TGT_CROP_BOUNDS.
    Bounds,
}

impl Target {
    fn raw(self) -> u32 {
        match self {
            Self::Crop => sys::V4L2_SEL_TGT_CROP,
            Self::Default => sys::V4L2_SEL_TGT_CROP_DEFAULT,
            Self::Bounds => sys::V4L2_SEL_TGT_CROP_BOUNDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_compared_one_by_one() {
        let rect = Rect { left: 100, top: 50, width: 640, height: 360 };
        // other, its distance
        let table = [
            (rect, 0),
            (Rect { left: 104, ..rect }, 4),
            (Rect { left: 96, width: 648, ..rect }, 4),
            (Rect { height: 300, ..rect }, 60),
            (Rect { width: u32::MAX, ..rect }, u32::MAX - 740),
        ];
        for (other, distance) in table {
            assert!(rect.is_near(other, distance), "{other:?}");
            assert!(distance == 0 || !rect.is_near(other, distance - 1), "{other:?}");
        }
    }

    #[test]
    fn blocks_lie_within() {
        let rect = Rect { left: 321, top: 64, width: 640, height: 361 };
        let blocks = Rect { left: 336, top: 64, width: 624, height: 352 };
        assert_eq!(rect.whole_blocks(16), blocks);
        assert_eq!(blocks.whole_blocks(16), blocks);
        assert_eq!(Rect { left: 1, ..Rect::of(20, 40) }.whole_blocks(16).width, 0);
        assert!(blocks.is_within(rect) && rect.is_within(rect) && !rect.is_within(blocks));
        assert!(!Rect { top: 63, ..rect }.is_within(rect));
        assert!(!Rect { height: 362, ..rect }.is_within(rect));
    }

    #[test]
    fn the_kernel_gets_its_own_words_and_gives_them_back() {
        let rect = Rect { left: 8, top: 4, width: 64, height: 32 };
        let raw = rect.to_raw(Queue::capture(Planes::Multi), Target::Bounds);
        assert_eq!(raw.type_, sys::v4l2_buf_type_V4L2_BUF_TYPE_VIDEO_CAPTURE);
        assert_eq!(raw.target, 2);
        assert_eq!(Rect::from_raw(&raw), rect);
        let left = sys::v4l2_selection { r: sys::v4l2_rect { left: -2, ..raw.r }, ..raw };
        assert_eq!(Rect::from_raw(&left).left, 0);
    }
}
