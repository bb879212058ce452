// SPDX-License-Identifier: MIT OR Apache-2.0
//! The camera's sound: one handle over the thread "sound", which owns microphone and encoder.
//!
//! The microphone is read once for all who listen: recordings and live sessions. It is open only
//! while somebody may hear it. When the last permit ends, the last listener goes or all are muted,
//! the device is closed; it is never merely muted.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::{fmt, io};

use audio::{AudioFormat, CaptureError, ConvertError, EncodeError, LiveFormat};
use frame::AudioPacket;
use privacy::{Kind, LivePermit, Permit};

pub(crate) mod ducking;
pub(crate) mod episode;
mod seat;
mod shared;
mod worker;

pub use ducking::{Ducking, Loudness};
use shared::{Format, Shared, Who};
use worker::Worker;

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
    /// A packet for recordings, captured while the permit held.
    Packet(AudioPacket),
    /// A packet for a live listener, captured while its permit held.
    Live(ListenerId, AudioPacket),
    /// A live listener's format cannot be encoded; it hears nothing until it listens anew.
    Refused(ListenerId, SoundError),
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

/// A live listener, named by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub u32);

/// The handle. Dropping it closes the source and ends the thread.
#[derive(Debug)]
pub struct Sound {
    shared: Arc<Shared>,
    ducking: Ducking,
    thread: Option<JoinHandle<()>>,
}

/// Tells events; called on the thread "sound". It must not block, nor call [`Sound`].
pub type OnSound = Box<dyn FnMut(SoundEvent) + Send>;

impl Sound {
    /// Starts the thread; the source stays closed until somebody listens.
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn spawn(source: SoundSource, on_event: OnSound) -> io::Result<Self> {
        let (shared, ducking) = (Arc::new(Shared::new()), Ducking::default());
        let worker = Worker::new(source, Arc::clone(&shared), ducking.clone(), on_event);
        let thread = std::thread::Builder::new().name("sound".into()).spawn(|| worker.run())?;
        Ok(Self { shared, ducking, thread: Some(thread) })
    }

    /// Delivers packets of `format` for recordings for as long as `permit` holds. Replaces what
    /// ran for recordings before. The permit is that for recorded sound; [`Record`] is enough for
    /// [`SoundSource::Silence`].
    ///
    /// [`Record`]: privacy::Record
    pub fn run<P>(&self, format: AudioFormat, permit: Permit<P>)
    where
        P: Kind + Send + Sync + 'static,
    {
        let is_allowed = Box::new(move || permit.is_valid());
        self.shared.order(Who::Recording, Format::Recorded(format), is_allowed);
    }

    /// Ends what [`Sound::run`] began. No packet for recordings is delivered after this has
    /// returned; the device itself is closed a moment later, at the end of the read that is under
    /// way, unless somebody else listens.
    pub fn stop(&self) {
        self.shared.cancel(Who::Recording);
    }

    /// Delivers packets of `format` to a live listener for as long as `permit` holds. Replaces what
    /// it heard before.
    pub fn listen(&self, id: ListenerId, format: LiveFormat, permit: LivePermit) {
        let is_allowed = Box::new(move || permit.is_valid());
        self.shared.order(Who::Live(id), Format::Live(format), is_allowed);
    }

    /// A live listener goes; the same holds as for [`Sound::stop`].
    pub fn leave(&self, id: ListenerId) {
        self.shared.cancel(Who::Live(id));
    }

    /// How loud live listeners hear the microphone; recordings are as loud as ever. When it is
    /// muted live listeners hear nothing, and without a recording the source is closed.
    pub fn set_microphone(&self, loudness: Loudness) {
        self.shared.set_microphone(loudness);
    }

    /// Makes live listeners' sound softer while talkback plays.
    pub fn ducking(&self) -> Ducking {
        self.ducking.clone()
    }

    /// Whether the source is open just now, for the status light and for tests.
    pub fn is_open(&self) -> bool {
        self.shared.is_open()
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the sound thread has panicked");
        }
    }
}

#[cfg(test)]
mod tests;
