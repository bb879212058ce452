// SPDX-License-Identifier: MIT OR Apache-2.0
//! From what viewers ask for, a hub selected and the machine manages, to the encodes that run.

mod words;

use std::num::{NonZero, NonZeroU8, NonZeroU16};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use camera::plan::pace::{WINDOW, Work};
use camera::plan::{self, Budget, Encode, Limits, Numbering, Pace, Pictures, Share, Viewer, plan};
use camera::tlv::selected::SelectedConfiguration;
use frame::Size;
use media::{EncodeId, EncoderSettings, LiveEncode, RecordSettings, Video, VideoStats};
use privacy::LIVE_SERVICES;
use tracing::{debug, info};

use super::view::{Feed, View};
use crate::core::media_events::{level, profile};
use words::Recorded;

/// Macroblocks a second: 1920×1080 at 60 pictures. So much is taken for granted of a core until it
/// is measured.
const STATED_SPEED: u32 = 120 * 68 * 60;

/// What encodes can do here.
#[derive(Debug)]
pub enum Capacity {
    /// The machine's own encoder, which makes so many macroblocks a second.
    Hardware(u32),
    /// The software encoder within its budget, at the speed that it is seen to have.
    Software(Pace),
}

impl Capacity {
    /// The software encoder, as fast as stated.
    pub fn software(share: Share) -> Self {
        Self::Software(Pace::new(Budget { speed: STATED_SPEED, cores: cores(), share }))
    }

    fn limits(&self) -> Limits {
        let encodes = 1 + LIVE_SERVICES;
        match self {
            Self::Software(pace) => pace.budget().limits(encodes),
            Self::Hardware(speed) => Limits { encodes, macroblocks_per_second: u64::from(*speed) },
        }
    }
}

fn cores() -> NonZeroU16 {
    let cores = available_parallelism().ok().and_then(|cores| u16::try_from(cores.get()).ok());
    cores.and_then(NonZero::new).unwrap_or(NonZeroU16::MIN)
}

/// Whether something is encoded besides live views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recording {
    /// A hub has chosen how recordings are made.
    On,
    /// None has.
    Off,
}

/// The encodes: the recording's, as far as its pace goes, and those for live view.
pub struct Encodes {
    source: Pictures,
    capacity: Capacity,
    /// The budget as measured at the start; threads follow from it, since another number of them
    /// means another encoder.
    at_start: Option<Budget>,
    numbering: Numbering,
    wanted: Vec<LiveEncode>,
    running: Vec<LiveEncode>,
    /// What the recording was made of when it was told last.
    recorded: Option<Recorded>,
    /// The numbers of encodes that are less than was asked for.
    cut: Vec<EncodeId>,
    /// When to look at the encoder next, and what it had done at the last look.
    look_at: Option<Instant>,
    seen: Option<(Instant, VideoStats)>,
}

impl Encodes {
    /// No encode yet; `source` is what the camera delivers.
    pub fn new(source: Pictures, capacity: Capacity) -> Self {
        Self {
            source,
            at_start: match &capacity {
                Capacity::Software(pace) => Some(pace.budget()),
                Capacity::Hardware(_) => None,
            },
            capacity,
            numbering: Numbering::default(),
            wanted: Vec::new(),
            running: Vec::new(),
            recorded: None,
            cut: Vec::new(),
            look_at: None,
            seen: None,
        }
    }

    /// The software encoder makes so many macroblocks a second on one core.
    pub(super) fn measured(&mut self, speed: u32) {
        if let Capacity::Software(pace) = &mut self.capacity {
            let budget = Budget { speed, ..pace.budget() };
            (*pace, self.at_start) = (Pace::new(budget), Some(budget));
        }
    }

    /// When [`Self::look`] is due.
    pub(super) fn next_look(&self) -> Option<Instant> {
        self.look_at
    }

    /// Looks at the encoder from now on, while there is something to encode.
    pub(super) fn watch(&mut self, recording: Recording) {
        let is_software = matches!(self.capacity, Capacity::Software(_));
        if !is_software || recording == Recording::Off && self.wanted.is_empty() {
            (self.look_at, self.seen) = (None, None);
        } else if self.look_at.is_none() {
            self.look_at = Some(Instant::now() + WINDOW);
        }
    }

    /// Looks at what the encoder has done; whether plans must be made anew.
    pub(super) fn look(&mut self, now: Instant, stats: VideoStats) -> bool {
        let Capacity::Software(pace) = &mut self.capacity else { return false };
        if self.look_at.is_none_or(|due| now < due) {
            return false;
        }
        self.look_at = Some(now + WINDOW);
        let Some((since, before)) = self.seen.replace((now, stats)) else { return false };
        let work = work(now - since, before, stats);
        let change = pace.observe(work);
        if let Some(change) = change {
            debug!(?change, ?work, speed = pace.budget().speed, "the encoder's pace");
        }
        change.is_some()
    }

    /// What recordings are made with: the selected size, and as many pictures as fit.
    pub(super) fn record_settings(&mut self, selected: SelectedConfiguration) -> RecordSettings {
        let (pictures, video) = (self.recorded_pictures(selected), selected.video);
        let made = plan::recording(pictures, self.capacity.limits());
        self.tell_recording(Recorded { selected: pictures, made });
        let fragment_ms = selected.fragment_ms.min(video.idr_interval_ms);
        RecordSettings {
            size: pictures.size,
            fps: video.resolution.fps.into(),
            coded_fps: if made == pictures { video.resolution.fps } else { made.fps }.into(),
            profile: profile(video.profile),
            level: level(video.level),
            bitrate_bps: video.bitrate_kbps.saturating_mul(1000),
            threads: self.threads(pictures),
            idr_interval: Duration::from_millis(fragment_ms.into()),
        }
    }

    /// What the hub selected, as far as the source has it.
    fn recorded_pictures(&self, selected: SelectedConfiguration) -> Pictures {
        let resolution = selected.video.resolution;
        Pictures {
            size: Size::new(resolution.width, resolution.height),
            fps: resolution.fps.min(self.source.fps),
        }
    }

    fn threads(&self, pictures: Pictures) -> NonZeroU8 {
        self.at_start.map_or(NonZeroU8::MIN, |budget| budget.threads(pictures))
    }

    fn tell_recording(&mut self, recorded: Recorded) {
        let before = self.recorded.replace(recorded);
        if let Some(line) = recorded.line(before, self.share()) {
            info!("{line}");
        }
    }

    fn tell_live(&mut self, encodes: &[Encode], ids: &[EncodeId]) {
        let mut cut = Vec::new();
        for (encode, id) in encodes.iter().zip(ids).filter(|(encode, _)| encode.is_cut) {
            cut.push(*id);
            if !self.cut.contains(id) {
                info!("{}", words::live_is_less(encode.pictures, self.share()));
            }
        }
        if cut.is_empty() && !self.cut.is_empty() && !encodes.is_empty() {
            info!("{}", words::LIVE_IS_WHOLE);
        }
        self.cut = cut;
    }

    /// Of the processor, where it encodes.
    fn share(&self) -> Option<Share> {
        self.at_start.map(|budget| budget.share)
    }

    /// Decides who gets which encode, beside what recordings need.
    pub(super) fn plan(
        &mut self,
        recording: Option<SelectedConfiguration>,
        views: &mut [Option<View>; LIVE_SERVICES],
    ) {
        let limits = self.capacity.limits();
        let recording =
            recording.map(|selected| plan::recording(self.recorded_pictures(selected), limits));
        let viewers: Vec<Viewer> =
            views.iter().enumerate().filter_map(|(n, view)| demand(n, view.as_ref()?)).collect();
        let plan = plan(self.source, limits, recording, &viewers);
        let numbers = self.numbering.assign(&plan);
        let ids: Vec<EncodeId> = numbers.into_iter().map(EncodeId).collect();
        self.tell_live(&plan.encodes, &ids);
        let mut feeds = [None; LIVE_SERVICES];
        for &service in &plan.on_recording {
            feeds[service] = Some(Feed::Recording);
        }
        self.wanted.clear();
        for (encode, id) in plan.encodes.iter().zip(ids) {
            for &service in &encode.viewers {
                feeds[service] = Some(Feed::Encode(id));
            }
            let of = |&service: &usize| views[service].as_ref().map(|view| view.permit.clone());
            self.wanted.push(LiveEncode {
                id,
                settings: EncoderSettings {
                    size: encode.pictures.size,
                    fps: encode.pictures.fps.into(),
                    profile: profile(encode.profile),
                    level: level(encode.level),
                    bitrate_bps: encode.bitrate_bps,
                    threads: self.threads(encode.pictures),
                },
                permits: encode.viewers.iter().filter_map(of).collect(),
            });
        }
        for (view, feed) in views.iter_mut().zip(feeds) {
            if let Some(view) = view {
                view.set_feed(feed);
            }
        }
    }

    /// Makes `video` run them.
    pub(super) fn run(&mut self, video: &Video) {
        if self.wanted != self.running {
            self.running.clone_from(&self.wanted);
            video.live(self.wanted.clone());
        }
    }
}

/// What was done between two looks.
fn work(lasted: Duration, before: VideoStats, after: VideoStats) -> Work {
    let pictures = |stats: VideoStats| stats.encoded + stats.live_encoded;
    let late = |stats: VideoStats| stats.record_dropped + stats.live_dropped;
    Work {
        lasted,
        busy: after.encoding.saturating_sub(before.encoding),
        macroblocks: after.coded_macroblocks.saturating_sub(before.coded_macroblocks),
        pictures: pictures(after).saturating_sub(pictures(before)),
        late: late(after).saturating_sub(late(before)),
    }
}

/// What a session needs while it is not suspended.
fn demand(service: usize, view: &View) -> Option<Viewer> {
    let running = view.running.as_ref().filter(|running| !running.is_suspended)?;
    Some(Viewer {
        service,
        resolution: running.selection.resolution,
        profile: running.selection.profile,
        level: running.selection.level,
        bitrate_bps: running.target_bps,
        selected_bps: u32::from(running.selection.max_bitrate_kbps) * 1000,
    })
}

#[cfg(test)]
mod tests;
