// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is done at a start, by what it means (`Memory::at_start`).

use std::time::Duration;

use ota::gate::Gate;
use ota::hooks::Stage as HookStage;
use ota::trial::{MOST_STARTS, Outcome, Stage, Start};
use ota::window::Window;
use tracing::{info, warn};

use super::{About, PROGRESS, Phase, TELL_AGAIN, Updater};
use crate::rauc::{Installing, Which};

/// Between two calls of a service that does not answer yet.
const AGAIN: Duration = Duration::from_secs(2);

impl Updater {
    pub(super) async fn start(&mut self) {
        let About { slot, is_last_resort, .. } = self.about;
        let is_back = self.kept.memory.trial.as_ref().is_some_and(|trial| trial.from == slot);
        // One that has no try left is not asked for again
        let has_try = is_back && self.rauc.is_good(slot.other()).await.unwrap_or(false);
        let start = self.kept.memory.at_start(slot, is_last_resort, has_try);
        info!(?start, slot = self.about.slot.name(), "the system has started");
        self.show_fault();
        if let Some(trial) = &self.kept.memory.trial {
            let pending = trial.to_version.clone();
            self.shown.send_modify(|shown| shown.pending = pending);
        }
        self.phase = match start {
            Start::Ordinary => {
                // Before anything else, so that no row of short starts uses up its tries
                self.insist_on_good().await;
                if self.kept.memory.kept.is_none() {
                    self.kept.memory.kept = Some(self.about.slot);
                    self.save().unwrap_or_else(|error| warn!(%error, "which system is kept"));
                }
                self.idle()
            }
            // This program was started anew, and RAUC goes on
            Start::Interrupted if matches!(self.rauc.look().await, Ok(Installing::At(_))) => {
                self.show("installing", "the other system is being written");
                self.wake(PROGRESS);
                Phase::Installing { is_now: false }
            }
            Start::Interrupted => {
                self.insist_on_good().await;
                self.end(Outcome::NotInstalled, "it was interrupted".to_owned());
                self.idle()
            }
            Start::CameBack(reason) => {
                self.insist_on_good().await;
                if let Err(error) = self.rauc.mark_bad(Which::Other).await {
                    warn!(%error, "the new system cannot be marked bad");
                }
                let to = self
                    .kept
                    .memory
                    .trial
                    .as_ref()
                    .map_or_else(String::new, |t| t.to_version.clone());
                self.end(Outcome::CameBack, reason.clone());
                self.tell_hooks(HookStage::RolledBack, &to, &reason).await;
                self.idle()
            }
            Start::AskAgain => {
                self.insist_on_good().await;
                if let Err(error) = self.rauc.mark_active(Which::Other).await {
                    warn!(%error, "the new system cannot be asked for again");
                }
                self.show("installed", "the power was cut before the new system was started");
                self.wake(Duration::ZERO);
                Phase::Installed { window: Window::default(), is_now: false }
            }
            Start::Prove => self.prove().await,
            Start::Unasked => {
                let mut trial = self.trial(self.about.version.to_string(), Stage::Rebooting);
                (trial.from, trial.from_version) = (self.about.slot.other(), "another".to_owned());
                // Nobody has looked before
                trial.before.network = false;
                self.kept.memory.trial = Some(trial);
                self.prove().await
            }
            Start::GiveBack(reason) => {
                self.give_back(reason).await;
                return;
            }
            Start::Stranded(reason) => {
                self.show("stranded", format!("no system is good. This one: {reason}"));
                self.is_untold = true;
                self.wake(TELL_AGAIN);
                Phase::Stranded
            }
        };
    }

    fn idle(&mut self) -> Phase {
        let text = match self.about.is_last_resort {
            true => "no system has a try left; this one runs, and takes an update",
            false => "no update is under way",
        };
        self.show("idle", text);
        if self.is_untold {
            self.wake(Duration::ZERO);
        }
        Phase::Idle
    }

    async fn prove(&mut self) -> Phase {
        let Some(trial) = &mut self.kept.memory.trial else { return Phase::Idle };
        trial.starts += 1;
        trial.to_version = self.about.version.to_string();
        let (before, to, starts) = (trial.before, trial.to_version.clone(), trial.starts);
        if let Err(error) = self.save() {
            warn!(%error, "this start is not remembered");
        }
        if starts > MOST_STARTS {
            self.give_back(format!("it started {starts} times and never proved itself")).await;
            return std::mem::replace(&mut self.phase, Phase::Idle);
        }
        self.show("proving", "the new system must work for a minute");
        if let Err(failed) = self.run_hooks(HookStage::FirstBoot, &to, "").await {
            self.give_back(failed.text).await;
            return std::mem::replace(&mut self.phase, Phase::Idle);
        }
        self.begun = tokio::time::Instant::now();
        self.wake(Duration::ZERO);
        Phase::Proving(Gate::begin(Duration::ZERO, before, self.about.limits))
    }

    pub(super) async fn tell_hooks(&self, stage: HookStage, to: &str, reason: &str) {
        if let Err(failed) = self.run_hooks(stage, to, reason).await {
            warn!("{}", failed.text);
        }
    }

    /// RAUC may still be starting. Whether it was told.
    pub(super) async fn insist_on_good(&self) -> bool {
        for _ in 0..10 {
            match self.rauc.mark_good(Which::Booted).await {
                Ok(()) => return true,
                Err(error) => warn!(%error, "this system cannot be marked good"),
            }
            tokio::time::sleep(AGAIN).await;
        }
        false
    }
}
