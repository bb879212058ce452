// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's body: what the board's table describes and the owner has fitted, each with its
//! thread. The rules are in `appliance`, the drivers in `gpio`; here they are put together.

mod check;
mod light;
mod night;
mod reflex;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use appliance::bell::{Bell, Ring};
use appliance::button::{self, Button, Step};
use appliance::night::Mode;
use appliance::power::SensorPower;
use appliance::status::{Code, Situation};
use appliance::switch::{PrivacySwitch, Reading};
use gpio::board::{self, Board, COMPATIBLE, Part};
use gpio::{Edges, Event, FilterPosition, Input, Output};
use hap::setup::Category;
use media::{EncoderChoice, Tap};
use tracing::{info, warn};

use crate::config::{BodyConfig, FittedPart};
pub use check::{Sight, sight};
use light::Light;
use night::NightWatch;
pub use reflex::Reflex;

/// What hands do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandEvent {
    /// The privacy switch.
    Private(bool),
    /// The switch can be read, or not any more.
    Readable(bool),
    /// The IR-cut filter went there.
    Filter(FilterPosition),
    /// The button.
    Button(button::Event),
    /// The bell at the door.
    Rung,
    /// A part of the body fails from now on, or works again.
    Works(Part, bool),
}

/// The privacy switch, but for where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// None is fitted.
    Absent,
    /// It is as [`Hands::is_private`] says.
    Readable,
    /// It counts as on.
    Unreadable,
}

/// Where the IR-cut filter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// None is fitted.
    Absent,
    /// It has not been moved since the start.
    Unknown,
    /// In the light's way.
    Day,
    /// Out of it.
    Night,
}

/// Where hands' doings go.
pub type Tell = Arc<dyn Fn(HandEvent) + Send + Sync>;

/// The parts in use. Dropping it darkens lights and releases the coil.
pub struct Hands {
    light: Light,
    night: Option<NightWatch>,
    sensor: Option<Output>,
    sensor_power: SensorPower,
    is_private: bool,
    switch: Switch,
    filter: Filter,
    /// Parts that may work again.
    failing: Vec<Part>,
    /// What stays so until the next start.
    has_fault: bool,
    _edges: Vec<Edges>,
}

/// The board of this machine, with the owner's word on what is fitted.
///
/// # Errors
/// A table cannot be read, not exactly one is for this machine, or a part is fitted that the table
/// does not describe.
pub fn board(tables: &Path, body: &BodyConfig) -> anyhow::Result<Board> {
    let mut boards = board::read_all(tables)?.into_iter();
    let mut board = match &body.board {
        Some(id) => boards
            .find(|board| board.id == *id)
            .with_context(|| format!("[body] board: no table {id:?} in {}", tables.display()))?,
        None => board::choose(boards.collect(), &board::compatible(COMPATIBLE.as_ref()))?,
    };
    if let Some(fitted) = &body.fitted {
        board.fitted = fitted.iter().copied().map(part).collect();
    }
    if let Some(part) = board.fitted.iter().find(|part| !board.has(**part)) {
        bail!("{part:?} is fitted, but the table of board {} does not describe it", board.id);
    }
    Ok(board)
}

fn part(fitted: FittedPart) -> Part {
    match fitted {
        FittedPart::StatusLed => Part::StatusLed,
        FittedPart::PrivacySwitch => Part::PrivacySwitch,
        FittedPart::Button => Part::Button,
        FittedPart::Doorbell => Part::Doorbell,
        FittedPart::IrCut => Part::IrCut,
        FittedPart::IrLamp => Part::IrLamp,
        FittedPart::LightSensor => Part::LightSensor,
    }
}

/// What the accessory is: a bell makes the camera a doorbell.
pub fn category(board: &Board) -> Category {
    match board.fitted.contains(&Part::Doorbell) {
        true => Category::VideoDoorbell,
        false => Category::Camera,
    }
}

/// What is found and what is missing on this machine, in plain words.
pub fn check(board: &Board, encoder: &EncoderChoice) -> Vec<String> {
    check::lines(board, encoder)
}

/// Darkens the lights, releases the coil and switches the sensor off, after a daemon that can do so
/// no more.
pub fn make_safe(board: &Board) {
    let nobody: Tell = Arc::new(|_| {});
    let parts = (Light::open(board, &nobody), night::open_outputs(board), open_sensor_power(board));
    thread::sleep(SAFE_FOR);
    drop(parts);
}

/// Lines are driven for so long, since what hangs on them may be slow.
const SAFE_FOR: Duration = Duration::from_millis(20);

impl Hands {
    /// Takes the parts. First of all the light goes dark and the switch is read. A switch that is
    /// fitted and cannot be read is on; any other part that fails is left out and told.
    ///
    /// # Errors
    /// The board's table is wrong.
    pub fn open(board: &Board, tell: &Tell) -> anyhow::Result<Self> {
        let (light, light_is_well) = Light::open(board, tell);
        let mut failing = Vec::new();
        let mut edges = Vec::new();
        let mut is_private = false;
        let mut switch = Switch::Absent;
        let mut has_fault = !light_is_well;
        if board.fitted.contains(&Part::PrivacySwitch) {
            let (watch, is_on, reading) = watch_switch(board, tell)?;
            edges.push(watch);
            is_private = is_on;
            let is_readable = reading != Reading::Unreadable;
            switch = if is_readable { Switch::Readable } else { Switch::Unreadable };
        }
        if board.fitted.contains(&Part::Button) {
            let (watch, is_well) = watch_button(board, tell)?;
            edges.push(watch);
            failing.extend((!is_well).then_some(Part::Button));
        }
        if board.fitted.contains(&Part::Doorbell) {
            let (watch, is_well) = watch_bell(board, tell)?;
            edges.push(watch);
            failing.extend((!is_well).then_some(Part::Doorbell));
        }
        let (night, night_is_well) = NightWatch::spawn(board, tell);
        has_fault |= !night_is_well;
        let sensor = match open_sensor_power(board) {
            Some(Err(error)) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "the sensor's power stays as it is"
                );
                has_fault = true;
                None
            }
            power => power.and_then(Result::ok),
        };
        info!(board = board.id, fitted = ?board.fitted, is_private, "the camera's body");
        let is_fitted = board.ir_cut.is_some() && board.fitted.contains(&Part::IrCut);
        let filter = if is_fitted { Filter::Unknown } else { Filter::Absent };
        let _edges = edges;
        Ok(Self {
            light,
            night,
            sensor,
            sensor_power: SensorPower::new(),
            is_private,
            switch,
            filter,
            failing,
            has_fault,
            _edges,
        })
    }

    /// The privacy switch is on.
    pub fn is_private(&self) -> bool {
        self.is_private
    }

    /// The switch.
    pub fn switch(&self) -> Switch {
        self.switch
    }

    /// Where the filter is.
    pub fn filter(&self) -> Filter {
        self.filter
    }

    /// What the status light shows, or would show if there were one.
    pub fn light(&self) -> Code {
        self.light.code()
    }

    /// Something of the body does not work.
    pub fn has_fault(&self) -> bool {
        self.has_fault || !self.failing.is_empty()
    }

    /// Takes note of whether a part works.
    pub fn set_works(&mut self, part: Part, works: bool) {
        self.failing.retain(|failing| *failing != part);
        if !works {
            self.failing.push(part);
        }
    }

    /// Takes note of whether the switch can be read.
    pub fn set_readable(&mut self, is_readable: bool) {
        self.switch = if is_readable { Switch::Readable } else { Switch::Unreadable };
    }

    /// Takes note of where the filter went.
    pub fn set_filter(&mut self, position: FilterPosition) {
        self.filter = match position {
            FilterPosition::Day => Filter::Day,
            FilterPosition::Night => Filter::Night,
        };
    }

    /// Takes note of the switch.
    pub fn set_private(&mut self, is_private: bool) {
        self.is_private = is_private;
    }

    /// Gives the sensor power, or takes it: whether pictures `may` be taken, and whether the camera
    /// `is_open`.
    pub fn power(&mut self, now: Instant, may: bool, is_open: bool) {
        let is_on = self.sensor_power.handle(now, may, is_open);
        if let Some(sensor) = &mut self.sensor
            && let Err(error) = sensor.set(is_on)
        {
            warn!(error = &error as &dyn std::error::Error, "the sensor's power");
            self.has_fault = true;
        }
    }

    /// When the sensor's power must be looked at again.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.sensor.as_ref().and(self.sensor_power.next_timeout())
    }

    /// Shows the situation, as far as it is not the body's own.
    pub fn show(&mut self, situation: Situation) {
        let has_fault = situation.has_fault || self.has_fault();
        self.light.set(Situation { is_private: self.is_private, has_fault, ..situation });
    }

    /// Shows which camera this is.
    pub fn identify(&self) {
        self.light.identify();
    }

    /// Shows what letting the button go would do.
    pub fn show_step(&self, step: Step) {
        self.light.step(step);
    }

    /// The button is up again, or means nothing any more.
    pub fn show_step_over(&self) {
        self.light.step_over();
    }

    /// Something is broken that a person should look at; seen when the situation is shown next.
    pub fn note_fault(&mut self) {
        self.has_fault = true;
    }

    /// What night vision is to do.
    pub fn see(&self, mode: Mode) {
        if let Some(night) = &self.night {
            night.set_mode(mode);
        }
    }

    /// Night vision wants pictures.
    pub fn wants_pictures(&self) -> bool {
        self.night.is_some()
    }

    /// The pictures that night vision looks at from now on.
    pub fn watch(&self, tap: Tap) {
        if let Some(night) = &self.night {
            night.watch(tap);
        }
    }
}

fn open_sensor_power(board: &Board) -> Option<Result<Output, gpio::LineError>> {
    board.sensor_power.as_ref().map(|part| Output::open(&part.line, part.active))
}

fn watch_switch(board: &Board, tell: &Tell) -> anyhow::Result<(Edges, bool, Reading)> {
    let part = board.privacy_switch.clone().context("no [privacy-switch] in the board's table")?;
    let open = move || Input::open(&part.line, part.active);
    let input = open().inspect_err(|error| {
        let error = error as &dyn std::error::Error;
        warn!(error, "the privacy switch cannot be read: the camera stays off");
    });
    let input = input.ok();
    let reading = match input.as_ref().map(Input::is_active) {
        Some(Ok(true)) => Reading::On,
        Some(Ok(false)) => Reading::Off,
        Some(Err(_)) | None => Reading::Unreadable,
    };
    let debounce =
        board.privacy_switch.as_ref().map_or_else(Default::default, |part| part.debounce);
    let mut switch = PrivacySwitch::new(debounce, reading);
    let is_on = switch.is_on();
    let tell = Arc::clone(tell);
    let mut was_readable = reading != Reading::Unreadable;
    let watched = Box::new(move |now, event| {
        let is_readable = !matches!(event, Event::Lost);
        if std::mem::replace(&mut was_readable, is_readable) != is_readable {
            tell(HandEvent::Readable(is_readable));
        }
        let of = |is_active| if is_active { Reading::On } else { Reading::Off };
        let changed = match event {
            Event::Edge { is_active, at } => switch.handle(at, of(is_active)),
            Event::Level(is_active) => switch.handle(now, of(is_active)),
            Event::Lost => switch.handle(now, Reading::Unreadable),
        };
        if let Some(is_on) = changed {
            tell(HandEvent::Private(is_on));
        }
        switch.next_timeout()
    });
    Ok((Edges::watch("privacy", input, move || open().ok(), watched), is_on, reading))
}

fn watch_button(board: &Board, tell: &Tell) -> anyhow::Result<(Edges, bool)> {
    let part = board.button.clone().context("no [button] in the board's table")?;
    let mut button = Button::default();
    let told = Arc::clone(tell);
    let watched = Box::new(move |now, event| {
        let events = match event {
            Event::Edge { is_active, at } => button.handle(at, is_active),
            Event::Level(is_active) => {
                let mut events = button.handle(now, is_active);
                events.extend(button.handle_timeout(now));
                events
            }
            Event::Lost => {
                button = Button::default();
                Vec::new()
            }
        };
        for event in events {
            told(HandEvent::Button(event));
        }
        button.next_timeout()
    });
    Ok(watch_line(Part::Button, part, tell, watched))
}

fn watch_bell(board: &Board, tell: &Tell) -> anyhow::Result<(Edges, bool)> {
    let part = board.doorbell.clone().context("no [doorbell] in the board's table")?;
    let mut bell = Bell::default();
    let told = Arc::clone(tell);
    let watched = Box::new(move |now, event| {
        let rings = match event {
            Event::Edge { is_active, at } => [bell.handle(at, is_active), None],
            Event::Level(is_active) => [bell.handle(now, is_active), bell.handle_timeout(now)],
            Event::Lost => {
                bell = Bell::default();
                [None, None]
            }
        };
        for Ring in rings.into_iter().flatten() {
            told(HandEvent::Rung);
        }
        bell.next_timeout()
    });
    Ok(watch_line(Part::Doorbell, part, tell, watched))
}

/// Watches a line, and tries again and again to get one that cannot be had; `false` with it means
/// that it could not be had at first. It is read once before, so that a press counts from the start.
/// A line that is lost, or had again, is told of.
fn watch_line(
    part: Part,
    line: board::Line,
    tell: &Tell,
    mut watched: gpio::Watched,
) -> (Edges, bool) {
    let open = move || Input::open(&line.line, line.active);
    let input = open().and_then(|input| {
        watched(Instant::now(), Event::Level(input.is_active()?));
        Ok(input)
    });
    let input = input.inspect_err(|error| {
        warn!(?part, error = error as &dyn std::error::Error, "it cannot be read");
    });
    let is_well = input.is_ok();
    let (tell, mut worked) = (Arc::clone(tell), is_well);
    let watched = Box::new(move |now, event| {
        let works = !matches!(event, Event::Lost);
        if std::mem::replace(&mut worked, works) != works {
            tell(HandEvent::Works(part, works));
        }
        watched(now, event)
    });
    let name = if part == Part::Button { "button" } else { "doorbell" };
    (Edges::watch(name, input.ok(), move || open().ok(), watched), is_well)
}
