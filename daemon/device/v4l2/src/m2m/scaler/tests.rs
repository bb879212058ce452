// SPDX-License-Identifier: MIT OR Apache-2.0
//! The scaler's state machine against a device of our own.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

use rustix::io::Errno;

use super::*;
use crate::ends::ENDINGS;
use crate::m2m::fake::{Fake, Fault};

const MS: Duration = Duration::from_millis(1);
const BUFFER_LEN: u32 = 640 * 360 * 3 / 2;

fn wish(lines: u32) -> ScalerWish {
    let fourcc = FourCc::YUV420;
    let buffer_len = 640 * lines * 3 / 2;
    ScalerWish {
        input: InputLayout { fourcc, bytes_per_line: 640, lines, buffer_len },
        from_width: 640,
        from_height: 360,
        width: 336,
        height: 188,
        matrix: Matrix::Bt601,
        range: Range::Full,
    }
}

fn fake() -> Fake {
    let fake = Fake::default();
    fake.0.lock().unwrap().is_scaler = true;
    fake
}

fn start(fake: &Fake) -> Scaler<Arc<()>, Fake> {
    Scaler::start(fake.clone(), &wish(360)).unwrap()
}

fn submit(scaler: &mut Scaler<Arc<()>, Fake>, at: Duration) -> Result<(), SubmitError> {
    let null = File::open("/dev/null").unwrap();
    scaler.submit(at, null.as_fd(), BUFFER_LEN, Arc::new(()))
}

fn end(scaler: Scaler<Arc<()>, Fake>, fake: &Fake) {
    drop(scaler);
    assert_eq!(ENDINGS.wait(&fake.number().unwrap(), SOON), Ok(()));
}

fn picture(scaled: Scaled<Fake>) -> Lent<Fake> {
    match scaled {
        Scaled::Picture(lent) => lent,
        Scaled::Damaged => panic!("damaged"),
        Scaled::Nothing => panic!("nothing"),
    }
}

#[test]
fn the_set_up_follows_the_kernels_order() {
    let fake = fake();
    let scaler = start(&fake);
    let format = scaler.format();
    assert_eq!((format.fourcc, format.width, format.height), (FourCc::YUV420, 336, 188));
    assert_eq!((format.bytes_per_line, format.matrix), (352, Matrix::Bt601), "colour stays");
    let expected = [
        "S_FMT Output",
        "S_SELECTION",
        "S_FMT Capture",
        "REQBUFS Output Imported",
        "REQBUFS Capture Mapped",
        "STREAMON Output",
        "STREAMON Capture",
    ];
    assert_eq!(fake.0.lock().unwrap().log, expected);
}

#[test]
fn pictures_come_out_with_their_time_and_buffers_go_round() {
    let fake = fake();
    let mut scaler = start(&fake);
    for n in 1..20 {
        submit(&mut scaler, n * MS).unwrap();
        let lent = picture(scaler.next(Duration::ZERO, None).unwrap());
        assert_eq!((lent.timestamp(), lent.bytes().len()), (Some(n * MS), 352 * 188 * 3 / 2));
        assert_eq!(scaler.pending(), 0);
    }
    assert!(matches!(scaler.next(Duration::ZERO, None).unwrap(), Scaled::Nothing));
    end(scaler, &fake);
    let state = fake.0.lock().unwrap();
    assert_eq!((state.mapped, state.buffers, state.is_streaming), (0, [0, 0], [false, false]));
}

#[test]
fn what_is_held_is_not_overwritten_and_outlives_the_scaler() {
    let fake = fake();
    let mut scaler = start(&fake);
    let mut held = Vec::new();
    for n in 1..=PICTURES {
        submit(&mut scaler, n * MS).unwrap();
        held.push(picture(scaler.next(Duration::ZERO, None).unwrap()));
    }
    submit(&mut scaler, 9 * MS).unwrap();
    assert!(matches!(scaler.next(Duration::ZERO, None).unwrap(), Scaled::Nothing), "all are held");
    held.pop();
    assert_eq!(picture(scaler.next(Duration::ZERO, None).unwrap()).timestamp(), Some(9 * MS));
    end(scaler, &fake);
    assert_eq!(fake.0.lock().unwrap().mapped, 2, "those that are held");
    drop(held);
    assert_eq!(fake.0.lock().unwrap().mapped, 0);
}

#[test]
fn a_late_or_damaged_picture_costs_no_buffer() {
    let fake = fake();
    let mut scaler = start(&fake);
    fake.0.lock().unwrap().faults.push_back(Fault::Stall);
    submit(&mut scaler, MS).unwrap();
    assert!(matches!(scaler.next(MS, None).unwrap(), Scaled::Nothing));
    assert_eq!(scaler.pending(), 1, "it may still come");
    fake.0.lock().unwrap().faults = [Fault::Damaged, Fault::Damaged].into();
    submit(&mut scaler, 2 * MS).unwrap();
    for _ in 0..2 {
        assert!(matches!(scaler.next(Duration::ZERO, None).unwrap(), Scaled::Damaged));
    }
    for n in 3..9 {
        submit(&mut scaler, n * MS).unwrap();
        drop(picture(scaler.next(Duration::ZERO, None).unwrap()));
    }
}

#[test]
fn a_scaler_of_other_sizes_is_refused() {
    let padded = fake();
    padded.0.lock().unwrap().align = 16;
    let refused = Scaler::<(), _>::start(padded.clone(), &wish(360));
    assert!(matches!(refused, Err(StartError::Layout(Format { height: 368, .. }))));
    drop(Scaler::<(), _>::start(padded.clone(), &wish(368)).unwrap());
    padded.0.lock().unwrap().has_no_crop = true;
    let refused = Scaler::<(), _>::start(padded, &wish(368));
    assert!(matches!(refused, Err(StartError::Crop(640, 368))), "padding would be scaled too");

    let wide = fake();
    wide.0.lock().unwrap().widens = 16;
    let refused = Scaler::<(), _>::start(wide.clone(), &wish(360));
    assert!(matches!(refused, Err(StartError::Size(352, 188))));
    assert_eq!(ENDINGS.wait(&wide.number().unwrap(), SOON), Ok(()));
    assert_eq!(wide.0.lock().unwrap().mapped, 0);

    let encoder = Fake::default();
    let refused = Scaler::<(), _>::start(encoder, &wish(360));
    assert!(matches!(refused, Err(StartError::NoFormat(_))));
}

#[test]
fn faults_are_told_apart() {
    for (code, is_gone) in [(Errno::NODEV, true), (Errno::IO, false)] {
        let fake = fake();
        let mut scaler = start(&fake);
        fake.0.lock().unwrap().faults.push_back(Fault::Stall);
        fake.0.lock().unwrap().has_failed = Some(code);
        submit(&mut scaler, MS).unwrap();
        let error = scaler.next(MS, None).err().unwrap();
        assert_eq!(matches!(error, RunError::Gone), is_gone, "{error:?}");
    }
    let fake = fake();
    let mut scaler = start(&fake);
    fake.0.lock().unwrap().faults.push_back(Fault::Index);
    submit(&mut scaler, MS).unwrap();
    assert!(matches!(scaler.next(MS, None), Err(RunError::Index(99))));
    fake.0.lock().unwrap().refuses_import = Some(Errno::BADF);
    assert!(matches!(submit(&mut scaler, MS), Err(SubmitError::Import(_))));
}

#[test]
fn a_time_of_the_devices_own_is_no_pictures() {
    let fake = fake();
    fake.0.lock().unwrap().has_clock = true;
    let mut scaler = start(&fake);
    submit(&mut scaler, MS).unwrap();
    assert_eq!(picture(scaler.next(Duration::ZERO, None).unwrap()).timestamp(), None);
}

#[test]
fn an_alarm_ends_the_wait_and_costs_no_picture() {
    let fake = fake();
    let mut scaler = start(&fake);
    let (null, begun) = (File::open("/dev/null").unwrap(), Instant::now());
    let called = scaler.next(Duration::from_secs(60), Some(null.as_fd())).unwrap();
    assert!(matches!(called, Scaled::Nothing) && begun.elapsed() < Duration::from_secs(30));
    submit(&mut scaler, MS).unwrap();
    drop(picture(scaler.next(Duration::ZERO, None).unwrap()));
}

#[test]
fn what_would_keep_the_scaler_open_is_not_lent() {
    let fake = fake();
    fake.0.lock().unwrap().exports_nothing = true;
    let refused = Scaler::<(), _>::start(fake.clone(), &wish(360));
    assert!(matches!(refused, Err(StartError::NotLent)));
}

/// One that never answers: neither its user nor a reader of its pictures waits for it, and what it
/// may still read lives on.
#[test]
fn a_scaler_that_hangs_costs_a_thread_and_not_its_user() {
    let fake = fake();
    let number = fake.number().unwrap();
    let mut scaler = start(&fake);
    submit(&mut scaler, MS).unwrap();
    let lent = picture(scaler.next(Duration::ZERO, None).unwrap());
    let (read, hangs) = (Arc::new(()), Arc::new(Mutex::new(())));
    let null = File::open("/dev/null").unwrap();
    fake.0.lock().unwrap().faults.push_back(Fault::Stall);
    scaler.submit(2 * MS, null.as_fd(), BUFFER_LEN, Arc::clone(&read)).unwrap();
    fake.0.lock().unwrap().hangs = Some(Arc::clone(&hangs));

    let hold = hangs.lock().unwrap();
    let begun = Instant::now();
    drop(scaler);
    assert!((SCALER_PATIENCE..SOON).contains(&begun.elapsed()));
    assert!(ENDINGS.wait(&number, Duration::ZERO).unwrap_err().since >= SCALER_PATIENCE);
    assert_eq!(Arc::strong_count(&read), 2);
    let queued = fake.0.lock().unwrap().empty.len();
    drop(lent);
    assert_eq!(fake.0.lock().unwrap().empty.len(), queued, "a hanging device is not asked");
    drop(hold);
    assert_eq!(ENDINGS.wait(&number, SOON), Ok(()));
    assert_eq!((Arc::strong_count(&read), fake.0.lock().unwrap().mapped), (1, 0));
}

const SOON: Duration = Duration::from_secs(10);
