// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each finding, and that a camera that is well has none.

use super::*;
use crate::control::facts::tests::all_is_well;

fn machine() -> Machine {
    Machine {
        now: all_is_well().now,
        is_synchronised: Some(true),
        addresses: vec![("eth0".to_owned(), "192.168.1.20".parse().unwrap())],
        listening: Some(vec![51826, 51827]),
        disk: Some((1 << 30, 4 << 30)),
        memory: Some((256 << 20, 512 << 20)),
        resident: Some(20 << 20),
        slot: None,
    }
}

#[test]
fn a_camera_that_is_well_has_no_finding() {
    for finding in findings(&all_is_well(), &machine()) {
        assert_eq!(finding.verdict, "ok", "{finding:?}");
        assert!(finding.advice.is_empty() && finding.text.ends_with('.'), "{finding:?}");
    }
}

#[test]
fn a_new_camera_is_told_to_be_added_and_nothing_else() {
    let mut facts = all_is_well();
    facts.state.mode = privacy::OperatingMode::factory();
    (facts.sessions, facts.listeners, facts.is_capturing) = (0, 0, false);
    facts.prebuffer = Duration::ZERO;
    facts.last = Default::default();
    let found: Vec<_> = findings(&facts, &machine());
    let bad: Vec<&str> =
        found.iter().filter(|one| one.verdict != "ok").map(|one| one.check.as_str()).collect();
    assert_eq!(bad, ["paired"], "{found:?}");
}

type Spoil = fn(&mut Facts, &mut Machine);

#[test]
fn each_trouble_is_one_finding() {
    let table: &[(Spoil, &str, &str, &str)] = &[
        (|f, _| f.troubles.source = Some("gone".into()), "camera", "fault", "gone"),
        (|f, _| f.is_capturing = false, "camera", "warning", "not open yet"),
        (|f, _| f.troubles.encoder = Some("hangs".into()), "encoder", "fault", "hangs"),
        (|f, _| f.prebuffer = Duration::ZERO, "encoder", "warning", "whole fragment"),
        (|f, _| f.troubles.sound = Some("no card".into()), "sound", "warning", "no card"),
        (|f, _| f.troubles.speaker = Some("no card".into()), "sound", "warning", "loudspeaker"),
        (|f, _| f.troubles.has_body_fault = true, "lines", "fault", "does not work"),
        (|_, m| m.now = SystemTime::UNIX_EPOCH, "clock", "fault", "never set"),
        (|_, m| m.is_synchronised = Some(false), "clock", "warning", "No time server"),
        (|_, m| m.addresses.clear(), "network", "fault", "no address"),
        (
            |_, m| m.addresses = vec![("wlan0".into(), "169.254.1.1".parse().unwrap())],
            "network",
            "fault",
            "gave itself",
        ),
        (|f, _| f.published = Published::NotYet, "mdns", "warning", "not published"),
        (|f, _| f.published = Published::Failed("taken".into()), "mdns", "fault", "taken"),
        (|_, m| m.listening = Some(vec![51826]), "ports", "fault", "51827"),
        (|f, _| f.sessions = 0, "hub-connected", "warning", "No controller"),
        (|f, _| f.listeners = 0, "motion-subscribed", "warning", "Nobody"),
        (
            |f, _| f.last.recording.as_mut().unwrap().outcome = "failed".into(),
            "recording",
            "warning",
            "Recording ended",
        ),
        (|f, _| f.state.mode.recording_active = false, "recording", "warning", "not allowed"),
        (|f, _| f.troubles.is_store_failing = true, "disk", "fault", "cannot be saved"),
        (|_, m| m.disk = Some((1000, 1 << 30)), "disk", "fault", "full"),
        (|_, m| m.disk = Some((8 << 20, 1 << 30)), "disk", "warning", "8 MiB"),
        (|_, m| m.disk = None, "disk", "warning", "cannot be looked at"),
        (|f, _| f.troubles.update = Some("no pictures".into()), "update", "fault", "no pictures"),
        (|_, m| m.memory = Some((10 << 20, 512 << 20)), "memory", "warning", "10 of 512 MiB"),
    ];
    for (spoil, check, verdict, words) in table {
        let (mut facts, mut machine) = (all_is_well(), machine());
        spoil(&mut facts, &mut machine);
        let bad: Vec<_> =
            findings(&facts, &machine).into_iter().filter(|one| one.verdict != "ok").collect();
        let [one] = &bad[..] else { panic!("{check}, {words}: {bad:?}") };
        assert_eq!((one.check.as_str(), one.verdict.as_str()), (*check, *verdict), "{one:?}");
        assert!(one.text.contains(words), "{words:?} is not in {one:?}");
        assert!(!one.advice.is_empty(), "{one:?}");
    }
}

#[test]
fn the_system_that_runs_is_named_and_nothing_is_made_up() {
    let told = |slot: Option<&str>| {
        let machine = Machine { slot: slot.map(str::to_owned), ..machine() };
        let found = findings(&all_is_well(), &machine);
        found[found.len() - 2..].iter().map(|one| one.text.clone()).collect::<Vec<_>>().join(" ")
    };
    assert!(told(Some("B")).starts_with("System B of this image's two runs. "));
    assert!(told(None).starts_with("This machine does not run an A/B image. "));
}
