// SPDX-License-Identifier: MIT OR Apache-2.0
//! What every encoder back end must do. A new back end adds a line to [`back_ends`].

mod support;

use std::num::NonZeroU8;
use std::sync::Arc;
use std::time::Duration;

use frame::{EncodedFrame, Pts, RawFrame, Size, YuvPicture, nals};
use media::pattern::{Drawn, Moment, Scene, TestPattern};
use media::{Coding, EncodeError, EncoderChoice, EncoderSettings, Level, Profile, VideoEncoder};
use support::ffmpeg::{annex_b, run};

/// `HSV_TEST_M2M=NAME` adds the V4L2 encoder of that name; scripts/testbench/uml has one. Rockchip's
/// is the stand-in that cargo builds, or the library that `HSV_TEST_MPP` names, on a board the real
/// one.
#[expect(clippy::print_stderr, reason = "a skip is told")]
fn back_ends() -> Vec<(&'static str, EncoderChoice)> {
    let mut back_ends = vec![("openh264", EncoderChoice::Openh264)];
    match std::env::var("HSV_TEST_M2M") {
        Ok(name) => back_ends.push(("m2m", EncoderChoice::M2m(Some(name)))),
        Err(_) => eprintln!("m2m skipped: HSV_TEST_M2M names no encoder"),
    }
    #[cfg(feature = "rkmpp")]
    match support::standin::path() {
        Ok(path) => back_ends.push(("rkmpp", EncoderChoice::Rkmpp(Some(path)))),
        Err(path) => eprintln!("rkmpp skipped: no {path:?}, and HSV_TEST_MPP names no library"),
    }
    back_ends
}

const SIZE: Size = Size::new(320, 180);

fn settings() -> EncoderSettings {
    EncoderSettings {
        size: SIZE,
        fps: 30,
        profile: Profile::Main,
        level: Level::L3_1,
        bitrate_bps: 300_000,
        threads: NonZeroU8::MIN,
    }
}

fn picture(number: u64, size: Size) -> RawFrame {
    let mut picture = YuvPicture::black(size);
    let elapsed = Duration::from_millis(6_000 + number * 1000 / 30);
    let moment = Moment { number, elapsed, unix_s: 1_700_000_000 };
    TestPattern::new(Scene::Walker, size).draw(&moment, &mut picture, &mut Drawn::default());
    let pts = Pts::from_ticks_90k(1_000_000 + number * 3000);
    RawFrame { number, pts, picture: Arc::new(picture) }
}

fn encode(encoder: &mut dyn VideoEncoder, number: u64, coding: Coding) -> EncodedFrame {
    encoder.encode(&picture(number, SIZE), coding).expect("it encodes").expect("it skips nothing")
}

#[test]
fn the_first_picture_is_an_idr_and_then_only_those_asked_for() {
    for (name, choice) in back_ends() {
        let mut encoder = choice.open(&settings()).expect(name);
        for number in 0..40 {
            let coding = if number % 13 == 7 { Coding::Idr } else { Coding::Auto };
            let coded = encode(encoder.as_mut(), number, coding);
            assert_eq!(coded.is_idr, number == 0 || coding == Coding::Idr, "{name}, {number}");
            assert_eq!(coded.pts, picture(number, SIZE).pts, "{name}");
        }
    }
}

#[test]
fn data_is_slices_with_lengths_and_nothing_else() {
    for (name, choice) in back_ends() {
        let mut encoder = choice.open(&settings()).expect(name);
        let mut config = None;
        for number in 0..10 {
            let coding = if number == 5 { Coding::Idr } else { Coding::Auto };
            let coded = encode(encoder.as_mut(), number, coding);
            let wanted = if coded.is_idr { 5 } else { 1 };
            let mut total = 0;
            for nal in nals(&coded.data) {
                assert_eq!(nal.kind(), wanted, "{name}, picture {number}");
                total += 4 + nal.0.len();
            }
            assert_eq!(total, coded.data.len(), "{name}: bytes outside of NAL units");
            let first = config.get_or_insert(Arc::clone(&coded.config));
            assert_eq!(*first, coded.config, "{name}: parameter sets changed");
        }
    }
}

#[test]
fn profiles_and_sizes_are_those_asked_for() {
    let table = [
        (Profile::Baseline, Level::L3_1, 66, Size::new(640, 360)),
        (Profile::Main, Level::L3_2, 77, Size::new(320, 240)),
        (Profile::High, Level::L4_0, 100, Size::new(362, 202)),
    ];
    for (name, choice) in back_ends() {
        for (profile, level, profile_idc, size) in table {
            let settings = EncoderSettings { profile, level, size, ..settings() };
            let mut encoder = choice.open(&settings).expect(name);
            let coded = encoder.encode(&picture(0, size), Coding::Auto);
            let coded = coded.expect("it encodes").expect("a picture");
            let [got_profile, _, got_level] = coded.config.profile_compatibility_level();
            let level_idc = [31, 32, 40][level as usize];
            assert_eq!((got_profile, got_level), (profile_idc, level_idc), "{name} {profile:?}");
            assert_eq!(coded.config.size(), size, "{name}");
        }
    }
}

#[test]
fn a_lower_bit_rate_makes_less_without_an_idr() {
    for (name, choice) in back_ends() {
        let mut encoder = choice.open(&settings()).expect(name);
        let bytes = |encoder: &mut dyn VideoEncoder, range: std::ops::Range<u64>| {
            range.map(|number| encode(encoder, number, Coding::Auto)).fold(0, |sum, coded| {
                assert!(!coded.is_idr || coded.pts == picture(0, SIZE).pts, "{name}");
                sum + coded.data.len()
            })
        };
        bytes(encoder.as_mut(), 0..30);
        let rich = bytes(encoder.as_mut(), 30..60);
        encoder.set_bitrate(40_000).expect(name);
        bytes(encoder.as_mut(), 60..75);
        let poor = bytes(encoder.as_mut(), 75..105);
        assert!(poor * 2 < rich, "{name}: {poor} bytes a second after {rich}");
        encoder.set_bitrate(600_000).expect(name);
        bytes(encoder.as_mut(), 105..120);
        assert!(bytes(encoder.as_mut(), 120..150) > poor, "{name}");
    }
}

#[test]
fn wrong_sizes_are_refused() {
    for (name, choice) in back_ends() {
        let odd = EncoderSettings { size: Size::new(321, 180), ..settings() };
        assert!(matches!(choice.open(&odd), Err(EncodeError::Unsupported(_))), "{name}");
        let mut encoder = choice.open(&settings()).expect(name);
        let other = encoder.encode(&picture(0, Size::new(64, 64)), Coding::Auto);
        assert!(matches!(other, Err(EncodeError::Size { .. })), "{name}");
    }
}

#[test]
fn ffprobe_agrees_about_the_stream() {
    for (name, choice) in back_ends() {
        let settings = EncoderSettings { profile: Profile::High, level: Level::L4_0, ..settings() };
        let mut encoder = choice.open(&settings).expect(name);
        let frames: Vec<_> = (0..30)
            .map(|n| encode(encoder.as_mut(), n, if n == 15 { Coding::Idr } else { Coding::Auto }))
            .collect();
        let entries = "stream=profile,level,width,height,has_b_frames,refs,color_space,\
                       color_range:frame=pict_type,key_frame";
        let arguments =
            ["-v", "error", "-f", "h264", "-show_entries", entries, "-of", "flat", "-i", "-"];
        let Some((report, _)) = run("ffprobe", &arguments, &annex_b(&frames)) else { return };
        let report = String::from_utf8_lossy(&report).into_owned();
        let value = |key: &str| {
            let line = report.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_else(|| panic!("{name}: no {key} in {report}")).trim_matches('"')
        };
        let table = [
            ("profile", "High"),
            ("level", "40"),
            ("width", "320"),
            ("height", "180"),
            ("has_b_frames", "0"),
            ("refs", "1"),
            ("color_space", "bt709"),
            ("color_range", "tv"),
        ];
        for (key, expected) in table {
            assert_eq!(value(&format!("streams.stream.0.{key}")), expected, "{name}: {key}");
        }
        let kinds: String =
            (0..30).map(|n| value(&format!("frames.frame.{n}.pict_type")).to_owned()).collect();
        assert_eq!(kinds, "IPPPPPPPPPPPPPPIPPPPPPPPPPPPPP", "{name}");
    }
}

#[test]
fn what_is_decoded_looks_like_what_was_encoded() {
    for (name, choice) in back_ends() {
        let settings = EncoderSettings { bitrate_bps: 2_000_000, ..settings() };
        let mut encoder = choice.open(&settings).expect(name);
        let frames: Vec<_> = (0..10).map(|n| encode(encoder.as_mut(), n, Coding::Auto)).collect();
        let arguments =
            ["-v", "error", "-f", "h264", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"];
        let Some((raw, _)) = run("ffmpeg", &arguments, &annex_b(&frames)) else { return };
        assert_eq!(raw.len(), 10 * SIZE.i420_len(), "{name}");
        for (number, decoded) in (0..).zip(raw.chunks_exact(SIZE.i420_len())) {
            let original = picture(number, SIZE);
            let squares: u64 = original
                .picture
                .bytes()
                .iter()
                .zip(decoded)
                .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
                .sum();
            let mean = squares / u64::try_from(SIZE.i420_len()).expect("small");
            assert!(mean < 30, "{name}, picture {number}: mean square error {mean}");
        }
    }
}

#[test]
fn threads_share_a_picture_by_slices_and_others_can_read_it() {
    let size = Size::new(640, 360);
    for threads in [1, 2, 4] {
        let threads = NonZeroU8::new(threads).unwrap();
        let settings = EncoderSettings { size, threads, ..settings() };
        let mut encoder = EncoderChoice::Openh264.open(&settings).unwrap();
        let mut frames = Vec::new();
        for number in 0..12 {
            let coding = if number == 6 { Coding::Idr } else { Coding::Auto };
            let coded = encoder.encode(&picture(number, size), coding).unwrap().unwrap();
            assert_eq!(coded.is_idr, number % 6 == 0, "picture {number} of {threads} threads");
            let slices = nals(&coded.data).count();
            assert_eq!(slices, threads.get().into(), "picture {number}");
            frames.push(coded);
        }
        let decode = ["-v", "error", "-f", "h264", "-i", "-", "-f", "rawvideo", "-"];
        let Some(decoded) = run("ffmpeg", &decode, &annex_b(&frames)) else { return };
        assert_eq!(decoded.0.len(), 12 * size.i420_len(), "{threads} threads: {}", decoded.1);
    }
}
