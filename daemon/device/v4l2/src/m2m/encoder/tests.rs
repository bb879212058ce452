// SPDX-License-Identifier: MIT OR Apache-2.0
//! The encoder's state machine against a device of our own.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::io::Errno;

use super::*;
use crate::m2m::fake::{End, Fake, Fault};
use crate::{Codec, Feed, FourCc, InputLayout, Matrix, Profile, Range, StartError};

const MS: Duration = Duration::from_millis(1);

fn wish(feed: Feed) -> EncoderWish {
    EncoderWish {
        width: 640,
        height: 360,
        fps: 30,
        feed,
        matrix: Matrix::Bt709,
        range: Range::Limited,
        codec: Codec::H264 { profile: Profile::Main, level_idc: 31 },
        bitrate_bps: 800_000,
    }
}

fn copying() -> EncoderWish {
    wish(Feed::Copy(vec![FourCc::YUV420, FourCc::NV12]))
}

fn importing(lines: u32) -> EncoderWish {
    let buffer_len = 640 * lines * 3 / 2;
    let layout = InputLayout { fourcc: FourCc::NV12, bytes_per_line: 640, lines, buffer_len };
    wish(Feed::Import(layout))
}

fn start(fake: &Fake, wish: &EncoderWish) -> Encoder<Arc<()>, Fake> {
    Encoder::start(fake.clone(), wish).unwrap()
}

fn submit(encoder: &mut Encoder<Arc<()>, Fake>, at: Duration) {
    encoder.submit_copy(at, |bytes| assert_eq!(bytes.len(), 640 * 360 * 3 / 2)).unwrap();
}

#[test]
fn the_set_up_follows_the_kernels_order() {
    let fake = Fake::default();
    let encoder = start(&fake, &copying());
    assert_eq!(encoder.input().fourcc, FourCc::YUV420);
    let state = fake.0.lock().unwrap();
    let expected = [
        "S_FMT Capture",
        "S_FMT Output",
        "S_PARM Output",
        "S_SELECTION",
        "REQBUFS Output Mapped",
        "REQBUFS Capture Mapped",
        "STREAMON Output",
        "STREAMON Capture",
    ];
    assert_eq!(state.log, expected);
    let value = |wanted| state.controls.iter().find(|(control, _)| *control == wanted);
    assert_eq!(value(Control::H264_PROFILE).unwrap().1, 2);
    assert_eq!(value(Control::H264_LEVEL).unwrap().1, 9);
    assert_eq!(value(Control::BITRATE).unwrap().1, 800_000);
    assert_eq!(value(Control::REPEAT_HEADERS).unwrap().1, 1);
    assert!(value(Control::FORCE_KEY_FRAME).is_none());
}

#[test]
fn pictures_come_out_with_their_time() {
    let fake = Fake::default();
    let mut encoder = start(&fake, &copying());
    for n in 1..20 {
        submit(&mut encoder, n * MS);
        let step = encoder.next(Duration::ZERO).unwrap();
        let Step::Coded { bytes, timestamp, .. } = step else { panic!("{step:?}") };
        assert_eq!((bytes.len(), timestamp), (10, Some(n * MS)));
        assert_eq!(encoder.pending(), 0);
    }
    assert_eq!(encoder.next(Duration::ZERO).unwrap(), Step::Nothing);
    drop(encoder);
    let state = fake.0.lock().unwrap();
    assert_eq!((state.mapped, state.buffers, state.is_streaming), (0, [0, 0], [false, false]));
}

#[test]
fn a_lent_picture_is_given_back_when_it_was_read() {
    let fake = Fake::default();
    fake.0.lock().unwrap().faults.push_back(Fault::Stall);
    let mut encoder = start(&fake, &importing(360));
    assert!(fake.0.lock().unwrap().log.contains(&"REQBUFS Output Imported".to_owned()));
    let (null, lent) = (File::open("/dev/null").unwrap(), Arc::new(()));
    let import = |encoder: &mut Encoder<Arc<()>, Fake>| {
        encoder.submit_import(MS, null.as_fd(), 345_600, Arc::clone(&lent))
    };
    for held in 1..=4 {
        import(&mut encoder).unwrap();
        assert_eq!((encoder.pending(), Arc::strong_count(&lent)), (held, held + 1));
    }
    assert!(matches!(import(&mut encoder), Err(SubmitError::Full)));
    assert_eq!(encoder.next(Duration::ZERO).unwrap(), Step::Nothing);
    fake.0.lock().unwrap().faults.clear();
    fake.stop_encoder().unwrap();
    assert!(matches!(encoder.next(Duration::ZERO).unwrap(), Step::Coded { .. }));
    assert_eq!(Arc::strong_count(&lent), 1, "all were read");
    fake.0.lock().unwrap().faults.push_back(Fault::Stall);
    encoder.submit_import(MS, null.as_fd(), 345_600, Arc::clone(&lent)).unwrap();
    drop(encoder);
    assert_eq!(Arc::strong_count(&lent), 1, "a stopped encoder holds nothing");
}

#[test]
fn macroblock_padding_is_cropped_and_never_imported_over() {
    let fake = Fake::default();
    fake.0.lock().unwrap().align = 16;
    let encoder = start(&fake, &copying());
    assert_eq!(encoder.input().height, 368);
    drop(encoder);
    let refused = Encoder::<(), _>::start(fake.clone(), &importing(360));
    assert!(matches!(refused, Err(StartError::Layout(Format { height: 368, .. }))));
    drop(Encoder::<(), _>::start(fake.clone(), &importing(368)).unwrap());
    fake.0.lock().unwrap().has_no_crop = true;
    let refused = Encoder::<(), _>::start(fake.clone(), &copying());
    assert!(matches!(refused, Err(StartError::Crop(640, 368))));
    assert_eq!(fake.0.lock().unwrap().mapped, 0);
}

#[test]
fn only_a_refused_profile_is_an_error() {
    let fake = Fake::default();
    let unknown = [Control::BITRATE_MODE, Control::I_PERIOD, Control::H264_LEVEL];
    fake.0.lock().unwrap().refused = unknown.map(|control| (control, Errno::INVAL)).to_vec();
    drop(start(&fake, &copying()));
    fake.0.lock().unwrap().refused.push((Control::H264_PROFILE, Errno::INVAL));
    let refused = Encoder::<(), _>::start(fake, &copying());
    assert!(matches!(refused, Err(StartError::Profile(_))));
}

#[test]
fn a_busy_or_foreign_device_is_told() {
    let fake = Fake::default();
    fake.0.lock().unwrap().is_busy = true;
    assert!(matches!(Encoder::<(), _>::start(fake, &copying()), Err(StartError::Busy)));
    let none = wish(Feed::Copy(vec![FourCc::YUYV]));
    let refused = Encoder::<(), _>::start(Fake::default(), &none);
    assert!(matches!(refused, Err(StartError::NoFormat(_))));
}

#[test]
fn the_end_of_a_stream_has_four_forms() {
    for end in [End::Flag, End::EmptyBuffer, End::Pipe, End::EventOnly] {
        let fake = Fake::default();
        fake.0.lock().unwrap().end = end;
        let mut encoder = start(&fake, &copying());
        (1..4).for_each(|n| submit(&mut encoder, n * MS));
        encoder.drain().unwrap();
        let mut coded = 0;
        loop {
            match encoder.next(Duration::ZERO).unwrap() {
                Step::Coded { .. } => coded += 1,
                Step::Drained => break,
                // After a flag on the last picture DQBUF says EPIPE.
                Step::Nothing if end == End::Flag && coded == 3 => {
                    fake.0.lock().unwrap().has_failed = Some(Errno::PIPE);
                }
                step => panic!("{end:?}: {step:?}"),
            }
        }
        assert_eq!(coded, 3, "{end:?}");
    }
}

#[test]
fn a_damaged_picture_loses_no_buffer() {
    let fake = Fake::default();
    let mut encoder = start(&fake, &copying());
    for n in 1..12 {
        fake.0.lock().unwrap().faults.extend((n % 2 == 0).then_some(Fault::Damaged));
        submit(&mut encoder, n * MS);
        let step = encoder.next(Duration::ZERO).unwrap();
        assert_eq!(step == Step::Damaged, n % 2 == 0, "{n}");
    }
    encoder.force_key_frame().unwrap();
    assert_eq!(fake.0.lock().unwrap().controls.last(), Some(&(Control::FORCE_KEY_FRAME, 1)));
}

#[test]
fn a_fatal_error_a_lost_device_and_a_kernel_that_errs_are_told_apart() {
    let run = |prepare: &dyn Fn(&Fake)| {
        let fake = Fake::default();
        let mut encoder = start(&fake, &copying());
        prepare(&fake);
        submit(&mut encoder, MS);
        match encoder.next(Duration::ZERO) {
            Ok(Step::Coded { bytes, .. }) => Ok(bytes.len()),
            Ok(step) => panic!("{step:?}"),
            Err(error) => Err(error),
        }
    };
    let fail = |code| {
        move |fake: &Fake| {
            fake.0.lock().unwrap().faults.push_back(Fault::Stall);
            fake.0.lock().unwrap().has_failed = Some(code);
        }
    };
    assert!(matches!(run(&fail(Errno::IO)), Err(RunError::Failed)));
    assert!(matches!(run(&fail(Errno::NODEV)), Err(RunError::Gone)));
    let next = |fault| move |fake: &Fake| fake.0.lock().unwrap().faults.push_back(fault);
    assert!(matches!(run(&next(Fault::Index)), Err(RunError::Index(99))));
    assert_eq!(run(&next(Fault::TooLong)).unwrap(), 64);
}

#[test]
fn a_buffer_that_cannot_be_imported_is_told_from_a_dead_encoder() {
    for (code, is_import) in [(Errno::INVAL, true), (Errno::BADF, true), (Errno::IO, false)] {
        let fake = Fake::default();
        let mut encoder = start(&fake, &importing(360));
        fake.0.lock().unwrap().refuses_import = Some(code);
        let null = File::open("/dev/null").unwrap();
        let keep = Arc::new(());
        let refused = encoder.submit_import(MS, null.as_fd(), 345_600, Arc::clone(&keep));
        assert_eq!(matches!(refused, Err(SubmitError::Import(_))), is_import, "{code:?}");
        assert_eq!((encoder.pending(), Arc::strong_count(&keep)), (0, 1));
    }
}

#[test]
fn a_source_change_is_told_once() {
    let fake = Fake::default();
    let mut encoder = start(&fake, &copying());
    fake.0.lock().unwrap().events.push_back(Event::SourceChange);
    assert_eq!(encoder.next(Duration::ZERO).unwrap(), Step::SourceChanged);
    assert_eq!(encoder.next(Duration::ZERO).unwrap(), Step::Nothing);
}

#[test]
fn a_time_of_the_devices_own_is_no_pictures() {
    let fake = Fake::default();
    fake.0.lock().unwrap().has_clock = true;
    let mut encoder = start(&fake, &copying());
    submit(&mut encoder, MS);
    let step = encoder.next(Duration::ZERO).unwrap();
    assert!(matches!(step, Step::Coded { timestamp: None, .. }), "{step:?}");
}
