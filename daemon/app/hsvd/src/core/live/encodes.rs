// SPDX-License-Identifier: MIT OR Apache-2.0
//! From what viewers ask for to the encodes that run.

use std::num::NonZero;
use std::thread::available_parallelism;

use camera::plan::{Limits, Numbering, Pictures, Viewer, plan};
use camera::tlv::selected::SelectedConfiguration;
use frame::Size;
use media::{EncodeId, EncoderSettings, LiveEncode, Video};
use privacy::LIVE_SERVICES;

use super::view::{Feed, View};
use crate::core::media_events::{level, profile};

/// Pixels a second that the software encoder makes on one core: 1920×1080 at 60 pictures.
const PIXELS_PER_CORE: u64 = 1920 * 1080 * 60;

/// The encodes for live view.
pub struct Encodes {
    source: Pictures,
    limits: Limits,
    numbering: Numbering,
    wanted: Vec<LiveEncode>,
    running: Vec<LiveEncode>,
}

impl Encodes {
    /// No encode yet; `source` is what the camera delivers.
    pub fn new(source: Pictures) -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        let limits = Limits {
            encodes: 1 + LIVE_SERVICES,
            pixels_per_second: PIXELS_PER_CORE.saturating_mul(cores as u64),
        };
        let numbering = Numbering::default();
        Self { source, limits, numbering, wanted: Vec::new(), running: Vec::new() }
    }

    /// Decides who gets which encode, beside what recordings need.
    pub(super) fn plan(
        &mut self,
        recording: Option<SelectedConfiguration>,
        views: &mut [Option<View>; LIVE_SERVICES],
    ) {
        let recording = recording.map(|selected| {
            let resolution = selected.video.resolution;
            Pictures {
                size: Size::new(resolution.width, resolution.height),
                fps: resolution.fps.min(self.source.fps),
            }
        });
        let viewers: Vec<Viewer> =
            views.iter().enumerate().filter_map(|(n, view)| demand(n, view.as_ref()?)).collect();
        let plan = plan(self.source, self.limits, recording, &viewers);
        let numbers = self.numbering.assign(&plan);
        let mut feeds = [None; LIVE_SERVICES];
        for &service in &plan.on_recording {
            feeds[service] = Some(Feed::Recording);
        }
        self.wanted.clear();
        for (encode, id) in plan.encodes.iter().zip(numbers.into_iter().map(EncodeId)) {
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
