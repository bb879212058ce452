// SPDX-License-Identifier: MIT OR Apache-2.0
//! When programs of the image and of its owner run, and what their failure means.

use std::time::Duration;

/// For each program; then it is ended, which is a failure.
pub const TIME_LIMIT: Duration = Duration::from_secs(60);
/// "Not now" (sysexits' `EX_TEMPFAIL`), where a stage can wait.
pub const NOT_NOW: i32 = 75;
/// After "not now".
pub const ASK_AGAIN: Duration = Duration::from_secs(60);

/// A moment of an update. Folders of `update.d` have their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// A bundle's signature, board and version are right.
    PreCheck,
    /// Before the other slot is written.
    PreInstall,
    /// It is written.
    PostInstall,
    /// Before the reboot into it.
    PreReboot,
    /// At each start of a new system that has not proven itself.
    FirstBoot,
    /// It has, and is kept.
    Committed,
    /// The old system is back.
    RolledBack,
}

/// What a stage's failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The update does not go on.
    Refuse,
    /// The stage is tried again a minute later; any other failure is only told.
    Wait,
    /// The new system is given back.
    GiveBack,
    /// It is told in the journal.
    Tell,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::PreCheck,
        Self::PreInstall,
        Self::PostInstall,
        Self::PreReboot,
        Self::FirstBoot,
        Self::Committed,
        Self::RolledBack,
    ];

    /// Its folder's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PreCheck => "pre-check",
            Self::PreInstall => "pre-install",
            Self::PostInstall => "post-install",
            Self::PreReboot => "pre-reboot",
            Self::FirstBoot => "first-boot",
            Self::Committed => "committed",
            Self::RolledBack => "rolled-back",
        }
    }

    /// What it means that a program ended with `code`; none: it was killed, or never ran.
    #[must_use]
    pub fn effect(self, code: Option<i32>) -> Option<Effect> {
        match (code, self) {
            (Some(0), _) => None,
            (Some(NOT_NOW), Self::PreInstall | Self::PreReboot) => Some(Effect::Wait),
            (_, Self::PreCheck | Self::PreInstall | Self::PostInstall) => Some(Effect::Refuse),
            (_, Self::FirstBoot) => Some(Effect::GiveBack),
            (_, Self::PreReboot | Self::Committed | Self::RolledBack) => Some(Effect::Tell),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_means_what_the_stage_says() {
        use Effect::{GiveBack, Refuse, Tell, Wait};
        let table = [
            (Stage::PreCheck, Refuse, Refuse),
            (Stage::PreInstall, Refuse, Wait),
            (Stage::PostInstall, Refuse, Refuse),
            (Stage::PreReboot, Tell, Wait),
            (Stage::FirstBoot, GiveBack, GiveBack),
            (Stage::Committed, Tell, Tell),
            (Stage::RolledBack, Tell, Tell),
        ];
        assert_eq!(table.map(|(stage, ..)| stage), Stage::ALL);
        for (stage, failed, not_now) in table {
            assert_eq!(stage.effect(Some(0)), None);
            for code in [Some(1), Some(255), None] {
                assert_eq!(stage.effect(code), Some(failed), "{stage:?}");
            }
            assert_eq!(stage.effect(Some(NOT_NOW)), Some(not_now), "{stage:?}");
        }
    }
}
