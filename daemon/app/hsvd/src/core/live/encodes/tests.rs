// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the encoder's speed does to recordings, and what the log says of it.

use camera::tlv::recording::{
    AudioCodec, BitrateMode, Level, Profile, Resolution, SampleRate, Triggers,
};
use camera::tlv::selected::{SelectedAudio, SelectedVideo};

use super::*;

const SOURCE: Pictures = Pictures { size: Size::new(1920, 1080), fps: 30 };
/// Macroblocks of a picture of that size.
const BLOCKS: u64 = 120 * 68;

fn selected() -> SelectedConfiguration {
    SelectedConfiguration {
        prebuffer_ms: 4000,
        triggers: Triggers::MOTION,
        fragment_ms: 4000,
        video: SelectedVideo {
            profile: Profile::High,
            level: Level::L4_0,
            bitrate_kbps: 2000,
            idr_interval_ms: 4000,
            resolution: Resolution::new(1920, 1080, 30),
        },
        audio: SelectedAudio {
            codec: AudioCodec::AacLc,
            channels: 1,
            mode: BitrateMode::Variable,
            sample_rate: SampleRate::Hz32000,
            bitrate_kbps: 64,
        },
    }
}

/// On a machine of four cores, of which the encoder may use half.
fn encodes(speed: u32) -> Encodes {
    let (cores, share) = (4.try_into().unwrap(), Share::try_from(50).unwrap());
    Encodes::new(SOURCE, Capacity::Software(Pace::new(Budget { speed, cores, share })))
}

/// After `windows` of 30 pictures a second, each of which took a core `ms`; 50 pictures of each
/// window came late.
fn stats(windows: u32, ms: u64, late: u64) -> VideoStats {
    let encoded = u64::from(windows) * 60;
    VideoStats {
        encoded,
        coded_macroblocks: encoded * BLOCKS,
        encoding: Duration::from_millis(encoded * ms),
        record_dropped: late * u64::from(windows),
        ..VideoStats::default()
    }
}

/// Whether each of so many looks makes plans anew.
fn look(encodes: &mut Encodes, windows: u32, ms: u64, late: u64) -> Vec<bool> {
    encodes.watch(Recording::On);
    let begin = encodes.next_look().expect("there is something to encode");
    let at = |window: u32| (begin + WINDOW * window, stats(window, ms, late));
    (0..=windows)
        .map(|window| {
            let (now, stats) = at(window);
            assert!(!encodes.look(now - WINDOW / 2, stats), "it is not due");
            encodes.look(now, stats)
        })
        .collect()
}

#[test]
fn a_slow_machine_records_fewer_pictures_of_the_selected_size() {
    // macroblocks a second: pictures a second, threads
    for (speed, coded_fps, threads) in [(500_000, 30, 1), (123_000, 30, 3), (100_000, 15, 4)] {
        let settings = encodes(speed).record_settings(selected());
        let made = (settings.coded_fps, settings.threads.get());
        assert_eq!(made, (coded_fps, threads), "{speed}");
        assert_eq!((settings.size, settings.fps), (SOURCE.size, 30), "{speed}");
    }
    for (speed, coded_fps) in [(300_000, 30), (200_000, 15)] {
        let hardware = Capacity::Hardware(speed);
        let hardware = Encodes::new(SOURCE, hardware).record_settings(selected());
        assert_eq!((hardware.coded_fps, hardware.threads.get()), (coded_fps, 1));
    }
}

#[test]
fn what_is_measured_at_the_start_counts() {
    let mut encodes = encodes(500_000);
    encodes.measured(100_000);
    assert_eq!(encodes.record_settings(selected()).coded_fps, 15);
}

#[test]
fn encodes_over_the_budget_and_late_ones_have_fewer_pictures() {
    // Each picture 80 ms: 2.4 cores where 2 are allowed. Threads stay, since they need a new encoder
    let mut slow = encodes(500_000);
    let threads = slow.record_settings(selected()).threads;
    assert_eq!(look(&mut slow, 3, 80, 0), [false, false, true, false]);
    let settings = slow.record_settings(selected());
    assert_eq!((settings.coded_fps, settings.threads), (15, threads));

    let mut late = encodes(140_000);
    assert_eq!(late.record_settings(selected()).coded_fps, 30);
    assert_eq!(look(&mut late, 2, 10, 50), [false, false, true]);
    assert_eq!(late.record_settings(selected()).coded_fps, 15);
}

#[test]
fn nobody_looks_where_nothing_is_encoded_or_the_chip_does_it() {
    let mut idle = encodes(500_000);
    idle.watch(Recording::Off);
    assert_eq!(idle.next_look(), None);
    let mut hardware = Encodes::new(SOURCE, Capacity::Hardware(500_000));
    hardware.watch(Recording::On);
    assert_eq!(hardware.next_look(), None);
    assert!(!hardware.look(Instant::now(), stats(1, 1, 50)));
}

#[test]
fn one_line_for_each_change() {
    let of = |fps| Recorded { selected: SOURCE, made: Pictures { fps, ..SOURCE } };
    let less = "the encoder's part of the processor (60 %) does not do for what is asked: \
                recordings have 15 of 30 pictures a second, 1920x1080";
    let share = Some(Share::default());
    assert_eq!(of(30).line(None, share), None);
    assert_eq!(of(15).line(Some(of(30)), share).as_deref(), Some(less));
    assert_eq!(of(15).line(Some(of(15)), share), None);
    assert!(of(10).line(Some(of(15)), share).is_some());
    let whole = of(30).line(Some(of(15)), share);
    let expected = "the encoder manages again: recordings have all 30 pictures a second";
    assert_eq!(whole.as_deref(), Some(expected));
    let small = Pictures { size: Size::new(640, 360), fps: 15 };
    assert!(
        words::live_is_less(small, share)
            .ends_with("live view is 640x360 with 15 pictures a second")
    );
}
