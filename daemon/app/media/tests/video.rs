// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stories of the whole: a gate, the threads, a source, an encoder.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use frame::{Coded, EncodedFrame, Size};
use media::{
    EncoderChoice, Level, Profile, Received, RecordSettings, SnapshotError, TapOptions, Video,
    VideoConfig, VideoEvent,
};
use privacy::{Gate, Motion, OperatingMode};

const SIZE: Size = Size::new(320, 180);

fn recording_mode() -> OperatingMode {
    OperatingMode { is_paired: true, has_selected_configuration: true, ..OperatingMode::factory() }
}

fn dark() -> OperatingMode {
    OperatingMode { manually_disabled: true, ..recording_mode() }
}

fn settings() -> RecordSettings {
    RecordSettings {
        size: SIZE,
        fps: 30,
        coded_fps: 30,
        profile: Profile::Main,
        level: Level::L3_1,
        bitrate_bps: 300_000,
        threads: std::num::NonZeroU8::MIN,
        idr_interval: Duration::from_millis(400),
    }
}

fn video(source: &str, gate: &Gate) -> (Video, Receiver<VideoEvent>) {
    let (sender, events) = channel();
    let sender = Mutex::new(sender);
    let config = VideoConfig {
        source: source.parse().expect("a source"),
        size: SIZE,
        fps: 30,
        encoder: EncoderChoice::Auto,
        snapshot_quality: 80,
        scaler: media::ScalerChoice::Software,
        look: media::Look::default(),
    };
    let tell = move |event| drop(sender.lock().expect("no panic").send(event));
    (Video::spawn(config, gate.watch(), Box::new(tell)).expect("a configuration"), events)
}

const PATIENCE: Duration = Duration::from_secs(20);

fn wait_for<T>(events: &Receiver<VideoEvent>, wanted: impl Fn(VideoEvent) -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let event = events.recv_timeout(left).expect("the event comes in time");
        if let Some(found) = wanted(event) {
            return found;
        }
    }
}

fn next_encoded(events: &Receiver<VideoEvent>) -> EncodedFrame {
    wait_for(events, |event| match event {
        VideoEvent::Encoded(frame) => Some(frame),
        _ => None,
    })
}

fn snapshot(video: &Video, size: Size) -> Result<Coded, SnapshotError> {
    let (reply, answer) = channel();
    video.snapshot(size, Box::new(move |result| drop(reply.send(result))));
    answer.recv_timeout(PATIENCE).expect("an answer comes in time")
}

fn jpeg_size(jpeg: &[u8]) -> Size {
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(jpeg));
    decoder.decode().expect("a JPEG");
    let info = decoder.info().expect("its size");
    Size::new(info.width, info.height)
}

#[test]
fn a_permitted_camera_encodes_with_idrs_in_time() {
    let mut gate = Gate::closed();
    let (video, events) = video("test-pattern:walker", &gate);
    video.record(Some(settings()));
    assert!(events.recv_timeout(Duration::from_millis(100)).is_err(), "before the gate opens");
    gate.set(recording_mode());
    video.wake();
    let frames: Vec<EncodedFrame> = (0..40).map(|_| next_encoded(&events)).collect();
    assert!(frames[0].is_idr);
    assert_eq!(frames[0].config.profile_compatibility_level()[0], 77);
    assert_eq!(frames[0].config.size(), SIZE);
    let mut gop_start = frames[0].pts;
    for pair in frames.windows(2) {
        assert!(pair[1].pts > pair[0].pts);
        let end = (pair[0].pts - gop_start) + Duration::from_millis(33);
        assert!(end <= Duration::from_millis(401), "a picture ends {end:?} after its IDR");
        if pair[1].is_idr {
            gop_start = pair[1].pts;
        }
        let ticks = pair[1].pts.ticks_90k();
        assert!(ticks % 3000 <= 1 || ticks % 3000 == 2999, "{ticks} is off the grid of 30 fps");
    }
    assert!(frames.iter().filter(|frame| frame.is_idr).count() >= 3);
}

#[test]
fn a_camera_that_goes_dark_stops_and_forgets() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video("test-pattern", &gate);
    video.record(Some(settings()));
    let motion = video.tap(gate.permit::<Motion>().unwrap(), TapOptions::motion(Size::new(80, 60)));
    next_encoded(&events);
    assert!(snapshot(&video, SIZE).is_ok());
    let Received::Frame(luma) = motion.recv(PATIENCE) else { panic!("no picture for motion") };
    assert_eq!(luma.picture.size(), Size::new(80, 46));

    gate.set(dark());
    video.wake();
    assert!(matches!(motion.recv(PATIENCE), Received::Ended));
    wait_for(&events, |event| matches!(event, VideoEvent::CaptureStopped).then_some(()));
    assert_eq!(snapshot(&video, SIZE), Err(SnapshotError::Denied));
    while events.try_recv().is_ok() {}
    let captured = video.stats().captured;
    assert!(events.recv_timeout(Duration::from_millis(150)).is_err(), "something still comes");
    assert_eq!(video.stats().captured, captured);

    gate.set(recording_mode());
    video.wake();
    assert!(next_encoded(&events).is_idr, "it begins anew");
}

#[test]
fn a_lost_gate_closes_the_camera_without_a_wake() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video("test-pattern", &gate);
    wait_for(&events, |event| matches!(event, VideoEvent::CaptureStarted).then_some(()));
    drop(gate);
    wait_for(&events, |event| matches!(event, VideoEvent::CaptureStopped).then_some(()));
    assert_eq!(snapshot(&video, SIZE), Err(SnapshotError::Denied));
}

#[test]
fn snapshots_fit_keep_their_shape_and_share_work() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, _events) = video("test-pattern", &gate);
    // asked for, got
    let table = [
        (Size::new(160, 160), Size::new(160, 90)),
        (Size::new(1920, 1080), SIZE),
        (Size::new(0, 0), Size::new(16, 10)),
    ];
    for (asked, got) in table {
        assert_eq!(jpeg_size(&snapshot(&video, asked).unwrap()), got, "{asked:?}");
    }
    let before = video.stats().snapshots;
    let (reply, answers) = channel();
    for request in 0..10 {
        let reply = reply.clone();
        let size = Size::new(200, 200 - request); // all come to 200 by 112
        video.snapshot(size, Box::new(move |result| drop(reply.send(result))));
    }
    let answers: Vec<_> = answers.iter().take(10).map(Result::unwrap).collect();
    assert!(answers.windows(2).all(|pair| pair[0].as_ptr() == pair[1].as_ptr()));
    assert_eq!(video.stats().snapshots, before + 1);
    std::thread::sleep(Duration::from_millis(1_050));
    let later = snapshot(&video, Size::new(200, 200)).unwrap();
    assert!(later.as_ptr() != answers[0].as_ptr(), "the answer is older than a second");
}

#[test]
fn other_settings_mean_another_encoder() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video("test-pattern", &gate);
    video.record(Some(settings()));
    let first = next_encoded(&events);
    let settings = RecordSettings { size: Size::new(160, 120), fps: 15, ..settings() };
    video.record(Some(settings));
    let second = wait_for(&events, |event| match event {
        VideoEvent::Encoded(frame) if frame.config != first.config => Some(frame),
        _ => None,
    });
    assert!(second.is_idr);
    assert_eq!(second.config.size(), Size::new(160, 120));
    let third = next_encoded(&events);
    let gap = third.pts - second.pts;
    assert!(gap >= Duration::from_millis(60), "15 pictures a second, but {gap:?}");
    video.record(None);
    std::thread::sleep(Duration::from_millis(400));
    while events.try_recv().is_ok() {}
    assert!(events.recv_timeout(Duration::from_millis(150)).is_err(), "it still encodes");
}

#[test]
fn a_running_encoder_takes_fewer_pictures_and_then_all_again() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video("test-pattern", &gate);
    let idr_interval = Duration::from_secs(3600);
    let of = |coded_fps| RecordSettings { coded_fps, idr_interval, ..settings() };
    video.record(Some(of(30)));
    let first = next_encoded(&events);
    assert!(first.is_idr);
    for (coded_fps, least, most) in [(10, 95, 105), (30, 30, 36)] {
        video.record(Some(of(coded_fps)));
        let mut before = first.pts;
        let took = (0..60).find(|_| {
            let frame = next_encoded(&events);
            assert!(!frame.is_idr && Arc::ptr_eq(&frame.config, &first.config), "a new encoder");
            let gap = frame.pts - std::mem::replace(&mut before, frame.pts);
            (Duration::from_millis(least)..Duration::from_millis(most)).contains(&gap)
        });
        assert!(took.is_some(), "no {coded_fps} pictures a second");
    }
    let stats = video.stats();
    let blocks = 20 * 12 * stats.encoded; // 320 by 180
    assert!(stats.coded_macroblocks.abs_diff(blocks) <= 20 * 12, "{stats:?}");
    assert!(stats.encoding > Duration::ZERO);
}

#[test]
fn an_idr_comes_when_asked_for() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video("test-pattern", &gate);
    let idr_interval = Duration::from_secs(3600);
    video.record(Some(RecordSettings { idr_interval, ..settings() }));
    assert!(next_encoded(&events).is_idr);
    assert!(!next_encoded(&events).is_idr);
    video.request_idr();
    let idr = (0..30).find(|_| next_encoded(&events).is_idr);
    assert!(idr.is_some());
}

#[test]
fn a_source_that_is_not_there_is_told_once() {
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video("file:/nonexistent.y4m", &gate);
    wait_for(&events, |event| matches!(event, VideoEvent::SourceLost { .. }).then_some(()));
    assert!(events.recv_timeout(Duration::from_millis(1_200)).is_err(), "told twice");
    drop(video);
}

#[test]
fn a_file_of_another_program_plays() {
    let path = std::env::temp_dir().join(format!("media-story-{}.y4m", std::process::id()));
    let made = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=400x300:r=25:d=0.4"])
        .args(["-pix_fmt", "yuv444p"])
        .arg(&path)
        .status();
    let Ok(status) = made else {
        eprintln!("skipped: ffmpeg is not installed");
        return;
    };
    assert!(status.success());
    let mut gate = Gate::closed();
    gate.set(recording_mode());
    let (video, events) = video(&format!("file:{}", path.display()), &gate);
    video.record(Some(settings()));
    for _ in 0..20 {
        next_encoded(&events); // longer than the file
    }
    assert_eq!(jpeg_size(&snapshot(&video, Size::new(160, 90)).expect("a picture")).width, 160);
    drop(video);
    std::fs::remove_file(path).expect("it was there");
}
