// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whose fault it is, what to do, and the exit status.

use std::collections::HashMap;
use std::time::Duration;

use control::Error;

use crate::fake::State;
use crate::house::{House, PrivateBus, Told, command, has, write};

/// All that need the camera.
const COMMANDS: [&[&str]; 20] = [
    &["status"],
    &["watch"],
    &["privacy", "on"],
    &["mode"],
    &["night"],
    &["motion", "trigger"],
    &["motion", "zones"],
    &["motion", "tune"],
    &["snapshot", "x.jpg"],
    &["recordings"],
    &["recordings", "--explain"],
    &["sessions"],
    &["pairing"],
    &["pairing", "list"],
    &["settings"],
    &["settings", "get", "name"],
    &["diagnostics", "x.tar"],
    &["factory-reset", "--yes"],
    &["identify"],
    &["restart"],
];

#[test]
fn without_a_camera_every_command_ends_with_3() {
    let bus = PrivateBus::start("");
    for arguments in COMMANDS {
        let run = command(&bus.address(), bus.folder.path(), arguments).output().unwrap();
        Told::of(&run).refuses(3, "the camera's program is not running");
    }
}

#[test]
fn without_a_bus_every_command_ends_with_3() {
    let folder = tempfile::TempDir::new().unwrap();
    let address = format!("unix:path={}/nobody", folder.path().display());
    for arguments in COMMANDS {
        let run = command(&address, folder.path(), arguments).output().unwrap();
        Told::of(&run).refuses(3, "cannot be reached");
    }
    let doctor = Told::of(&command(&address, folder.path(), &["doctor"]).output().unwrap());
    assert_eq!(doctor.code, 3, "{doctor:?}");
    assert!(doctor.out.contains("1 fault"), "{doctor:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bus_is_the_options_then_the_environments_then_the_systems() {
    let house = House::new().await;
    let mut by_environment = house.command(&["privacy"]);
    by_environment = {
        let mut command = std::process::Command::new(by_environment.get_program());
        command.arg("privacy").env("HSV_BUS", house.bus.address());
        command
    };
    assert_eq!(by_environment.output().unwrap().stdout, b"off\n");
    by_environment.env("HSV_BUS", "session");
    by_environment.env("DBUS_SESSION_BUS_ADDRESS", house.bus.address());
    assert_eq!(by_environment.output().unwrap().stdout, b"off\n");
    by_environment.env_remove("HSV_BUS").env("DBUS_SYSTEM_BUS_ADDRESS", house.bus.address());
    assert_eq!(by_environment.output().unwrap().stdout, b"off\n", "the system's is the default");
    let mut nowhere = house.command(&["privacy"]);
    nowhere.env("HSV_BUS", "unix:path=/nowhere");
    assert_eq!(nowhere.output().unwrap().stdout, b"off\n", "--bus stands above the environment");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_camera_refuses_is_told_in_its_words_with_advice() {
    type Row = (&'static [&'static str], &'static str, fn() -> Error, &'static str);
    let rows: [Row; 8] = [
        (
            &["motion", "trigger"],
            "TriggerMotion",
            || Error::NotPermitted("it is off".into()),
            "hsvctl status",
        ),
        (&["snapshot", "x"], "Snapshot", || Error::InvalidArgument("too wide".into()), ""),
        (
            &["snapshot", "x"],
            "Snapshot",
            || Error::NoPicture("no frame came".into()),
            "hsvctl doctor",
        ),
        (
            &["settings", "set", "name", "x"],
            "Set",
            || Error::InvalidSetting("bad".into()),
            "hsvctl settings",
        ),
        (
            &["pairing", "remove", "x", "--yes"],
            "Remove",
            || Error::UnknownController("who".into()),
            "pairing list",
        ),
        (&["identify"], "Identify", || Error::NotPermitted("it is off".into()), "hsvctl status"),
        (&["restart"], "Restart", || Error::Busy("too many".into()), "try again"),
        (
            &["pairing", "reset", "--yes"],
            "UnpairAll",
            || Error::StoreFailed("full".into()),
            "disk full",
        ),
    ];
    for (arguments, method, error, advice) in rows {
        let refusals = HashMap::from([(method, error)]);
        let house = House::with(State { refusals, ..State::default() }, "").await;
        let told = house.run(arguments);
        told.refuses(1, advice);
        let Err(sentence) = Err::<(), _>(error()) else { continue };
        let sentence = sentence.to_string();
        let sentence = sentence.rsplit(": ").next().unwrap_or_default();
        assert!(told.error.contains(sentence), "{sentence:?} is not in {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_that_is_not_taken_over_is_told() {
    let refusals = HashMap::from([(
        "SoftwarePrivacy",
        (|| Error::StoreFailed(String::new())) as fn() -> Error,
    )]);
    let house = House::with(State { refusals, ..State::default() }, "").await;
    house.run(&["privacy", "on"]).refuses(1, "the disk refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_policy_forbids_is_told_as_that() {
    let policy = "<deny send_destination=\"org.hsvcam.Camera\" \
                  send_interface=\"org.hsvcam.Pairing1\" send_member=\"SetupCode\"/>\
                  <deny send_destination=\"org.hsvcam.Camera\" \
                  send_interface=\"org.hsvcam.Settings1\"/>";
    let house = House::with(State::default(), policy).await;
    house.run(&["pairing"]).refuses(1, "you may not do this");
    house.run(&["settings"]).refuses(1, "use sudo");
    house.run(&["factory-reset"]).refuses(2, "add --yes");
    house.run(&["status"]).says(&["Camera  hsvd 0.1.0"]);
    assert_eq!(house.json(&["status"])["name"], serde_json::Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_use_ends_with_2() {
    let house = House::new().await;
    for (arguments, part) in [
        (&["nonsense"][..], "unrecognized subcommand"),
        (&[], "Usage"),
        (&["privacy", "maybe"], "possible values: on, off"),
        (&["snapshot"], "<FILE>"),
        (&["snapshot", "x", "--width", "5000"], "5000"),
        (&["motion", "tune", "--seconds", "0"], "0"),
        (&["motion", "zones", "--none", "--include", "0,0,1,1"], "cannot be used with"),
    ] {
        house.run(arguments).refuses(2, part);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_that_goes_away_in_the_middle_is_told() {
    let house = House::with(State { pause: Duration::from_secs(60), ..State::default() }, "").await;
    let running = std::thread::spawn({
        let mut command = house.command(&["identify"]);
        move || Told::of(&command.output().unwrap())
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    house.end_camera().await;
    running.join().unwrap().refuses(3, "does not answer");
}

#[test]
fn logs_hands_on_to_the_journal_and_says_when_there_is_none() {
    let folder = tempfile::TempDir::new().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = command("unix:path=/nowhere", folder.path(), arguments);
        Told::of(&command.env("PATH", folder.path()).output().unwrap())
    };
    run(&["logs"]).refuses(1, "there is no journalctl");
    let journal = folder.path().join("journalctl");
    write(&journal, "#!/bin/sh\necho \"$@\"\n");
    std::fs::set_permissions(&journal, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    assert!(has("sh"));
    run(&["logs"]).says(&["-u hsvd.service\n"]);
    run(&["logs", "-f", "-n", "20", "--", "--since", "today"])
        .says(&["-u hsvd.service -f -n 20 --since today\n"]);
    run(&["logs", "--json"]).says(&["-u hsvd.service -o json\n"]);
}
