// SPDX-License-Identifier: MIT OR Apache-2.0
//! What people read, and what reaches the camera.

use std::time::Duration;

use serde_json::json;

use crate::fake::State;
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_is_one_screen() {
    let house = House::new().await;
    house.run(&["status"]).says(&[
        "Porch  hsvd 0.1.0 on host\n",
        "  Health     ok\n",
        "  Mode       Stream & Allow Recording\n",
        "  Privacy    off; the switch on the case is off\n",
        "  May now    capture, live, motion, prebuffer, record\n",
        "  Viewers    1\n",
        "  Pairing    paired\n",
    ]);
    {
        let mut state = house.state.lock().unwrap();
        (state.health, state.privacy, state.paired) = ("fault", true, false);
        (state.failed_attempts, state.restart_needed) = (100, true);
    }
    house.run(&["status"]).says(&[
        "fault; hsvctl doctor says more",
        "on (hsvctl privacy off ends it)",
        "May now    nothing",
        "not paired; hsvctl pairing shows the code; locked after 100 wrong setup codes",
        "Settings   changed ones are used from the next start on",
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn privacy_and_night_are_read_without_and_set_with_an_argument() {
    let house = House::new().await;
    assert_eq!(house.run(&["privacy"]).out, "off\n");
    assert_eq!(house.run(&["privacy", "on"]).out, "on\n");
    assert!(house.state.lock().unwrap().privacy);
    assert_eq!(house.json(&["privacy", "off"])["software_privacy"], false);
    assert_eq!(house.run(&["night"]).out, "automatic; the filter is at day\n");
    assert_eq!(house.run(&["night", "off"]).out, "off; the filter is at day\n");
    assert_eq!(house.json(&["night", "auto"])["night_vision"], "automatic");
    house.run(&["mode"]).says(&[
        "Stream & Allow Recording\n",
        "record ",
        "yes",
        "record-audio",
        "no",
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_tables_and_empty_ones_say_so() {
    let house = House::new().await;
    house.run(&["recordings"]).says(&[
        "ID  BEGAN",
        "12  2023-11-14 22:13",
        "48.0 s",
        "11.5 MB",
        "normal",
    ]);
    house.run(&["sessions"]).says(&[
        "VIEWER",
        "3 ",
        "1280x720@30",
        "1.5 Mbit/s",
        "yes",
        "192.168.1.20",
    ]);
    house.run(&["pairing", "list"]).says(&[
        "CONTROLLER",
        "A0000000-0000-4000-8000-000000000001",
        "yes",
    ]);
    house.run(&["settings"]).says(&["KEY", "hap.port", "default", "51826"]);
    {
        let mut state = house.state.lock().unwrap();
        state.recordings.clear();
        state.sessions.clear();
        state.controllers.clear();
    }
    house.run(&["recordings"]).says(&["none since the start"]);
    house.run(&["sessions"]).says(&["nobody watches"]);
    house.run(&["pairing", "list"]).says(&["nobody is paired"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_unmet_condition_is_stressed() {
    let house = House::new().await;
    house.run(&["recordings", "--explain"]).says(&[
        "ok    paired",
        "NO >  selected  no hub has chosen a format\n",
        "wait for a home hub\n",
        "no    active",
        "Nothing is recorded because of \"selected\".",
    ]);
    for condition in &mut house.state.lock().unwrap().conditions {
        condition.met = true;
    }
    house.run(&["recordings", "--explain"]).says(&["the next motion starts one"]);
    assert_eq!(house.json(&["recordings", "--explain"])["missing"], json!(null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn motion_is_triggered_tuned_and_bounded() {
    let house = House::new().await;
    house.run(&["motion", "trigger"]).says(&["motion begins"]);
    house.run(&["motion", "tune", "--seconds", "1"]).says(&[
        "0.0010 of 0.0040  [#####...............|...................]",
        "0.2500 of 0.0040  [####################|###################] motion",
        "2 looks, 1 of them motion; the highest score was 0.2500.",
    ]);
    house.run(&["motion", "zones", "--include", "0,0.5,1,1", "--exclude", "0.5,0,1,1"]).says(&[
        "|++++",
        "----|",
        "+ motion counts   - it does not",
        "1  --include 0,0.5,1,1",
    ]);
    let zones = "[{ left = 0.0, top = 0.5, right = 1.0, bottom = 1.0, exclude = false }, \
                 { left = 0.5, top = 0.0, right = 1.0, bottom = 1.0, exclude = true }]";
    assert!(house.calls().contains(&format!("Set(motion.zones, {zones})")));
    house.run(&["motion", "zones", "--none"]).says(&["No zones"]);
    for wrong in ["0,0,1", "0.5,0,0.5,1", "0,0,2,1"] {
        house.run(&["motion", "zones", "--include", wrong]).refuses(2, "invalid value");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_given_as_toml_and_texts_may_lack_quotes() {
    let house = House::new().await;
    assert_eq!(house.run(&["settings", "get", "hap.port"]).out, "51826\n");
    house
        .run(&["settings", "set", "name", "Front Door"])
        .says(&["name = \"Front Door\"", "restart"]);
    house.run(&["settings", "set", "hap.port", "-1"]).says(&["hap.port = -1"]);
    house.run(&["settings", "unset", "name"]).says(&["name ="]);
    let calls = house.calls();
    for call in ["Set(name, \"Front Door\")", "Set(hap.port, -1)", "Unset(name)"] {
        assert!(calls.iter().any(|made| made == call), "no {call} in {calls:?}");
    }
    house.run(&["settings", "get", "nonsense"]).refuses(1, "there is no setting nonsense");
    house.run(&["settings", "set", "nonsense", "1"]).refuses(1, "there is no setting nonsense");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_taken_back_is_confirmed_or_refused() {
    let house = House::new().await;
    for arguments in [&["pairing", "reset"][..], &["pairing", "remove", "X"], &["factory-reset"]] {
        house.run(arguments).refuses(2, "add --yes if it is meant");
    }
    assert!(!house.calls().iter().any(|call| !call.starts_with("List")), "nothing was done");
    house.run(&["pairing", "remove", "X", "--yes"]).says(&["removed"]);
    house.run(&["pairing", "reset", "--yes"]).says(&["no longer paired"]);
    house.run(&["pairing", "unlock"]).says(&["can be tried again"]);
    house.run(&["identify"]).says(&["blinks"]);
    assert_eq!(house.calls(), ["Remove(X)", "UnpairAll()", "ClearAttempts()", "Identify()"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_is_waited_for() {
    let house = House::new().await;
    let before = std::time::Instant::now();
    house.run(&["restart"]).says(&["the camera runs again"]);
    assert!(before.elapsed() >= Duration::from_millis(400), "it was not waited for");
    let house = House::new().await;
    house.run(&["factory-reset", "--yes"]).says(&["as if new"]);
    assert_eq!(house.calls(), ["List()", "FactoryReset()"]);
    let house = House::new().await;
    house.run(&["restart", "--no-wait"]).says(&["starts anew"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_setup_code_can_be_scanned_and_typed() {
    let house = House::with(State { paired: false, ..State::default() }, "").await;
    let told = house.run(&["pairing"]);
    told.says(&["scan the code, or type it", "▀", "031-45-155", "X-HM://00HQY3LZN7OSX"]);
    let bars = told.out.lines().filter(|line| line.contains(['▀', '▄', '█'])).count();
    assert!(bars >= 12, "{}", told.out);
    house.state.lock().unwrap().paired = true;
    house.run(&["pairing", "show"]).says(&["paired already", "031-45-155"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_are_for_those_who_want_them() {
    let house = House::new().await;
    let with = |variables: &[(&str, &str)]| {
        let mut command = house.command(&["status"]);
        command.envs(variables.iter().copied());
        let out = command.output().unwrap().stdout;
        out.contains(&0x1b)
    };
    assert!(!with(&[]), "a pipe is no terminal");
    assert!(with(&[("CLICOLOR_FORCE", "1")]));
    assert!(!with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(with(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "")]), "an empty one says nothing");
    assert!(!with(&[("CLICOLOR_FORCE", "0")]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_what_it_found_and_how_bad_it_is() {
    let house = House::new().await;
    house.run(&["doctor"]).says(&[
        "ok",
        "program",
        "camera",
        "pictures come",
        "0 faults, 1 warning.",
    ]);
    {
        let mut state = house.state.lock().unwrap();
        state.findings[0].verdict = "fault".to_owned();
        state.findings[0].advice = "plug it in".to_owned();
    }
    let told = house.run(&["doctor"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(
        told.out.contains("plug it in") && told.out.contains("1 fault, 1 warning."),
        "{told:?}"
    );
    house.end_camera().await;
    let told = house.run(&["doctor"]);
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.out.contains("the camera's program is not running"), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_are_asked_for_and_refused_with_a_sentence() {
    let house = House::new().await;
    let told = house.run(&["update"]);
    assert_eq!(told.code, 0, "{told:?}");
    for words in ["1.0.0, system A", "1.2.0: Sees better at night", "1.1.0 came back"] {
        assert!(told.out.contains(words), "{words}: {told:?}");
    }
    let told = house.run(&["update", "install", "https://example.org/x.raucb"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.error.contains("this camera is hsv-rock-3a"), "{told:?}");
    let told = house.run(&["update", "install", "nothing.raucb"]);
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.error.contains("nothing.raucb: No such file"), "{told:?}");
    for (verb, code) in
        [(&["seen"][..], 0), (&["now"], 1), (&["rollback"], 2), (&["rollback", "--yes"], 0)]
    {
        let told = house.run(&[&["update"], verb].concat());
        assert_eq!(told.code, code, "{verb:?}: {told:?}");
    }
}
