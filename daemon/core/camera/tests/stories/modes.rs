// SPDX-License-Identifier: MIT OR Apache-2.0
//! The four modes of the Home app, and the hand that stands above them.

use camera::services::iid;
use camera::{DisabledBy, Input};
use hap::{Iid, Status, Value};
use privacy::SnapshotReason;

use crate::rig::{HOME_APP, OTHER_APP, Rig, THE_OWNERS};

struct Mode {
    name: &'static str,
    rtp: bool,
    camera: bool,
    recording: bool,
}

const OFF: Mode = Mode { name: "off", rtp: false, camera: false, recording: false };
const DETECT: Mode = Mode { name: "detect", rtp: false, camera: true, recording: false };
const STREAM: Mode = Mode { name: "stream", rtp: true, camera: true, recording: false };
const RECORD: Mode = Mode { name: "record", rtp: true, camera: true, recording: true };
const MODES: [Mode; 4] = [OFF, DETECT, STREAM, RECORD];

impl Mode {
    /// The one request by which the Home app chooses it.
    fn request(&self) -> Vec<(Iid, Value)> {
        let switch = |is_on: bool| Value::UInt(is_on.into());
        let rtp = iid::RTP.map(|ids| (ids.active, switch(self.rtp)));
        let others = [
            (iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(self.camera)),
            (iid::RECORDING_ACTIVE, switch(self.recording)),
        ];
        rtp.into_iter().chain(others).collect()
    }
}

fn unavailable() -> Value {
    Value::Bytes(vec![1, 1, 2])
}

fn available() -> Value {
    Value::Bytes(vec![1, 1, 0])
}

#[test]
fn each_mode_has_its_consequences() {
    for from in MODES {
        for to in MODES {
            let row = format!("from {} to {}", from.name, to.name);
            let mut rig = Rig::recording();
            rig.write_all(&from.request());
            rig.handle(Input::MotionChanged(true));
            rig.forget();
            let outcomes = rig.write_all(&to.request());
            assert_eq!(outcomes, vec![Ok(None); 6], "{row}");

            let (was_on, is_on) = (from.camera, to.camera);
            assert_eq!(rig.gate.permits().capture, is_on, "{row}");
            assert_eq!(rig.gate.permits().record, to.recording, "{row}");
            assert_eq!(rig.encoder.is_some(), is_on, "{row}: prebuffer runs before Active is set");
            assert_eq!(rig.read(iid::MOTION_STATUS_ACTIVE), Ok(Value::Bool(is_on)), "{row}");
            assert_eq!(rig.outputs.unwrap().status_led, is_on, "{row}");
            assert_eq!(rig.outputs.unwrap().night_vision, is_on, "{row}");
            let status = if to.rtp { available() } else { unavailable() };
            for ids in iid::RTP {
                assert_eq!(rig.read(ids.streaming_status), Ok(status.clone()), "{row}");
            }
            let snapshot = rig.camera.snapshot(Some(SnapshotReason::Periodic));
            let allowed = if to.rtp { Ok(()) } else { Err(Status::NotAllowedInCurrentState) };
            assert_eq!(snapshot, allowed, "{row}");
            let is_moving = was_on && is_on;
            assert_eq!(rig.read(iid::MOTION_DETECTED), Ok(Value::Bool(is_moving)), "{row}");
            let ended = rig.log.contains(&"end recordings");
            assert_eq!(ended, from.recording && !to.recording, "{row}");
            let purged = rig.log.contains(&"forget prebuffer");
            assert_eq!(purged, was_on && !is_on, "{row}");
            assert_eq!(rig.log.contains(&"forget pictures"), was_on && !is_on, "{row}");
        }
    }
}

#[test]
fn only_what_changed_is_told_and_never_to_its_author() {
    for from in MODES {
        for to in MODES {
            let row = format!("from {} to {}", from.name, to.name);
            let mut rig = Rig::recording();
            rig.write_all(&from.request());
            rig.forget();
            rig.write_all(&to.request());
            let mut expected: Vec<(Iid, bool)> = vec![];
            for ids in iid::RTP {
                expected.extend((from.rtp != to.rtp).then_some((ids.active, true)));
                expected.extend((from.rtp != to.rtp).then_some((ids.streaming_status, false)));
            }
            let camera = from.camera != to.camera;
            expected.extend(camera.then_some((iid::MOTION_STATUS_ACTIVE, false)));
            expected.extend(camera.then_some((iid::HOMEKIT_CAMERA_ACTIVE, true)));
            let recording = from.recording != to.recording;
            expected.extend(recording.then_some((iid::RECORDING_ACTIVE, true)));
            let mut told: Vec<(Iid, bool)> = rig
                .notified
                .iter()
                .map(|(iid, _, author)| (*iid, *author == Some(HOME_APP)))
                .collect();
            told.sort_unstable();
            expected.sort_unstable();
            assert_eq!(told, expected, "{row}");
        }
    }
}

#[test]
fn going_dark_is_told_at_once_and_in_the_safe_order() {
    let mut rig = Rig::recording();
    rig.handle(Input::MotionChanged(true));
    rig.forget();
    rig.write_all(&OFF.request());
    for later in ["end recordings", "record nothing", "forget prebuffer", "forget pictures"] {
        assert!(rig.at("dark") < rig.at(later), "{later} before the gate: {:?}", rig.log);
    }
    assert!(rig.at("record nothing") < rig.at("forget prebuffer"), "{:?}", rig.log);
    assert!(rig.at("dark") < rig.at("no light"), "the light goes last: {:?}", rig.log);
    assert!(rig.at("notify") < rig.at("persist"), "StatusActive waits for no disk: {:?}", rig.log);
    assert!(rig.at("persist") < rig.at("reply"), "{:?}", rig.log);
    assert_eq!(rig.was_notified(iid::MOTION_STATUS_ACTIVE), Some(Value::Bool(false)));
    assert_eq!(rig.was_notified(iid::MOTION_DETECTED), Some(Value::Bool(false)));

    rig.forget();
    rig.write_all(&RECORD.request());
    assert!(rig.at("persist") < rig.at("light"), "{:?}", rig.log);
    assert!(rig.at("light") < rig.at("sight"), "the light comes first: {:?}", rig.log);
    assert_eq!(rig.was_notified(iid::MOTION_STATUS_ACTIVE), Some(Value::Bool(true)));
    assert_eq!(rig.read(iid::MOTION_DETECTED), Ok(Value::Bool(false)), "the old motion is over");
}

#[test]
fn either_hand_shuts_every_mode_and_alters_none() {
    for by in [DisabledBy::Switch, DisabledBy::Owner(THE_OWNERS)] {
        for mode in MODES {
            let row = format!("{} by {by:?}", mode.name);
            let mut rig = Rig::recording();
            rig.write_all(&mode.request());
            let stored = |rig: &Rig| {
                let ids = [iid::HOMEKIT_CAMERA_ACTIVE, iid::RECORDING_ACTIVE, iid::RTP[0].active];
                ids.map(|iid| rig.read(iid).unwrap())
            };
            let (before, permits) = (stored(&rig), rig.gate.permits());
            rig.handle(Input::SetDisabled { by, is_disabled: true });
            assert_eq!(rig.gate.permits(), privacy::Permits::default(), "{row}");
            assert!(rig.encoder.is_none(), "{row}");
            assert_eq!(rig.was_notified(iid::MANUALLY_DISABLED), Some(Value::Bool(true)), "{row}");
            assert_eq!(rig.read(iid::MOTION_STATUS_ACTIVE), Ok(Value::Bool(false)), "{row}");
            assert_eq!(rig.read(iid::RTP[0].streaming_status), Ok(unavailable()), "{row}");
            assert!(!rig.outputs.unwrap().status_led, "{row}");
            assert_eq!(stored(&rig), before, "{row}");

            // HomeKit turns it on all the same: that is kept for later.
            rig.write_all(&mode.request());
            assert_eq!(rig.gate.permits(), privacy::Permits::default(), "{row}");

            rig.handle(Input::SetDisabled { by, is_disabled: false });
            assert_eq!(rig.gate.permits(), permits, "{row}");
            assert_eq!(rig.was_notified(iid::MANUALLY_DISABLED), Some(Value::Bool(false)), "{row}");
        }
    }
}

#[test]
fn both_hands_must_let_go() {
    let mut rig = Rig::recording();
    for by in [DisabledBy::Switch, DisabledBy::Owner(THE_OWNERS)] {
        rig.handle(Input::SetDisabled { by, is_disabled: true });
    }
    rig.handle(Input::SetDisabled { by: DisabledBy::Switch, is_disabled: false });
    assert!(!rig.gate.permits().capture);
    assert!(rig.camera.is_manually_disabled());
    rig.handle(Input::SetDisabled { by: DisabledBy::Owner(THE_OWNERS), is_disabled: false });
    assert!(rig.gate.permits().capture);
}

#[test]
fn motion_is_told_only_while_the_camera_may_look() {
    let mut rig = Rig::recording();
    rig.forget();
    rig.handle(Input::MotionChanged(true));
    rig.handle(Input::MotionChanged(true));
    rig.handle(Input::MotionChanged(false));
    let told = [true, false].map(|moving| (iid::MOTION_DETECTED, Value::Bool(moving), None));
    assert_eq!(rig.notified, told);
    rig.write_all(&OFF.request());
    rig.forget();
    rig.handle(Input::MotionChanged(true));
    assert_eq!(rig.notified, []);
    assert_eq!(rig.read(iid::MOTION_DETECTED), Ok(Value::Bool(false)));
}

#[test]
fn snapshots_follow_their_switches() {
    use SnapshotReason::{Event, Periodic};
    use Status::{InsufficientPrivileges as Unsaid, NotAllowedInCurrentState as Forbidden};
    let mut rig = Rig::recording();
    rig.write(iid::EVENT_SNAPSHOTS_ACTIVE, Value::Bool(false)).unwrap();
    assert_eq!(rig.camera.snapshot(Some(Event)), Err(Forbidden));
    assert_eq!(rig.camera.snapshot(Some(Periodic)), Ok(()));
    assert_eq!(rig.camera.snapshot(None), Err(Unsaid));
    rig.write(iid::PERIODIC_SNAPSHOTS_ACTIVE, Value::UInt(0)).unwrap();
    assert_eq!(rig.camera.snapshot(Some(Periodic)), Err(Forbidden));
    rig.write(iid::EVENT_SNAPSHOTS_ACTIVE, Value::UInt(1)).unwrap();
    rig.write(iid::PERIODIC_SNAPSHOTS_ACTIVE, Value::Bool(true)).unwrap();
    assert_eq!(rig.camera.snapshot(None), Ok(()));
    rig.write_all(&DETECT.request());
    assert_eq!(rig.camera.snapshot(None), Err(Forbidden));
}

#[test]
fn lamps_obey_their_switches_while_the_camera_is_on() {
    let mut rig = Rig::recording();
    rig.write(iid::CAMERA_OPERATING_MODE_INDICATOR, Value::Bool(false)).unwrap();
    assert!(!rig.outputs.unwrap().status_led);
    assert!(rig.outputs.unwrap().night_vision);
    rig.write(iid::NIGHT_VISION, Value::Bool(false)).unwrap();
    assert!(!rig.outputs.unwrap().night_vision);
    rig.write(iid::CAMERA_OPERATING_MODE_INDICATOR, Value::Bool(true)).unwrap();
    assert!(rig.outputs.unwrap().status_led);
    assert!(rig.gate.permits().capture, "no lamp has a say about the sensor");
}

#[test]
fn another_controller_is_told_what_this_one_writes() {
    let mut rig = Rig::recording();
    rig.begin(OTHER_APP, &[(iid::NIGHT_VISION, Value::Bool(false))]);
    assert_eq!(rig.notified, [(iid::NIGHT_VISION, Value::Bool(false), Some(OTHER_APP))]);
    rig.forget();
    rig.begin(HOME_APP, &[(iid::NIGHT_VISION, Value::Bool(false))]);
    assert_eq!(rig.notified, [], "nothing changed");
}

#[test]
fn sound_heard_before_muting_is_forgotten() {
    let mut rig = Rig::recording();
    rig.write(iid::RECORDING_AUDIO_ACTIVE, Value::UInt(1)).unwrap();
    rig.log.clear();
    rig.write(iid::RECORDING_AUDIO_ACTIVE, Value::UInt(0)).unwrap();
    assert!(rig.log.contains(&"forget sound"), "{:?}", rig.log);
    rig.log.clear();
    rig.write(iid::RECORDING_AUDIO_ACTIVE, Value::UInt(1)).unwrap();
    assert!(!rig.log.contains(&"forget sound"), "{:?}", rig.log);
}
