// SPDX-License-Identifier: MIT OR Apache-2.0
//! The control interface: what this machine's owner may see and command, over D-Bus. It runs on a
//! thread of its own, so that its callers never delay HomeKit.
//!
//! ```text
//! core ── State, Score (watch), Signal (broadcast) ──► control ── properties, signals ──► bus
//! core ◄── Request (16 at most), answers ────────────── control ◄──────── calls ────────── bus
//! ```
//!
//! Interfaces translate. What is decided stands in the core and in `camera`; who may call is the
//! bus's policy (`dist/org.hsvcam.Camera.conf`).

mod bus;
mod camera;
mod desk;
mod diagnostics;
mod doctor;
mod explain;
mod facts;
mod machine;
mod memfd;
mod metrics;
mod pairing;
mod settings;
mod state;
mod system;
mod written;

use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, mpsc, watch};

pub use desk::{Answer, Desk, Refused, Request};
pub use facts::{Facts, Last, Troubles};
pub use settings::SettingsDesk;
pub use state::{Score, Signal, State, Verdict};
pub use system::About;

use crate::config::{Bus, ControlConfig};
use bus::Service;

/// Signals that wait for a slow bus; then the oldest are dropped.
const SIGNALS: usize = 64;
/// How long the end is waited for.
const END_WITHIN: Duration = Duration::from_millis(200);

/// The core's end. Dropping it takes the camera off the bus.
pub struct Outlet {
    /// What properties show.
    state: watch::Sender<State>,
    /// What happens.
    signals: broadcast::Sender<Signal>,
    /// The newest look for movement.
    scores: watch::Sender<Score>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread; requests come out of the receiver.
///
/// # Errors
/// When the system has no thread for us.
pub fn spawn(
    config: ControlConfig,
    about: About,
    settings: SettingsDesk,
) -> io::Result<(Outlet, mpsc::Receiver<Request>)> {
    let (state, published) = watch::channel(State::start());
    let (signals, _) = broadcast::channel(SIGNALS);
    let (scores, looks) = watch::channel(Score::default());
    let (desk, requests) = Desk::new(published.clone());
    let service = Service { desk, settings, about };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()?;
    let told = signals.clone();
    let thread = thread::Builder::new().name("control".to_owned()).spawn(move || {
        runtime.block_on(run(config, service, published, told, looks));
        runtime.shutdown_background();
    })?;
    Ok((Outlet { state, signals, scores, thread: Some(thread) }, requests))
}

async fn run(
    config: ControlConfig,
    service: Service,
    mut state: watch::Receiver<State>,
    signals: broadcast::Sender<Signal>,
    scores: watch::Receiver<Score>,
) {
    let metrics = metrics::serve(config.metrics, service.desk.clone());
    let serve = async {
        match &config.bus {
            Bus::None => bus::ended(&mut state).await,
            bus => bus::serve(bus, &service, state, signals, scores).await,
        }
    };
    tokio::select! {
        () = serve => {}
        () = metrics => {}
    }
}

impl Outlet {
    /// Publishes `state` if it differs from the last.
    pub fn publish(&self, state: State) {
        self.state.send_if_modified(|last| {
            let has_changed = *last != state;
            if has_changed {
                *last = state;
            }
            has_changed
        });
    }

    /// Tells of looks for movement, from another thread.
    pub fn score_teller(&self) -> impl Fn(f64, f64) + Send + Sync + 'static {
        let scores = self.scores.clone();
        move |score, threshold| {
            scores.send_replace((score, threshold));
        }
    }

    /// Tells what happened, if anybody listens.
    pub fn tell(&self, signal: Signal) {
        if self.signals.receiver_count() > 0 && self.signals.send(signal).is_err() {
            tracing::debug!("the bus has just gone");
        }
    }

    /// Takes the camera off the bus: what was answered leaves first.
    pub fn end(self) {
        let Self { state, signals, scores, thread } = self;
        drop((state, signals, scores));
        let until = Instant::now() + END_WITHIN;
        while thread.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < until
        {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
