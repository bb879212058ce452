// SPDX-License-Identifier: MIT OR Apache-2.0
//! The prebuffer: encoded video and sound from before a motion, in whole GOPs.
//!
//! Frames and packets go in as the encoders give them. A GOP is whole when the next IDR arrives,
//! for only then is it known how long its last frame lasts. The ring forgets the oldest ones by
//! time and by bytes. Every GOP has a number, so that a recording can find the one it sends next,
//! or learn that it is gone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use frame::{AudioConfig, AudioPacket, AvcConfig, EncodedFrame, Pts};
use tracing::{debug, warn};

/// Frames in a GOP that is never closed; then it is dropped. What one fragment can hold.
const MAX_FRAMES: usize = fmp4::MAX_SAMPLES;
/// Sound that no GOP has claimed; the oldest goes first. A minute of AAC at 32 kHz has 1875.
const MAX_WAITING_PACKETS: usize = 2048;
/// A packet as late as this is dropped; one that is later still begins a new time.
const MAX_AUDIO_STEP_BACK: Duration = Duration::from_secs(1);

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// As few GOPs as last at least this long.
    pub keep: Duration,
    /// Upper bound on the memory for frames and packets. Reached first, it shortens `keep`.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// Two and a half times what hubs select, at any bit rate they select.
    fn default() -> Self {
        Self { keep: Duration::from_secs(10), max_bytes: 16 << 20 }
    }
}

/// A group of pictures from an IDR to the next one: what becomes a fragment.
#[derive(Debug)]
pub struct Gop {
    /// Counts the GOPs of a prebuffer, the lost ones too.
    pub number: u64,
    /// At least one; the first is an IDR and all have one configuration.
    pub frames: Vec<EncodedFrame>,
    /// When the next IDR was captured.
    pub end: Pts,
    /// Sound of that time, and late packets of the time before.
    pub audio: Vec<AudioPacket>,
    /// When the sound behind it begins, if that has arrived.
    pub audio_end: Option<Pts>,
}

impl Gop {
    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        self.frames.first().map_or(Duration::ZERO, |first| self.end - first.pts)
    }

    /// Bytes of frames and packets.
    pub fn bytes(&self) -> usize {
        bytes(&self.frames, &self.audio)
    }
}

/// What a frame led to.
#[derive(Debug)]
pub enum Pushed {
    /// Nothing to be told.
    Taken,
    /// It is an IDR, and this is the GOP before it.
    Closed(Arc<Gop>),
    /// It does not go on where the last frame ended: everything before it was dropped.
    Restarted(Restart),
}

/// Why video does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// The encoder's parameter sets changed.
    Parameters,
    /// Time ran backwards.
    Clock,
}

/// Where a GOP is.
#[derive(Debug)]
pub enum Lookup {
    /// Here.
    Found(Arc<Gop>),
    /// Not whole yet.
    NotYet,
    /// It was here and was dropped.
    Gone,
}

/// The ring and the GOP that is being filled.
#[derive(Debug)]
pub struct Prebuffer {
    limits: Limits,
    ring: VecDeque<Arc<Gop>>,
    /// Number of the GOP being filled, or of the next one.
    next: u64,
    /// Frames since the last IDR; empty while one is waited for.
    open: Vec<EncodedFrame>,
    /// Packets that no whole GOP has taken.
    waiting: VecDeque<AudioPacket>,
    /// Time and configuration of the newest packet.
    last_audio: Option<(Pts, Arc<AudioConfig>)>,
    bytes: usize,
    is_cut_short: bool,
}

impl Prebuffer {
    /// Without video.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ring: VecDeque::new(),
            next: 0,
            open: Vec::new(),
            waiting: VecDeque::new(),
            last_audio: None,
            bytes: 0,
            is_cut_short: false,
        }
    }

    /// Takes the encoder's next frame. Frames before the first IDR are of no use and are dropped.
    pub fn push_video(&mut self, frame: EncodedFrame) -> Pushed {
        let last = self.open.last();
        let restart = match last {
            Some(last) if last.config != frame.config => Some(Restart::Parameters),
            Some(last) if frame.pts <= last.pts => Some(Restart::Clock),
            _ => None,
        };
        if let Some(restart) = restart {
            debug!(?restart, "prebuffer dropped");
            self.clear();
            self.begin(frame);
            return Pushed::Restarted(restart);
        }
        if !frame.is_idr {
            if !self.open.is_empty() {
                self.bytes += frame.data.len();
                self.open.push(frame);
                self.limit_open();
            }
            return Pushed::Taken;
        }
        let closed = self.close(frame.pts);
        self.begin(frame);
        closed.map_or(Pushed::Taken, Pushed::Closed)
    }

    /// Takes the encoder's next packet. It belongs to the GOP of its time, or to the next one when
    /// that is closed already.
    pub fn push_audio(&mut self, packet: AudioPacket) {
        if let Some((last, config)) = &self.last_audio {
            let is_new = *config != packet.config || *last - packet.pts > MAX_AUDIO_STEP_BACK;
            if is_new {
                // What is held cannot stand in one track with what comes.
                debug!("prebuffer dropped: the sound changed");
                self.waiting.clear();
                self.ring.clear();
                self.recount();
            } else if packet.pts <= *last {
                return;
            }
        }
        self.last_audio = Some((packet.pts, Arc::clone(&packet.config)));
        self.bytes += packet.data.len();
        self.waiting.push_back(packet);
        if self.waiting.len() > MAX_WAITING_PACKETS
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.bytes -= oldest.data.len();
        }
    }

    /// Drops everything. Numbers go on, so that a recording sees that its video is gone.
    pub fn clear(&mut self) {
        self.next += u64::from(!self.open.is_empty());
        self.ring.clear();
        self.open.clear();
        self.waiting.clear();
        self.last_audio = None;
        self.recount();
    }

    /// Drops all sound and keeps the video: what was heard before the microphone was switched off
    /// is not sent after it.
    pub fn forget_sound(&mut self) {
        for gop in &mut self.ring {
            if !gop.audio.is_empty() {
                let Gop { number, frames, end, .. } = &**gop;
                let frames = frames.clone();
                let silent =
                    Gop { number: *number, frames, end: *end, audio: Vec::new(), audio_end: None };
                *gop = Arc::new(silent);
            }
        }
        self.waiting.clear();
        self.last_audio = None;
        self.recount();
    }

    /// How the newest packet is coded; none until one came.
    pub fn audio_config(&self) -> Option<&Arc<AudioConfig>> {
        self.last_audio.as_ref().map(|(_, config)| config)
    }

    /// The parameter sets of the newest frame; none until an IDR came.
    pub fn config(&self) -> Option<&Arc<AvcConfig>> {
        self.open.first().map(|frame| &frame.config)
    }

    /// The number of the first of the newest whole GOPs that last at least `length`; all of them
    /// when they last less. Without any it is the number of the one being filled.
    pub fn first_covering(&self, length: Duration) -> u64 {
        let mut first = self.next;
        let mut covered = Duration::ZERO;
        for gop in self.ring.iter().rev() {
            if covered >= length {
                break;
            }
            covered += gop.duration();
            first = gop.number;
        }
        first
    }

    /// The GOP with this number.
    pub fn find(&self, number: u64) -> Lookup {
        let found = self.ring.iter().find(|gop| gop.number == number);
        match found {
            Some(gop) => Lookup::Found(Arc::clone(gop)),
            None if number >= self.next => Lookup::NotYet,
            None => Lookup::Gone,
        }
    }

    /// Whether no whole GOP is newer than `number`.
    pub fn is_newest(&self, number: u64) -> bool {
        self.ring.back().is_none_or(|newest| newest.number <= number)
    }

    /// How long the whole GOPs last together.
    pub fn duration(&self) -> Duration {
        self.ring.iter().map(|gop| gop.duration()).sum()
    }

    /// Bytes of all frames and packets held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn begin(&mut self, idr: EncodedFrame) {
        if !idr.is_idr {
            return;
        }
        if self.ring.is_empty() {
            // Nothing is there that earlier sound could belong to.
            while let Some(packet) = self.waiting.pop_front_if(|packet| packet.pts < idr.pts) {
                self.bytes -= packet.data.len();
            }
        }
        self.bytes += idr.data.len();
        self.open.push(idr);
        self.trim();
    }

    /// Makes the frames since the last IDR a whole GOP that lasts until `end`.
    fn close(&mut self, end: Pts) -> Option<Arc<Gop>> {
        if self.open.is_empty() {
            return None;
        }
        let frames = std::mem::take(&mut self.open);
        let count = self.waiting.iter().take_while(|packet| packet.pts < end).count();
        let audio = self.waiting.drain(..count).collect();
        let audio_end = self.waiting.front().map(|packet| packet.pts);
        let gop = Arc::new(Gop { number: self.next, frames, end, audio, audio_end });
        self.next += 1;
        self.ring.push_back(Arc::clone(&gop));
        Some(gop)
    }

    /// Drops the oldest GOPs that are not needed for `keep`, then those there is no room for.
    fn trim(&mut self) {
        let mut duration = self.duration();
        while let Some(oldest) = self.ring.front() {
            let (without, bytes) = (duration - oldest.duration(), oldest.bytes());
            let is_over = self.bytes > self.limits.max_bytes;
            if without < self.limits.keep && !is_over {
                break;
            }
            if without < self.limits.keep && !self.is_cut_short {
                self.is_cut_short = true;
                warn!(
                    max_bytes = self.limits.max_bytes,
                    held_s = without.as_secs_f32(),
                    "prebuffer is shorter than it should be: its memory bound is too small"
                );
            }
            duration = without;
            self.bytes -= bytes;
            self.ring.pop_front();
        }
        if duration >= self.limits.keep {
            self.is_cut_short = false;
        }
    }

    /// Drops a GOP without end, and with it the chance to go on before the next IDR.
    fn limit_open(&mut self) {
        if self.bytes > self.limits.max_bytes {
            self.trim();
        }
        let is_over = self.bytes > self.limits.max_bytes && self.ring.is_empty();
        if is_over || self.open.len() > MAX_FRAMES {
            warn!(frames = self.open.len(), "video without an IDR dropped");
            self.clear();
        }
    }

    fn recount(&mut self) {
        let whole: usize = self.ring.iter().map(|gop| gop.bytes()).sum();
        let waiting: usize = self.waiting.iter().map(|packet| packet.data.len()).sum();
        self.bytes = whole + waiting + bytes(&self.open, &[]);
    }
}

fn bytes(frames: &[EncodedFrame], audio: &[AudioPacket]) -> usize {
    let frames: usize = frames.iter().map(|frame| frame.data.len()).sum();
    frames + audio.iter().map(|packet| packet.data.len()).sum::<usize>()
}

#[cfg(test)]
mod tests;
