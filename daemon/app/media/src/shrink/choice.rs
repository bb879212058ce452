// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which scaler is used, and whether it is well.

use std::error::Error;
use std::sync::{Mutex, MutexGuard, PoisonError};

use v4l2::{FourCc, ScalerNode};

use crate::video::Counter;

/// Which scaler makes small pictures of large ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ScalerChoice {
    /// In software.
    #[default]
    Software,
    /// `m2m`, the first V4L2 device of this machine that makes pictures of pictures, or
    /// `m2m:NAME`, the one whose driver, name or place is `NAME`. Where it is missing or fails,
    /// software does its work.
    M2m(Option<String>),
}

impl ScalerChoice {
    /// The name of the scaler that is there; `None` when there is none, or none is wanted.
    pub fn find(&self) -> Option<String> {
        self.node().map(|node| node.capabilities.card)
    }

    /// Formats in which it reads pictures out of a camera's memory.
    pub(crate) fn reads(&self) -> Vec<FourCc> {
        self.node().map_or_else(Vec::new, |node| node.formats)
    }

    fn node(&self) -> Option<ScalerNode> {
        let Self::M2m(name) = self else { return None };
        let mut nodes = v4l2::find_scalers().ok()?.into_iter();
        nodes.find(|node| name.as_deref().is_none_or(|name| node.is_called(name)))
    }
}

impl std::str::FromStr for ScalerChoice {
    type Err = UnknownScaler;

    fn from_str(text: &str) -> Result<Self, UnknownScaler> {
        match text.split_once(':') {
            None if text == "software" => Ok(Self::Software),
            None if text == "m2m" => Ok(Self::M2m(None)),
            Some(("m2m", name)) if !name.is_empty() => Ok(Self::M2m(Some(name.to_owned()))),
            _ => Err(UnknownScaler),
        }
    }
}

/// The configuration names a scaler that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown scaler, expected m2m, m2m:NAME or software")]
pub struct UnknownScaler;

/// What all users of the machine's scaler share: where it is, and whether it failed one of them.
#[derive(Debug)]
pub(crate) struct Scalers {
    choice: ScalerChoice,
    state: Mutex<State>,
    /// Pictures that it made.
    pub scaled: Counter,
}

#[derive(Debug, Default)]
struct State {
    place: Place,
    has_warned: bool,
    chance: u32,
}

#[derive(Debug, Default)]
enum Place {
    /// Nobody looked.
    #[default]
    Unknown,
    At(ScalerNode),
    /// It is missing or failed.
    Off,
}

impl Scalers {
    pub(crate) fn new(choice: ScalerChoice) -> Self {
        Self { choice, state: Mutex::default(), scaled: Counter::default() }
    }

    /// Where it is; `None` while software is to be used.
    pub(super) fn node(&self) -> Option<ScalerNode> {
        if self.choice == ScalerChoice::Software {
            return None;
        }
        let mut state = self.lock();
        if matches!(state.place, Place::Unknown) {
            match self.choice.node() {
                Some(node) => state.place = Place::At(node),
                None => state.turn_off(&Absent),
            }
        }
        match &state.place {
            Place::At(node) => Some(node.clone()),
            Place::Unknown | Place::Off => None,
        }
    }

    /// It failed: nobody uses it until [`Scalers::renew`].
    pub(super) fn turn_off(&self, reason: &(dyn Error + 'static)) {
        self.lock().turn_off(reason);
    }

    /// It does not take pictures of one kind.
    pub(super) fn refused(&self, reason: &(dyn Error + 'static)) {
        self.lock().warn(reason);
    }

    /// One that failed or refused gets another chance.
    pub(crate) fn renew(&self) {
        let mut state = self.lock();
        state.place = Place::Unknown;
        state.chance = state.chance.wrapping_add(1);
    }

    /// Which chance this is: what was refused at another one may be tried again.
    pub(super) fn chance(&self) -> u32 {
        self.lock().chance
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn_off(&mut self, reason: &(dyn Error + 'static)) {
        self.place = Place::Off;
        self.warn(reason);
    }

    /// Once is enough: it may fail with every start of the camera.
    fn warn(&mut self, reason: &(dyn Error + 'static)) {
        if self.has_warned {
            tracing::debug!(reason, "scaler not used");
        } else {
            tracing::warn!(reason, "scaler not used, the processor scales");
            self.has_warned = true;
        }
    }
}

/// There is no such device.
#[derive(Debug, thiserror::Error)]
#[error("no such scaler")]
struct Absent;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_configuration() {
        let named = |name: &str| ScalerChoice::M2m(Some(name.to_owned()));
        let good = [
            ("software", ScalerChoice::Software),
            ("m2m", ScalerChoice::M2m(None)),
            ("m2m:bcm2835-codec-isp", named("bcm2835-codec-isp")),
            ("m2m:platform:fdb60000.rga", named("platform:fdb60000.rga")),
        ];
        for (text, choice) in good {
            assert_eq!(text.parse(), Ok(choice));
        }
        for bad in ["", "m2m:", "auto", "M2M", "rga", "software:x"] {
            assert_eq!(bad.parse::<ScalerChoice>(), Err(UnknownScaler), "{bad:?}");
        }
    }

    #[test]
    fn what_is_missing_or_failed_stays_off_until_it_is_renewed() {
        let scalers = Scalers::new(ScalerChoice::M2m(Some("no such scaler".to_owned())));
        assert_eq!(scalers.node(), None);
        assert!(matches!(scalers.lock().place, Place::Off));
        assert!(scalers.lock().has_warned);
        scalers.renew();
        assert!(matches!(scalers.lock().place, Place::Unknown));
        let software = Scalers::new(ScalerChoice::Software);
        assert_eq!(software.node(), None);
        assert!(!software.lock().has_warned, "nobody asked for one");
    }
}
