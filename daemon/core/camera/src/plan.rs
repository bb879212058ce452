// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which encoders run for live view, and which viewer gets which. A pure function: the same
//! demands give the same plan.
//!
//! Viewers with the same need share an encode. Each has a picture that is no larger than it asked
//! for and no larger than the source's. The recording's encode is never altered; it serves viewers
//! only where the limits leave nothing else.
//!
//! Where the machine has no encoder of its own, the limits are a [`Budget`] of processor time at a
//! speed that [`Pace`] follows. What does not fit is made smaller: the recording keeps its size and
//! has fewer pictures, since it must stay what the hub selected; live view has fewer and then
//! smaller ones.

mod budget;
mod numbering;
pub mod pace;

use std::cmp::Reverse;

use frame::Size;

use crate::tlv::recording::{Level, Profile, Resolution};

pub use budget::{Budget, Share};
pub use numbering::Numbering;
pub use pace::Pace;

/// What the machine's encoders can do at once, the recording's included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Encodes.
    pub encodes: usize,
    /// Macroblocks (16 by 16 pixels) a second, all encodes together.
    pub macroblocks_per_second: u64,
}

/// Size and rate of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pictures {
    /// Of each.
    pub size: Size,
    /// In a second.
    pub fps: u8,
}

/// What one viewer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// Its stream service; one viewer each.
    pub service: usize,
    /// The largest picture it wants.
    pub resolution: Resolution,
    /// The profile it decodes.
    pub profile: Profile,
    /// The level it decodes.
    pub level: Level,
    /// The most it takes now, in bits a second.
    pub bitrate_bps: u32,
    /// What it selected, in bits a second. The picture's size hangs on this alone: every other size
    /// is a new encoder and an IDR, which a way that loses packets needs least.
    pub selected_bps: u32,
}

/// One encode for live view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encode {
    /// Size and rate.
    pub pictures: Pictures,
    /// H.264 profile.
    pub profile: Profile,
    /// H.264 level.
    pub level: Level,
    /// The smallest of its viewers' wishes, in bits a second.
    pub bitrate_bps: u32,
    /// The services that it feeds, in ascending order.
    pub viewers: Vec<usize>,
    /// It is less than its viewers asked for, since the limits allow no more.
    pub is_cut: bool,
}

/// What is to run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The encodes, in ascending order of size.
    pub encodes: Vec<Encode>,
    /// Services that get the recording's pictures.
    pub on_recording: Vec<usize>,
}

/// A viewer that takes less than this share of what another takes does not share with it: one
/// phone on a bad link would spoil the picture of all.
const FAR_BELOW: u32 = 2;
/// With fewer bits than one for so many pixels no encoder keeps to its rate, and what it makes of
/// them is worse than fewer and smaller pictures.
const PIXELS_PER_BIT: u64 = 110;
/// More bits than one for so many pixels are not seen, and cost time.
const PIXELS_PER_LAST_BIT: u64 = 4;
/// No smaller picture is offered to viewers, in pixels.
const LEAST_HEIGHT: u16 = 180;
/// Pictures a second where bits are scarce.
const THRIFTY_FPS: u8 = 15;
/// Fewer pictures a second are no moving picture.
const MIN_FPS: u8 = 5;
/// The least side of a picture in pixels.
const MIN_SIDE: u16 = 16;

/// What the encode for recordings makes of `selected`: of the same size, and with as many pictures
/// as fit in `limits`: each, or one of two, of three and so on, so that their cadence is steady.
pub fn recording(selected: Pictures, limits: Limits) -> Pictures {
    let of = |part: u8| Pictures { fps: selected.fps / part, ..selected };
    let fits =
        |pictures: &Pictures| pictures.macroblocks_per_second() <= limits.macroblocks_per_second;
    let steps = || (1..).map(of).take_while(|pictures| pictures.fps >= MIN_FPS);
    steps().find(fits).or(steps().last()).unwrap_or(selected)
}

/// The plan for `viewers` of `source`, where `recording` runs besides, as [`recording()`] made it.
///
/// Needs are met from the smallest on, so that one which cannot have its own encode finds one that
/// is not larger than it asked for. Without a recording there is always one encode, however small
/// the limits.
pub fn plan(
    source: Pictures,
    limits: Limits,
    recording: Option<Pictures>,
    viewers: &[Viewer],
) -> Plan {
    let taken = recording.map_or(0, Pictures::macroblocks_per_second);
    let mut left = limits.macroblocks_per_second.saturating_sub(taken);
    let mut free = limits.encodes.saturating_sub(recording.iter().count());
    let mut plan = Plan::default();
    for need in needs(source, viewers) {
        let whole = need.pictures.macroblocks_per_second();
        if free > 0 && whole <= left {
            (free, left) = (free - 1, left - whole);
            plan.encodes.push(need);
        } else if let Some(nearest) = plan.encodes.iter_mut().max_by_key(|of| of.nearness(&need)) {
            nearest.take_in(&need);
        } else if free > 0
            && let Some(pictures) = need.pictures.within(left)
        {
            (free, left) = (free - 1, left - pictures.macroblocks_per_second());
            plan.encodes.push(need.cut(pictures));
        } else if recording.is_some() {
            plan.on_recording.extend(need.viewers);
        } else {
            let pictures = need.pictures.squeezed(left);
            plan.encodes.push(need.cut(pictures));
            (free, left) = (0, 0);
        }
    }
    plan.on_recording.sort_unstable();
    plan
}

/// One encode for each need, as if nothing were limited, from the smallest on.
fn needs(source: Pictures, viewers: &[Viewer]) -> Vec<Encode> {
    let mut viewers = viewers.to_vec();
    viewers.sort_unstable_by_key(|viewer| (Reverse(viewer.bitrate_bps), viewer.service));
    let mut needs: Vec<(u32, Encode)> = Vec::new(); // with the highest bit rate in each
    for viewer in viewers {
        let encode = Encode::alone(source, viewer);
        let shared = needs.iter_mut().find(|(highest, need)| {
            let is_near = viewer.bitrate_bps.saturating_mul(FAR_BELOW) >= *highest;
            is_near && need.is_like(&encode)
        });
        match shared {
            Some((_, need)) => need.take_in(&encode),
            None => needs.push((viewer.bitrate_bps, encode)),
        }
    }
    let mut needs: Vec<Encode> = needs.into_iter().map(|(_, need)| need).collect();
    needs.sort_by_key(|need| {
        let Encode { pictures, profile, level, bitrate_bps, .. } = need;
        (pictures.size.area(), pictures.fps, profile.number(), level.number(), *bitrate_bps)
    });
    needs
}

impl Pictures {
    /// Macroblocks a second; one that is not full counts as a whole.
    pub fn macroblocks_per_second(self) -> u64 {
        let blocks = |side: u16| u64::from(side.div_ceil(16));
        blocks(self.size.width) * blocks(self.size.height) * u64::from(self.fps)
    }

    /// Pixels a second.
    fn per_second(self) -> u64 {
        self.size.area() as u64 * u64::from(self.fps)
    }

    /// Fewer and then smaller pictures where `bitrate_bps` does not do for these.
    fn worth(mut self, bitrate_bps: u32) -> Self {
        let most = u64::from(bitrate_bps) * PIXELS_PER_BIT;
        if self.per_second() > most {
            self.fps = self.fps.min(THRIFTY_FPS);
        }
        while self.per_second() > most && self.halved().height >= LEAST_HEIGHT {
            self.size = self.halved();
        }
        self
    }

    /// The best of these that keeps to `macroblocks` a second: with fewer pictures, half as large,
    /// with fewer of those and so on; `None` where that would be too small to be worth an encode.
    fn within(self, macroblocks: u64) -> Option<Self> {
        let sizes = std::iter::successors(Some(self.size), |&size| {
            let half = Self { size, ..self }.halved();
            (half.height >= LEAST_HEIGHT).then_some(half)
        });
        let thrifty = self.fps.min(THRIFTY_FPS);
        let mut steps = sizes.flat_map(|size| [self.fps, thrifty].map(|fps| Self { size, fps }));
        steps.find(|pictures| pictures.macroblocks_per_second() <= macroblocks)
    }

    /// The same however small it becomes, until it can shrink no more: somebody is to see something.
    fn squeezed(self, macroblocks: u64) -> Self {
        let mut size = self.size;
        loop {
            let one = Self { fps: 1, size }.macroblocks_per_second();
            let fps = u8::try_from(macroblocks / one.max(1)).unwrap_or(u8::MAX).max(MIN_FPS);
            let squeezed = Self { fps: self.fps.min(fps), size };
            let smaller = squeezed.halved();
            if squeezed.macroblocks_per_second() <= macroblocks || smaller == size {
                return squeezed;
            }
            size = smaller;
        }
    }

    /// The size of half the sides, none below the least.
    fn halved(self) -> Size {
        let half = |side: u16| (side / 2).next_multiple_of(2).max(MIN_SIDE).min(side);
        Size::new(half(self.size.width), half(self.size.height))
    }

    /// The largest pictures within `asked` that keep our aspect and are no larger than ours.
    fn fitted(self, asked: Resolution) -> Self {
        let own = self.size;
        let (width, height) = (asked.width.min(own.width), asked.height.min(own.height));
        let part = |length: u16, of: u16, whole: u16| {
            let exact = u32::from(length) * u32::from(of) / u32::from(whole.max(1));
            u16::try_from(exact).unwrap_or(u16::MAX)
        };
        let even = |length: u16| (length & !1).max(MIN_SIDE);
        let by_width =
            u32::from(width) * u32::from(own.height) <= u32::from(height) * u32::from(own.width);
        let size = if by_width {
            Size::new(even(width), even(part(own.height, width, own.width)))
        } else {
            Size::new(even(part(own.width, height, own.height)), even(height))
        };
        Self { size, fps: asked.fps.min(self.fps).max(1) }
    }
}

impl Encode {
    fn alone(source: Pictures, viewer: Viewer) -> Self {
        Self {
            pictures: source.fitted(viewer.resolution).worth(viewer.selected_bps),
            profile: viewer.profile,
            level: viewer.level,
            bitrate_bps: viewer.bitrate_bps,
            viewers: vec![viewer.service],
            is_cut: false,
        }
    }

    /// Whether both differ in bit rate and viewers alone.
    fn is_like(&self, other: &Self) -> bool {
        (self.pictures, self.profile, self.level) == (other.pictures, other.profile, other.level)
    }

    /// Becomes what all viewers of both can take.
    fn take_in(&mut self, other: &Self) {
        let (own, size) = (&mut self.pictures, other.pictures.size);
        own.size = Size::new(own.size.width.min(size.width), own.size.height.min(size.height));
        own.fps = own.fps.min(other.pictures.fps);
        if other.profile.number() < self.profile.number() {
            self.profile = other.profile;
        }
        if other.level.number() < self.level.number() {
            self.level = other.level;
        }
        self.bitrate_bps = self.bitrate_bps.min(other.bitrate_bps);
        self.is_cut |= other.is_cut;
        self.viewers.extend(&other.viewers);
        self.viewers.sort_unstable();
    }

    /// How well this serves the viewers of `need`: best where nothing but the bit rate changes
    /// for those that watch already, then by size.
    fn nearness(&self, need: &Self) -> (bool, usize, u8, u32) {
        let mut joined = self.clone();
        joined.take_in(need);
        let pictures = self.pictures;
        (joined.is_like(self), pictures.size.area(), pictures.fps, self.bitrate_bps)
    }

    /// The same with `pictures`, which are fewer or smaller, and no more bits than help them.
    fn cut(self, pictures: Pictures) -> Self {
        let most = pictures.per_second() / PIXELS_PER_LAST_BIT;
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Self { pictures, is_cut: true, bitrate_bps: self.bitrate_bps.min(most), ..self }
    }
}

#[cfg(test)]
mod tests;
