// SPDX-License-Identifier: MIT OR Apache-2.0
//! A camera with viewers: what came of it, in order and with the time it came.

use std::collections::BTreeSet;
use std::num::NonZeroU8;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use frame::{EncodedFrame, Size};
use media::{
    EncodeError, EncodeId, EncoderChoice, EncoderSettings, Level, LiveEncode, Profile,
    RecordSettings, Video, VideoConfig, VideoEvent,
};
use privacy::{Gate, LivePermit, OperatingMode};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// What came from one encode.
#[derive(Debug)]
pub enum Came {
    Recorded(EncodedFrame),
    Live(EncodeId, EncodedFrame),
    Failed(Option<EncodeId>, EncodeError),
}

pub struct Rig {
    pub gate: Gate,
    pub video: Video,
    events: Receiver<(Instant, Came)>,
}

pub fn mode() -> OperatingMode {
    OperatingMode { is_paired: true, has_selected_configuration: true, ..OperatingMode::factory() }
}

impl Rig {
    pub fn new(source: &str, size: Size) -> Self {
        Self::with_encoder(source, size, EncoderChoice::Auto)
    }

    pub fn with_encoder(source: &str, size: Size, encoder: EncoderChoice) -> Self {
        let (sender, events) = channel();
        let sender = Mutex::new(sender);
        let config = VideoConfig {
            source: source.parse().expect("a source"),
            size,
            fps: 30,
            encoder,
            snapshot_quality: 80,
            scaler: media::ScalerChoice::Software,
            look: media::Look::default(),
        };
        let mut gate = Gate::closed();
        gate.set(mode());
        let tell = Box::new(move |event| {
            let came = match event {
                VideoEvent::Encoded(frame) => Came::Recorded(frame),
                VideoEvent::Live { encode, frame } => Came::Live(encode, frame),
                VideoEvent::EncoderFailed { reason } => Came::Failed(None, reason),
                VideoEvent::LiveFailed { encode, reason } => Came::Failed(Some(encode), reason),
                _ => return,
            };
            drop(sender.lock().expect("no panic").send((Instant::now(), came)));
        });
        let video = Video::spawn(config, gate.watch(), tell).expect("a configuration");
        Self { gate, video, events }
    }

    pub fn record(&self, size: Size, idr_interval: Duration) {
        let (profile, level) = (Profile::High, Level::L4_0);
        self.video.record(Some(RecordSettings {
            size,
            fps: 30,
            coded_fps: 30,
            profile,
            level,
            bitrate_bps: 500_000,
            threads: NonZeroU8::MIN,
            idr_interval,
        }));
    }

    pub fn permit(&self, service: usize) -> LivePermit {
        self.gate.live(service).expect("it is permitted")
    }

    /// An encode for one viewer of service 0.
    pub fn encode(&self, id: u32, size: Size, fps: u32, bitrate_bps: u32) -> LiveEncode {
        let (profile, level) = (Profile::Main, Level::L4_0);
        let threads = NonZeroU8::MIN;
        let settings = EncoderSettings { size, fps, profile, level, bitrate_bps, threads };
        LiveEncode { id: EncodeId(id), settings, permits: vec![self.permit(0)] }
    }

    pub fn next(&self) -> (Instant, Came) {
        self.events.recv_timeout(PATIENCE).expect("the next one comes in time")
    }

    pub fn next_live(&self, id: u32) -> (Instant, EncodedFrame) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            match self.next() {
                (at, Came::Live(EncodeId(of), frame)) if of == id => return (at, frame),
                _ => {}
            }
        }
        panic!("nothing comes of encode {id}");
    }

    /// All that comes in `time`.
    pub fn watch(&self, time: Duration) -> Vec<Came> {
        let end = Instant::now() + time;
        let left = || end.saturating_duration_since(Instant::now());
        std::iter::from_fn(|| self.events.recv_timeout(left()).ok()).map(|(_, came)| came).collect()
    }

    /// What waits is thrown away, and what comes until nothing does for 150 ms.
    pub fn is_silent_soon(&self) -> bool {
        self.watch(Duration::from_millis(100));
        self.events.recv_timeout(Duration::from_millis(150)).is_err()
    }
}

/// Pictures of encode `id` among `came`.
pub fn live(came: &[Came], id: u32) -> Vec<&EncodedFrame> {
    let of = |came| match came {
        &Came::Live(EncodeId(of), ref frame) if of == id => Some(frame),
        _ => None,
    };
    came.iter().filter_map(of).collect()
}

pub fn recorded(came: &[Came]) -> Vec<&EncodedFrame> {
    came.iter()
        .filter_map(|came| if let Came::Recorded(frame) = came { Some(frame) } else { None })
        .collect()
}

/// Names of the threads of this process.
pub fn threads() -> BTreeSet<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("it is mounted");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .collect()
}
