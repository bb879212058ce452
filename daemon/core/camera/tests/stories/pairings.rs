// SPDX-License-Identifier: MIT OR Apache-2.0
//! A camera comes into a home, leaves it, and comes into another.

use camera::services::iid;
use camera::{DisabledBy, Input, Start, StoredState};
use hap::{Status, Value};
use privacy::{Permits, SnapshotReason};

use crate::rig::{Rig, Store, THE_OWNERS};

#[test]
fn a_pairing_opens_what_the_factory_set() {
    let mut rig = Rig::start(Start { stored: None, is_paired: false, is_switched_off: false });
    rig.handle(Input::PairingsChanged { is_paired: true });
    let permits = rig.gate.permits();
    assert!(permits.capture && permits.motion && permits.live == [true; 4]);
    assert!(!permits.prebuffer && !permits.record);
}

#[test]
fn the_last_pairing_takes_everything_with_it() {
    let mut rig = Rig::recording();
    rig.write_all(&[
        (iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)),
        (iid::RTP[1].active, Value::UInt(0)),
        (iid::EVENT_SNAPSHOTS_ACTIVE, Value::Bool(false)),
        (iid::RECORDING_AUDIO_ACTIVE, Value::UInt(1)),
    ]);
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true)).unwrap();
    rig.forget();
    rig.store = Store::Waits;
    rig.handle(Input::PairingsChanged { is_paired: false });
    assert_eq!(rig.gate.permits(), Permits::default(), "shut before anything is saved");
    assert!(rig.encoder.is_none());
    for purge in ["end recordings", "forget prebuffer", "forget pictures"] {
        assert!(rig.at("dark") < rig.at(purge), "{:?}", rig.log);
    }
    rig.store_answers(true);
    assert_eq!(rig.disk, Some(StoredState::default()));
    assert_eq!(rig.read(iid::SELECTED_CAMERA_RECORDING), Err(Status::UnableToCommunicate));
    assert_eq!(rig.read(iid::HOMEKIT_CAMERA_ACTIVE), Ok(Value::Bool(true)));
    assert_eq!(rig.read(iid::RTP[1].active), Ok(Value::UInt(1)));
    assert_eq!(rig.gate.permits(), Permits::default(), "nobody looks through an unpaired camera");
}

#[test]
fn the_owners_hand_outlives_the_home() {
    let mut rig = Rig::recording();
    rig.handle(Input::SetDisabled { by: DisabledBy::Owner(THE_OWNERS), is_disabled: true });
    rig.handle(Input::PairingsChanged { is_paired: false });
    rig.handle(Input::PairingsChanged { is_paired: true });
    assert_eq!(rig.gate.permits(), Permits::default());
    assert_eq!(rig.read(iid::MANUALLY_DISABLED), Ok(Value::Bool(true)));
}

#[test]
fn power_lost_with_the_last_pairing_leaves_no_trace_of_the_home() {
    let old = Rig::recording().disk;
    let mut rig = Rig::start(Start { stored: old, is_paired: false, is_switched_off: false });
    assert_eq!(rig.disk, Some(StoredState::default()));
    rig.handle(Input::PairingsChanged { is_paired: true });
    assert!(!rig.gate.permits().prebuffer);
}

#[test]
fn a_camera_that_seeks_its_network_shows_its_light_and_does_nothing_else() {
    let mut rig = Rig::start(Start { stored: None, is_paired: false, is_switched_off: false });
    rig.handle(Input::SeeksNetwork(true));
    let outputs = rig.outputs.unwrap();
    assert!(outputs.status_led && !outputs.night_vision);
    let permits = rig.gate.permits();
    assert!(permits.network_code && !permits.motion && rig.gate.live(0).is_err());
    assert!(rig.camera.snapshot(Some(SnapshotReason::Event)).is_err());

    let by = DisabledBy::Switch;
    rig.handle(Input::SetDisabled { by, is_disabled: true });
    assert_eq!(rig.gate.permits(), Permits::default());
    rig.handle(Input::SetDisabled { by, is_disabled: false });
    assert!(rig.gate.permits().network_code);

    rig.handle(Input::PairingsChanged { is_paired: true });
    assert!(!rig.gate.permits().network_code && rig.gate.permits().motion);
    rig.handle(Input::PairingsChanged { is_paired: false });
    rig.handle(Input::SeeksNetwork(false));
    assert_eq!(rig.gate.permits(), Permits::default());
}
