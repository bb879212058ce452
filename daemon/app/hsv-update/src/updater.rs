// SPDX-License-Identifier: MIT OR Apache-2.0
//! The way of an update, from a bundle to a system that is kept: one task, one [`Phase`] at a time. What is decided is
//! decided in `ota`; here it is carried out, in an order that a power cut may interrupt anywhere.

mod poll;
mod start;
mod steps;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use control::{Error, Update, UpdateOptions};
use ota::bundle::{Bundle, Here, Refusal, Wish, admit};
use ota::gate::{Before, Gate, Limits};
use ota::hooks::Stage as HookStage;
use ota::trial::{Outcome, Stage, Trial};
use ota::window::Window;
use ota::{Slot, gate};
use semver::Version;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::camera::{self, Camera};
use crate::hooks::Hooks;
use crate::kept::Kept;
use crate::rauc::{Rauc, Which};
use crate::settings::Settings;

/// Between two looks for a quiet moment.
const LOOK: Duration = Duration::from_secs(2);
/// Between two looks at RAUC's progress.
const PROGRESS: Duration = Duration::from_millis(500);
/// Until the camera has heard what there is to tell.
const TELL_AGAIN: Duration = Duration::from_secs(10);

/// What a caller gets.
pub type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// What callers ask for.
#[derive(Debug)]
pub enum Order {
    /// Takes a bundle.
    Install(String, UpdateOptions, Answer<()>),
    /// Whether it would be taken: its version.
    Check(String, UpdateOptions, Answer<String>),
    /// No more waiting.
    Now(Answer<()>),
    /// The other system.
    Rollback(Answer<()>),
    /// What was before.
    History(Answer<Vec<Update>>),
    /// The fault was seen.
    Seen(Answer<()>),
}

/// What everybody may see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// A word of the contract.
    pub state: &'static str,
    /// A sentence about it.
    pub text: String,
    /// Of an installation.
    pub percent: u32,
    /// The version that is under way.
    pub pending: String,
    /// A newer version that is published.
    pub available: String,
    /// What is new in it.
    pub notes: String,
    /// Of the last update.
    pub fault: String,
}

/// A bundle that was checked.
#[derive(Debug)]
struct Job {
    source: String,
    bundle: Bundle,
    is_now: bool,
}

#[derive(Debug)]
enum Phase {
    Idle,
    /// For a quiet moment to write the other slot.
    Waiting(Job, Window),
    Installing {
        is_now: bool,
    },
    /// For a quiet moment to start it.
    Installed {
        window: Window,
        is_now: bool,
    },
    Rebooting,
    Proving(Gate),
    /// No system is good: this one stays, and takes a bundle.
    Stranded,
}

/// What does not change while the program runs.
#[derive(Debug, Clone)]
pub struct About {
    /// Of the running image.
    pub version: Version,
    /// Which one runs.
    pub slot: Slot,
    /// The bootloader had no system left with a try.
    pub is_last_resort: bool,
    /// The newest form of the state files that the running system reads.
    pub readable_schema: u32,
    /// Where updates come from.
    pub settings: Settings,
    /// What tells this machine from others.
    pub machine: String,
    /// How long a new system is looked at.
    pub limits: Limits,
}

/// Everything that takes part.
#[derive(Debug)]
pub struct Updater {
    about: About,
    rauc: Rauc,
    camera: Camera,
    hooks: Hooks,
    kept: Kept,
    shown: watch::Sender<Shown>,
    phase: Phase,
    next: Option<Instant>,
    /// When the published bundle is looked at.
    poll: Option<Instant>,
    /// The camera has not heard of a change of the fault yet.
    is_untold: bool,
    begun: Instant,
}

impl Updater {
    /// Before anything is done; what it shows goes to `shown`.
    pub fn new(
        about: About,
        rauc: Rauc,
        camera: Camera,
        hooks: Hooks,
        kept: Kept,
        shown: watch::Sender<Shown>,
    ) -> Self {
        let is_untold = kept.memory.fault().is_some();
        let (phase, next, begun) = (Phase::Idle, None, Instant::now());
        let poll = (!about.settings.url.is_empty()).then(|| begun + poll::FIRST);
        Self { poll, about, rauc, camera, hooks, kept, shown, phase, next, is_untold, begun }
    }

    /// For as long as orders can come.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        self.start().await;
        loop {
            let (due, poll) = (self.next, self.poll);
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => self.take(order).await,
                    None => return,
                },
                () = alarm(due) => self.step().await,
                () = alarm(poll) => self.poll().await,
            }
        }
    }

    async fn take(&mut self, order: Order) {
        match order {
            Order::Install(source, options, to) => {
                let source = self.place(source);
                let taken = self.install(source, options).await;
                answer(to, taken);
            }
            Order::Check(source, options, to) => {
                let source = self.place(source);
                answer(to, self.check(&source, options).await.map(|bundle| bundle.version));
            }
            Order::Now(to) => answer(to, self.hurry()),
            Order::Rollback(to) => {
                let done = self.roll_back().await;
                answer(to, done);
            }
            Order::History(to) => answer(to, Ok(self.history())),
            Order::Seen(to) => {
                self.kept.memory.is_seen = true;
                self.is_untold = true;
                self.wake(Duration::ZERO);
                answer(to, self.save());
                self.show_fault();
            }
        }
    }

    /// Where nothing is named it is what is polled.
    fn place(&self, source: String) -> String {
        if source.is_empty() { self.about.settings.url.clone() } else { source }
    }

    /// Signature, board, version, state, hooks.
    async fn check(&self, source: &str, options: UpdateOptions) -> Result<Bundle, Error> {
        if source.is_empty() {
            let text = "no address of updates is set in this image; name a bundle";
            return Err(Error::InvalidArgument(text.to_owned()));
        }
        let is_file = source.starts_with('/');
        if !(is_file || source.starts_with("https://") || source.starts_with("http://")) {
            let text = "a bundle is a file's whole path, or an http or https address";
            return Err(Error::InvalidArgument(text.to_owned()));
        }
        if matches!(self.phase, Phase::Proving(_)) {
            return Err(Error::Refused("the running system has not proven itself yet".to_owned()));
        }
        let refused = |text: String| Error::Refused(text);
        let bundle =
            self.rauc.inspect(source).await.map_err(|error| refused(format!("{error:#}")))?;
        let wish = Wish { older: options.older.unwrap_or(false) };
        let judged = self.judge(&bundle, wish).await.map_err(|error| refused(error.to_string()))?;
        judged.map_err(|refusal| refused(refusal.to_string()))?;
        if options.once.unwrap_or(false) && self.kept.memory.was_left(&bundle.version) {
            return Err(refused(format!(
                "version {} was here before and was left",
                bundle.version
            )));
        }
        let hooks = self.run_hooks(HookStage::PreCheck, &bundle.version, "").await;
        hooks.map_err(|failed| refused(failed.text))?;
        Ok(bundle)
    }

    /// By the rules of `ota`.
    async fn judge(&self, bundle: &Bundle, wish: Wish) -> zbus::Result<Result<Version, Refusal>> {
        let About { version, readable_schema, .. } = self.about.clone();
        let here = Here { compatible: self.rauc.compatible().await?, version, readable_schema };
        Ok(admit(bundle, &here, wish))
    }

    async fn install(&mut self, source: String, options: UpdateOptions) -> Result<(), Error> {
        if !matches!(self.phase, Phase::Idle | Phase::Stranded) {
            let shown = self.shown.borrow().clone();
            let text = format!("an update is under way ({}): {}", shown.state, shown.text);
            return Err(Error::Refused(text));
        }
        let bundle = self.check(&source, options).await?;
        self.save()?; // what cannot be remembered is not begun
        info!(version = bundle.version, source, "an update was taken");
        self.shown.send_modify(|shown| shown.pending.clone_from(&bundle.version));
        let is_now = options.now.unwrap_or(false);
        self.phase = Phase::Waiting(Job { source, bundle, is_now }, Window::default());
        self.show("waiting", "the camera is looked at");
        self.wake(Duration::ZERO);
        Ok(())
    }

    fn hurry(&mut self) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Waiting(job, _) => job.is_now = true,
            Phase::Installing { is_now } | Phase::Installed { is_now, .. } => *is_now = true,
            _ => return Err(Error::Refused("no update waits".to_owned())),
        }
        self.wake(Duration::ZERO);
        Ok(())
    }

    /// The other system, which was good once, is tried like a new one.
    async fn roll_back(&mut self) -> Result<(), Error> {
        let refused = |text: String| Error::Refused(text);
        if !matches!(self.phase, Phase::Idle) {
            return Err(refused("an update is under way".to_owned()));
        }
        let other = self.about.slot.other();
        match self.rauc.is_good(other).await {
            Ok(true) => {}
            Ok(false) => return Err(refused("the other system is not good".to_owned())),
            Err(error) => return Err(refused(error.to_string())),
        }
        // Its own version is known when it has started
        let to_version = format!("that of system {}", other.name());
        self.kept.memory.trial = Some(self.trial(to_version.clone(), Stage::Installed));
        if let Err(error) = self.save() {
            self.kept.memory.trial = None;
            return Err(error);
        }
        if let Err(error) = self.rauc.mark_active(Which::Other).await {
            self.kept.memory.trial = None;
            self.save()?;
            return Err(refused(format!("the bootloader does not take it: {error}")));
        }
        self.shown.send_modify(|shown| shown.pending = to_version);
        self.show("installed", "the other system is about to be started");
        self.phase = Phase::Installed { window: Window::default(), is_now: true };
        self.wake(Duration::ZERO);
        Ok(())
    }

    fn history(&self) -> Vec<Update> {
        let past = self.kept.memory.past.iter().rev();
        past.map(|past| Update {
            at: past.at,
            from_version: past.from_version.clone(),
            to_version: past.to_version.clone(),
            outcome: past.outcome.word().to_owned(),
            reason: past.reason.clone(),
        })
        .collect()
    }

    fn trial(&self, to_version: String, stage: Stage) -> Trial {
        Trial {
            from: self.about.slot,
            from_version: self.about.version.to_string(),
            to_version,
            before: Before { network: camera::has_network() },
            stage,
            starts: 0,
            asked: 0,
            fault: None,
        }
    }

    async fn run_hooks(
        &self,
        stage: HookStage,
        to: &str,
        reason: &str,
    ) -> Result<(), crate::hooks::Failed> {
        let (version, slot) = (self.about.version.to_string(), self.about.slot.name());
        let told = [
            ("HSV_VERSION", version.as_str()),
            ("HSV_SLOT", slot),
            ("HSV_TO", to),
            ("HSV_REASON", reason),
        ];
        self.hooks.run(stage, &told).await
    }

    fn save(&self) -> Result<(), Error> {
        self.kept.save().map_err(|error| {
            warn!(%error, "what was done of the update cannot be saved");
            Error::StoreFailed(format!("nothing can be remembered: {error}"))
        })
    }

    /// The trial is over, and the camera tells of it.
    fn end(&mut self, outcome: Outcome, reason: String) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        if let Some(past) = self.kept.memory.end(at, outcome, reason) {
            info!(
                version = past.to_version,
                outcome = outcome.word(),
                reason = past.reason,
                "an update is over"
            );
        }
        self.is_untold = true;
        if let Err(error) = self.save() {
            warn!(%error, "the end of an update");
        }
        self.shown.send_modify(|shown| (shown.pending.clear(), shown.percent = 0).0);
        self.show_fault();
    }

    fn show(&self, state: &'static str, text: impl Into<String>) {
        let text = text.into();
        self.shown.send_if_modified(|shown| {
            let is_new = shown.state != state || shown.text != text;
            if shown.state != state {
                info!(state, text, "update");
            }
            (shown.state, shown.text) = (state, text);
            is_new
        });
    }

    fn show_fault(&self) {
        let fault = self.kept.memory.fault().unwrap_or_default();
        self.shown.send_modify(|shown| shown.fault = fault);
    }

    fn wake(&mut self, within: Duration) {
        self.next = Some(Instant::now() + within);
    }

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// At `due`; without one, never.
async fn alarm(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn answer<T>(to: Answer<T>, result: Result<T, Error>) {
    if to.send(result).is_err() {
        info!("a caller did not wait for its answer");
    }
}
