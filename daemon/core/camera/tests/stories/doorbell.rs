// SPDX-License-Identifier: MIT OR Apache-2.0
//! A camera with a bell.

use camera::services::iid;
use camera::tlv::recording::{Offer, PrebufferMs, Triggers};
use camera::{DisabledBy, Input, Start, StoredState};
use hap::Value;
use privacy::Permits;

use crate::rig::{Rig, Store, doorbell, setup};

const PRESS: u64 = iid::PROGRAMMABLE_SWITCH_EVENT;

#[test]
fn every_press_is_told_though_the_value_is_equal() {
    let mut rig = Rig::recording_doorbell();
    for _ in 0..3 {
        rig.handle(Input::Rung);
    }
    assert_eq!(rig.notified, vec![(PRESS, Value::UInt(0), None); 3]);
    assert_eq!(rig.read(PRESS), Ok(Value::Null), "a press is over when it is told");
    assert_eq!(rig.log, ["notify", "motion"].repeat(3), "a press changes nothing else");
}

#[test]
fn it_rings_without_pictures_when_the_camera_is_off() {
    let mut rig = Rig::recording_doorbell();
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)).unwrap();
    rig.handle(Input::SetDisabled { by: DisabledBy::Switch, is_disabled: true });
    rig.forget();
    rig.handle(Input::Rung);
    assert_eq!(rig.notified, [(PRESS, Value::UInt(0), None)]);
    assert_eq!(rig.log, ["notify"], "no motion, since nobody looks");
    assert_eq!(rig.gate.permits(), Permits::default());
}

#[test]
fn a_camera_without_a_bell_has_no_press() {
    let mut rig = Rig::recording();
    rig.handle(Input::Rung);
    assert!(rig.log.is_empty(), "{:?}", rig.log);
    assert!(rig.read(PRESS).is_err());
}

#[test]
fn a_camera_that_becomes_a_doorbell_is_selected_for_anew() {
    let camera = Rig::recording();
    assert!(camera.camera.selected().is_some());
    let start = Start { stored: camera.disk, is_paired: true, is_switched_off: false };
    let rig = Rig::start_as(doorbell(), start, Store::Works);
    assert!(rig.camera.selected().is_none(), "it was made from an offer without presses");
    assert_ne!(doorbell().fingerprint(), setup().fingerprint(), "the configuration number rises");
}

#[test]
fn a_press_may_start_a_recording_on_a_doorbell_alone() {
    let camera = Offer::standard(PrebufferMs::MIN);
    let with_bell = camera.clone().for_doorbell();
    assert!(!camera.triggers.contains(Triggers::DOORBELL));
    assert!(with_bell.triggers.contains(Triggers::MOTION.with(Triggers::DOORBELL)));
    let value = with_bell.camera_recording();
    assert_eq!(value[6..16], [2, 8, 3, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn nobody_paired_nobody_sees_and_the_bell_still_works() {
    let stored = Some(StoredState::default());
    let start = Start { stored, is_paired: false, is_switched_off: false };
    let mut rig = Rig::start_as(doorbell(), start, Store::Works);
    rig.forget();
    rig.handle(Input::Rung);
    assert_eq!(rig.notified, [(PRESS, Value::UInt(0), None)]);
    assert!(!rig.gate.permits().capture);
}
