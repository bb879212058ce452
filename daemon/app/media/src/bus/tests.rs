// SPDX-License-Identifier: MIT OR Apache-2.0
//! What taps promise.

use privacy::{Gate, Motion, OperatingMode};

use super::*;
use crate::shrink::{ScalerChoice, Scalers};

fn software() -> Shrinker {
    Shrinker::new(Arc::new(Scalers::new(ScalerChoice::Software)), Arc::default())
}

fn open_gate() -> Gate {
    let mut gate = Gate::closed();
    gate.set(OperatingMode { is_paired: true, ..OperatingMode::factory() });
    gate
}

fn frame(number: u64, fps: u64) -> RawFrame {
    RawFrame {
        number,
        pts: Pts::from_ticks_90k(number * 90_000 / fps),
        picture: Arc::new(frame::YuvPicture::black(Size::new(64, 48))),
    }
}

fn send(bus: &FrameBus, gate: &Gate, numbers: std::ops::Range<u64>, fps: u64) {
    let permit = gate.permit::<Capture>().unwrap();
    for number in numbers {
        bus.publish(&frame(number, fps), &permit, &mut software());
    }
}

fn drain(tap: &Tap) -> Vec<u64> {
    std::iter::from_fn(|| match tap.recv(Duration::ZERO) {
        Received::Frame(frame) => Some(frame.number),
        Received::Nothing | Received::Ended => None,
    })
    .collect()
}

#[test]
fn a_full_tap_follows_its_rule() {
    let (gate, bus) = (open_gate(), FrameBus::default());
    let newest = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::newest());
    let encoder = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::encoder(None));
    let live = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::live(None));
    send(&bus, &gate, 0..20, 30);
    assert_eq!(drain(&newest), [19]);
    assert_eq!(drain(&encoder), [0, 1, 2, 3]);
    assert_eq!(drain(&live), [18, 19]);
    assert_eq!((newest.dropped(), encoder.dropped(), live.dropped()), (19, 16, 18));
}

#[test]
fn a_revoked_tap_ends_and_delivers_nothing_it_held() {
    let (mut gate, bus) = (open_gate(), FrameBus::default());
    let tap = bus.tap(gate.permit::<Motion>().unwrap(), TapOptions::newest());
    send(&bus, &gate, 0..1, 30);
    let mode = gate.mode().clone();
    gate.set(OperatingMode { manually_disabled: true, ..mode.clone() });
    assert!(matches!(tap.recv(Duration::ZERO), Received::Ended));
    gate.set(mode);
    send(&bus, &gate, 1..2, 30);
    assert!(matches!(tap.recv(Duration::ZERO), Received::Ended), "it never revives");
}

#[test]
fn a_sweep_drops_pictures_of_a_reader_that_sleeps() {
    let (mut gate, bus) = (open_gate(), FrameBus::default());
    let _tap = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::newest());
    let picture = frame(0, 30);
    bus.publish(&picture, &gate.permit().unwrap(), &mut software());
    assert_eq!(Arc::strong_count(&picture.picture), 2);
    gate.set(OperatingMode { manually_disabled: true, ..gate.mode().clone() });
    assert!(bus.sweep().is_empty());
    assert_eq!(Arc::strong_count(&picture.picture), 1);
}

#[test]
fn a_reader_that_leaves_holds_nothing() {
    let (gate, bus) = (open_gate(), FrameBus::default());
    let tap = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::newest());
    let picture = frame(0, 30);
    bus.publish(&picture, &gate.permit().unwrap(), &mut software());
    drop(tap);
    assert_eq!(Arc::strong_count(&picture.picture), 1);
}

#[test]
fn nothing_is_published_after_capture_was_revoked() {
    let (mut gate, bus) = (open_gate(), FrameBus::default());
    let permit = gate.permit::<Capture>().unwrap();
    let mode = gate.mode().clone();
    gate.set(OperatingMode { manually_disabled: true, ..mode.clone() });
    gate.set(mode);
    let tap = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::newest());
    bus.publish(&frame(0, 30), &permit, &mut software());
    assert!(matches!(tap.recv(Duration::ZERO), Received::Nothing));
}

#[test]
fn a_sleeping_reader_is_woken_by_the_end_of_the_bus() {
    let (gate, bus) = (open_gate(), FrameBus::default());
    let tap = bus.tap(gate.permit::<Capture>().unwrap(), TapOptions::newest());
    let reader = std::thread::spawn(move || tap.recv(Duration::from_secs(60)));
    bus.close();
    assert!(matches!(reader.join().unwrap(), Received::Ended));
}

#[test]
fn the_grid_keeps_the_wanted_rate() {
    // source fps, wanted fps, jitter in ticks, pictures of 10 s
    let table = [(30, 15, 0, 150), (30, 15, 500, 150), (30, 24, 0, 240), (30, 30, 600, 300)];
    for (source, wanted, jitter, expected) in table {
        let mut grid: Option<Grid> = None;
        let interval = Duration::from_secs(1) / wanted;
        let taken = (0..10 * source)
            .map(|n: u64| n * 90_000 / source + if n % 3 == 1 { jitter } else { 0 })
            .map(Pts::from_ticks_90k)
            .filter(|pts| grid.get_or_insert(Grid { first: *pts, next: 0 }).takes(*pts, interval))
            .count();
        assert_eq!(taken, expected, "{source} to {wanted}, jitter {jitter}");
    }
}

#[test]
fn a_luma_tap_gets_small_pictures_and_holds_no_large_one() {
    let (gate, bus) = (open_gate(), FrameBus::default());
    let options = TapOptions::motion(Size::new(32, 18));
    let tap = bus.tap(gate.permit::<Motion>().unwrap(), options);
    let picture = frame(0, 30);
    bus.publish(&picture, &gate.permit().unwrap(), &mut software());
    assert_eq!(Arc::strong_count(&picture.picture), 1);
    let Received::Frame(small) = tap.recv(Duration::ZERO) else { panic!("no picture") };
    assert_eq!(small.picture.size(), Size::new(24, 18));
    assert!(small.picture.y().samples.iter().all(|&luma| luma == 16));
}
