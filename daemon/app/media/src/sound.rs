// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's sound: one handle over the thread "sound", which owns microphone and encoder.
//!
//! The microphone is open only while somebody may hear it. When the permit ends or the last listener
//! goes, the device is closed; it is never merely muted.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{fmt, io};

use audio::{AudioFormat, CaptureError, ConvertError, EncodeError};
use frame::AudioPacket;
use privacy::{Kind, Permit};

mod episode;
mod worker;

/// Where sound comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundSource {
    /// A sound card, by its ALSA name.
    Alsa(String),
    /// Digital silence: a sound track without a microphone.
    Silence,
    /// A soft beep at every full second.
    Tone,
    /// A WAV file, over and over.
    Wav(PathBuf),
}

/// Not the name of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sound source: use `alsa:<device>`, `silence`, `tone` or `file:<path>` (WAV)")]
pub struct UnknownSound;

impl FromStr for SoundSource {
    type Err = UnknownSound;

    fn from_str(text: &str) -> Result<Self, UnknownSound> {
        match text.split_once(':') {
            Some(("alsa", device)) if !device.is_empty() => Ok(Self::Alsa(device.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::Wav(path.into())),
            None if text == "silence" => Ok(Self::Silence),
            None if text == "tone" => Ok(Self::Tone),
            _ => Err(UnknownSound),
        }
    }
}

impl fmt::Display for SoundSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alsa(device) => write!(f, "alsa:{device}"),
            Self::Silence => f.write_str("silence"),
            Self::Tone => f.write_str("tone"),
            Self::Wav(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// What the thread tells.
#[derive(Debug)]
pub enum SoundEvent {
    /// A packet, captured while the permit held.
    Packet(AudioPacket),
    /// The source cannot be used. Told once an episode; it is opened again and again, less and less
    /// often, until it works.
    Failed(SoundError),
    /// The source works again.
    Recovered,
}

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// The source.
    #[error("no sound")]
    Capture(#[from] CaptureError),
    /// Channels or rate.
    #[error("the source's sound cannot be brought to the wanted rate")]
    Convert(#[from] ConvertError),
    /// The encoder.
    #[error("the sound cannot be encoded")]
    Encode(#[from] EncodeError),
    /// Built without the feature.
    #[error("this build knows no sound cards")]
    NoAlsa,
}

/// The handle. Dropping it closes the source and ends the thread.
#[derive(Debug)]
pub struct Sound {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// Tells events; called on the thread "sound". It must not block, nor call [`Sound`].
pub type OnSound = Box<dyn FnMut(SoundEvent) + Send>;

impl Sound {
    /// Starts the thread; the source stays closed until [`Sound::run`].
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn spawn(source: SoundSource, on_event: OnSound) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let worker = worker::Worker::new(source, Arc::clone(&shared), on_event);
        let thread = std::thread::Builder::new().name("sound".into()).spawn(|| worker.run())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Opens the source and delivers packets of `format` for as long as `permit` holds. Replaces
    /// what ran before. The permit is that for recorded sound or for a live session; [`Record`]
    /// is enough for [`SoundSource::Silence`].
    ///
    /// [`Record`]: privacy::Record
    pub fn run<P>(&self, format: AudioFormat, permit: Permit<P>)
    where
        P: Kind + Send + Sync + 'static,
    {
        let is_allowed = Box::new(move || permit.is_valid());
        self.shared.set(|wish| wish.order = Some(Order { format, is_allowed }));
    }

    /// Closes the source. No packet is delivered after this has returned; the device itself is
    /// closed a moment later, at the end of the read that is under way.
    pub fn stop(&self) {
        self.shared.set(|wish| wish.order = None);
    }

    /// Whether the source is open just now, for the status light and for tests.
    pub fn is_open(&self) -> bool {
        self.shared.lock().is_open
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.shared.set(|wish| {
            wish.order = None;
            wish.ends = true;
        });
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the sound thread has panicked");
        }
    }
}

/// What handle and thread share.
#[derive(Debug, Default)]
struct Shared {
    wish: Mutex<Wish>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wish {
    order: Option<Order>,
    /// Grows with every order, so that the thread sees a new one.
    number: u64,
    ends: bool,
    is_open: bool,
}

struct Order {
    format: AudioFormat,
    is_allowed: Box<dyn Fn() -> bool + Send>,
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Order").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, change: impl FnOnce(&mut Wish)) {
        let mut wish = self.lock();
        change(&mut wish);
        wish.number += 1;
        drop(wish);
        self.changed.notify_all();
    }

    fn set_open(&self, is_open: bool) {
        self.lock().is_open = is_open;
    }

    /// Waits for an order that is allowed; `None` when the thread shall end.
    fn next_order(&self) -> Option<(u64, AudioFormat)> {
        let mut wish = self.lock();
        loop {
            if wish.ends {
                return None;
            }
            if let Some(order) = &wish.order {
                if (order.is_allowed)() {
                    return Some((wish.number, order.format));
                }
                // a permit never revives
                wish.order = None;
            }
            wish = self.changed.wait(wish).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Calls `then` while order `number` stands and is allowed; no order can change meanwhile.
    fn while_ordered(&self, number: u64, then: impl FnOnce()) -> bool {
        let wish = self.lock();
        let holds = wish.is(number);
        if holds {
            then();
        }
        holds
    }

    /// Sleeps; whether order `number` still stands afterwards.
    fn sleep(&self, number: u64, time: Duration) -> bool {
        let wish = self.lock();
        let waited = self.changed.wait_timeout_while(wish, time, |wish| wish.is(number));
        waited.unwrap_or_else(PoisonError::into_inner).0.is(number)
    }
}

impl Wish {
    fn is(&self, number: u64) -> bool {
        self.number == number && self.order.as_ref().is_some_and(|order| (order.is_allowed)())
    }
}

#[cfg(test)]
mod tests;
