// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filling of rectangles in a 4:2:0 picture. Everything is clipped to the picture.

use frame::YuvPicture;

/// Pixels, right and bottom edge not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rect {
    pub left: i32,
    pub top: i32,
    pub right: i32,
    pub bottom: i32,
}

impl Rect {
    pub(super) fn intersect(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }

    /// Grown to even edges, so that every touched chroma sample lies inside.
    pub(super) fn even(self) -> Self {
        let Self { left, top, right, bottom } = self;
        Self { left: left & !1, top: top & !1, right: (right + 1) & !1, bottom: (bottom + 1) & !1 }
    }
}

/// Y, Cb, Cr of BT.709, limited range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub u8, pub u8, pub u8);

pub(super) struct Canvas<'a> {
    pub width: i32,
    pub height: i32,
    planes: [&'a mut [u8]; 3],
}

impl<'a> Canvas<'a> {
    pub(super) fn new(picture: &'a mut YuvPicture) -> Self {
        let (width, height) = (picture.size().width.into(), picture.size().height.into());
        Self { width, height, planes: picture.planes_mut() }
    }

    pub(super) fn whole(&self) -> Rect {
        Rect { left: 0, top: 0, right: self.width, bottom: self.height }
    }

    pub(super) fn fill(&mut self, rect: Rect, Colour(y, u, v): Colour) {
        let rect = rect.intersect(self.whole());
        for row in rect.top..rect.bottom {
            self.luma_row(row, rect.left, rect.right).fill(y);
            if row % 2 == 0 {
                self.chroma_row(row, rect.left, rect.right, u, v);
            }
        }
    }

    /// Luma of one row between two columns that lie in the picture; empty when `right <= left`.
    pub(super) fn luma_row(&mut self, row: i32, left: i32, right: i32) -> &mut [u8] {
        if right <= left {
            return &mut [];
        }
        let start = index(row * self.width + left);
        &mut self.planes[0][start..start + index(right - left)]
    }

    /// Chroma of the pair of rows that begins with the even `row`.
    pub(super) fn chroma_row(&mut self, row: i32, left: i32, right: i32, u: u8, v: u8) {
        if right <= left {
            return;
        }
        let stride = (self.width + 1) / 2;
        let start = index(row / 2 * stride + (left + 1) / 2);
        let end = index(row / 2 * stride + (right + 1) / 2).max(start);
        self.planes[1][start..end].fill(u);
        self.planes[2][start..end].fill(v);
    }
}

fn index(value: i32) -> usize {
    usize::try_from(value).expect("clipped to the picture")
}
