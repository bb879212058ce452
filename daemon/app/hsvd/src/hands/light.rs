// SPDX-License-Identifier: MIT OR Apache-2.0
//! The status light: told at once, blinks on a thread of its own.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use appliance::button::Step;
use appliance::status::{Code, Colour, Situation, StatusLight};
use gpio::board::{Board, Part, StatusLed};
use gpio::{KernelLed, LEDS, Output};
use tracing::warn;

use super::{HandEvent, Tell};

/// The light. Whoever tells it something has it shown before the call returns. Dropping it darkens
/// it.
pub struct Light {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    status: StatusLight,
    lamps: Option<Lamps>,
    shown: Option<Colour>,
    is_over: bool,
    has_failed: bool,
    tell: Tell,
}

/// The lamps of one light.
enum Lamps {
    Kernel(KernelLed),
    Line(Output),
    /// Red, green, blue.
    Colours(Box<[Output; 3]>),
}

impl Lamps {
    fn open(led: &StatusLed) -> anyhow::Result<Self> {
        let line = |line: &gpio::board::Line| Output::open(&line.line, line.active);
        Ok(match led {
            StatusLed::Kernel { kernel } => Self::Kernel(KernelLed::open(Path::new(LEDS), kernel)?),
            StatusLed::Line(one) => Self::Line(line(one)?),
            StatusLed::Colours { red, green, blue } => {
                Self::Colours(Box::new([line(red)?, line(green)?, line(blue)?]))
            }
        })
    }

    fn show(&mut self, colour: Option<Colour>) -> anyhow::Result<()> {
        match self {
            Self::Kernel(led) => led.set(colour.is_some())?,
            Self::Line(line) => line.set(colour.is_some())?,
            Self::Colours(lines) => {
                let [red, green, blue] = &mut **lines;
                let has = |colours: &[Colour]| colour.is_some_and(|one| colours.contains(&one));
                red.set(has(&[Colour::Red, Colour::Amber, Colour::White]))?;
                green.set(has(&[Colour::Amber, Colour::White]))?;
                blue.set(has(&[Colour::Blue, Colour::White]))?;
            }
        }
        Ok(())
    }
}

impl Light {
    /// Takes the light, dark; `false` with it means that one is fitted and cannot be used. One that
    /// fails later, or works again, is told of.
    pub fn open(board: &Board, tell: &Tell) -> (Self, bool) {
        let is_fitted = board.fitted.contains(&Part::StatusLed);
        let lamps = board.status_led.as_ref().filter(|_| is_fitted).map(Lamps::open);
        let is_well = !matches!(lamps, Some(Err(_)));
        let lamps = lamps
            .and_then(|lamps| lamps.inspect_err(|error| warn!("the status light: {error:#}")).ok());
        (Self::over(lamps, tell), is_well)
    }

    fn over(lamps: Option<Lamps>, tell: &Tell) -> Self {
        let status = StatusLight::new(Instant::now());
        let has_lamps = lamps.is_some();
        let tell = Tell::clone(tell);
        let state = State { status, lamps, shown: None, is_over: false, has_failed: false, tell };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let blinking = Arc::clone(&shared);
        let thread = has_lamps.then(|| {
            let thread = thread::Builder::new().name("status-led".to_owned());
            thread.spawn(move || blinking.blink()).expect("the system can start a thread")
        });
        Self { shared, thread }
    }

    /// Shows what is so now.
    pub fn set(&self, situation: Situation) {
        self.shared.tell(|status, now| status.set(now, situation));
    }

    /// What it shows.
    pub fn code(&self) -> Code {
        self.shared.lock().status.code(Instant::now())
    }

    /// Shows which camera this is.
    pub fn identify(&self) {
        self.shared.tell(StatusLight::identify);
    }

    /// Shows what letting the button go would do.
    pub fn step(&self, step: Step) {
        self.shared.tell(|status, now| status.step(now, step));
    }

    /// The button is up again, or means nothing any more.
    pub fn step_over(&self) {
        self.shared.tell(StatusLight::step_over);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut StatusLight, Instant)) {
        let mut state = self.lock();
        let now = Instant::now();
        change(&mut state.status, now);
        state.show(now);
        drop(state);
        self.changed.notify_all();
    }

    fn blink(&self) {
        let mut state = self.lock();
        while !state.is_over {
            let now = Instant::now();
            state.show(now);
            let wait = state.status.next_timeout(now).map(|at| at.saturating_duration_since(now));
            let wait = if state.has_failed { Some(wait.unwrap_or(RETRY).min(RETRY)) } else { wait };
            state = match wait {
                Some(wait) => {
                    let waited = self.changed.wait_timeout(state, wait.max(SHORTEST_WAIT));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// A light that failed is tried again after at most so long.
const RETRY: Duration = Duration::from_secs(1);
/// A light that changes more often is not seen.
const SHORTEST_WAIT: Duration = Duration::from_millis(5);

impl State {
    fn show(&mut self, now: Instant) {
        let colour = self.status.colour(now);
        if colour != self.shown || self.has_failed {
            self.put(colour);
        }
    }

    fn put(&mut self, colour: Option<Colour>) {
        let Some(lamps) = &mut self.lamps else { return };
        let result = lamps.show(colour);
        if let Err(error) = &result
            && !self.has_failed
        {
            warn!("the status light: {error:#}");
        }
        let has_failed = result.is_err();
        if std::mem::replace(&mut self.has_failed, has_failed) != has_failed {
            (self.tell)(HandEvent::Works(Part::StatusLed, !has_failed));
        }
        self.shown = colour;
    }
}

impl Drop for Light {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        state.put(None);
        drop(state);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the status light's thread panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_light_that_fails_later_and_works_again_is_told_each_once() {
        let leds = tempfile::tempdir().unwrap();
        let brightness = leds.path().join("white").join("brightness");
        fs::create_dir(leds.path().join("white")).unwrap();
        fs::write(leds.path().join("white").join("max_brightness"), "255").unwrap();
        let led = KernelLed::open(leds.path(), "white").unwrap();
        let (told, heard) = channel();
        let tell: Tell = Arc::new(move |event| told.send(event).unwrap());
        let light = Light::over(Some(Lamps::Kernel(led)), &tell);
        fs::remove_file(&brightness).unwrap();
        fs::create_dir(&brightness).unwrap(); // what even root cannot write
        for _ in 0..3 {
            light.set(Situation { pictures: true, may_shine: true, ..Situation::start() });
        }
        let next = || heard.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(next(), HandEvent::Works(Part::StatusLed, false));
        fs::remove_dir(&brightness).unwrap();
        assert_eq!(next(), HandEvent::Works(Part::StatusLed, true));
        assert_eq!(fs::read_to_string(&brightness).unwrap(), "255", "it shows what it should");
        drop(light);
        assert!(heard.try_recv().is_err(), "once each");
    }
}
