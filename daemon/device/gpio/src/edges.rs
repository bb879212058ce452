// SPDX-License-Identifier: MIT OR Apache-2.0
//! A thread that watches one input line: every edge with the time at which it was, and now and then
//! the level itself, so that a lost edge or a lost line is found.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::time::{ClockId, clock_gettime};

use crate::line::Input;

/// How often the level is read without an edge.
const LOOK: Duration = Duration::from_millis(500);
/// Kernels before 5.7 stamp edges with another clock; an edge so old is not believed.
const OLDEST_EDGE: Duration = Duration::from_secs(5);

/// What the thread sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The line changed to this at that time.
    Edge {
        /// Active from then on.
        is_active: bool,
        /// When, by the kernel's clock.
        at: Instant,
    },
    /// Nothing new: the line reads like this now.
    Level(bool),
    /// The line cannot be read any more. It is tried again.
    Lost,
}

/// Takes events on the thread; says when it wants to be called again at the latest.
pub type Watched = Box<dyn FnMut(Instant, Event) -> Option<Instant> + Send>;

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Edges {
    /// Written to by the drop, which wakes the thread.
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Edges {
    /// Watches `input`, or whatever `open` gives when it was lost. `None` as the first input: it
    /// could not be opened yet.
    ///
    /// # Panics
    /// The system cannot start a thread or make an eventfd.
    pub fn watch(
        name: &str,
        input: Option<Input>,
        open: impl Fn() -> Option<Input> + Send + 'static,
        watched: Watched,
    ) -> Self {
        let stop = eventfd(0, EventfdFlags::CLOEXEC).expect("the system can make an eventfd");
        let stop = Arc::new(stop);
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || run(input, &open, watched, &stopped))
            .expect("the system can start a thread");
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Edges {
    fn drop(&mut self) {
        if let Err(error) = rustix::io::write(&self.stop, &1u64.to_ne_bytes()) {
            tracing::error!(%error, "a thread that watches a line cannot be stopped");
            return;
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a thread that watches a line panicked");
        }
    }
}

fn run(
    mut input: Option<Input>,
    open: &impl Fn() -> Option<Input>,
    mut watched: Watched,
    stopped: &OwnedFd,
) {
    let mut wake = None;
    loop {
        let wait = wake.map_or(LOOK, |at: Instant| at.saturating_duration_since(Instant::now()));
        let woken = wait_for(input.as_ref(), stopped, wait.min(LOOK));
        if woken == Woken::Stopped {
            return;
        }
        let event = match input.as_mut().map(|line| next_event(line, woken)) {
            Some(Ok(event)) => event,
            Some(Err(error)) => {
                tracing::debug!(%error, "GPIO line lost");
                input = None;
                Event::Lost
            }
            None => {
                input = open();
                Event::Lost
            }
        };
        let now = Instant::now();
        wake = watched(now, event);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    Edge,
    Time,
    Stopped,
}

fn wait_for(input: Option<&Input>, stopped: &OwnedFd, wait: Duration) -> Woken {
    let timeout = Timespec::try_from(wait).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
    let mut fds = vec![PollFd::new(stopped, PollFlags::IN)];
    fds.extend(input.map(|input| PollFd::new(&input.handle, PollFlags::IN)));
    if let Err(error) = poll(&mut fds, Some(&timeout)) {
        tracing::debug!(%error, "poll of a GPIO line");
        return Woken::Time;
    }
    if !fds[0].revents().is_empty() {
        Woken::Stopped
    } else if fds.get(1).is_some_and(|fd| !fd.revents().is_empty()) {
        Woken::Edge
    } else {
        Woken::Time
    }
}

fn next_event(input: &mut Input, woken: Woken) -> Result<Event, Box<dyn std::error::Error>> {
    if woken != Woken::Edge {
        return Ok(Event::Level(input.is_active()?));
    }
    let event = input.handle.get_event()?;
    let is_high = event.event_type() == gpio_cdev::EventType::RisingEdge;
    let at = instant_of(Duration::from_nanos(event.timestamp()));
    Ok(Event::Edge { is_active: input.means_active(is_high), at })
}

/// The kernel's monotonic time as an `Instant`.
fn instant_of(stamp: Duration) -> Instant {
    let (now, clock) = (Instant::now(), clock_gettime(ClockId::Monotonic));
    let clock = Duration::try_from(clock).unwrap_or_default();
    let age = clock.checked_sub(stamp).filter(|age| *age <= OLDEST_EDGE).unwrap_or_default();
    now.checked_sub(age).unwrap_or(now)
}
