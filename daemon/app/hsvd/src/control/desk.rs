// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the control interface asks the core. The core is asked over a short queue and only by so
//! many callers at once; whoever comes then is told to try again, and costs the core nothing.

use std::sync::Arc;
use std::time::Duration;

use ::control::{Controller, Error, LiveSession, Recording};
use frame::{Coded, Size};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc, oneshot, watch};

use super::facts::Facts;
use super::state::State;

/// Calls that look, while the core is at work on them.
const LOOKS: usize = 12;
/// Calls that change something. Apart, so that nobody who may only look can shut out "privacy on".
const CHANGES: usize = 4;

/// Where an answer goes.
pub type Answer<T> = oneshot::Sender<Result<T, Refused>>;

/// What the core is asked for.
#[derive(Debug)]
pub enum Request {
    /// Off by the owner's hand, or back to what HomeKit wants.
    SetSoftwarePrivacy(bool, Answer<()>),
    /// What Home's NightVision says.
    SetNightVision(bool, Answer<()>),
    /// As if something had moved.
    TriggerMotion(Answer<()>),
    /// A JPEG of at most this size.
    Snapshot(Size, Answer<Coded>),
    /// Who watches.
    LiveSessions(Answer<Vec<LiveSession>>),
    /// The last recordings, newest first.
    Recordings(Answer<Vec<Recording>>),
    /// Everything that explains and counts.
    Facts(Answer<Box<Facts>>),
    /// Shows which camera this is.
    Identify(Answer<()>),
    /// Tells of each look for movement for so long.
    WatchMotion(Duration, Answer<()>),
    /// Who is paired.
    Controllers(Answer<Vec<Controller>>),
    /// The code to type and the one to scan.
    SetupCode(Answer<(String, String)>),
    /// The pairings, by the owner.
    Change(hap::Change, Answer<()>),
    /// Everything goes but the owner's file.
    FactoryReset(Answer<()>),
    /// Why the last update came back, or nothing.
    SetUpdateFault(Option<Arc<str>>, Answer<()>),
    /// Ends and begins anew.
    Restart(Answer<()>),
}

/// Why the core does not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The gate.
    #[error("the camera's state does not permit it: it is off, disabled by hand, or not paired")]
    NotPermitted,
    /// Nobody with this identifier is paired.
    #[error("no controller has this identifier")]
    UnknownController,
    /// Others wait already.
    #[error("too many calls wait; try again")]
    Busy,
    /// The store.
    #[error("it could not be saved; what shuts or removes holds until the next start")]
    StoreFailed,
    /// No snapshot came.
    #[error("the camera gave no picture")]
    NoPicture,
    /// The core is gone.
    #[error("the camera is shutting down")]
    Stopping,
}

/// Errors map here and nowhere else.
impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let text = refused.to_string();
        match refused {
            Refused::NotPermitted => Self::NotPermitted(text),
            Refused::UnknownController => Self::UnknownController(text),
            Refused::Busy | Refused::Stopping => Self::Busy(text),
            Refused::StoreFailed => Self::StoreFailed(text),
            Refused::NoPicture => Self::NoPicture(text),
        }
    }
}

/// What interfaces ask and read.
#[derive(Debug, Clone)]
pub struct Desk {
    requests: mpsc::Sender<Request>,
    looks: Arc<Semaphore>,
    changes: Arc<Semaphore>,
    state: watch::Receiver<State>,
}

impl Desk {
    /// The desk, and what comes to it.
    pub fn new(state: watch::Receiver<State>) -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(LOOKS + CHANGES);
        let slots = |count| Arc::new(Semaphore::new(count));
        (Self { requests, looks: slots(LOOKS), changes: slots(CHANGES), state }, inbox)
    }

    /// What was published last.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// A place among the calls that look; whoever goes on after its question keeps it till then.
    ///
    /// # Errors
    /// Busy when too many look.
    pub fn look(&self) -> Result<Slot<'_>, Refused> {
        self.slot(&self.looks)
    }

    /// A place among the calls that change something.
    ///
    /// # Errors
    /// Busy when too many do.
    pub fn change(&self) -> Result<Slot<'_>, Refused> {
        self.slot(&self.changes)
    }

    /// Asks the core for what changes nothing, and waits for its answer.
    ///
    /// # Errors
    /// The core's refusal; Busy without asking it when too many wait.
    pub async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, Error> {
        self.look()?.ask(request).await
    }

    /// Has the core change something, and waits for its answer.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub async fn order(&self, request: impl FnOnce(Answer<()>) -> Request) -> Result<(), Error> {
        self.change()?.ask(request).await
    }

    fn slot<'a>(&'a self, slots: &'a Semaphore) -> Result<Slot<'a>, Refused> {
        let held = slots.try_acquire().map_err(|_| Refused::Busy)?;
        Ok(Slot { requests: &self.requests, _held: held })
    }
}

/// A caller's place, for as long as it is kept.
#[derive(Debug)]
#[must_use]
pub struct Slot<'a> {
    requests: &'a mpsc::Sender<Request>,
    _held: SemaphorePermit<'a>,
}

impl Slot<'_> {
    /// Asks the core, and waits for its answer.
    ///
    /// # Errors
    /// The core's refusal.
    pub async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, Error> {
        let (answer, reply) = oneshot::channel();
        self.requests.try_send(request(answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Refused::Busy,
            mpsc::error::TrySendError::Closed(_) => Refused::Stopping,
        })?;
        Ok(reply.await.map_err(|_| Refused::Stopping)??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers the requests that wait.
    fn answer_all(inbox: &mut mpsc::Receiver<Request>) {
        while let Ok(request) = inbox.try_recv() {
            match request {
                Request::Recordings(answer) => answer.send(Ok(Vec::new())).unwrap(),
                Request::Identify(answer) => answer.send(Ok(())).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_flood_is_turned_away_before_the_core() {
        let (_publish, state) = watch::channel(State::start());
        let (desk, mut inbox) = Desk::new(state);
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..LOOKS {
            let desk = desk.clone();
            waiting.spawn(async move { desk.ask(Request::Recordings).await.map(drop) });
        }
        tokio::task::yield_now().await;
        assert!(matches!(desk.ask(Request::Recordings).await, Err(Error::Busy(_))));
        for _ in 0..CHANGES {
            let desk = desk.clone();
            waiting.spawn(async move { desk.order(Request::Identify).await });
        }
        tokio::task::yield_now().await;
        assert!(matches!(desk.order(Request::Identify).await, Err(Error::Busy(_))));
        assert_eq!(inbox.len(), LOOKS + CHANGES, "who looks does not keep out who changes");
        answer_all(&mut inbox);
        while let Some(done) = waiting.join_next().await {
            assert!(done.unwrap().is_ok());
        }
        let held: Vec<_> = (0..LOOKS).map(|_| desk.look().unwrap()).collect();
        assert!(matches!(desk.ask(Request::Recordings).await, Err(Error::Busy(_))), "still at it");
        assert!(inbox.is_empty());
        drop((held, inbox));
        assert!(matches!(desk.order(Request::Identify).await, Err(Error::Busy(_))), "it is gone");
    }
}
