// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packet indices: the roll-over guess and the replay window. Spec: RFC 3711 §3.3.1, §3.3.2.

/// Packets behind the newest one that are still told apart. The standard asks for 64.
const WINDOW: u64 = 128;

/// Which indices were taken.
#[derive(Debug, Clone, Default)]
pub(super) struct ReplayWindow {
    /// The highest index taken; `None` before the first.
    highest: Option<u64>,
    /// Bit n: `highest - n` was taken.
    taken: u128,
}

impl ReplayWindow {
    pub(super) fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether `index` was not taken yet and is not too old to know.
    pub(super) fn is_fresh(&self, index: u64) -> bool {
        match self.highest.map(|highest| highest.checked_sub(index)) {
            None | Some(None) => true,
            Some(Some(behind)) => behind < WINDOW && self.taken >> behind & 1 == 0,
        }
    }

    /// Marks `index` as taken; only after its packet was found authentic.
    pub(super) fn take(&mut self, index: u64) {
        let highest = self.highest.unwrap_or(index);
        if index >= highest {
            let ahead = index - highest;
            self.taken = if ahead < WINDOW { self.taken << ahead } else { 0 } | 1;
            self.highest = Some(index);
        } else if highest - index < WINDOW {
            self.taken |= 1 << (highest - index);
        }
    }
}

/// The 48-bit index of a packet with `sequence`, given the highest seen: the one nearest to it.
/// `None` when that would lie before the beginning or past the last index.
pub(crate) fn nearest_index(highest: Option<u64>, sequence: u16) -> Option<u64> {
    let Some(highest) = highest else { return Some(sequence.into()) };
    let (rollovers, last) = (highest >> 16, highest & 0xffff);
    let sequence = u64::from(sequence);
    let rollovers = if last < 0x8000 && sequence > last + 0x8000 {
        rollovers.checked_sub(1)?
    } else if last >= 0x8000 && sequence < last - 0x8000 {
        rollovers + 1
    } else {
        rollovers
    };
    (rollovers <= u64::from(u32::MAX)).then_some(rollovers << 16 | sequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guess_follows_the_sequence_across_its_end_and_back() {
        for (highest, sequence, expected) in [
            (None, 65_535, Some(65_535)),
            (Some(65_535), 0, Some(0x1_0000)),
            (Some(0x1_0000), 65_535, Some(65_535)),
            (Some(0x1_0000), 1, Some(0x1_0001)),
            (Some(0x7_8000), 0, Some(0x7_0000)),
            (Some(0x7_8001), 0, Some(0x8_0000)),
            (Some(0x7_7fff), 0xffff, Some(0x7_ffff)),
            (Some(0x7_7ffe), 0xffff, Some(0x6_ffff)),
            (Some(5), 0xffff, None),
            (Some(0xffff_ffff_ffff), 0, None),
        ] {
            assert_eq!(nearest_index(highest, sequence), expected, "{highest:x?} {sequence:x}");
        }
    }

    #[test]
    fn each_index_is_taken_once_inside_the_window_and_never_behind_it() {
        let mut window = ReplayWindow::default();
        for index in [1000, 1001, 999, 1127, 1050] {
            assert!(window.is_fresh(index), "{index}");
            window.take(index);
            assert!(!window.is_fresh(index), "{index}");
        }
        assert!(!window.is_fresh(999), "128 behind");
        assert!(!window.is_fresh(1000) && !window.is_fresh(1001), "taken before the jump");
        assert!(window.is_fresh(1002) && window.is_fresh(1128));
        window.take(1_000_000);
        assert!(!window.is_fresh(1127) && window.is_fresh(999_999));
    }
}
