// SPDX-License-Identifier: MIT OR Apache-2.0
//! Talkback: one handle over the thread "speaker", which owns jitter buffer, decoder and loudspeaker.
//!
//! The loudspeaker is open only while somebody talks: from the first packet until nothing came for
//! 500 ms. One viewer talks at a time; what others say meanwhile is dropped.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::{fmt, io};

use audio::{ConvertError, DecodeError, LiveFormat, PlaybackError};
use privacy::LivePermit;
use rtp::TalkPacket;

use crate::sound::{Ducking, ListenerId, Loudness};

mod floor;
mod worker;

use floor::Floor;
use worker::Worker;

/// Where talkback goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeakerSink {
    /// A sound card, by its ALSA name.
    Alsa(String),
    /// Nowhere, at the speed of life.
    Null,
    /// A WAV file, written anew by each talk.
    Wav(PathBuf),
}

/// Not the name of a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a loudspeaker: use `alsa:<device>`, `null` or `file:<path>` (WAV)")]
pub struct UnknownSpeaker;

impl FromStr for SpeakerSink {
    type Err = UnknownSpeaker;

    fn from_str(text: &str) -> Result<Self, UnknownSpeaker> {
        match text.split_once(':') {
            Some(("alsa", device)) if !device.is_empty() => Ok(Self::Alsa(device.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::Wav(path.into())),
            None if text == "null" => Ok(Self::Null),
            _ => Err(UnknownSpeaker),
        }
    }
}

impl fmt::Display for SpeakerSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alsa(device) => write!(f, "alsa:{device}"),
            Self::Null => f.write_str("null"),
            Self::Wav(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// What the thread tells.
#[derive(Debug)]
pub enum SpeakerEvent {
    /// Talkback cannot be played. Told once an episode; later talks try again.
    Failed(SpeakerError),
    /// Talkback plays again.
    Recovered,
}

/// Why talkback is not heard.
#[derive(Debug, thiserror::Error)]
pub enum SpeakerError {
    /// The sink.
    #[error("no loudspeaker")]
    Playback(#[from] PlaybackError),
    /// Channels or rate.
    #[error("talkback cannot be brought to the loudspeaker's rate")]
    Convert(#[from] ConvertError),
    /// The decoder.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Built without the feature.
    #[error("this build knows no sound cards")]
    NoAlsa,
}

/// Counters since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpeakerStats {
    /// Packets played.
    pub played: u64,
    /// Packets' times that were made up.
    pub concealed: u64,
    /// Packets that came too late, while another viewer talked, or in too great a number.
    pub dropped: u64,
}

/// Tells events; called on the thread "speaker". It must not block, nor call [`Speaker`].
pub type OnSpeaker = Box<dyn FnMut(SpeakerEvent) + Send>;

/// The handle. Dropping it closes the loudspeaker and ends the thread.
#[derive(Debug)]
pub struct Speaker {
    floor: Arc<Floor>,
    thread: Option<JoinHandle<()>>,
}

impl Speaker {
    /// Starts the thread; the loudspeaker stays closed until somebody talks. `ducking` is that of
    /// the microphone beside it, if there is one.
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn spawn(sink: SpeakerSink, ducking: Ducking, on_event: OnSpeaker) -> io::Result<Self> {
        let floor = Arc::new(Floor::default());
        let worker = Worker::new(sink, Arc::clone(&floor), ducking, on_event);
        let thread = std::thread::Builder::new().name("speaker".into()).spawn(|| worker.run())?;
        Ok(Self { floor, thread: Some(thread) })
    }

    /// A viewer may talk, with packets of `format`, for as long as `permit` holds.
    pub fn admit(&self, id: ListenerId, format: LiveFormat, permit: LivePermit) {
        self.floor.admit(id, format, Box::new(move || permit.is_valid()));
    }

    /// A viewer may no longer talk. What it said is not played on.
    pub fn dismiss(&self, id: ListenerId) {
        self.floor.dismiss(id);
    }

    /// What a viewer says, as it comes in. Dropped unless the viewer may talk.
    pub fn talk(&self, id: ListenerId, packet: TalkPacket) {
        self.floor.talk(id, packet);
    }

    /// How loud talkback is. While it is muted the loudspeaker stays closed.
    pub fn set_loudness(&self, loudness: Loudness) {
        self.floor.set_loudness(loudness);
    }

    /// Whether the loudspeaker is open just now.
    pub fn is_open(&self) -> bool {
        self.floor.is_open()
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> SpeakerStats {
        self.floor.stats()
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.floor.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the speaker thread has panicked");
        }
    }
}

#[cfg(test)]
mod tests;
