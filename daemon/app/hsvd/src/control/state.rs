// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the core tells the control interface: its state, published whenever it changes, and what
//! happens.

use ::control::{LiveSession, Recording};
use appliance::status::Code;
use privacy::{OperatingMode, Permits};

use crate::hands::{Filter, Switch};

/// Everything that properties show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The mode in effect; permits follow from it.
    pub mode: OperatingMode,
    /// Off by a call.
    pub is_disabled_by_owner: bool,
    /// The switch on the body, but for where it stands.
    pub switch: Switch,
    /// Where it stands.
    pub is_switched_off: bool,
    /// Motion is being told.
    pub is_moving: bool,
    /// NightVision, as Home set it.
    pub night_vision: bool,
    /// Where the IR-cut filter is.
    pub filter: Filter,
    /// What the status light shows.
    pub light: Code,
    /// A hub takes a recording.
    pub is_recording: bool,
    /// Live sessions that were started.
    pub viewers: u32,
    /// Wrong setup codes since the last right one.
    pub failed_attempts: u16,
    /// What does not work.
    pub health: Verdict,
}

/// How well something is; the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// The camera does its work, but not all of it.
    Warning,
    /// It cannot do its work.
    Fault,
}

impl Verdict {
    /// The contract's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

impl State {
    /// Of a camera that has not begun.
    pub fn start() -> Self {
        Self {
            mode: OperatingMode::factory(),
            is_disabled_by_owner: false,
            switch: Switch::Absent,
            is_switched_off: false,
            is_moving: false,
            night_vision: false,
            filter: Filter::Absent,
            light: Code::Dark,
            is_recording: false,
            viewers: 0,
            failed_attempts: 0,
            health: Verdict::Ok,
        }
    }

    /// What the mode allows.
    pub fn permits(&self) -> Permits {
        Permits::of(&self.mode)
    }

    /// `PrivacySwitch`
    pub fn privacy_switch(&self) -> &'static str {
        match self.switch {
            Switch::Absent => "absent",
            Switch::Unreadable => "unreadable",
            Switch::Readable if self.is_switched_off => "on",
            Switch::Readable => "off",
        }
    }

    /// `Mode`: what Home shows.
    pub fn mode(&self) -> &'static str {
        let mode = &self.mode;
        match mode {
            _ if !mode.is_paired => "unpaired",
            _ if mode.manually_disabled => "disabled-by-hand",
            _ if !mode.homekit_camera_active => "off",
            _ if !mode.rtp_active.contains(&true) => "detect-activity",
            _ if !mode.recording_active => "stream",
            _ => "stream-and-record",
        }
    }

    /// `Night`
    pub fn night(&self) -> &'static str {
        match self.filter {
            Filter::Absent => "absent",
            Filter::Unknown => "unknown",
            Filter::Day => "day",
            Filter::Night => "night",
        }
    }

    /// `NightVision`
    pub fn night_vision(&self) -> &'static str {
        if self.night_vision { "automatic" } else { "off" }
    }

    /// `StatusLight`
    pub fn status_light(&self) -> &'static str {
        match self.light {
            Code::Dark => "dark",
            Code::Pictures => "pictures",
            Code::Identify => "identify",
            Code::Step(_) => "step",
            Code::Fault => "fault",
            Code::Private => "private",
            Code::Joining => "joining",
            Code::Unpaired => "unpaired",
        }
    }
}

/// Something happened.
#[derive(Debug, Clone)]
pub enum Signal {
    /// A hub opened a recording.
    RecordingStarted(u64),
    /// It is over.
    RecordingEnded(Recording),
    /// A viewer started.
    LiveSessionStarted(LiveSession),
    /// It is over, and why.
    LiveSessionEnded(u32, String),
}

/// A look for movement: what moved of the picture, and from where on it counts. Both 0 to 1.
pub type Score = (f64, f64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_has_the_words_of_home() {
        let home = OperatingMode { is_paired: true, ..OperatingMode::factory() };
        let table = [
            (OperatingMode::factory(), "unpaired"),
            (OperatingMode { homekit_camera_active: false, ..home.clone() }, "off"),
            (OperatingMode { rtp_active: [false; 4], ..home.clone() }, "detect-activity"),
            (home.clone(), "stream"),
            (OperatingMode { recording_active: true, ..home.clone() }, "stream-and-record"),
            (OperatingMode { manually_disabled: true, ..home }, "disabled-by-hand"),
        ];
        for (mode, word) in table {
            assert_eq!(State { mode, ..State::start() }.mode(), word);
        }
    }

    #[test]
    fn a_switch_that_cannot_be_read_says_so() {
        let state = |switch, is_switched_off| State { switch, is_switched_off, ..State::start() };
        assert_eq!(state(Switch::Absent, false).privacy_switch(), "absent");
        assert_eq!(state(Switch::Readable, false).privacy_switch(), "off");
        assert_eq!(state(Switch::Readable, true).privacy_switch(), "on");
        assert_eq!(state(Switch::Unreadable, true).privacy_switch(), "unreadable");
    }
}
