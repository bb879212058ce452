// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is remembered of an update over reboots and power cuts, and what a start means by it.

use serde::{Deserialize, Serialize};

use crate::Slot;
use crate::gate::Before;

/// An update that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The system that installs it.
    pub from: Slot,
    /// Its version.
    pub from_version: String,
    /// The new one's.
    pub to_version: String,
    /// What the old system had.
    pub before: Before,
    /// How far it is.
    pub stage: Stage,
    /// How often the new system came as far as its own look-out.
    pub starts: u32,
    /// How often the old one asked for it.
    pub asked: u32,
    /// Why the new system gives itself back; written before it does.
    pub fault: Option<String>,
}

/// How far an update is. Written before what it names begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The other slot is being written.
    Installing,
    /// It is written, and waits for a quiet moment.
    Installed,
    /// The reboot into it is ordered.
    Rebooting,
}

/// What a start means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// No update is under way.
    Ordinary,
    /// This is the new system, and must prove itself.
    Prove,
    /// This is the new system, which gave itself back and runs all the same: the power was cut before that was done.
    GiveBack(String),
    /// As before, but the old one does not start either: it stays, and takes another bundle.
    Stranded(String),
    /// The power was cut while the other slot was written.
    Interrupted,
    /// It is installed, and was not started as it should have been: the power was cut first.
    AskAgain,
    /// The new system was asked for, and this is the old one. Why.
    CameBack(String),
    /// Another system than the one that was kept, and nobody here asked for it: it was installed by others, or the one
    /// that was kept does not start any more.
    Unasked,
}

/// A power cut may have been in the way once, and not for ever.
const MOST_ASKED: u32 = 2;
/// As many starts of a system on trial, and none of them long enough to prove anything.
pub const MOST_STARTS: u32 = 6;

impl Memory {
    /// What a start of `slot` means; `is_last_resort`: no slot has a try left; `has_try`: the other one has.
    #[must_use]
    pub fn at_start(&self, slot: Slot, is_last_resort: bool, has_try: bool) -> Start {
        let Some(trial) = &self.trial else {
            let is_other = self.kept.is_some_and(|kept| kept != slot);
            return if is_other && !is_last_resort { Start::Unasked } else { Start::Ordinary };
        };
        let is_new = slot != trial.from;
        match (&trial.fault, trial.stage) {
            (Some(fault), _) if is_new && is_last_resort => Start::Stranded(fault.clone()),
            (Some(fault), _) if is_new => Start::GiveBack(fault.clone()),
            (Some(fault), _) => Start::CameBack(fault.clone()),
            // U-Boot takes what is called good first, so that it may be there before its installation is known to be over
            (None, _) if is_new => Start::Prove,
            (None, Stage::Installing) => Start::Interrupted,
            // Its kernel was never started as often as it may be: the power was cut before, or during the one try of a Pi
            (None, Stage::Installed | Stage::Rebooting)
                if has_try && trial.starts == 0 && trial.asked < MOST_ASKED =>
            {
                Start::AskAgain
            }
            (None, Stage::Installed | Stage::Rebooting) => Start::CameBack(trial.silence()),
        }
    }

    /// For a memory that is there and not understood: this system may be on trial, so it has to prove itself.
    #[must_use]
    pub fn lost(slot: Slot) -> Self {
        Self { kept: Some(slot.other()), ..Self::default() }
    }

    /// A version that did not stay, or that the owner went back from, is not installed again by itself.
    #[must_use]
    pub fn was_left(&self, version: &str) -> bool {
        self.past.iter().any(|past| match past.outcome {
            Outcome::CameBack => past.to_version == version,
            Outcome::Kept => past.from_version == version,
            Outcome::NotInstalled => false,
        })
    }
}

impl Trial {
    /// What is known of a system that never gave a reason.
    fn silence(&self) -> String {
        match self.starts {
            0 => "it did not start: its kernel, its root or its first programs failed".to_owned(),
            1 => "it started, and ended before it had proven itself".to_owned(),
            starts => format!(
                "it started {starts} times, and ended each time before it had proven itself"
            ),
        }
    }
}

/// How an update ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The new system is kept.
    Kept,
    /// The old one is back.
    CameBack,
    /// The other slot could not be written, or not to its end.
    NotInstalled,
}

impl Outcome {
    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::CameBack => "came-back",
            Self::NotInstalled => "not-installed",
        }
    }
}

/// One that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// When it ended, in seconds of the Unix epoch, by a clock that may not have been set yet.
    pub at: i64,
    /// The system that installed it.
    pub from_version: String,
    /// The new one.
    pub to_version: String,
    /// How it ended.
    pub outcome: Outcome,
    /// A sentence's end; empty where all went well.
    pub reason: String,
}

/// What is kept of them.
pub const HISTORY: usize = 50;

/// What outlives a restart of the machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Memory {
    /// The update that is not over.
    pub trial: Option<Trial>,
    /// The newest last.
    pub past: Vec<Past>,
    /// The newest failure was seen.
    pub is_seen: bool,
    /// The system that is kept.
    #[serde(default)]
    pub kept: Option<Slot>,
}

impl Memory {
    /// The trial is over.
    pub fn end(&mut self, at: i64, outcome: Outcome, reason: String) -> Option<Past> {
        let trial = self.trial.take()?;
        let Trial { from_version, to_version, .. } = trial;
        let past = Past { at, from_version, to_version, outcome, reason };
        self.past.push(past.clone());
        self.past.drain(..self.past.len().saturating_sub(HISTORY));
        self.is_seen = outcome != Outcome::CameBack;
        Some(past)
    }

    /// Why the last update came back, until it was seen.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let last =
            self.past.last().filter(|last| !self.is_seen && last.outcome == Outcome::CameBack)?;
        Some(format!("version {} came back: {}", last.to_version, last.reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(stage: Stage) -> Trial {
        Trial {
            from: Slot::A,
            from_version: "1.0.0".into(),
            to_version: "1.1.0".into(),
            before: Before { network: true },
            stage,
            starts: 0,
            asked: 0,
            fault: None,
        }
    }

    #[test]
    fn every_start_has_its_meaning() {
        use Stage::{Installed, Installing, Rebooting};
        let given_back = |stage| Trial { fault: Some("deaf".into()), ..trial(stage) };
        let never = trial(Rebooting).silence();
        let table = [
            (None, Slot::A, false, Start::Ordinary),
            (None, Slot::B, true, Start::Ordinary),
            (None, Slot::B, false, Start::Ordinary),
            (Some(trial(Installing)), Slot::A, false, Start::Interrupted),
            (Some(trial(Installing)), Slot::B, false, Start::Prove),
            (Some(trial(Installed)), Slot::A, false, Start::AskAgain),
            (Some(trial(Installed)), Slot::B, false, Start::Prove),
            (
                Some(Trial { asked: MOST_ASKED, ..trial(Installed) }),
                Slot::A,
                false,
                Start::CameBack(never.clone()),
            ),
            (Some(trial(Rebooting)), Slot::A, false, Start::AskAgain),
            (
                Some(Trial { asked: MOST_ASKED, ..trial(Rebooting) }),
                Slot::A,
                false,
                Start::CameBack(never.clone()),
            ),
            (
                Some(Trial { starts: 1, ..trial(Rebooting) }),
                Slot::A,
                false,
                Start::CameBack(Trial { starts: 1, ..trial(Rebooting) }.silence()),
            ),
            (Some(trial(Rebooting)), Slot::B, false, Start::Prove),
            (Some(given_back(Rebooting)), Slot::A, false, Start::CameBack("deaf".into())),
            (Some(given_back(Installed)), Slot::A, true, Start::CameBack("deaf".into())),
            (Some(given_back(Rebooting)), Slot::B, false, Start::GiveBack("deaf".into())),
            (Some(given_back(Rebooting)), Slot::B, true, Start::Stranded("deaf".into())),
        ];
        for (trial, slot, is_last_resort, start) in table {
            for kept in [None, Some(Slot::A)] {
                let memory = Memory { trial: trial.clone(), kept, ..Memory::default() };
                let start = match (&trial, kept, slot, is_last_resort) {
                    (None, Some(Slot::A), Slot::B, false) => Start::Unasked,
                    _ => start.clone(),
                };
                assert_eq!(
                    memory.at_start(slot, is_last_resort, true),
                    start,
                    "{memory:?} {slot:?}"
                );
            }
        }
    }

    #[test]
    fn what_has_no_try_left_is_not_asked_for_again() {
        for stage in [Stage::Installed, Stage::Rebooting] {
            let memory = Memory { trial: Some(trial(stage)), ..Memory::default() };
            assert!(matches!(memory.at_start(Slot::A, false, false), Start::CameBack(_)));
        }
        for slot in [Slot::A, Slot::B] {
            assert_eq!(Memory::lost(slot).at_start(slot, false, true), Start::Unasked);
        }
    }

    #[test]
    fn what_never_said_why_is_told_by_its_starts() {
        let text = |starts| {
            let trial = Some(Trial { starts, ..trial(Stage::Rebooting) });
            match (Memory { trial, ..Memory::default() }).at_start(Slot::A, false, false) {
                Start::CameBack(text) => text,
                other => panic!("{other:?}"),
            }
        };
        assert!(text(0).contains("did not start"));
        assert!(text(3).contains("3 times"));
    }

    #[test]
    fn a_failure_is_told_until_it_is_seen_or_another_is_kept() {
        let mut memory = Memory { trial: Some(trial(Stage::Rebooting)), ..Memory::default() };
        memory.end(7, Outcome::CameBack, "deaf".into()).unwrap();
        assert_eq!(memory.fault().as_deref(), Some("version 1.1.0 came back: deaf"));
        memory.is_seen = true;
        assert_eq!(memory.fault(), None);
        memory.is_seen = false;
        memory.trial = Some(trial(Stage::Rebooting));
        memory.end(8, Outcome::Kept, String::new()).unwrap();
        assert_eq!(memory.fault(), None);
        assert_eq!(memory.end(9, Outcome::Kept, String::new()), None);
    }

    #[test]
    fn what_was_left_is_known() {
        let mut memory = Memory::default();
        let outcomes =
            [(Outcome::NotInstalled, false), (Outcome::CameBack, true), (Outcome::Kept, false)];
        for (outcome, is_left) in outcomes {
            memory.past.clear();
            memory.trial = Some(trial(Stage::Rebooting));
            memory.end(7, outcome, String::new()).unwrap();
            assert_eq!(memory.was_left("1.1.0"), is_left, "{outcome:?}");
        }
        // The way back from it, by the owner's word
        let back = Trial {
            from_version: "1.1.0".into(),
            to_version: "1.0.0".into(),
            ..trial(Stage::Rebooting)
        };
        memory.trial = Some(back);
        memory.end(8, Outcome::Kept, String::new()).unwrap();
        assert!(memory.was_left("1.1.0"));
        assert!(!memory.was_left("1.2.0"));
    }

    #[test]
    fn the_history_ends_somewhere() {
        let mut memory = Memory::default();
        for at in 0..60 {
            memory.trial = Some(trial(Stage::Rebooting));
            memory.end(at, Outcome::Kept, String::new()).unwrap();
        }
        assert_eq!(memory.past.len(), HISTORY);
        assert_eq!(memory.past[0].at, 10);
    }

    #[test]
    fn what_is_remembered_comes_back_as_it_was() {
        let mut memory = Memory { trial: Some(trial(Stage::Rebooting)), ..Memory::default() };
        memory.end(7, Outcome::CameBack, "deaf".into()).unwrap();
        memory.trial = Some(Trial { fault: Some("x".into()), ..trial(Stage::Installed) });
        let text = serde_json::to_string(&memory).unwrap();
        assert_eq!(serde_json::from_str::<Memory>(&text).unwrap(), memory);
    }
}
