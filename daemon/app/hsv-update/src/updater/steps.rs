// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is done next in each phase.

use std::time::Duration;

use ota::gate::Verdict;
use ota::hooks::{ASK_AGAIN, Effect, Stage as HookStage};
use ota::trial::{Outcome, Stage};
use ota::window::Window;
use tracing::{error, info, warn};

use super::{Job, LOOK, PROGRESS, Phase, TELL_AGAIN, Updater, gate};
use crate::rauc::{Installing, Which};

/// A reboot that has not come by then is asked for again.
const REBOOT_AGAIN: Duration = Duration::from_secs(60);

impl Updater {
    /// What is due.
    pub(super) async fn step(&mut self) {
        self.next = None;
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Idle => self.tell().await,
            Phase::Stranded => {
                self.phase = Phase::Stranded;
                self.tell().await;
            }
            Phase::Waiting(job, window) => self.wait(job, window).await,
            Phase::Installing { is_now } => self.watch(is_now).await,
            Phase::Installed { window, is_now } => self.wait_to_reboot(window, is_now).await,
            Phase::Rebooting => self.reboot().await,
            Phase::Proving(gate) => self.look(gate).await,
        }
    }

    /// The camera shows a fault until it is seen; one that starts anew has to be told anew.
    async fn tell(&mut self) {
        let fault = self.fault();
        let has_heard = self.camera.tell_fault(&fault).await;
        self.is_untold &= !has_heard;
        if self.is_untold || !fault.is_empty() {
            self.wake(TELL_AGAIN);
        }
    }

    fn fault(&self) -> String {
        match self.phase {
            Phase::Stranded => self.shown.borrow().text.clone(),
            _ => self.kept.memory.fault().unwrap_or_default(),
        }
    }

    async fn wait(&mut self, job: Job, mut window: Window) {
        let quiet = window.look(self.now(), self.camera.doing().await);
        if let (Err(busy), false) = (quiet, job.is_now) {
            self.show("waiting", busy.to_string());
            self.phase = Phase::Waiting(job, window);
            self.wake(LOOK);
            return;
        }
        match self.run_hooks(HookStage::PreInstall, &job.bundle.version, "").await {
            Ok(()) => self.begin(&job).await,
            Err(failed) if failed.effect == Effect::Wait => {
                self.show("waiting", failed.text);
                self.phase = Phase::Waiting(job, window);
                self.wake(ASK_AGAIN);
            }
            Err(failed) => {
                self.kept.memory.trial = Some(self.trial(job.bundle.version, Stage::Installing));
                self.not_installed(failed.text);
            }
        }
    }

    /// From here on the other slot is nothing to go back to.
    async fn begin(&mut self, job: &Job) {
        self.kept.memory.trial = Some(self.trial(job.bundle.version.clone(), Stage::Installing));
        if let Err(error) = self.save() {
            self.not_installed(error.to_string());
            return;
        }
        match self.rauc.install(&job.source, &job.bundle).await {
            Ok(()) => {
                self.show("installing", "the other system is being written");
                self.phase = Phase::Installing { is_now: job.is_now };
                self.wake(PROGRESS);
            }
            Err(error) => self.not_installed(format!("{error:#}")),
        }
    }

    fn not_installed(&mut self, reason: String) {
        warn!(reason, "no update");
        self.show("idle", format!("the last update was not installed: {reason}"));
        self.end(Outcome::NotInstalled, reason);
        self.phase = Phase::Idle;
        self.wake(Duration::ZERO);
    }

    async fn watch(&mut self, is_now: bool) {
        let is_next = match self.rauc.look().await {
            Ok(Installing::At(percent)) => {
                self.shown.send_if_modified(|shown| {
                    let is_new = shown.percent != percent;
                    shown.percent = percent;
                    is_new
                });
                self.phase = Phase::Installing { is_now };
                self.wake(PROGRESS);
                return;
            }
            Ok(Installing::Failed(reason)) => Err(reason),
            // One that was started anew meanwhile knows nothing of an error
            Ok(Installing::Done) => match self.rauc.is_next(self.about.slot.other()).await {
                Ok(true) => Ok(()),
                Ok(false) => Err("RAUC ended before it was done".to_owned()),
                Err(error) => Err(error.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let to = self.kept.memory.trial.as_ref().map_or_else(String::new, |t| t.to_version.clone());
        let done = match is_next {
            Ok(()) => self.run_hooks(HookStage::PostInstall, &to, "").await.map_err(|f| f.text),
            Err(reason) => Err(reason),
        };
        match done {
            Ok(()) => {
                if let Some(trial) = &mut self.kept.memory.trial {
                    trial.stage = Stage::Installed;
                }
                if let Err(error) = self.save() {
                    self.withdraw(error.to_string()).await;
                    return;
                }
                self.show("installed", "the new system waits for a quiet moment");
                self.shown.send_modify(|shown| shown.percent = 100);
                self.phase = Phase::Installed { window: Window::default(), is_now };
                self.wake(Duration::ZERO);
            }
            Err(reason) => self.withdraw(reason).await,
        }
    }

    /// The new system is not started, though it may be the next one already.
    async fn withdraw(&mut self, reason: String) {
        let words = [
            self.rauc.mark_bad(Which::Other).await,
            self.rauc.mark_active(Which::Booted).await,
            // Being asked for has cost it tries
            self.rauc.mark_good(Which::Booted).await,
        ];
        for done in words {
            if let Err(error) = done {
                warn!(%error, "the bootloader's order");
            }
        }
        self.not_installed(reason);
    }

    async fn wait_to_reboot(&mut self, mut window: Window, is_now: bool) {
        let quiet = window.look(self.now(), self.camera.doing().await);
        if let (Err(busy), false) = (quiet, is_now) {
            self.show(
                "installed",
                format!("the new system is started when nothing is missed: {busy}"),
            );
            self.phase = Phase::Installed { window, is_now };
            self.wake(LOOK);
            return;
        }
        // Before hooks end the camera: there is no reboot without it
        if let Err(error) = self.save() {
            self.withdraw(error.to_string()).await;
            return;
        }
        let to = self.kept.memory.trial.as_ref().map_or_else(String::new, |t| t.to_version.clone());
        if let Err(failed) = self.run_hooks(HookStage::PreReboot, &to, "").await
            && failed.effect == Effect::Wait
        {
            self.show("installed", failed.text);
            self.phase = Phase::Installed { window, is_now };
            self.wake(ASK_AGAIN);
            return;
        }
        if let Some(trial) = &mut self.kept.memory.trial {
            trial.stage = Stage::Rebooting;
            trial.asked += 1;
        }
        // Without it a system that does not start would be asked for again and again
        match self.save() {
            Ok(()) => self.reboot().await,
            Err(error) => self.withdraw(error.to_string()).await,
        }
    }

    pub(super) async fn reboot(&mut self) {
        self.show("rebooting", "the machine starts anew");
        self.phase = Phase::Rebooting;
        if let Err(error) = self.camera.reboot().await {
            error!(%error, "the machine cannot be started anew");
        }
        self.wake(REBOOT_AGAIN);
    }

    async fn look(&mut self, mut gate: gate::Gate) {
        let signs = self.camera.signs().await;
        match gate.look(self.now(), &signs) {
            Verdict::Proving(time) => {
                self.show("proving", format!("the new system has worked for {} s", time.as_secs()));
                self.phase = Phase::Proving(gate);
                self.wake(self.about.limits.look());
            }
            Verdict::Waiting(fault) => {
                self.show("proving", format!("the new system does not work yet: {fault}"));
                self.phase = Phase::Proving(gate);
                self.wake(self.about.limits.look());
            }
            Verdict::Keep => {
                // First what decides at the next start, then what is remembered: a cut between them proves it once more
                if !self.insist_on_good().await {
                    self.give_back("the bootloader cannot be told that it works".to_owned()).await;
                    return;
                }
                let to = self.about.version.to_string();
                self.kept.memory.kept = Some(self.about.slot);
                self.end(Outcome::Kept, String::new());
                self.tell_hooks(HookStage::Committed, &to, "").await;
                self.show("idle", "the new system is kept");
                self.wake(Duration::ZERO);
            }
            Verdict::GiveBack(fault) => self.give_back(fault.to_string()).await,
        }
    }

    /// The reason is on the disk before anything is done, so that the old system can tell it.
    pub(super) async fn give_back(&mut self, reason: String) {
        error!(reason, "the new system is given back");
        if let Some(trial) = &mut self.kept.memory.trial {
            trial.fault = Some(reason.clone());
        }
        if let Err(error) = self.save() {
            warn!(%error, "the old system will not know why");
        }
        match self.rauc.is_good(self.about.slot.other()).await {
            Ok(false) => {
                self.show("stranded", format!("no system is good. This one: {reason}"));
                self.phase = Phase::Stranded;
                self.is_untold = true;
                self.wake(TELL_AGAIN);
                return;
            }
            Ok(true) => {}
            Err(error) => warn!(%error, "whether the old system is good is not known"),
        }
        self.show("giving-back", reason);
        if let Err(error) = self.rauc.mark_bad(Which::Booted).await {
            error!(%error, "this system cannot be marked bad");
        }
        info!("back to the old system");
        self.reboot().await;
    }
}
