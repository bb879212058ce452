// SPDX-License-Identifier: MIT OR Apache-2.0
//! Restarts, power losses and bad disks: none of them opens the camera.

use std::time::Duration;

use camera::services::{self, iid};
use camera::{DisabledBy, Input, Outcome, Sound, Start, StoredState};
use hap::setup::Category;
use hap::{Iid, Perms, Status, Value};
use privacy::{OperatingMode, Permits};
use proptest::prelude::*;

use crate::rig::{HOME_APP, OTHER_APP, Rig, Store, THE_OWNERS, selection, setup};

const FAILED: Outcome = Err(Status::UnableToCommunicate);

fn restart(rig: &Rig) -> Rig {
    let stored = rig.disk.as_ref().map(|state| StoredState::decode(&state.encode()).unwrap());
    Rig::start(Start { stored, is_paired: true, is_switched_off: false })
}

#[test]
fn the_first_start_leaves_a_state_behind() {
    let rig = Rig::start(Start { stored: None, is_paired: false, is_switched_off: false });
    assert_eq!(rig.disk, Some(StoredState::default()));
    assert_eq!(rig.gate.permits(), Permits::default(), "nobody looks through an unpaired camera");
}

#[test]
fn a_lost_state_means_off_and_homekit_can_turn_it_on() {
    let mut rig = Rig::start(Start { stored: None, is_paired: true, is_switched_off: false });
    assert_eq!(rig.gate.permits(), Permits::default());
    assert_eq!(rig.read(iid::HOMEKIT_CAMERA_ACTIVE), Ok(Value::Bool(false)));
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true)).unwrap();
    assert!(rig.gate.permits().capture);
}

#[test]
fn everything_written_survives_a_restart() {
    let mut rig = Rig::paired();
    let written: Vec<(Iid, Value)> = vec![
        (iid::EVENT_SNAPSHOTS_ACTIVE, Value::Bool(false)),
        (iid::PERIODIC_SNAPSHOTS_ACTIVE, Value::Bool(false)),
        (iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)),
        (iid::CAMERA_OPERATING_MODE_INDICATOR, Value::Bool(false)),
        (iid::NIGHT_VISION, Value::Bool(false)),
        (iid::RECORDING_ACTIVE, Value::UInt(1)),
        (iid::RECORDING_AUDIO_ACTIVE, Value::UInt(1)),
        (iid::SELECTED_CAMERA_RECORDING, Value::Bytes(selection(2000))),
        (iid::RTP[0].active, Value::UInt(0)),
        (iid::RTP[1].active, Value::UInt(0)),
        (iid::RTP[3].active, Value::UInt(0)),
        (iid::MICROPHONE_MUTE, Value::Bool(true)),
        (iid::MICROPHONE_VOLUME, Value::UInt(30)),
        (iid::SPEAKER_MUTE, Value::Bool(true)),
        (iid::SPEAKER_VOLUME, Value::UInt(0)),
    ];
    let outcomes = rig.write_all(&written);
    assert_eq!(outcomes, vec![Ok(None); written.len()]);
    let rig = restart(&rig);
    for (iid, value) in written {
        assert_eq!(rig.read(iid), Ok(value), "{iid}");
    }
    assert_eq!(rig.outputs.unwrap().microphone, Sound { is_muted: true, volume: 30 });
    assert!(rig.notified.is_empty(), "a start tells nobody anything");
}

#[test]
fn a_restart_records_without_the_hub() {
    let rig = restart(&Rig::recording());
    assert!(rig.gate.permits().record);
    assert_eq!(rig.encoder.map(|selected| selected.video.bitrate_kbps), Some(800));
    assert!(!rig.log.contains(&"persist"), "nothing changed: {:?}", rig.log);
}

#[test]
fn the_file_of_version_1_is_read_for_ever() {
    let bytes = include_bytes!("../data/state-v1.json");
    let state = StoredState::decode(bytes).unwrap();
    let expected = StoredState {
        homekit_camera_active: false,
        rtp_active: [true, false, false, false],
        recording_active: true,
        recording_audio_active: true,
        speaker: Sound { is_muted: true, volume: 40 },
        disabled_by_owner: true,
        ..StoredState::default()
    };
    assert_eq!(StoredState { selected: None, ..state.clone() }, expected);
    let rig = Rig::start(Start { stored: Some(state), is_paired: true, is_switched_off: false });
    assert_eq!(rig.read(iid::SELECTED_CAMERA_RECORDING), Ok(Value::Bytes(selection(800))));
}

#[test]
fn opening_waits_for_the_disk_and_shutting_does_not() {
    let mut rig = Rig::recording();
    rig.store = Store::Waits;
    let off = rig.begin(HOME_APP, &[(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false))]);
    assert!(!rig.gate.permits().capture);
    assert_eq!(rig.answer(off), None, "the writer waits for the disk");
    rig.store_answers(true);
    assert_eq!(rig.answer(off), Some(vec![Ok(None)]));

    rig.forget();
    let on = rig.begin(HOME_APP, &[(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true))]);
    assert!(!rig.gate.permits().capture);
    assert_eq!(rig.read(iid::HOMEKIT_CAMERA_ACTIVE), Ok(Value::Bool(false)));
    assert_eq!(rig.notified, []);
    rig.store_answers(true);
    assert!(rig.gate.permits().capture);
    assert_eq!(rig.answer(on), Some(vec![Ok(None)]));
}

#[test]
fn muting_waits_for_no_disk_and_unmuting_does() {
    let mut rig = Rig::recording();
    rig.store = Store::Waits;
    for (iid, sound) in [
        (iid::MICROPHONE_MUTE, (|rig| rig.outputs.unwrap().microphone) as fn(&Rig) -> Sound),
        (iid::SPEAKER_MUTE, |rig| rig.outputs.unwrap().speaker),
    ] {
        rig.begin(HOME_APP, &[(iid, Value::Bool(true))]);
        assert!(sound(&rig).is_muted, "{iid}");
        rig.store_answers(true);
        rig.begin(HOME_APP, &[(iid, Value::Bool(false))]);
        assert!(sound(&rig).is_muted, "{iid}");
        rig.store_answers(true);
        assert!(!sound(&rig).is_muted, "{iid}");
    }
}

#[test]
fn a_disk_that_fails_opens_nothing_and_what_was_shut_stays_shut() {
    let mut rig = Rig::recording();
    rig.store = Store::Fails;
    rig.forget();
    assert_eq!(rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)), FAILED);
    assert!(!rig.gate.permits().capture);
    assert_eq!(rig.read(iid::HOMEKIT_CAMERA_ACTIVE), Ok(Value::Bool(false)));
    let to_author = (iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false), None);
    assert!(rig.notified.contains(&to_author), "the author must learn it: {:?}", rig.notified);

    assert_eq!(rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true)), FAILED);
    assert!(!rig.gate.permits().capture);
    assert_eq!(rig.disk.as_ref().map(|state| state.homekit_camera_active), Some(true));

    assert_eq!(rig.wait_for_timeout(), Duration::from_secs(5));
    rig.store = Store::Works;
    rig.wait_for_timeout();
    assert_eq!(rig.disk.as_ref().map(|state| state.homekit_camera_active), Some(false));
    assert_eq!(rig.camera.next_timeout(), None);
    assert!(!rig.gate.permits().capture);
    assert_eq!(rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true)), Ok(None));
    assert!(rig.gate.permits().capture);
}

#[test]
fn a_failed_save_may_have_reached_the_disk_and_is_put_right() {
    let mut rig = Rig::paired();
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)).unwrap();
    rig.store = Store::Waits;
    let on = rig.begin(HOME_APP, &[(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(true))]);
    rig.store_fails_late();
    assert_eq!(rig.answer(on), Some(vec![FAILED]));
    assert!(restart(&rig).gate.permits().capture, "the disk has what was refused");
    rig.store = Store::Works;
    rig.wait_for_timeout();
    assert!(!restart(&rig).gate.permits().capture);
    assert!(!rig.gate.permits().capture);
}

#[test]
fn a_failing_disk_does_not_spoil_what_needs_none() {
    let mut rig = Rig::recording();
    rig.store = Store::Fails;
    let setup = tlv8::Writer::new().u8(1, 0).u8(2, 0).bytes(3, &[0xc0; 32]).finish();
    let outcomes = rig.write_all(&[
        (iid::IDENTIFY, Value::Bool(true)),
        (iid::NIGHT_VISION, Value::Bool(false)),
        (iid::SETUP_DATA_STREAM_TRANSPORT, Value::Bytes(setup)),
        (iid::SELECTED_CAMERA_RECORDING, Value::Bytes(vec![1])),
    ]);
    assert_eq!(outcomes[0], Ok(None));
    assert_eq!(outcomes[1], FAILED);
    assert!(matches!(outcomes[2], Ok(Some(Value::Bytes(_)))), "{outcomes:?}");
    assert_eq!(outcomes[3], Err(Status::InvalidValue));
    assert_eq!(rig.read(iid::NIGHT_VISION), Ok(Value::Bool(true)), "nothing was shut by it");
}

#[test]
fn writes_during_a_save_share_the_next_one() {
    let mut rig = Rig::recording();
    rig.store = Store::Waits;
    let first = rig.begin(HOME_APP, &[(iid::NIGHT_VISION, Value::Bool(false))]);
    let second = rig.begin(OTHER_APP, &[(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false))]);
    let third = rig.begin(HOME_APP, &[(iid::SPEAKER_VOLUME, Value::UInt(10))]);
    assert!(!rig.gate.permits().capture, "shutting waits for nobody's save");
    rig.store_answers(true);
    assert_eq!(rig.answer(first), Some(vec![Ok(None)]));
    assert_eq!((rig.answer(second), rig.answer(third)), (None, None));
    assert!(!rig.gate.permits().capture, "the earlier save does not open it again");
    rig.store_answers(true);
    assert_eq!(rig.answer(second), Some(vec![Ok(None)]));
    assert_eq!(rig.answer(third), Some(vec![Ok(None)]));
    assert_eq!(rig.disk.as_ref().unwrap().speaker.volume, 10);
    assert_eq!(rig.log.iter().filter(|name| **name == "persist").count(), 2);
}

#[test]
fn the_owners_hand_survives_a_restart_and_the_switch_says_for_itself() {
    let mut rig = Rig::recording();
    rig.handle(Input::SetDisabled { by: DisabledBy::Switch, is_disabled: true });
    assert!(!restart(&rig).camera.is_manually_disabled());
    rig.handle(Input::SetDisabled { by: DisabledBy::Owner(THE_OWNERS), is_disabled: true });
    let mut rig = restart(&rig);
    assert_eq!(rig.gate.permits(), Permits::default());
    assert_eq!(rig.read(iid::MANUALLY_DISABLED), Ok(Value::Bool(true)));
    rig.handle(Input::SetDisabled { by: DisabledBy::Owner(THE_OWNERS), is_disabled: false });
    assert!(rig.gate.permits().record);
    let rig = Rig::start(Start { stored: rig.disk, is_paired: true, is_switched_off: true });
    assert_eq!(rig.gate.permits(), Permits::default());
}

#[test]
fn the_owner_is_answered_when_the_disk_has_it() {
    let mut rig = Rig::recording();
    let owner = |is_disabled| Input::SetDisabled { by: DisabledBy::Owner(THE_OWNERS), is_disabled };
    for is_disabled in [true, false] {
        rig.forget();
        rig.store = Store::Waits;
        rig.handle(owner(is_disabled));
        assert!(!rig.gate.permits().capture, "shut at once, and not open before it is saved");
        assert_eq!(rig.answer(THE_OWNERS), None);
        rig.store_answers(true);
        assert_eq!(rig.answer(THE_OWNERS), Some(vec![Ok(None)]));
        assert_eq!(rig.gate.permits().capture, !is_disabled);
        assert_eq!(rig.disk.as_ref().unwrap().disabled_by_owner, is_disabled);
        let told = (iid::MANUALLY_DISABLED, Value::Bool(is_disabled), None);
        assert!(rig.notified.contains(&told), "every controller is told: {:?}", rig.notified);

        rig.forget();
        rig.store = Store::Works;
        rig.handle(owner(is_disabled));
        assert_eq!(rig.answer(THE_OWNERS), Some(vec![Ok(None)]), "nothing new is answered at once");
        assert!(!rig.log.contains(&"persist"));
    }
}

#[test]
fn a_full_disk_refuses_the_owner_and_what_is_shut_stays_shut() {
    let mut rig = Rig::recording();
    rig.store = Store::Fails;
    for is_disabled in [true, false] {
        rig.forget();
        let by = DisabledBy::Owner(THE_OWNERS);
        rig.handle(Input::SetDisabled { by, is_disabled });
        assert_eq!(rig.answer(THE_OWNERS), Some(vec![FAILED]));
        assert!(!rig.gate.permits().capture, "{is_disabled}");
    }
}

#[test]
fn a_fault_is_told_to_everybody_and_shuts_nothing() {
    let mut rig = Rig::recording();
    assert_eq!(rig.read(iid::MOTION_STATUS_FAULT), Ok(Value::UInt(0)));
    for has_fault in [true, false] {
        rig.forget();
        rig.handle(Input::FaultChanged(has_fault));
        let told = (iid::MOTION_STATUS_FAULT, Value::UInt(has_fault.into()), None);
        assert_eq!(rig.notified, [told], "once, and nothing else");
        rig.handle(Input::FaultChanged(has_fault));
        assert_eq!(rig.notified.len(), 1, "what is known is not told again");
        assert!(rig.gate.permits().record);
    }
}

#[test]
fn every_characteristic_has_a_value_or_takes_one() {
    let mut rig = Rig::recording_doorbell();
    for service in services::database(Category::VideoDoorbell).services() {
        for c in &service.characteristics {
            let read = rig.read(c.iid);
            assert_eq!(read.is_ok(), c.perms.contains(Perms::READ), "{} reads {read:?}", c.iid);
            // A string fits none of what can be written.
            let wrong = rig.write(c.iid, Value::String("x".into()));
            let status = if c.perms.contains(Perms::WRITE) {
                Status::InvalidValue
            } else {
                Status::DoesNotExist
            };
            assert_eq!(wrong, Err(status), "{}", c.iid);
        }
    }
    assert_eq!(rig.read(9999), Err(Status::DoesNotExist));
}

#[test]
fn values_fit_their_formats() {
    use hap::Format::{Bool, Float, String as Text, Tlv8, UInt8};
    let rig = Rig::recording_doorbell();
    for service in services::database(Category::VideoDoorbell).services() {
        for c in service.characteristics.iter().filter(|c| c.perms.contains(Perms::READ)) {
            let value = rig.read(c.iid).unwrap();
            let fits = match (&value, c.format) {
                (Value::Bool(_), Bool) | (Value::Float(_), Float) | (Value::Bytes(_), Tlv8) => true,
                (Value::UInt(n), UInt8) => *n <= 255,
                (Value::Null, UInt8) => c.iid == iid::PROGRAMMABLE_SWITCH_EVENT,
                (Value::String(text), Text) => text.len() <= 64,
                _ => false,
            };
            assert!(fits, "{}: {value:?} as {:?}", c.iid, c.format);
        }
    }
}

#[test]
fn the_fingerprint_moves_with_what_controllers_keep() {
    let print = setup().fingerprint();
    assert_eq!(setup().fingerprint(), print);
    let mut other = setup();
    other.recording = other.recording.at_30_fps_only();
    assert_ne!(other.fingerprint(), print);
    let mut other = setup();
    other.live.resolutions.pop();
    assert_ne!(other.fingerprint(), print);
    let mut other = setup();
    other.field_of_view = 90.0.try_into().unwrap();
    assert_ne!(other.fingerprint(), print);
}

/// The mode in which the camera would start from this state.
fn mode_after_power_loss(state: &StoredState) -> OperatingMode {
    OperatingMode {
        seeks_network: false,
        is_paired: true,
        manually_disabled: state.disabled_by_owner,
        homekit_camera_active: state.homekit_camera_active,
        event_snapshots_active: state.event_snapshots_active,
        periodic_snapshots_active: state.periodic_snapshots_active,
        rtp_active: state.rtp_active,
        recording_active: state.recording_active,
        recording_audio_active: state.recording_audio_active,
        has_selected_configuration: state.selected.is_some(),
    }
}

fn permissions(mode: &OperatingMode) -> Vec<bool> {
    use privacy::SnapshotReason::{Event, Periodic};
    let p = Permits::of(mode);
    let snapshots = [Some(Event), Some(Periodic), None].map(|reason| p.snapshot(reason).is_ok());
    let fixed = [p.capture, p.motion, p.prebuffer, p.record, p.record_audio];
    fixed.into_iter().chain(p.live).chain(snapshots).collect()
}

#[derive(Debug, Clone)]
enum Step {
    Write(Vec<(Iid, Value)>),
    Owner(bool),
    StoreAnswers(bool),
    StoreFailsLate,
}

fn step() -> impl Strategy<Value = Step> {
    let switches = [
        iid::HOMEKIT_CAMERA_ACTIVE,
        iid::EVENT_SNAPSHOTS_ACTIVE,
        iid::PERIODIC_SNAPSHOTS_ACTIVE,
        iid::RTP[0].active,
        iid::RTP[1].active,
        iid::RTP[2].active,
        iid::RTP[3].active,
        iid::RECORDING_ACTIVE,
        iid::RECORDING_AUDIO_ACTIVE,
        iid::MICROPHONE_MUTE,
    ];
    let entry = prop_oneof![
        8 => (prop::sample::select(switches.to_vec()), 0..=1_u64)
            .prop_map(|(iid, on)| (iid, Value::UInt(on))),
        1 => (1..3_u32).prop_map(|n| {
            (iid::SELECTED_CAMERA_RECORDING, Value::Bytes(selection(n * 800)))
        }),
    ];
    prop_oneof![
        4 => prop::collection::vec(entry, 1..5).prop_map(Step::Write),
        1 => any::<bool>().prop_map(Step::Owner),
        4 => prop::bool::weighted(0.7).prop_map(Step::StoreAnswers),
        1 => Just(Step::StoreFailsLate),
    ]
}

proptest! {
    /// Whatever is written, however long the disk takes and whether or not it fails: nothing is
    /// allowed that is not on the disk or that was not wished for last, and every request gets
    /// exactly one answer.
    #[test]
    fn nothing_is_open_that_is_not_saved_and_wished(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let mut rig = Rig::paired();
        rig.store = Store::Waits;
        let mut tickets = vec![];
        for step in steps {
            match step {
                Step::Write(entries) => {
                    tickets.push((rig.begin(HOME_APP, &entries), entries.len()));
                    for (iid, value) in entries.iter().rev() {
                        let is_last = entries.iter().rev().find(|(other, _)| other == iid)
                            == Some(&(*iid, value.clone()));
                        if is_last && *value == Value::UInt(0) && *iid != iid::MICROPHONE_MUTE {
                            let read = rig.read(*iid).unwrap();
                            prop_assert!(
                                matches!(read, Value::UInt(0) | Value::Bool(false)),
                                "{} was shut and reads {:?}", iid, read
                            );
                        }
                    }
                }
                Step::Owner(is_disabled) => {
                    rig.handle(Input::SetDisabled { by: DisabledBy::Owner(THE_OWNERS), is_disabled });
                    prop_assert!(!is_disabled || !rig.gate.permits().capture);
                }
                Step::StoreAnswers(is_saved) if rig.in_flight.is_some() => {
                    rig.store_answers(is_saved);
                }
                Step::StoreAnswers(_) if rig.camera.next_timeout().is_some() => {
                    rig.wait_for_timeout();
                }
                Step::StoreFailsLate if rig.in_flight.is_some() => rig.store_fails_late(),
                Step::StoreAnswers(_) | Step::StoreFailsLate => {}
            }
            let after_power_loss = mode_after_power_loss(rig.disk.as_ref().unwrap());
            let (open, saved) = (permissions(rig.gate.mode()), permissions(&after_power_loss));
            prop_assert!(
                open.iter().zip(&saved).all(|(open, saved)| *saved || !*open),
                "open {:?}, saved {:?}", open, saved
            );
        }
        rig.store = Store::Works;
        while rig.in_flight.is_some() || rig.camera.next_timeout().is_some() {
            if rig.in_flight.is_some() {
                rig.store_answers(true);
            } else {
                rig.wait_for_timeout();
            }
        }
        for (ticket, entries) in tickets {
            prop_assert_eq!(rig.answer(ticket).map(|outcomes| outcomes.len()), Some(entries));
        }
        prop_assert_eq!(&mode_after_power_loss(rig.disk.as_ref().unwrap()), rig.gate.mode());
    }
}
