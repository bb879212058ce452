// SPDX-License-Identifier: MIT OR Apache-2.0
//! Encodes for live view, each on a thread "live-N" that is there only while viewers are. Which
//! viewers share one is decided elsewhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use frame::EncodedFrame;

use super::idr::IdrWish;
use super::{Next, Order, Purpose};
use crate::bus::{Leave, TapOptions};
use crate::encoder::EncodeError;
use crate::video::{EncodeId, LiveEncode, Shared, VideoEvent, end_thread, start_thread};

/// The encodes that run, and threads about to end.
#[derive(Debug, Default)]
pub(crate) struct LiveSet(Vec<Running>);

#[derive(Debug)]
struct Running {
    encode: Arc<Encode>,
    thread: JoinHandle<()>,
}

impl LiveSet {
    /// Makes `wanted` the encodes that run. Who looks at a signal must be woken after.
    pub(crate) fn replace(&mut self, wanted: Vec<LiveEncode>, shared: &Arc<Shared>) {
        for ended in self.0.extract_if(.., |running| running.thread.is_finished()) {
            end_thread(ended.thread);
        }
        for Running { encode, .. } in &self.0 {
            if wanted.iter().all(|wanted| wanted.id != encode.id) {
                encode.end();
            }
        }
        let mut done: Vec<EncodeId> = Vec::with_capacity(wanted.len());
        for wanted in wanted {
            if !done.contains(&wanted.id) {
                done.push(wanted.id);
                self.run(wanted, shared);
            }
        }
    }

    fn run(&mut self, wanted: LiveEncode, shared: &Arc<Shared>) {
        let is_running = |encode: &Encode| encode.id == wanted.id && encode.update(&wanted);
        if self.0.iter().any(|running| is_running(&running.encode)) {
            return;
        }
        let name = format!("live-{}", wanted.id.0);
        let encode = Arc::new(Encode::new(wanted));
        if !encode.is_valid() {
            return;
        }
        let live = Live { shared: Arc::clone(shared), encode: Arc::clone(&encode) };
        let thread = start_thread(name, move || super::run(&live.shared, &live));
        self.0.push(Running { encode, thread });
    }

    pub(crate) fn request_idr(&self, id: EncodeId) {
        for Running { encode, .. } in self.0.iter().filter(|running| running.encode.id == id) {
            encode.lock().wish.ask(Instant::now());
        }
    }

    /// All threads, to wait for them.
    pub(crate) fn take_threads(&mut self) -> impl Iterator<Item = JoinHandle<()>> {
        self.0.drain(..).map(|running| running.thread)
    }
}

/// One encode, between its thread and who asks for it.
#[derive(Debug)]
struct Encode {
    id: EncodeId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    wanted: LiveEncode,
    wish: IdrWish,
    /// Nobody wants it any more, or its thread found no valid permit. It stays so.
    has_ended: bool,
}

impl State {
    fn is_permitted(&self) -> bool {
        !self.has_ended && self.wanted.permits.iter().any(privacy::LivePermit::is_valid)
    }
}

impl Encode {
    fn new(wanted: LiveEncode) -> Self {
        let state = State { wish: IdrWish::default(), has_ended: false, wanted };
        Self { id: state.wanted.id, state: Mutex::new(state) }
    }

    /// Takes over what is `wanted` now; `false` when it has ended.
    fn update(&self, wanted: &LiveEncode) -> bool {
        let mut state = self.lock();
        if state.has_ended {
            return false;
        }
        let is_new = |permit| !state.wanted.permits.contains(permit);
        if wanted.permits.len() > state.wanted.permits.len() || wanted.permits.iter().any(is_new) {
            state.wish.demand(Instant::now());
        }
        state.wanted.clone_from(wanted);
        true
    }

    fn end(&self) {
        self.lock().has_ended = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave for Arc<Encode> {
    fn is_valid(&self) -> bool {
        self.lock().is_permitted()
    }
}

struct Live {
    shared: Arc<Shared>,
    encode: Arc<Encode>,
}

impl Purpose for Live {
    type Leave = Arc<Encode>;

    /// An encode that lost its permits ends here and now, so that a later wish starts another.
    fn next(&self) -> Next<Arc<Encode>> {
        let mut state = self.encode.lock();
        if state.is_permitted() {
            Next::Run(order_of(&state.wanted), Arc::clone(&self.encode))
        } else {
            state.has_ended = true;
            Next::End
        }
    }

    fn order(&self) -> Option<Order> {
        let state = self.encode.lock();
        (!state.has_ended).then(|| order_of(&state.wanted))
    }

    fn take_idr_wish(&self) -> bool {
        self.encode.lock().wish.take()
    }

    fn tap(&self, interval: Option<Duration>) -> TapOptions {
        TapOptions::live(interval)
    }

    fn lost(&self, pictures: u64) {
        self.shared.counters.live_dropped.add(pictures);
    }

    fn encoded(&self, frame: EncodedFrame) {
        self.shared.counters.live_encoded.add(1);
        self.shared.counters.live_idrs.add(frame.is_idr.into());
        self.shared.tell(VideoEvent::Live { encode: self.encode.id, frame });
    }

    fn failed(&self, reason: EncodeError) {
        self.shared.counters.live_failed.add(1);
        self.shared.tell(VideoEvent::LiveFailed { encode: self.encode.id, reason });
    }
}

fn order_of(wanted: &LiveEncode) -> Order {
    let settings = wanted.settings;
    Order { settings, coded_fps: settings.fps, idr_interval: IDR_INTERVAL }
}

/// A viewer whose wishes for an IDR are lost sees a picture again after this time.
const IDR_INTERVAL: Duration = Duration::from_secs(4);
