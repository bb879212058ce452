// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the handle [`Sound`](super::Sound) and its thread share: who wants to hear what, and whether
//! they may.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audio::{AudioFormat, LiveFormat};

use super::{ListenerId, Loudness};

/// Who listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Recording,
    Live(ListenerId),
}

/// What a listener wants to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Recorded(AudioFormat),
    Live(LiveFormat),
}

impl Format {
    pub(super) fn sample_rate_hz(self) -> u32 {
        match self {
            Self::Recorded(format) => format.sample_rate_hz,
            Self::Live(format) => format.rate.hz(),
        }
    }

    pub(super) fn channels(self) -> u8 {
        match self {
            Self::Recorded(format) => format.channels,
            Self::Live(_) => 1,
        }
    }
}

/// One listener's wish, and its number: a later one of the same listener has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) who: Who,
    pub(super) number: u64,
    pub(super) format: Format,
}

/// Asks a permit.
pub(super) type IsAllowed = Box<dyn Fn() -> bool + Send>;

#[derive(Debug)]
pub(super) struct Shared {
    wish: Mutex<Wish>,
    changed: Condvar,
}

struct Wish {
    listeners: Vec<(Order, IsAllowed)>,
    microphone: Loudness,
    /// Counts changes, so that the thread sees one.
    changes: u64,
    ends: bool,
    is_open: bool,
}

impl Shared {
    pub(super) fn new() -> Self {
        let wish = Wish {
            listeners: Vec::new(),
            microphone: Loudness::FULL,
            changes: 0,
            ends: false,
            is_open: false,
        };
        Self { wish: Mutex::new(wish), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Wish)) {
        let mut wish = self.lock();
        wish.changes += 1;
        change(&mut wish);
        drop(wish);
        self.changed.notify_all();
    }

    /// A listener comes, or wants something else.
    pub(super) fn order(&self, who: Who, format: Format, is_allowed: IsAllowed) {
        self.change(|wish| {
            wish.listeners.retain(|(order, _)| order.who != who);
            let order = Order { who, number: wish.changes, format };
            wish.listeners.push((order, is_allowed));
        });
    }

    /// A listener goes.
    pub(super) fn cancel(&self, who: Who) {
        self.change(|wish| wish.listeners.retain(|(order, _)| order.who != who));
    }

    /// An order that cannot be carried out; it is as if the listener had gone.
    pub(super) fn drop_order(&self, number: u64) {
        self.lock().listeners.retain(|(order, _)| order.number != number);
    }

    pub(super) fn set_microphone(&self, loudness: Loudness) {
        self.change(|wish| wish.microphone = loudness);
    }

    pub(super) fn microphone(&self) -> Loudness {
        self.lock().microphone
    }

    pub(super) fn end(&self) {
        self.change(|wish| {
            wish.listeners.clear();
            wish.ends = true;
        });
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().is_open
    }

    pub(super) fn set_open(&self, is_open: bool) {
        self.lock().is_open = is_open;
    }

    /// Waits for orders that may be carried out; `None` when the thread shall end.
    pub(super) fn next_orders(&self) -> Option<Vec<Order>> {
        let mut wish = self.lock();
        loop {
            if wish.ends {
                return None;
            }
            let orders = wish.orders();
            if !orders.is_empty() {
                return Some(orders);
            }
            wish = self.changed.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The orders that may be carried out now.
    pub(super) fn orders(&self) -> Vec<Order> {
        self.lock().orders()
    }

    /// Calls `then` while order `number` stands and is allowed; none can change meanwhile.
    pub(super) fn while_ordered(&self, number: u64, then: impl FnOnce()) -> bool {
        let mut wish = self.lock();
        let holds = wish.orders().iter().any(|order| order.number == number);
        if holds {
            then();
        }
        holds
    }

    /// The same while any order stands.
    pub(super) fn while_any_ordered(&self, then: impl FnOnce()) {
        let mut wish = self.lock();
        if !wish.orders().is_empty() {
            then();
        }
    }

    /// Sleeps, but wakes at once when anything changes.
    pub(super) fn sleep(&self, time: Duration) {
        let wish = self.lock();
        let seen = wish.changes;
        let waited = self.changed.wait_timeout_while(wish, time, |wish| wish.changes == seen);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Wish {
    /// Forgets orders that are no longer allowed, since a permit never revives; gives those that
    /// can be heard.
    fn orders(&mut self) -> Vec<Order> {
        self.listeners.retain(|(_, is_allowed)| is_allowed());
        let hears = |order: &Order| order.who == Who::Recording || self.microphone.is_audible();
        self.listeners.iter().map(|(order, _)| *order).filter(hears).collect()
    }
}

impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let orders: Vec<_> = self.listeners.iter().map(|(order, _)| order).collect();
        f.debug_struct("Wish").field("orders", &orders).finish_non_exhaustive()
    }
}
