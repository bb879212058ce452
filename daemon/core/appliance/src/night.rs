// SPDX-License-Identifier: MIT OR Apache-2.0
//! Day and night: when the IR-cut filter moves and when the IR lamp shines.
//!
//! ```text
//!  Asleep ─► Start ─┬──────────── pulse ─► Settling ─► Day ◄─────────────┐
//!                   │                         ▲         │ votes for night │ bright without
//!                   └─────────────────────────┼─────────┘                 │ the lamp
//!                                             └───────► Night ─► Recheck ─┤
//!                                                         ▲   lamp dark   │
//!                                                         └── dark: later ┘
//! ```
//! Three things make cameras click all night, and each has its answer here. Light near the limit:
//! two limits, separate votes for day and night, and a time that each lasts at least. The camera's
//! own lamp taken for daylight: before it believes in the day it darkens the lamp and looks again,
//! less often each time it was wrong. Anything else: a budget of clicks an hour, never exceeded.

mod clicks;
mod filter;

use std::time::{Duration, Instant};

use clicks::Clicks;
use filter::{Health, Verdict};

/// Where the IR-cut filter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// In the light's way: colours are right, infrared is kept out.
    Day,
    /// Out of the way: infrared is seen.
    Night,
}

/// What the camera's picture looks like on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    /// Mean luma.
    pub luma: u8,
    /// Mean of the blue difference, 128 is grey.
    pub cb: u8,
    /// Mean of the red difference, 128 is grey.
    pub cr: u8,
}

/// One measurement of the light, about one a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// In the unit of [`Settings::night_below`]: lux from a sensor, or mean luma from the picture.
    pub level: f32,
    /// The picture at that time, if there is one: tells whether the filter moved.
    pub picture: Option<Picture>,
}

/// What counts as dark, and how patient to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Below this a sample is a vote for night.
    pub night_below: f32,
    /// Above this a sample is a vote for day; more than [`Settings::night_below`].
    pub day_above: f32,
    /// Votes in a row for night.
    pub night_votes: u8,
    /// Votes in a row for day.
    pub day_votes: u8,
    /// Day or night lasts at least so long.
    pub dwell: Duration,
    /// After a move or a lamp's change the picture needs so long to settle.
    pub settle: Duration,
    /// Moves of the filter in an hour.
    pub clicks_per_hour: u8,
    /// The light is measured where the lamp shines, as the picture always is.
    pub sees_lamp: bool,
    /// From night on, so long until the lamp may be darkened for a look; doubled by each in vain.
    pub recheck_after: Duration,
    /// At most so long between two looks, and then even without a vote for day.
    pub recheck_at_latest: Duration,
}

impl Settings {
    /// For a sensor in lux that does not see the lamp.
    pub const fn lux() -> Self {
        Self {
            night_below: 3.0,
            day_above: 10.0,
            night_votes: 6,
            day_votes: 4,
            dwell: Duration::from_secs(30),
            settle: Duration::from_secs(2),
            clicks_per_hour: 12,
            sees_lamp: false,
            recheck_after: Duration::from_secs(60),
            recheck_at_latest: Duration::from_secs(3600),
        }
    }

    /// For the mean luma of the picture, 0 to 255.
    pub const fn luma() -> Self {
        Self { night_below: 32.0, day_above: 64.0, sees_lamp: true, ..Self::lux() }
    }
}

/// What the camera wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The sensor does not run: the lamp is dark and the filter rests where it is.
    Asleep,
    /// NightVision is off: the filter is in, the lamp is dark.
    Day,
    /// NightVision is on.
    Automatic,
}

/// What is to be done, in the order given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Action {
    /// Move the filter: one click.
    Move(Position),
    /// Light the IR lamp or darken it.
    Lamp(bool),
    /// Tell the owner.
    Tell(Finding),
}

/// What the owner should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The clicks of this hour are used up; the filter rests until there are new ones.
    BudgetSpent,
    /// The picture does not change when the filter should have moved: three times in a row.
    FilterStuck,
    /// It moves again.
    FilterMoves,
}

/// Samples that decide at the start.
const START_VOTES: u8 = 3;
/// A measurement that is awaited and does not come is waited for so long besides.
const PATIENCE: Duration = Duration::from_secs(10);
/// A day that lasted so long was one: looks after it are frequent again.
const TRUE_DAY: Duration = Duration::from_secs(900);

/// Of moving the filter one way: one that did not move is told once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Asleep,
    /// Votes for day and for night since the sensor runs.
    Start {
        day: u8,
        night: u8,
    },
    /// The filter has just been told to move; lamp dark.
    Settling {
        to: Position,
        until: Instant,
        before: Option<Picture>,
        attempt: Attempt,
    },
    Day {
        since: Instant,
        votes: u8,
    },
    Night {
        since: Instant,
        votes: u8,
        recheck_at: Instant,
    },
    /// The lamp is dark to see whether it is day.
    Recheck {
        night_since: Instant,
        until: Instant,
        votes: u8,
    },
    /// NightVision is off and the filter is where it should be, or waits for a click.
    Held,
}

/// The state machine.
#[derive(Debug, Clone)]
pub struct NightVision {
    settings: Settings,
    mode: Mode,
    state: State,
    /// Where the filter was sent last; unknown at the start.
    position: Option<Position>,
    is_lit: bool,
    clicks: Clicks,
    is_budget_told: bool,
    health: Health,
    /// How long after a look in vain the next one may be.
    pause: Duration,
    last: Option<Picture>,
}

impl NightVision {
    /// Asleep, the filter anywhere, the lamp dark.
    pub fn new(settings: Settings) -> Self {
        Self {
            clicks: Clicks::new(settings.clicks_per_hour),
            pause: settings.recheck_after,
            settings,
            mode: Mode::Asleep,
            state: State::Asleep,
            position: None,
            is_lit: false,
            is_budget_told: false,
            health: Health::default(),
            last: None,
        }
    }

    /// Where the filter was sent last.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The lamp shines.
    pub fn is_lit(&self) -> bool {
        self.is_lit
    }

    /// The filter did not move when it should have.
    pub fn is_stuck(&self) -> bool {
        self.health.is_stuck()
    }

    /// What the camera wants from now on.
    pub fn set_mode(&mut self, now: Instant, mode: Mode) -> Vec<Action> {
        let mut out = Vec::new();
        if mode == self.mode {
            return out;
        }
        self.mode = mode;
        self.last = None;
        self.light(false, &mut out);
        self.state = match mode {
            Mode::Asleep => State::Asleep,
            Mode::Day => State::Held,
            Mode::Automatic => State::Start { day: 0, night: 0 },
        };
        self.hold_day(now, &mut out);
        out
    }

    /// A measurement made at `now`. Levels that are no numbers or below zero are ignored.
    pub fn handle(&mut self, now: Instant, sample: Sample) -> Vec<Action> {
        let mut out = Vec::new();
        if sample.level.is_nan() || sample.level < 0.0 {
            return out;
        }
        let (is_dark, is_bright) =
            (sample.level < self.settings.night_below, sample.level > self.settings.day_above);
        match self.state {
            State::Asleep | State::Held => {}
            State::Start { day, night } => {
                let (day, night) = if is_dark { (day, night + 1) } else { (day + 1, night) };
                self.state = State::Start { day, night };
                if day + night >= START_VOTES {
                    self.state = State::Start { day: 0, night: 0 }; // should it not be let click
                    let to = if night > day { Position::Night } else { Position::Day };
                    self.last = sample.picture;
                    self.enter(now, to, &mut out);
                }
            }
            State::Settling { until, .. } if now < until => {}
            State::Settling { to, before, attempt, .. } => {
                self.settled(now, to, [before, sample.picture], attempt, &mut out);
            }
            State::Day { since, votes } => {
                let votes = count(votes, is_dark, is_bright);
                self.state = State::Day { since, votes };
                if votes >= self.settings.night_votes && now >= since + self.settings.dwell {
                    if now >= since + TRUE_DAY {
                        self.pause = self.settings.recheck_after;
                    }
                    self.last = sample.picture;
                    self.enter(now, Position::Night, &mut out);
                }
            }
            State::Night { since, votes, recheck_at } => {
                let votes = count(votes, is_bright, is_dark);
                self.state = State::Night { since, votes, recheck_at };
                let is_voted =
                    votes >= self.settings.day_votes && now >= since + self.settings.dwell;
                if is_voted && !self.settings.sees_lamp {
                    self.last = sample.picture;
                    self.enter(now, Position::Day, &mut out);
                } else if is_voted && now >= recheck_at {
                    self.recheck(now, since, &mut out);
                }
            }
            State::Recheck { until, .. } if now < until => {}
            State::Recheck { night_since, until, votes } if is_bright => {
                self.state = State::Recheck { night_since, until, votes: votes + 1 };
                if votes + 1 >= self.settings.day_votes {
                    self.last = sample.picture;
                    self.enter(now, Position::Day, &mut out);
                }
            }
            State::Recheck { night_since, .. } => self.still_night(now, night_since, &mut out),
        }
        out
    }

    /// [`NightVision::next_timeout`] has come.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<Action> {
        let mut out = Vec::new();
        match self.state {
            State::Settling { to, until, before, .. } if now >= until + PATIENCE => {
                self.settled(now, to, [before, None], Attempt::Last, &mut out);
            }
            State::Recheck { night_since, until, .. }
                if now >= until + PATIENCE + self.settings.settle =>
            {
                self.still_night(now, night_since, &mut out);
            }
            State::Night { since, recheck_at, .. } if now >= self.latest_recheck(recheck_at) => {
                self.recheck(now, since, &mut out);
            }
            State::Held => self.hold_day(now, &mut out),
            _ => {}
        }
        out
    }

    /// When [`NightVision::handle_timeout`] is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Settling { until, .. } => Some(until + PATIENCE),
            State::Recheck { until, .. } => Some(until + PATIENCE + self.settings.settle),
            State::Night { recheck_at, .. } if self.settings.sees_lamp => {
                Some(self.latest_recheck(recheck_at))
            }
            State::Held if self.position != Some(Position::Day) => self.clicks.next_at(),
            _ => None,
        }
    }

    /// A lamp can outshine the dusk for the picture; so a look is due now and then in any case.
    fn latest_recheck(&self, recheck_at: Instant) -> Instant {
        recheck_at + self.settings.recheck_at_latest.saturating_sub(self.pause)
    }

    /// Goes to day or night, with a click if the filter stands elsewhere and may click.
    fn enter(&mut self, now: Instant, to: Position, out: &mut Vec<Action>) {
        if self.position == Some(to) {
            return self.arrive(now, to, out);
        }
        if !self.clicks.take(now) {
            if !std::mem::replace(&mut self.is_budget_told, true) {
                out.push(Action::Tell(Finding::BudgetSpent));
            }
            if let State::Recheck { night_since, .. } = self.state {
                self.still_night(now, night_since, out);
            }
            return;
        }
        self.is_budget_told = false;
        let before = self.position.and(self.last); // it may have been there before the first pulse
        self.pulse(now, to, before, Attempt::First, out);
    }

    /// Moves the filter, the lamp dark, so that the picture tells what the filter does.
    fn pulse(
        &mut self,
        now: Instant,
        to: Position,
        before: Option<Picture>,
        attempt: Attempt,
        out: &mut Vec<Action>,
    ) {
        self.light(false, out);
        self.position = Some(to);
        out.push(Action::Move(to));
        self.state = State::Settling { to, until: now + self.settings.settle, before, attempt };
    }

    /// The filter has had its time; `pictures` are those before and after its move.
    fn settled(
        &mut self,
        now: Instant,
        to: Position,
        [before, after]: [Option<Picture>; 2],
        attempt: Attempt,
        out: &mut Vec<Action>,
    ) {
        let verdict = filter::judge(before, after);
        out.extend(self.health.note(verdict).map(Action::Tell));
        let may_retry =
            verdict == Verdict::Unmoved && attempt == Attempt::First && !self.health.is_stuck();
        if may_retry && self.clicks.take(now) {
            return self.pulse(now, to, after, Attempt::Last, out);
        }
        self.arrive(now, to, out);
    }

    fn arrive(&mut self, now: Instant, at: Position, out: &mut Vec<Action>) {
        let is_night = at == Position::Night;
        self.light(is_night, out);
        self.state = if is_night {
            State::Night { since: now, votes: 0, recheck_at: now + self.pause }
        } else {
            State::Day { since: now, votes: 0 }
        };
    }

    fn recheck(&mut self, now: Instant, night_since: Instant, out: &mut Vec<Action>) {
        self.light(false, out);
        let until = now + self.settings.settle;
        self.state = State::Recheck { night_since, until, votes: 0 };
        self.pause = (self.pause * 2).min(self.settings.recheck_at_latest);
    }

    fn still_night(&mut self, now: Instant, since: Instant, out: &mut Vec<Action>) {
        self.light(true, out);
        self.state = State::Night { since, votes: 0, recheck_at: now + self.pause };
    }

    /// With NightVision off the filter belongs in, as soon as it may click.
    fn hold_day(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.state == State::Held
            && self.position != Some(Position::Day)
            && self.clicks.take(now)
        {
            self.position = Some(Position::Day);
            out.push(Action::Move(Position::Day));
        }
    }

    fn light(&mut self, is_lit: bool, out: &mut Vec<Action>) {
        if self.is_lit != is_lit {
            self.is_lit = is_lit;
            out.push(Action::Lamp(is_lit));
        }
    }
}

/// Votes in a row: one more for, none after one against, one less in between.
fn count(votes: u8, is_for: bool, is_against: bool) -> u8 {
    match (is_for, is_against) {
        (true, _) => votes.saturating_add(1),
        (_, true) => 0,
        _ => votes.saturating_sub(1),
    }
}
