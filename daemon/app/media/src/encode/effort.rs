// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long encoding takes the processor.

use std::num::NonZeroU8;
use std::time::Duration;

use frame::Size;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Begun before a picture is fitted and encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    wall: Duration,
    own: Duration,
}

impl Effort {
    pub(crate) fn begin() -> Self {
        let (wall, own) = (time(ClockId::Monotonic), time(ClockId::ThreadCPUTime));
        Self { wall, own }
    }

    /// The processor's time since, on this thread and on the `threads` of the encoder.
    pub(crate) fn spent(self, threads: NonZeroU8) -> Duration {
        let now = Self::begin();
        busy(now.wall.saturating_sub(self.wall), now.own.saturating_sub(self.own), threads)
    }
}

/// With one thread the encoder works on ours. With more, ours waits for them; how busy each is then
/// nobody tells, so all of them are taken to be.
fn busy(wall: Duration, own: Duration, threads: NonZeroU8) -> Duration {
    let waited = wall.saturating_sub(own);
    let theirs = if threads.get() > 1 { waited * threads.get().into() } else { Duration::ZERO };
    own + theirs
}

/// Macroblocks of a picture.
pub(crate) fn macroblocks(size: Size) -> u64 {
    u64::from(size.width.div_ceil(16)) * u64::from(size.height.div_ceil(16))
}

fn time(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    let whole = Duration::from_secs(u64::try_from(tv_sec).unwrap_or_default());
    whole + Duration::from_nanos(u64::try_from(tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_counts_only_for_threads_that_are_waited_for() {
        let ms = Duration::from_millis;
        let threads = |count| NonZeroU8::new(count).unwrap();
        assert_eq!(busy(ms(10), ms(4), threads(1)), ms(4));
        assert_eq!(busy(ms(10), ms(4), threads(2)), ms(16));
        assert_eq!(busy(ms(10), ms(11), threads(4)), ms(11));
    }

    #[test]
    fn sleep_is_no_effort_and_work_is() {
        let one = NonZeroU8::MIN;
        let begin = Effort::begin();
        std::thread::sleep(Duration::from_millis(30));
        assert!(begin.spent(one) < Duration::from_millis(20));
        let begin = Effort::begin();
        while begin.spent(one) < Duration::from_millis(1) {} // ends, or time does not pass
    }

    #[test]
    fn a_macroblock_that_is_not_full_is_whole() {
        assert_eq!(macroblocks(Size::new(1920, 1080)), 120 * 68);
        assert_eq!(macroblocks(Size::new(16, 18)), 2);
    }
}
