// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each way in which a recording does not happen, and what is said of it.

use ::control::Recording;
use privacy::OperatingMode;

use super::*;
use crate::control::facts::tests::all_is_well;

type Spoil = fn(&mut Facts);

fn recording(started: SystemTime, outcome: &str, reason: &str) -> Option<Recording> {
    let started = started.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Some(Recording {
        id: 1,
        started: i64::try_from(started).unwrap(),
        open_ms: 20_000,
        media_ms: 24_000,
        fragments: 6,
        bytes: 3_000_000,
        outcome: outcome.to_owned(),
        reason: reason.to_owned(),
    })
}

#[test]
fn where_all_is_well_every_condition_is_met() {
    let conditions = conditions(&all_is_well());
    let names: Vec<&str> = conditions.iter().map(|one| one.name.as_str()).collect();
    let order = [
        "paired",
        "camera-on",
        "privacy-off",
        "recording-allowed",
        "hub-connected",
        "motion-subscribed",
        "selected",
        "capture",
        "encoder",
        "motion",
        "opened",
    ];
    assert_eq!(names, order);
    for one in conditions {
        assert!(one.met, "{one:?}");
        assert!(one.advice.is_empty() && one.text.ends_with('.'), "{one:?}");
    }
}

#[test]
fn the_first_that_is_not_met_names_the_cause() {
    let table: &[(Spoil, &str, &str)] = &[
        (|f| f.state.mode = OperatingMode::factory(), "paired", "Nobody has added"),
        (|f| f.state.mode.homekit_camera_active = false, "camera-on", "off in Home"),
        (
            |f| (f.state.mode.manually_disabled, f.state.is_switched_off) = (true, true),
            "privacy-off",
            "switch on the camera is on",
        ),
        (
            |f| (f.state.mode.manually_disabled, f.state.is_disabled_by_owner) = (true, true),
            "privacy-off",
            "on this machine",
        ),
        (
            |f| {
                f.state.mode.manually_disabled = true;
                f.state.switch = Switch::Unreadable;
            },
            "privacy-off",
            "cannot be read",
        ),
        (|f| f.state.mode.recording_active = false, "recording-allowed", "does not allow"),
        (|f| f.sessions = 0, "hub-connected", "No controller"),
        (|f| f.listeners = 0, "motion-subscribed", "Nobody who is connected"),
        (|f| f.state.mode.has_selected_configuration = false, "selected", "No home hub has"),
        (|f| f.is_capturing = false, "capture", "closed"),
        (|f| f.troubles.source = Some("unplugged".into()), "capture", "unplugged"),
        (|f| f.prebuffer = Duration::ZERO, "encoder", "whole fragment"),
        (|f| f.troubles.encoder = Some("it hangs".into()), "encoder", "it hangs"),
        (
            |f| (f.last.motion, f.state.is_moving) = (None, false),
            "motion",
            "No motion was seen in the 2 h",
        ),
        (|f| f.last.recording = None, "opened", "No home hub has opened"),
        (
            |f| f.last.recording = recording(f.now - Duration::from_secs(7_300), "normal", "Fine"),
            "opened",
            "none after the last motion; the last was opened 2 h ago",
        ),
        (
            |f| {
                let at = f.now - Duration::from_secs(31);
                f.last.recording = recording(at, "cut-short", "Recording cut short: the network");
            },
            "opened",
            "Recording cut short: the network.",
        ),
        (
            |f| f.last.refusal = Some((f.now, "because it is busy (reason 2)".into())),
            "opened",
            "refused: because it is busy",
        ),
    ];
    for (spoil, name, words) in table {
        let mut facts = all_is_well();
        spoil(&mut facts);
        let conditions = conditions(&facts);
        let first = conditions.iter().find(|one| !one.met);
        let first = first.unwrap_or_else(|| panic!("{name}: all are met"));
        assert_eq!(first.name, *name, "{first:?}");
        assert!(first.text.contains(words), "{words:?} is not in {first:?}");
        assert!(!first.advice.is_empty(), "{first:?}");
    }
}

#[test]
fn a_running_recording_is_one() {
    let mut facts = all_is_well();
    facts.last.refusal = Some((facts.now - Duration::from_secs(300), "busy".into()));
    facts.last.recording = recording(facts.now, "running", "");
    assert!(conditions(&facts).iter().all(|one| one.met));
}

#[test]
fn times_are_said_in_their_largest_unit() {
    for (seconds, said) in
        [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days")]
    {
        assert_eq!(words(Duration::from_secs(seconds)), said);
    }
    let now = SystemTime::UNIX_EPOCH;
    assert_eq!(ago(now, now + Duration::from_secs(5)), "0 s", "the clock went back");
}
