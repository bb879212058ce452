// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's place on a bus: found again when the bus was gone, told of once an episode.

use std::time::Duration;

use ::control::{BUS_NAME, OBJECT_PATH};
use tokio::sync::{broadcast, watch};
use tokio::time;
use tracing::{debug, info, warn};
use zbus::Connection;
use zbus::connection::Builder;
use zbus::fdo::RequestNameFlags;
use zbus::object_server::{Interface, InterfaceRef};

use super::camera::Camera1;
use super::desk::Desk;
use super::pairing::Pairing1;
use super::settings::{Settings1, SettingsDesk};
use super::state::{Score, Signal, State};
use super::system::{About, System1};
use crate::config::Bus;

/// The first attempt after a failure, and the longest time between two.
const AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// A bus that does not answer is none.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// What is served.
#[derive(Clone)]
pub struct Service {
    pub desk: Desk,
    pub settings: SettingsDesk,
    pub about: About,
}

/// Serves until the state's owner is gone. Failures are retried, never fatal.
pub async fn serve(
    bus: &Bus,
    service: &Service,
    mut state: watch::Receiver<State>,
    signals: broadcast::Sender<Signal>,
    scores: watch::Receiver<Score>,
) {
    let (mut is_told, mut again) = (false, AGAIN.0);
    loop {
        // Looked at before the name is had: whatever changes from then on is told
        let known = state.borrow_and_update().clone();
        let mut news = News { signals: signals.subscribe(), scores: scores.clone() };
        news.scores.mark_unchanged();
        match time::timeout(CONNECT_WITHIN, connect(bus, service, &known)).await {
            Ok(Ok(connection)) => {
                info!(name = BUS_NAME, "on D-Bus");
                again = AGAIN.0;
                match tell(&connection, known, &mut state, news).await {
                    Told::All => {
                        // Answers that were given leave first
                        connection.graceful_shutdown().await;
                        return;
                    }
                    Told::BusGone => warn!("D-Bus is gone; trying again"),
                }
                is_told = true;
            }
            failed if !is_told => {
                let error = match failed {
                    Ok(Err(error)) => format!("{:#}", anyhow::Error::from(error)),
                    _ => "no answer".to_owned(),
                };
                warn!(error, "not on D-Bus; trying again. The camera works without");
                is_told = true;
            }
            _ => {}
        }
        tokio::select! {
            () = time::sleep(again) => {}
            () = ended(&mut state) => return,
        }
        again = (again * 2).min(AGAIN.1);
    }
}

/// Until the core is gone.
pub async fn ended(state: &mut watch::Receiver<State>) {
    while state.changed().await.is_ok() {}
}

async fn connect(bus: &Bus, service: &Service, known: &State) -> zbus::Result<Connection> {
    let builder = match bus {
        Bus::None | Bus::Session => Builder::session(),
        Bus::System => Builder::system(),
        Bus::Address(address) => Builder::address(address.as_str()),
    };
    let Service { desk, settings, about } = service;
    let connection = builder
        .serve_at(OBJECT_PATH, Camera1::new(desk.clone(), known))
        .serve_at(OBJECT_PATH, Pairing1::new(desk.clone()))
        .serve_at(OBJECT_PATH, Settings1::new(desk.clone(), settings.clone()))
        .serve_at(OBJECT_PATH, System1::new(desk.clone(), settings.clone(), about.clone()))
        .build()
        .await?;
    let flags = RequestNameFlags::DO_NOT_QUEUE;
    connection.request_name_with_flags(BUS_NAME, flags).await?;
    Ok(connection)
}

/// Why nothing more is told.
enum Told {
    /// The core is gone.
    All,
    /// The bus is.
    BusGone,
}

/// What happens besides changes of the state. Scores come five times a second, and only the newest
/// matters; they have a place of their own, so that they push nothing else out.
struct News {
    signals: broadcast::Receiver<Signal>,
    scores: watch::Receiver<Score>,
}

/// Tells changes and signals until the core or the bus is gone. `known` is what callers can have
/// seen already.
async fn tell(
    connection: &Connection,
    known: State,
    state: &mut watch::Receiver<State>,
    News { mut signals, mut scores }: News,
) -> Told {
    let mut old = known;
    loop {
        let told = tokio::select! {
            // What happened is told in full before the end is seen
            biased;
            signal = signals.recv() => match signal {
                Ok(signal) => tell_signal(connection, signal).await,
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    debug!(missed, "D-Bus is slow: signals dropped");
                    Ok(())
                }
                Err(broadcast::error::RecvError::Closed) => return Told::All,
            },
            changed = state.changed() => {
                if changed.is_err() {
                    return Told::All;
                }
                let new = state.borrow_and_update().clone();
                let told = tell_changes(connection, &old, &new).await;
                old = new;
                told
            }
            Ok(()) = scores.changed() => {
                let (score, threshold) = *scores.borrow_and_update();
                tell_score(connection, score, threshold).await
            }
            () = connection.closed() => return Told::BusGone,
        };
        if let Err(error) = told {
            debug!(%error, "not told on D-Bus");
        }
    }
}

async fn tell_changes(connection: &Connection, old: &State, new: &State) -> zbus::Result<()> {
    let camera = interface::<Camera1>(connection).await?;
    camera.get().await.tell(camera.signal_emitter(), old, new).await?;
    let pairing = interface::<Pairing1>(connection).await?;
    pairing.get().await.tell(pairing.signal_emitter(), old, new).await?;
    let system = interface::<System1>(connection).await?;
    system.get().await.tell(system.signal_emitter(), old, new).await
}

async fn tell_signal(connection: &Connection, signal: Signal) -> zbus::Result<()> {
    let camera = interface::<Camera1>(connection).await?;
    let emitter = camera.signal_emitter();
    match signal {
        Signal::RecordingStarted(id) => Camera1::recording_started(emitter, id).await,
        Signal::RecordingEnded(recording) => Camera1::recording_ended(emitter, recording).await,
        Signal::LiveSessionStarted(session) => {
            Camera1::live_session_started(emitter, session).await
        }
        Signal::LiveSessionEnded(id, reason) => {
            Camera1::live_session_ended(emitter, id, reason).await
        }
    }
}

async fn tell_score(connection: &Connection, score: f64, threshold: f64) -> zbus::Result<()> {
    let camera = interface::<Camera1>(connection).await?;
    Camera1::motion_score(camera.signal_emitter(), score, threshold).await
}

async fn interface<I: Interface>(connection: &Connection) -> zbus::Result<InterfaceRef<I>> {
    connection.object_server().interface::<_, I>(OBJECT_PATH).await
}
