// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rockchip's encoder and pictures that stay in the camera's memory, over the stand-in library.
#![cfg(feature = "rkmpp")]

mod support;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use frame::{Chroma, Colour, DeviceLayout, DevicePicture, Pts, RawFrame, Size, YuvPicture};
use media::pattern::{Drawn, Moment, Scene, TestPattern};
use media::{
    Coding, EncodeError, EncoderChoice, EncoderSettings, Level, Profile, Rkmpp, VideoEncoder,
};
use rustix::fs::MemfdFlags;
use support::ffmpeg::{annex_b, run};
use support::rig::{Came, PATIENCE, Rig, live, recorded};

const SIZE: Size = Size::new(320, 180);

/// A picture in memory that has a descriptor.
#[derive(Debug)]
struct Lent {
    layout: DeviceLayout,
    bytes: Vec<u8>,
    memory: OwnedFd,
    picture: YuvPicture,
}

impl DevicePicture for Lent {
    fn layout(&self) -> DeviceLayout {
        self.layout
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn dma_buf(&self) -> Option<BorrowedFd<'_>> {
        Some(self.memory.as_fd())
    }

    fn copy_out(&self) -> Vec<u8> {
        self.picture.bytes().to_vec()
    }
}

/// Where the descriptor leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    Readable,
    /// Nobody can map it.
    Foreign,
}

fn drawn(number: u64) -> YuvPicture {
    let mut picture = YuvPicture::black(SIZE);
    let elapsed = Duration::from_millis(6_000 + number * 1000 / 30);
    let moment = Moment { number, elapsed, unix_s: 1_700_000_000 };
    TestPattern::new(Scene::Walker, SIZE).draw(&moment, &mut picture, &mut Drawn::default());
    picture
}

/// As a camera with rows of `stride` bytes and eight rows too many would lay it out.
fn lent(number: u64, chroma: Chroma, stride: usize, memory: Memory) -> RawFrame {
    let picture = drawn(number);
    let lines = usize::from(SIZE.height) + 8;
    let mut bytes = vec![99; stride * lines * 3 / 2];
    let lay = |to: &mut [u8], stride: usize, from: &[u8], width: usize| {
        for (to, from) in to.chunks_mut(stride).zip(from.chunks(width)) {
            to[..width].copy_from_slice(from);
        }
    };
    let (luma, rest) = bytes.split_at_mut(stride * lines);
    let (y, u, v) = (picture.y(), picture.u(), picture.v());
    lay(luma, stride, y.samples, y.width);
    match chroma {
        Chroma::Pairs => {
            let pairs: Vec<u8> =
                u.samples.iter().zip(v.samples).flat_map(|(&u, &v)| [u, v]).collect();
            lay(rest, stride, &pairs, y.width);
        }
        Chroma::Planes => {
            let (first, second) = rest.split_at_mut(stride / 2 * (lines / 2));
            lay(first, stride / 2, u.samples, u.width);
            lay(second, stride / 2, v.samples, v.width);
        }
    }
    let memory = match memory {
        Memory::Readable => rustix::fs::memfd_create("picture", MemfdFlags::CLOEXEC)
            .inspect(|fd| {
                assert_eq!(rustix::io::write(fd, &bytes).expect("room"), bytes.len());
            })
            .expect("memory"),
        Memory::Foreign => std::fs::File::open("/dev/null").expect("it is there").into(),
    };
    let colour = Colour { is_bt709: true, is_full_range: false };
    let layout = DeviceLayout { chroma, stride, lines, buffer_len: bytes.len(), colour };
    let device = Arc::new(Lent { layout, bytes, memory, picture });
    let picture = Arc::new(YuvPicture::in_device(SIZE, device));
    RawFrame { number, pts: Pts::from_ticks_90k(1_000_000 + number * 3000), picture }
}

/// `None` where there is no stand-in; that is told.
#[expect(clippy::print_stderr, reason = "a skip is told")]
fn encoder() -> Option<Rkmpp> {
    let settings = EncoderSettings {
        size: SIZE,
        fps: 30,
        profile: Profile::Main,
        level: Level::L3_1,
        bitrate_bps: 2_000_000,
        threads: std::num::NonZeroU8::MIN,
    };
    match support::standin::path() {
        Ok(path) => Some(Rkmpp::new(Some(&path), &settings).expect("the library loads")),
        Err(path) => {
            eprintln!("skipped: no {path:?}, and HSV_TEST_MPP names no library");
            None
        }
    }
}

/// The pictures that come out look like those that went in.
fn looks_right(encoder: &mut Rkmpp, frames: impl Iterator<Item = RawFrame>) {
    let coded: Vec<_> = frames
        .map(|frame| encoder.encode(&frame, Coding::Auto).expect("it encodes").expect("a picture"))
        .collect();
    assert!(coded[0].is_idr && !coded[1..].iter().any(|coded| coded.is_idr));
    let arguments =
        ["-v", "error", "-f", "h264", "-i", "-", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"];
    let Some((raw, _)) = run("ffmpeg", &arguments, &annex_b(&coded)) else { return };
    assert_eq!(raw.len(), coded.len() * SIZE.i420_len());
    for (number, decoded) in (0..).zip(raw.chunks_exact(SIZE.i420_len())) {
        let original = drawn(number);
        let pairs = original.bytes().iter().zip(decoded);
        let squares: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
        let mean = squares / u64::try_from(SIZE.i420_len()).expect("small");
        assert!(mean < 30, "picture {number}: mean square error {mean}");
    }
}

#[test]
fn pictures_are_read_in_the_cameras_memory_and_nothing_is_copied() {
    for chroma in [Chroma::Pairs, Chroma::Planes] {
        let Some(mut encoder) = encoder() else { return };
        looks_right(&mut encoder, (0..5).map(|n| lent(n, chroma, 352, Memory::Readable)));
        assert_eq!(encoder.take_copied_bytes(), 0, "{chroma:?}");
    }
}

#[test]
fn memory_that_cannot_be_imported_is_copied_and_the_stream_goes_on() {
    for chroma in [Chroma::Pairs, Chroma::Planes] {
        let Some(mut encoder) = encoder() else { return };
        looks_right(&mut encoder, (0..5).map(|n| lent(n, chroma, 352, Memory::Foreign)));
        let copied = 5 * u64::try_from(SIZE.i420_len()).expect("small");
        assert_eq!(encoder.take_copied_bytes(), copied, "{chroma:?}");
        assert_eq!(encoder.take_copied_bytes(), 0);
    }
}

#[test]
fn rows_that_the_hardware_cannot_read_are_copied() {
    let Some(mut encoder) = encoder() else { return };
    looks_right(&mut encoder, (0..3).map(|n| lent(n, Chroma::Pairs, 328, Memory::Readable)));
    assert_ne!(encoder.take_copied_bytes(), 0);
}

#[test]
fn a_camera_that_changes_its_layout_begins_a_new_stream() {
    let Some(mut encoder) = encoder() else { return };
    let first = lent(0, Chroma::Pairs, 352, Memory::Readable);
    let second = lent(1, Chroma::Planes, 384, Memory::Readable);
    for frame in [first, second] {
        let coded = encoder.encode(&frame, Coding::Auto).expect("it encodes").expect("a picture");
        assert!(coded.is_idr);
    }
    assert_eq!(encoder.take_copied_bytes(), 0);
}

/// Runs the test `name` again, alone, where the stand-in has `faults`: they are the whole
/// process's. True in there, where the test does its work.
fn with_faults(name: &str, faults: &str) -> bool {
    if std::env::var_os("HSV_MPP_STANDIN").is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().expect("a test has a file"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("HSV_MPP_STANDIN", faults)
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = told + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{name} with {faults}:\n{told}");
    false
}

#[test]
fn an_import_that_fails_only_in_the_hardware_is_copied_too() {
    let name = "an_import_that_fails_only_in_the_hardware_is_copied_too";
    if with_faults(name, "unreadable-import") {
        let Some(mut encoder) = encoder() else { return };
        looks_right(&mut encoder, (0..3).map(|n| lent(n, Chroma::Pairs, 352, Memory::Readable)));
        assert_ne!(encoder.take_copied_bytes(), 0);
    }
}

#[test]
fn an_encoder_that_hangs_is_an_error_and_another_can_begin() {
    if with_faults("an_encoder_that_hangs_is_an_error_and_another_can_begin", "hang=2") {
        let Some(mut first) = encoder() else { return };
        let frame = |n| lent(n, Chroma::Pairs, 352, Memory::Readable);
        for number in 0..2 {
            assert!(first.encode(&frame(number), Coding::Auto).expect("it encodes").is_some());
        }
        let start = Instant::now();
        let hung = first.encode(&frame(2), Coding::Auto).expect_err("it hangs");
        assert!(matches!(hung, EncodeError::Rkmpp(_)), "{hung:?}");
        let told = std::error::Error::source(&hung).and_then(std::error::Error::source);
        assert_eq!(told.expect("why").to_string(), "the hardware encoder does not answer");
        assert!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
        drop(first);
        let mut second = encoder().expect("there was one");
        assert!(second.encode(&frame(3), Coding::Auto).expect("it encodes").is_some());
    }
}

/// A camera whose recording and whose viewer are encoded.
fn rig() -> Option<Rig> {
    let choice = EncoderChoice::Rkmpp(Some(support::standin::path().ok()?));
    let rig = Rig::with_encoder("test-pattern:walker", SIZE, choice);
    rig.record(SIZE, Duration::from_millis(400));
    rig.video.live(vec![rig.encode(7, Size::new(160, 90), 15, 60_000)]);
    Some(rig)
}

#[test]
fn a_recording_and_a_viewer_are_encoded_at_once() {
    let Some(rig) = rig() else { return };
    let came = rig.watch(Duration::from_secs(2));
    let failed = came.iter().find(|came| matches!(came, Came::Failed(..)));
    assert!(failed.is_none(), "{failed:?}");
    let (recorded, live) = (recorded(&came), live(&came, 7));
    assert!(recorded.len() > 20 && live.len() > 10, "{} and {}", recorded.len(), live.len());
    assert!(recorded[0].is_idr && live[0].is_idr);
    assert_eq!(live[0].config.size(), Size::new(160, 90));
    let idrs = recorded.iter().filter(|frame| frame.is_idr).count();
    assert!(idrs > 2, "{idrs} IDRs in two seconds");
}

#[test]
fn a_recording_goes_on_after_its_encoder_hung() {
    if with_faults("a_recording_goes_on_after_its_encoder_hung", "hang=10") {
        let Some(rig) = rig() else { return };
        let (mut came, end) = (Vec::new(), Instant::now() + PATIENCE);
        let failed = |came: &[Came]| {
            came.iter().position(|came| matches!(came, Came::Failed(None, EncodeError::Rkmpp(_))))
        };
        let after = |came: &[Came]| failed(came).map_or(0, |at| recorded(&came[at..]).len());
        while after(&came) == 0 {
            assert!(Instant::now() < end, "it does not go on: {} came", came.len());
            came.push(rig.next().1);
        }
        let at = failed(&came).expect("it hung");
        assert_eq!(recorded(&came[..at]).len(), 10);
        assert!(recorded(&came[at..])[0].is_idr, "decoding can begin with a new encoder");
    }
}

#[test]
fn an_absent_library_is_an_error_that_names_it() {
    let choice: media::EncoderChoice = "rkmpp:/nonexistent/librockchip_mpp.so.1".parse().unwrap();
    let settings = EncoderSettings {
        size: SIZE,
        fps: 30,
        profile: Profile::Main,
        level: Level::L3_1,
        bitrate_bps: 300_000,
        threads: std::num::NonZeroU8::MIN,
    };
    let error = choice.open(&settings).err().expect("there is none");
    let mut told = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(reason) = next {
        told = format!("{told}: {reason}");
        next = reason.source();
    }
    assert!(told.contains("/nonexistent/librockchip_mpp.so.1"), "{told}");
}
