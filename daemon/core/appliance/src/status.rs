// SPDX-License-Identifier: MIT OR Apache-2.0
//! The status light.
//!
//! | Code | Colour | Means |
//! |---|---|---|
//! | steady | white | pictures may leave the process |
//! | quick blinking | white | "identify": this is the camera you asked for |
//! | one, two, three quick flashes | amber | letting the button go now does the first, second, third step of its ladder |
//! | three flashes | red | a fault, or the other system is running after a failed update |
//! | two flashes | amber | the privacy switch is on |
//! | blinking | blue | joining the wireless network |
//! | slow pulse | white | nobody has paired, and the camera waits |
//!
//! **A steady light means pictures, and pictures mean a steady light**, unless
//! CameraOperatingModeIndicator is off: then it is dark, but for an answer to a hand that is at the
//! camera. Every other code is dark for at least half of its time, so a light that is seen steady
//! has one meaning on a light of a single colour, too.

use std::time::{Duration, Instant};

use crate::button::Step;

/// Lights of one colour show every colour as theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Red and green.
    Amber,
    /// Of its own.
    Blue,
    /// Of its own.
    Red,
    /// All of them.
    White,
}

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Nothing.
    Dark,
    /// Pictures may leave.
    Pictures,
    /// Identify.
    Identify,
    /// What letting the button go would do.
    Step(Step),
    /// A fault.
    Fault,
    /// The privacy switch is on.
    Private,
    /// Joining the network.
    Joining,
    /// Waiting for somebody to pair.
    Unpaired,
}

/// Everything that the light depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// The sensor may run or still runs, so that pictures may leave the process.
    pub pictures: bool,
    /// CameraOperatingModeIndicator: the light may shine.
    pub may_shine: bool,
    /// Somebody has paired.
    pub is_paired: bool,
    /// The privacy switch is on.
    pub is_private: bool,
    /// Joining the wireless network.
    pub is_joining: bool,
    /// Something is broken that a person should look at.
    pub has_fault: bool,
}

impl Situation {
    /// Of a camera that has just started: dark.
    pub const fn start() -> Self {
        Self {
            pictures: false,
            may_shine: false,
            is_paired: true,
            is_private: false,
            is_joining: false,
            has_fault: false,
        }
    }

    /// The code for it: the most important one that applies.
    pub const fn code(&self) -> Code {
        match *self {
            Self { may_shine: false, .. } => Code::Dark,
            Self { pictures: true, .. } => Code::Pictures,
            Self { has_fault: true, .. } => Code::Fault,
            Self { is_private: true, .. } => Code::Private,
            Self { is_joining: true, .. } => Code::Joining,
            Self { is_paired: false, .. } => Code::Unpaired,
            _ => Code::Dark,
        }
    }
}

impl Code {
    /// Colour, and for how long the light is on, off, on, …; the last is off. Steady has no steps.
    const fn pattern(self) -> (Colour, &'static [u16]) {
        match self {
            Self::Dark => (Colour::White, &[]),
            Self::Pictures => (Colour::White, &[]),
            Self::Identify => (Colour::White, &[100, 100]),
            Self::Step(Step::Tap) => (Colour::Amber, &[]),
            Self::Step(Step::Network) => (Colour::Amber, &[80, 520]),
            Self::Step(Step::Unpair) => (Colour::Amber, &[80, 120, 80, 520]),
            Self::Step(Step::Factory) => (Colour::Amber, &[80, 120, 80, 120, 80, 520]),
            Self::Fault => (Colour::Red, &[150, 200, 150, 200, 150, 1150]),
            Self::Private => (Colour::Amber, &[150, 200, 150, 2500]),
            Self::Joining => (Colour::Blue, &[400, 600]),
            Self::Unpaired => (Colour::White, &[1000, 2000]),
        }
    }
}

/// For how long "identify" blinks.
const IDENTIFY_FOR: Duration = Duration::from_secs(5);
/// A step of the button's ladder is over by then, though nobody should say so.
const STEP_FOR: Duration = Duration::from_secs(10);

/// The light over time.
#[derive(Debug, Clone)]
pub struct StatusLight {
    situation: Situation,
    /// An answer to a hand, and its end.
    answer: Option<(Code, Instant)>,
    shown: Code,
    since: Instant,
}

impl StatusLight {
    /// Dark.
    pub fn new(now: Instant) -> Self {
        Self { situation: Situation::start(), answer: None, shown: Code::Dark, since: now }
    }

    /// The situation is this from now on.
    pub fn set(&mut self, now: Instant, situation: Situation) {
        self.situation = situation;
        self.show(now);
    }

    /// Shows which camera this is.
    pub fn identify(&mut self, now: Instant) {
        self.answer = Some((Code::Identify, now + IDENTIFY_FOR));
        self.show(now);
    }

    /// Shows from now on that a step of the button's ladder is reached.
    pub fn step(&mut self, now: Instant, step: Step) {
        self.answer = Some((Code::Step(step), now + STEP_FOR));
        self.show(now);
    }

    /// The finger was lifted, or held for too long.
    pub fn step_over(&mut self, now: Instant) {
        self.answer = self.answer.filter(|(code, _)| !matches!(code, Code::Step(_)));
        self.show(now);
    }

    /// What the light shows at `now`; `None` is dark.
    pub fn colour(&mut self, now: Instant) -> Option<Colour> {
        self.show(now);
        let (colour, steps) = self.shown.pattern();
        match self.shown {
            Code::Dark => None,
            Code::Pictures => Some(colour),
            _ => self.step_at(now, steps).0.then_some(colour),
        }
    }

    /// The code shown at `now`.
    pub fn code(&mut self, now: Instant) -> Code {
        self.show(now);
        self.shown
    }

    /// When the light changes next.
    pub fn next_timeout(&self, now: Instant) -> Option<Instant> {
        let (_, steps) = self.shown.pattern();
        let flank = (!steps.is_empty()).then(|| now + self.step_at(now, steps).1);
        let end = self.answer.map(|(_, end)| end);
        [flank, end].into_iter().flatten().min()
    }

    fn show(&mut self, now: Instant) {
        self.answer = self.answer.filter(|(_, end)| now < *end);
        let code = self.answer.map_or(self.situation.code(), |(code, _)| code);
        if code != self.shown {
            (self.shown, self.since) = (code, now);
        }
    }

    /// Whether the light is on at `now`, and for how long it stays as it is.
    fn step_at(&self, now: Instant, steps: &[u16]) -> (bool, Duration) {
        let round: Duration = steps.iter().map(|&ms| Duration::from_millis(ms.into())).sum();
        let gone = now.saturating_duration_since(self.since).as_millis() % round.as_millis().max(1);
        let mut end = 0;
        for (number, &ms) in steps.iter().enumerate() {
            end += u128::from(ms);
            if gone < end {
                let left = u64::try_from(end - gone).unwrap_or(1);
                return (number % 2 == 0, Duration::from_millis(left));
            }
        }
        (false, round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_situation() -> impl Iterator<Item = Situation> {
        (0..1u8 << 6).map(|bits| Situation {
            pictures: bits & 1 != 0,
            may_shine: bits & 2 != 0,
            is_paired: bits & 4 != 0,
            is_private: bits & 8 != 0,
            is_joining: bits & 16 != 0,
            has_fault: bits & 32 != 0,
        })
    }

    /// What is seen in a minute, looked at as often as the light says, and each stretch's length.
    fn a_minute(light: &mut StatusLight, start: Instant) -> Vec<(Option<Colour>, Duration)> {
        let (mut now, mut seen) = (start, Vec::new());
        while now < start + Duration::from_secs(60) {
            let colour = light.colour(now);
            let next = light.next_timeout(now).unwrap_or(start + Duration::from_secs(60));
            assert!(next > now);
            seen.push((colour, next - now));
            now = next;
        }
        seen
    }

    #[test]
    fn a_steady_light_and_pictures_are_the_same() {
        let start = Instant::now();
        for situation in every_situation() {
            let mut light = StatusLight::new(start);
            light.set(start, situation);
            let is_steady = a_minute(&mut light, start).iter().all(|(colour, _)| colour.is_some());
            assert_eq!(is_steady, situation.pictures && situation.may_shine, "{situation:?}");
        }
    }

    #[test]
    fn the_indicator_switched_off_means_dark() {
        let start = Instant::now();
        for situation in every_situation().filter(|situation| !situation.may_shine) {
            let mut light = StatusLight::new(start);
            light.set(start, situation);
            assert!(a_minute(&mut light, start).iter().all(|(colour, _)| colour.is_none()));
        }
    }

    #[test]
    fn every_code_but_the_steady_one_is_dark_for_half_of_its_time() {
        let situations = [Code::Fault, Code::Private, Code::Joining, Code::Unpaired];
        let answers = [Code::Identify].into_iter().chain(STEPS.map(Code::Step));
        for code in situations.into_iter().chain(answers) {
            let (_, steps) = code.pattern();
            assert_eq!(steps.len() % 2, 0, "{code:?} must end dark");
            let on: u32 = steps.iter().step_by(2).map(|&ms| u32::from(ms)).sum();
            let off: u32 = steps.iter().skip(1).step_by(2).map(|&ms| u32::from(ms)).sum();
            assert!(on <= off, "{code:?}: {on} ms on, {off} ms off");
        }
    }

    #[test]
    fn the_flashes_can_be_counted() {
        let start = Instant::now();
        let paired = Situation { may_shine: true, ..Situation::start() };
        let table = [
            (Situation { has_fault: true, ..paired }, Colour::Red, 3),
            (Situation { is_private: true, ..paired }, Colour::Amber, 2),
        ];
        for (situation, colour, flashes) in table {
            let mut light = StatusLight::new(start);
            light.set(start, situation);
            let seen = a_minute(&mut light, start);
            let longest = seen.iter().filter(|(on, _)| on.is_none()).map(|(_, for_)| *for_).max();
            let pause = seen.iter().position(|(on, for_)| on.is_none() && Some(*for_) == longest);
            let before = &seen[..pause.unwrap()];
            let count = before.iter().filter(|(on, _)| *on == Some(colour)).count();
            assert_eq!(count, flashes, "{situation:?}");
        }
    }

    const STEPS: [Step; 3] = [Step::Network, Step::Unpair, Step::Factory];

    #[test]
    fn the_steps_of_the_button_are_counted_while_it_is_held() {
        let start = Instant::now();
        for (step, flashes) in STEPS.into_iter().zip(1..) {
            let mut light = StatusLight::new(start);
            light.set(start, Situation { pictures: true, may_shine: true, ..Situation::start() });
            light.step(start, step);
            let a_round = light.shown.pattern().1.iter().map(|&ms| u64::from(ms)).sum();
            let (mut now, mut shown) = (start, 0);
            while now < start + Duration::from_millis(a_round) {
                shown += u32::from(light.colour(now) == Some(Colour::Amber));
                now = light.next_timeout(now).unwrap();
            }
            assert_eq!(shown, flashes, "{step:?}");
            let next_step = start + Duration::from_secs(8);
            assert_eq!(light.code(next_step), Code::Step(step), "as long as it is held");
            light.step_over(now);
            assert_eq!(light.code(now), Code::Pictures);
        }
    }

    #[test]
    fn a_lifted_finger_ends_no_identify() {
        let start = Instant::now();
        let mut light = StatusLight::new(start);
        light.identify(start);
        light.step_over(start);
        assert_eq!(light.code(start), Code::Identify);
    }

    #[test]
    fn a_new_light_is_dark_and_identify_ends() {
        let start = Instant::now();
        let mut light = StatusLight::new(start);
        assert_eq!(light.colour(start), None);
        assert_eq!(light.next_timeout(start), None);
        light.identify(start);
        assert_eq!(light.code(start), Code::Identify);
        let end = start + IDENTIFY_FOR;
        assert_eq!(light.code(end), Code::Dark);
        assert_eq!(light.next_timeout(end), None);
    }
}
