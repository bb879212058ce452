// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread "night": measures the light about once a second, by a sensor or by the picture, and
//! does what night vision says.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use appliance::night::{Action, Finding, Mode, NightVision, Picture, Position, Sample, Settings};
use frame::YuvPicture;
use gpio::board::{Board, IrCutPart, IrLampPart, Part};
use gpio::{Coil, FilterPosition, IrCut, IrLamp, LightSensor, Output, PWM, Pwm};
use linux_embedded_hal::CdevPin;
use media::{Mean, Received, Tap};
use tracing::{info, warn};

use super::{HandEvent, Tell};

/// Time between two measurements.
const EVERY: Duration = Duration::from_secs(1);
/// The thread looks so often whether it was told something.
const TICK: Duration = Duration::from_millis(100);

/// The thread. Dropping this ends it, the lamp dark and the coil released.
pub struct NightWatch {
    told: Option<Sender<Told>>,
    thread: Option<JoinHandle<()>>,
}

enum Told {
    Mode(Mode),
    Tap(Tap),
}

/// Filter and lamp, as far as they are fitted and work.
pub struct Outputs {
    filter: Option<IrCut<CdevPin>>,
    lamp: Option<IrLamp>,
    is_well: bool,
}

/// Takes filter and lamp, released and dark.
pub fn open_outputs(board: &Board) -> Outputs {
    let is_fitted = |part| board.fitted.contains(&part);
    let filter = board.ir_cut.as_ref().filter(|_| is_fitted(Part::IrCut)).map(open_filter);
    let lamp = board.ir_lamp.as_ref().filter(|_| is_fitted(Part::IrLamp)).map(open_lamp);
    let is_well = !matches!(filter, Some(Err(_))) && !matches!(lamp, Some(Err(_)));
    let told = |error: &anyhow::Error| warn!("night vision: {error:#}");
    Outputs {
        filter: filter.and_then(|filter| filter.inspect_err(told).ok()),
        lamp: lamp.and_then(|lamp| lamp.inspect_err(told).ok()),
        is_well,
    }
}

fn open_filter(part: &IrCutPart) -> anyhow::Result<IrCut<CdevPin>> {
    let pin =
        |line: &gpio::board::Line| Output::open(&line.line, line.active).map(Output::into_pin);
    let coil = match part {
        IrCutPart::Latching { day, night, pulse } => {
            Coil::Latching { day: pin(day)?, night: pin(night)?, pulse: *pulse }
        }
        IrCutPart::Held { night } => Coil::Held { night: pin(night)? },
    };
    IrCut::new(coil).map_err(|error| anyhow::anyhow!("the IR-cut filter: {error}"))
}

fn open_lamp(part: &IrLampPart) -> anyhow::Result<IrLamp> {
    Ok(match part {
        IrLampPart::Line(line) => IrLamp::Line(Output::open(&line.line, line.active)?),
        IrLampPart::Pwm { pwm, channel, period_us, percent } => {
            let period = Duration::from_micros((*period_us).into());
            IrLamp::Pwm(Pwm::open(Path::new(PWM), pwm, *channel, period, *percent)?)
        }
    })
}

impl NightWatch {
    /// Starts the thread if there is a filter or a lamp; `false` with it means that something is
    /// fitted and cannot be used.
    pub fn spawn(board: &Board, tell: &Tell) -> (Option<Self>, bool) {
        let outputs = open_outputs(board);
        let mut is_well = outputs.is_well;
        if outputs.filter.is_none() && outputs.lamp.is_none() {
            return (None, is_well);
        }
        let part =
            board.light_sensor.as_ref().filter(|_| board.fitted.contains(&Part::LightSensor));
        let sensor = part.and_then(|part| {
            let sensor = gpio::open_sensor(part.kind, &part.bus, part.address);
            let told = |error: &gpio::SensorError| warn!("{error}; the picture measures the light");
            sensor.inspect_err(told).ok()
        });
        is_well &= part.is_some() == sensor.is_some();
        let settings = match part.filter(|_| sensor.is_some()) {
            None => Settings::luma(),
            Some(part) => {
                let mut settings = Settings { sees_lamp: part.sees_lamp, ..Settings::lux() };
                if let Some(limits) = part.limits {
                    settings.night_below = limits.night_below;
                    settings.day_above = limits.day_above;
                }
                settings
            }
        };
        let (told, inbox) = channel();
        let night = NightVision::new(settings);
        let tell = Tell::clone(tell);
        let thread = thread::Builder::new()
            .name("night".to_owned())
            .spawn(move || {
                let failing = Vec::new();
                Watch { night, outputs, tell, sensor, tap: None, seen: None, failing, lamp: None }
                    .run(&inbox);
            })
            .expect("the system can start a thread");
        (Some(Self { told: Some(told), thread: Some(thread) }), is_well)
    }

    /// What the camera wants.
    pub fn set_mode(&self, mode: Mode) {
        self.tell(Told::Mode(mode));
    }

    /// Looks at these pictures.
    pub fn watch(&self, tap: Tap) {
        self.tell(Told::Tap(tap));
    }

    fn tell(&self, told: Told) {
        if self.told.as_ref().is_some_and(|sender| sender.send(told).is_err()) {
            warn!("night vision has ended");
        }
    }
}

impl Drop for NightWatch {
    fn drop(&mut self) {
        drop(self.told.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("night vision's thread panicked");
        }
    }
}

struct Watch {
    night: NightVision,
    outputs: Outputs,
    tell: Tell,
    sensor: Option<Box<dyn LightSensor>>,
    tap: Option<Tap>,
    seen: Option<Picture>,
    /// Parts that do not do what they are told.
    failing: Vec<Part>,
    /// What the lamp was told and did not do.
    lamp: Option<bool>,
}

impl Watch {
    fn run(mut self, inbox: &Receiver<Told>) {
        let mut next = Instant::now();
        loop {
            match inbox.recv_timeout(TICK) {
                Ok(Told::Mode(mode)) => {
                    let actions = self.night.set_mode(Instant::now(), mode);
                    self.act(actions);
                }
                Ok(Told::Tap(tap)) => self.tap = Some(tap),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Instant::now();
            if self.night.next_timeout().is_some_and(|at| now >= at) {
                let actions = self.night.handle_timeout(now);
                self.act(actions);
            }
            if now >= next {
                next = now + EVERY;
                if let Some(is_lit) = self.lamp {
                    self.light(is_lit);
                }
                self.look();
                if let Some(sample) = self.measure() {
                    let actions = self.night.handle(Instant::now(), sample);
                    self.act(actions);
                }
            }
        }
    }

    /// Takes the newest picture's mean, if there is a new one.
    fn look(&mut self) {
        self.seen = match self.tap.as_ref().map(|tap| tap.recv(Duration::ZERO)) {
            Some(Received::Frame(frame)) => Some(mean(&frame.picture)),
            Some(Received::Nothing) | None => None,
            Some(Received::Ended) => {
                self.tap = None;
                None
            }
        };
    }

    fn measure(&mut self) -> Option<Sample> {
        let level = match &mut self.sensor {
            None => self.seen?.luma.into(),
            Some(sensor) => sensor
                .lux()
                .inspect_err(|error| tracing::debug!(%error, "no measurement of the light"))
                .ok()?,
        };
        Some(Sample { level, picture: self.seen })
    }

    /// Sets the lamp; one that fails is tried again every second.
    fn light(&mut self, is_lit: bool) {
        let Some(lit) = self.outputs.lamp.as_mut().map(|lamp| lamp.set(is_lit)) else { return };
        self.lamp = lit.is_err().then_some(is_lit);
        self.works(Part::IrLamp, lit);
    }

    /// Tells of a part that fails, and of one that works again; each once.
    fn works<E: std::fmt::Display>(&mut self, part: Part, result: Result<(), E>) {
        let was_failing = self.failing.contains(&part);
        match result {
            Ok(()) if was_failing => self.failing.retain(|failing| *failing != part),
            Err(error) if !was_failing => {
                warn!(?part, %error, "it does not do what it is told; trying again");
                self.failing.push(part);
            }
            _ => return,
        }
        (self.tell)(HandEvent::Works(part, was_failing));
    }

    fn act(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Move(to) => {
                    info!(?to, "the IR-cut filter moves");
                    let to = match to {
                        Position::Day => FilterPosition::Day,
                        Position::Night => FilterPosition::Night,
                    };
                    let moved = self.outputs.filter.as_mut().map(|filter| filter.move_to(to));
                    if let Some(moved) = moved {
                        if moved.is_ok() {
                            (self.tell)(HandEvent::Filter(to));
                        }
                        self.works(Part::IrCut, moved);
                    }
                }
                Action::Lamp(is_lit) => self.light(is_lit),
                Action::Tell(Finding::BudgetSpent) => {
                    warn!("the light changes too often: the IR-cut filter rests for a while");
                }
                Action::Tell(Finding::FilterStuck) => {
                    warn!("the IR-cut filter does not move: the picture stays as it was");
                }
                Action::Tell(Finding::FilterMoves) => info!("the IR-cut filter moves again"),
            }
        }
    }
}

fn mean(picture: &YuvPicture) -> Picture {
    let Mean { luma, cb, cr } = Mean::of(picture);
    Picture { luma, cb, cr }
}
