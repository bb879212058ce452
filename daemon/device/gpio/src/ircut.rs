// SPDX-License-Identifier: MIT OR Apache-2.0
//! The IR-cut filter's coil. A latching one is moved by a pulse and rests without current; the
//! other kind holds the filter out for as long as it is driven.
//!
//! A coil that stays driven burns out. So the thread that begins a pulse is not the one that ends
//! it: a guard of its own ends each pulse, whatever becomes of the rest of the program. Should the
//! whole process die in a pulse, the lines keep their level: `hsvd --failsafe`, run by the service
//! manager, releases them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use embedded_hal::digital::OutputPin;

use crate::pin::ActivePin;

/// No board may ask for longer pulses.
pub const LONGEST_PULSE: Duration = Duration::from_millis(500);
/// A line that does not let go is told again.
const AGAIN: Duration = Duration::from_millis(50);
/// So often it is tried at the end.
const RELEASES: u32 = 3;

/// Where the filter is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterPosition {
    /// In the light's way.
    Day,
    /// Out of it.
    Night,
}

/// The coil and its lines.
#[derive(Debug)]
pub enum Coil<P> {
    /// A bridge: a pulse on one line moves the filter in, one on the other moves it out.
    Latching {
        /// Moves it in.
        day: ActivePin<P>,
        /// Moves it out.
        night: ActivePin<P>,
        /// How long; at most [`LONGEST_PULSE`].
        pulse: Duration,
    },
    /// The filter is out while the line is driven; a spring brings it back.
    Held {
        /// Holds it out.
        night: ActivePin<P>,
    },
}

impl<P: OutputPin> Coil<P> {
    fn release(&mut self) -> Result<(), P::Error> {
        match self {
            Self::Latching { day, night, .. } => {
                let first = day.set(false);
                night.set(false).and(first)
            }
            Self::Held { night } => night.set(false),
        }
    }

    /// Drives the line for `to`; returns for how long it may be driven.
    fn drive(&mut self, to: FilterPosition) -> Result<Option<Duration>, P::Error> {
        match (self, to) {
            (Self::Latching { day, pulse, .. }, FilterPosition::Day) => {
                day.set(true).map(|()| Some(*pulse))
            }
            (Self::Latching { night, pulse, .. }, FilterPosition::Night) => {
                night.set(true).map(|()| Some(*pulse))
            }
            (Self::Held { night }, to) => night.set(to == FilterPosition::Night).map(|()| None),
        }
    }
}

/// The filter with its guard. Dropping it releases the coil.
#[derive(Debug)]
pub struct IrCut<P: OutputPin> {
    shared: Arc<Shared<P>>,
    guard: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<P> {
    state: Mutex<State<P>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<P> {
    coil: Coil<P>,
    release_at: Option<Instant>,
    is_over: bool,
}

impl<P: OutputPin + Send + 'static> IrCut<P> {
    /// Takes the coil, released.
    ///
    /// # Errors
    /// A line does not let itself be driven.
    ///
    /// # Panics
    /// The system cannot start a thread.
    pub fn new(mut coil: Coil<P>) -> Result<Self, P::Error> {
        if let Coil::Latching { pulse, .. } = &mut coil {
            *pulse = (*pulse).min(LONGEST_PULSE);
        }
        coil.release()?;
        let state = Mutex::new(State { coil, release_at: None, is_over: false });
        let shared = Arc::new(Shared { state, changed: Condvar::new() });
        let watched = Arc::clone(&shared);
        let guard = thread::Builder::new()
            .name("coil".to_owned())
            .spawn(move || watched.guard())
            .expect("the system can start a thread");
        Ok(Self { shared, guard: Some(guard) })
    }

    /// Moves the filter and returns at once; the guard ends the pulse. A pulse under way ends now.
    ///
    /// # Errors
    /// A line does not let itself be driven. The coil is then released.
    pub fn move_to(&mut self, to: FilterPosition) -> Result<(), P::Error> {
        let mut state = self.shared.lock();
        // Never both at once. Due at once, should driving fail or panic in between.
        state.release_at = Some(Instant::now());
        let driven = match state.coil {
            Coil::Latching { .. } => state.coil.release().and_then(|()| state.coil.drive(to)),
            Coil::Held { .. } => state.coil.drive(to),
        };
        state.release_at = match &driven {
            Ok(pulse) => pulse.map(|pulse| Instant::now() + pulse),
            Err(_) => Some(Instant::now()),
        };
        self.shared.changed.notify_all();
        driven.map(|_| ())
    }
}

impl<P> Shared<P> {
    fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: OutputPin> Shared<P> {
    fn guard(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            match state.release_at {
                _ if state.is_over => return,
                None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Some(at) if now < at => {
                    let waited = self.changed.wait_timeout(state, at - now);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(_) => match state.coil.release() {
                    Ok(()) => state.release_at = None,
                    Err(error) => {
                        tracing::error!(?error, "the IR-cut coil cannot be released");
                        state.release_at = Some(now + AGAIN);
                    }
                },
            }
        }
    }
}

impl<P: OutputPin> Drop for IrCut<P> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        for tries_left in (0..RELEASES).rev() {
            let Err(error) = state.coil.release() else { break };
            tracing::error!(?error, tries_left, "the IR-cut coil cannot be released");
            if tries_left > 0 {
                std::thread::sleep(AGAIN);
            }
        }
        drop(state);
        self.shared.changed.notify_all();
        if let Some(guard) = self.guard.take()
            && guard.join().is_err()
        {
            tracing::error!("the coil's guard panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use embedded_hal::digital::ErrorType;
    use embedded_hal_mock::eh1::digital::{Mock, State as Digital, Transaction};

    use super::*;
    use crate::pin::Level;

    /// A line that remembers when it was driven to what.
    #[derive(Debug, Clone, Default)]
    struct Line(Arc<Mutex<Vec<(Instant, bool)>>>);

    impl ErrorType for Line {
        type Error = Infallible;
    }

    impl OutputPin for Line {
        fn set_low(&mut self) -> Result<(), Infallible> {
            self.0.lock().unwrap().push((Instant::now(), false));
            Ok(())
        }

        fn set_high(&mut self) -> Result<(), Infallible> {
            self.0.lock().unwrap().push((Instant::now(), true));
            Ok(())
        }
    }

    impl Line {
        fn pin(&self) -> ActivePin<Self> {
            ActivePin::new(self.clone(), Level::High)
        }

        fn is_driven(&self) -> bool {
            self.0.lock().unwrap().last().is_some_and(|last| last.1)
        }

        /// How long it was driven each time.
        fn pulses(&self) -> Vec<Duration> {
            let (mut pulses, mut since) = (Vec::new(), None);
            for (at, is_high) in self.0.lock().unwrap().iter() {
                match (is_high, since) {
                    (true, None) => since = Some(*at),
                    (false, Some(from)) => {
                        pulses.push(*at - from);
                        since = None;
                    }
                    _ => {}
                }
            }
            pulses
        }
    }

    fn latching(pulse: Duration) -> (IrCut<Line>, Line, Line) {
        let (day, night) = (Line::default(), Line::default());
        let coil = Coil::Latching { day: day.pin(), night: night.pin(), pulse };
        (IrCut::new(coil).unwrap(), day, night)
    }

    #[test]
    fn the_guard_ends_a_pulse_in_time() {
        let pulse = Duration::from_millis(60);
        let (mut filter, day, night) = latching(pulse);
        filter.move_to(FilterPosition::Night).unwrap();
        assert!(night.is_driven());
        thread::sleep(pulse * 4); // this thread does nothing more
        assert!(!night.is_driven());
        let pulses = night.pulses();
        assert_eq!(pulses.len(), 1);
        assert!(pulses[0] >= pulse && pulses[0] < pulse * 4, "{pulses:?}");
        assert_eq!(day.pulses(), []);
    }

    #[test]
    fn never_both_lines_and_never_longer_than_allowed() {
        let (mut filter, day, night) = latching(Duration::from_secs(60));
        filter.move_to(FilterPosition::Night).unwrap();
        filter.move_to(FilterPosition::Day).unwrap();
        assert!(day.is_driven() && !night.is_driven());
        thread::sleep(LONGEST_PULSE + Duration::from_millis(150));
        assert!(!day.is_driven(), "a minute is not given");
    }

    #[test]
    fn dropping_releases_at_once() {
        let (mut filter, _, night) = latching(LONGEST_PULSE);
        filter.move_to(FilterPosition::Night).unwrap();
        let started = Instant::now();
        drop(filter);
        assert!(!night.is_driven());
        assert!(started.elapsed() < LONGEST_PULSE);

        let line = Line::default();
        let mut filter = IrCut::new(Coil::Held { night: line.pin() }).unwrap();
        filter.move_to(FilterPosition::Night).unwrap();
        thread::sleep(LONGEST_PULSE + Duration::from_millis(100));
        assert!(line.is_driven(), "this kind is held");
        drop(filter);
        assert!(!line.is_driven());
    }

    #[test]
    fn a_line_that_fails_leaves_nothing_driven() {
        use embedded_hal_mock::eh1::MockError;
        use std::io::ErrorKind;
        let failing = MockError::Io(ErrorKind::NotConnected);
        let mut day = Mock::new(&[
            Transaction::set(Digital::Low),
            Transaction::set(Digital::Low),
            Transaction::set(Digital::Low),
        ]);
        let mut night = Mock::new(&[
            Transaction::set(Digital::Low),
            Transaction::set(Digital::Low),
            Transaction::set(Digital::High).with_error(failing),
            Transaction::set(Digital::Low),
        ]);
        let pin = |mock: &Mock| ActivePin::new(mock.clone(), Level::High);
        let pulse = Duration::from_millis(20);
        let coil = Coil::Latching { day: pin(&day), night: pin(&night), pulse };
        let mut filter = IrCut::new(coil).unwrap();
        assert!(filter.move_to(FilterPosition::Night).is_err());
        thread::sleep(Duration::from_millis(30)); // the guard releases, once
        std::mem::forget(filter); // a drop would release once more
        day.done();
        night.done();
    }
}
