// SPDX-License-Identifier: MIT OR Apache-2.0
//! A hub selects how recordings are made.

use camera::services::iid;
use camera::tlv::recording::{Offer, PrebufferMs};
use camera::{Input, Start};
use hap::{Status, Value};

use crate::rig::{HOME_APP, OTHER_APP, Rig, Store, selection, setup};

const SELECTED: u64 = iid::SELECTED_CAMERA_RECORDING;

#[test]
fn nothing_selected_reads_as_a_failure_never_as_empty() {
    let rig = Rig::paired();
    assert_eq!(rig.read(SELECTED), Err(Status::UnableToCommunicate));
}

#[test]
fn the_prebuffer_runs_from_the_selection_on() {
    let mut rig = Rig::paired();
    assert!(rig.encoder.is_none());
    rig.write(SELECTED, Value::Bytes(selection(800))).unwrap();
    assert_eq!(rig.encoder.map(|selected| selected.video.bitrate_kbps), Some(800));
    assert!(rig.gate.permits().prebuffer && !rig.gate.permits().record);
    assert_eq!(rig.read(SELECTED), Ok(Value::Bytes(selection(800))));
    rig.write(iid::RECORDING_ACTIVE, Value::UInt(1)).unwrap();
    assert!(rig.gate.permits().record);
}

#[test]
fn the_same_again_changes_nothing() {
    let mut rig = Rig::recording();
    rig.write(SELECTED, Value::Bytes(selection(800))).unwrap();
    assert_eq!(rig.log, ["reply"]);
    assert_eq!(rig.notified, []);
}

#[test]
fn the_same_in_other_bytes_is_kept_but_restarts_nothing() {
    let mut rig = Rig::recording();
    let mut padded = selection(800);
    padded.extend([0x7f, 1, 0]); // a field of another day
    rig.write(SELECTED, Value::Bytes(padded.clone())).unwrap();
    assert_eq!(rig.read(SELECTED), Ok(Value::Bytes(padded)));
    assert!(!rig.log.contains(&"record") && !rig.log.contains(&"forget prebuffer"));
}

#[test]
fn another_selection_empties_the_prebuffer_and_leaves_the_recording_alone() {
    let mut rig = Rig::recording();
    rig.begin(OTHER_APP, &[(SELECTED, Value::Bytes(selection(2000)))]);
    assert_eq!(rig.encoder.map(|selected| selected.video.bitrate_kbps), Some(2000));
    assert!(rig.at("persist") < rig.at("record"), "{:?}", rig.log);
    assert!(rig.at("record") < rig.at("forget prebuffer"), "{:?}", rig.log);
    assert!(!rig.log.contains(&"end recordings"), "{:?}", rig.log);
    let told = (SELECTED, Value::Bytes(selection(2000)), Some(OTHER_APP));
    assert_eq!(rig.notified, [told]);
}

#[test]
fn rubbish_is_refused_and_the_old_one_stays() {
    let mut rig = Rig::recording();
    let whole = selection(2000);
    for end in 0..whole.len() {
        let outcome = rig.write(SELECTED, Value::Bytes(whole[..end].to_vec()));
        assert_eq!(outcome, Err(Status::InvalidValue), "cut at {end}");
    }
    assert_eq!(rig.write(SELECTED, Value::Bytes(selection(0))), Err(Status::InvalidValue));
    assert_eq!(rig.read(SELECTED), Ok(Value::Bytes(selection(800))));
    assert!(rig.log.iter().all(|name| *name == "reply"), "{:?}", rig.log);
}

#[test]
fn another_offer_voids_the_selection_but_not_active() {
    let rig = Rig::recording();
    let mut changed = setup();
    changed.recording = Offer::standard(PrebufferMs::MAX);
    let start = Start { stored: rig.disk, is_paired: true, is_switched_off: false };
    let mut rig = Rig::start_as(changed, start, Store::Works);
    assert_eq!(rig.read(SELECTED), Err(Status::UnableToCommunicate));
    assert_eq!(rig.read(iid::RECORDING_ACTIVE), Ok(Value::UInt(1)));
    assert!(rig.encoder.is_none());
    assert!(rig.disk.as_ref().unwrap().selected.is_none(), "forgotten for good");
    rig.write(SELECTED, Value::Bytes(selection(800))).unwrap();
    assert!(rig.gate.permits().record, "the hub selected anew and Active still stands");
}

#[test]
fn recording_audio_is_the_next_recordings_matter() {
    let mut rig = Rig::recording();
    assert!(!rig.gate.permits().record_audio);
    rig.write(iid::RECORDING_AUDIO_ACTIVE, Value::UInt(1)).unwrap();
    assert!(rig.gate.permits().record_audio);
    for other in ["record", "forget prebuffer", "end recordings"] {
        assert!(!rig.log.contains(&other), "{:?}", rig.log);
    }
}

#[test]
fn a_selection_while_off_waits_for_on() {
    let mut rig = Rig::paired();
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)).unwrap();
    rig.write(SELECTED, Value::Bytes(selection(800))).unwrap();
    assert!(rig.encoder.is_none());
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true)).unwrap();
    assert!(rig.encoder.is_some());
    rig.handle(Input::ConnectionClosed(HOME_APP));
    assert!(rig.encoder.is_some(), "a hub that leaves takes nothing with it");
}
