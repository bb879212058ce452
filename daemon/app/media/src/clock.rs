// SPDX-License-Identifier: MIT OR Apache-2.0
//! The monotonic clock that stamps pictures, the pacing of sources that make their own pictures,
//! and the wait that a changed gate interrupts.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use frame::Pts;
use rustix::event::{EventfdFlags, eventfd};
use rustix::time::{ClockId, clock_gettime};

/// Time since the zero of `CLOCK_MONOTONIC`: the clock of V4L2 buffers and of [`Pts`].
pub fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(now.tv_sec).expect("the monotonic clock starts at zero");
    Duration::new(seconds, u32::try_from(now.tv_nsec).expect("less than a second"))
}

/// Deadlines of pictures at `fps` on the grid n / fps of the monotonic clock. Pure: time is an
/// argument.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pacer {
    fps: u32,
    next: u64,
}

/// What [`Pacer::poll`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Sleep this long and ask again.
    Wait(Duration),
    /// Picture number `.0` of the grid is due, to be stamped with `.1`.
    Due(u64, Pts),
}

impl Pacer {
    /// The first picture is due at the first grid point at or after `now`.
    pub(crate) fn new(fps: u32, now: Duration) -> Self {
        assert!(fps > 0, "the configuration refuses a rate of zero");
        let mut pacer = Self { fps, next: 0 };
        pacer.next = pacer.slot(now);
        if pacer.time_of(pacer.next) < now {
            pacer.next += 1;
        }
        pacer
    }

    /// Takes the next picture when it is due. A source that is a little late catches up, as the
    /// buffers of a sensor would; after a longer gap, such as a suspend, the grid points that
    /// passed are left out and show as a gap in the numbers.
    pub(crate) fn poll(&mut self, now: Duration) -> Pace {
        let due = self.time_of(self.next);
        if now < due {
            return Pace::Wait(due - now);
        }
        let slot = if now - due <= CATCH_UP { self.next } else { self.slot(now) };
        self.next = slot + 1;
        Pace::Due(slot, Pts::from_monotonic(self.time_of(slot)))
    }

    fn slot(&self, time: Duration) -> u64 {
        let slot = time.as_nanos() * u128::from(self.fps) / NANOS;
        u64::try_from(slot).expect("a clock of millions of years")
    }

    /// Rounded up, so that a picture is never early and `slot(time_of(n)) == n`.
    fn time_of(&self, slot: u64) -> Duration {
        let nanos = (u128::from(slot) * NANOS).div_ceil(u128::from(self.fps));
        Duration::from_nanos(u64::try_from(nanos).expect("a clock of 500 years"))
    }
}

const CATCH_UP: Duration = Duration::from_millis(250);
const NANOS: u128 = 1_000_000_000;

/// What waits for hardware longer than this does not come.
pub(crate) const STALLED: Duration = Duration::from_secs(2);

/// Counts events that threads wait for. A waiter names the count it has seen, so that nothing is
/// missed between looking and waiting.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    count: Mutex<u64>,
    changed: Condvar,
    /// Rings for the one who waits for a device at the same time.
    pub alarm: Arc<Alarm>,
}

impl Signal {
    /// Wakes every waiter.
    pub(crate) fn raise(&self) {
        *self.lock() += 1;
        self.changed.notify_all();
        self.alarm.ring();
    }

    /// The present count, to be read before looking at what it guards.
    pub(crate) fn seen(&self) -> u64 {
        *self.lock()
    }

    /// Sleeps until the count is no longer `seen`.
    pub(crate) fn wait(&self, seen: u64) {
        let guard = self.changed.wait_while(self.lock(), |count| *count == seen);
        drop(guard.unwrap_or_else(PoisonError::into_inner));
    }

    /// The same for at most `time`; whether the count changed.
    pub(crate) fn wait_for(&self, seen: u64, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut count = self.lock();
        while *count == seen {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            count = match self.changed.wait_timeout(count, left) {
                Ok((count, _)) => count,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A descriptor for poll(2) that is readable from a ring until it is quieted, by one thread: before
/// that looks at what it is called for. Kernel: eventfd(2).
#[derive(Debug)]
pub(crate) struct Alarm(OwnedFd);

impl Default for Alarm {
    /// # Panics
    /// When the process has no descriptor left.
    fn default() -> Self {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Self(eventfd(0, flags).expect("the process has a descriptor left"))
    }
}

impl Alarm {
    /// An error means that it has been ringing 2^64 times.
    fn ring(&self) {
        let _ringing = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// An error means that it was quiet.
    pub(crate) fn quiet(&self) {
        let _quiet = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_rings_until_it_is_quieted() {
        let (signal, buffer) = (Signal::default(), &mut [0; 8]);
        signal.alarm.quiet();
        for _ in 0..2 {
            signal.raise();
            signal.raise();
            assert_eq!(rustix::io::read(&signal.alarm.0, &mut *buffer), Ok(8));
            assert!(rustix::io::read(&signal.alarm.0, &mut *buffer).is_err());
            signal.raise();
            signal.alarm.quiet();
            assert!(rustix::io::read(&signal.alarm.0, &mut *buffer).is_err());
        }
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn stamps_stand_on_the_grid_and_do_not_drift() {
        for fps in [1, 7, 15, 24, 25, 30, 60] {
            let mut now = ms(1_234_567);
            let mut pacer = Pacer::new(fps, now);
            let mut previous = None;
            for _ in 0..1000 {
                let (slot, pts) = match pacer.poll(now) {
                    Pace::Wait(time) => {
                        now += time;
                        match pacer.poll(now) {
                            Pace::Due(slot, pts) => (slot, pts),
                            Pace::Wait(_) => panic!("{fps} fps: not due after the wait"),
                        }
                    }
                    Pace::Due(slot, pts) => (slot, pts),
                };
                let exact = slot * 90_000 / u64::from(fps);
                assert!(pts.ticks_90k().abs_diff(exact) <= 1, "{fps} fps, slot {slot}");
                assert!(previous.is_none_or(|p| slot == p + 1), "{fps} fps: a gap");
                previous = Some(slot);
                now += ms(3);
            }
        }
    }

    #[test]
    fn a_late_source_leaves_out_what_passed() {
        let mut pacer = Pacer::new(10, ms(1000));
        assert_eq!(pacer.poll(ms(1000)), Pace::Due(10, Pts::from_millis(1000)));
        assert_eq!(pacer.poll(ms(1040)), Pace::Wait(ms(60)));
        assert_eq!(pacer.poll(ms(1560)), Pace::Due(15, Pts::from_millis(1500)));
        assert_eq!(pacer.poll(ms(1560)), Pace::Wait(ms(40)));
    }

    #[test]
    fn a_source_that_is_a_little_late_catches_up() {
        let mut pacer = Pacer::new(10, ms(1000));
        assert_eq!(pacer.poll(ms(1220)), Pace::Due(10, Pts::from_millis(1000)));
        assert_eq!(pacer.poll(ms(1220)), Pace::Due(11, Pts::from_millis(1100)));
        assert_eq!(pacer.poll(ms(1220)), Pace::Due(12, Pts::from_millis(1200)));
        assert_eq!(pacer.poll(ms(1220)), Pace::Wait(ms(80)));
    }

    #[test]
    fn a_raise_before_the_wait_is_not_missed() {
        let signal = Signal::default();
        let seen = signal.seen();
        signal.raise();
        signal.wait(seen);
        assert!(signal.wait_for(seen, Duration::ZERO));
        assert!(!signal.wait_for(signal.seen(), ms(1)));
    }

    #[test]
    fn the_clock_runs() {
        let before = monotonic();
        std::thread::sleep(ms(2));
        assert!(monotonic() >= before + ms(2));
    }
}
