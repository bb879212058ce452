// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading and writing characteristics, timed writes, snapshots.

mod support;

use std::time::Duration;

use hap::{Database, Output, Request, SnapshotReason, Status, Value, WriteEntry};
use serde_json::{Value as Json, json};
use support::{
    BELL, Controller, FAULT, Home, IDENTIFY, INDICATOR, JPEG, LOCKED, MOTION, Mode, NAME, SELECTED,
    TRANSPORT, VOLUME,
};

#[test]
fn the_database_is_published_with_values_as_they_are() {
    let (mut home, _, mut link) = Home::paired();
    let answer = link.get(&mut home, "/accessories");
    assert_eq!(answer.code(), 200);
    let accessory = &answer.json()["accessories"][0];
    assert_eq!(accessory["aid"], 1);
    let services = accessory["services"].as_array().unwrap();
    let kinds: Vec<&str> = services.iter().map(|s| s["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["3E", "85", "121", "204", "129", "112"]);
    assert_eq!((&services[2]["primary"], &services[3]["linked"]), (&json!(true), &json!([10])));
    let find = |iid: u64| {
        let all = services.iter().flat_map(|s| s["characteristics"].as_array().unwrap());
        all.into_iter().find(|c| c["iid"] == iid).unwrap().clone()
    };
    assert_eq!(find(IDENTIFY), json!({"iid":2,"type":"14","perms":["pw"],"format":"bool"}));
    assert_eq!(find(NAME)["value"], "Front \"Door\"");
    assert_eq!(find(MOTION)["value"], 0);
    assert_eq!(
        find(VOLUME),
        json!({"iid":VOLUME,"type":"119","perms":["pr","pw","ev"],"format":"uint8",
               "minValue":0,"maxValue":100,"minStep":1,"value":50})
    );
    assert_eq!(find(BELL)["value"], Json::Null);
    assert_eq!(find(SELECTED)["value"], Json::Null, "it cannot be read yet");
    assert_eq!(find(INDICATOR)["perms"], json!(["pr", "pw", "ev", "tw"]));
    assert_eq!(find(SELECTED)["perms"], json!(["pr", "pw", "ev"]), "admin is not on the wire");
}

#[test]
fn a_change_of_the_metadata_changes_the_hash_and_nothing_else_does() {
    let database = support::database();
    assert_eq!(database.metadata_hash(), support::database().metadata_hash());
    for change in 0..4 {
        let mut services = database.services().to_vec();
        match change {
            0 => services[1].iid = 99,
            1 => services[1].is_hidden = true,
            2 => services[2].characteristics[1].limits.max_len = Some(9),
            _ => drop(services[0].characteristics.pop()),
        }
        let changed = Database::new(services).metadata_hash();
        assert_ne!(changed, database.metadata_hash(), "change {change}");
    }
}

#[test]
fn a_read_keeps_the_order_and_has_no_status_when_all_is_well() {
    let (mut home, _, mut link) = Home::paired();
    let path = format!("/characteristics?id=1.{VOLUME},1.{BELL},1.{NAME},1.{VOLUME}");
    let answer = link.get(&mut home, &path);
    assert_eq!(answer.code(), 200);
    assert_eq!(
        answer.json(),
        json!({"characteristics":[
            {"aid":1,"iid":VOLUME,"value":50},
            {"aid":1,"iid":BELL,"value":null},
            {"aid":1,"iid":NAME,"value":"Front \"Door\""},
            {"aid":1,"iid":VOLUME,"value":50}]})
    );
}

#[test]
fn one_failure_gives_every_entry_a_status() {
    let (mut home, _, mut link) = Home::paired();
    let ids = format!("1.{NAME},1.{IDENTIFY},1.999,2.{NAME},1.{SELECTED}");
    let answer = link.get(&mut home, &format!("/characteristics?id={ids}&type=1"));
    assert_eq!(answer.code(), 207);
    assert_eq!(
        answer.statuses(),
        [(NAME, 0), (IDENTIFY, -70405), (999, -70409), (NAME, -70409), (SELECTED, -70402)]
    );
    let entries = answer.json();
    assert_eq!(entries["characteristics"][0]["value"], "Front \"Door\"");
    for failed in 1..5 {
        let members: Vec<String> =
            entries["characteristics"][failed].as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["aid", "iid", "status"]);
    }
    let only_failures = link.get(&mut home, "/characteristics?id=1.999");
    assert_eq!((only_failures.code(), only_failures.statuses()), (207, vec![(999, -70409)]));
}

#[test]
fn flags_add_what_they_name() {
    let (mut home, _, mut link) = Home::paired();
    link.subscribe(&mut home, VOLUME);
    let path = format!("/characteristics?id=1.{VOLUME},1.{FAULT}&meta=1&perms=1&type=1&ev=true");
    let entries = link.get(&mut home, &path).json();
    assert_eq!(
        entries["characteristics"][0],
        json!({"aid":1,"iid":VOLUME,"type":"119","perms":["pr","pw","ev"],"format":"uint8",
               "minValue":0,"maxValue":100,"minStep":1,"ev":true,"value":50})
    );
    assert_eq!(entries["characteristics"][1]["ev"], false);
}

#[test]
fn garbled_reads_and_writes_are_a_400() {
    let (mut home, _, mut link) = Home::paired();
    for path in ["/characteristics", "/characteristics?id=", "/characteristics?id=1.x&ev=1"] {
        assert_eq!(link.get(&mut home, path).code(), 400, "{path}");
    }
    for body in [
        "",
        "[]",
        "{}",
        "{\"characteristics\":[{\"aid\":1}]}",
        "{\"characteristics\":[{\"aid\":1,\"iid\":22,\"ev\":\"yes\"}]}",
        "{\"characteristics\":[{\"aid\":1,\"iid\":22,\"value\":",
        "\u{feff}{}",
    ] {
        assert_eq!(link.put(&mut home, body).code(), 400, "{body}");
    }
    assert!(home.requests().is_empty());
}

fn writes(home: &Home) -> Vec<Vec<WriteEntry>> {
    let writes = home.requests().into_iter().filter_map(|(_, request)| match request {
        Request::Write(entries) => Some(entries),
        _ => None,
    });
    writes.collect()
}

fn entry(iid: u64, value: Value) -> WriteEntry {
    WriteEntry { iid, value, wants_response: false }
}

#[test]
fn a_write_is_done_in_order_and_answered_with_204() {
    let (mut home, admin, mut link) = Home::paired();
    let body = json!({"characteristics":[
        {"aid":1,"iid":VOLUME,"value":10,"remote":true,"authData":"AAAA","new":[1]},
        {"aid":1,"iid":SELECTED,"value":"AQEA"},
        {"aid":1,"iid":VOLUME,"value":20,"ev":true}]});
    let answer = link.put(&mut home, &body.to_string());
    assert_eq!((answer.code(), answer.body.len()), (204, 0));
    let expected = vec![
        entry(VOLUME, Value::UInt(10)),
        entry(SELECTED, Value::Bytes(vec![1, 1, 0])),
        entry(VOLUME, Value::UInt(20)),
    ];
    assert_eq!(writes(&home), [expected]);
    let Some(Output::Request { caller, .. }) = home.log.first() else { panic!() };
    assert_eq!((caller.conn, caller.controller.as_str()), (link.conn, admin.id.as_str()));
    assert!(caller.is_admin);
    assert_eq!(link.put(&mut home, r#"{"characteristics":[]}"#).code(), 204);
}

#[test]
fn each_entry_is_judged_by_itself() {
    let (mut home, _, mut link) = Home::paired();
    let body = json!({"characteristics":[
        {"aid":1,"iid":NAME,"value":"x"},
        {"aid":1,"iid":999,"value":1},
        {"aid":2,"iid":VOLUME,"value":1},
        {"aid":1,"iid":VOLUME},
        {"aid":1,"iid":VOLUME,"value":null},
        {"aid":1,"iid":VOLUME,"value":101},
        {"aid":1,"iid":VOLUME,"value":"loud"},
        {"aid":1,"iid":IDENTIFY,"ev":true},
        {"aid":1,"iid":INDICATOR,"value":true},
        {"aid":1,"iid":LOCKED,"value":true,"authData":"AAAA"},
        {"aid":1,"iid":VOLUME,"value":7},
        {"aid":1,"iid":INDICATOR,"ev":1}]});
    let answer = link.put(&mut home, &body.to_string());
    assert_eq!(answer.code(), 207);
    let statuses: Vec<i64> = answer.statuses().iter().map(|(_, status)| *status).collect();
    assert_eq!(
        statuses,
        [-70404, -70409, -70409, -70410, -70410, -70410, -70410, -70406, -70410, -70411, 0, 0]
    );
    assert_eq!(writes(&home), [vec![entry(VOLUME, Value::UInt(7))]]);
}

#[test]
fn the_cameras_refusal_is_told() {
    let (mut home, _, mut link) = Home::paired();
    home.camera = Mode::Fails;
    let body = format!(r#"{{"characteristics":[{{"aid":1,"iid":{VOLUME},"value":7}}]}}"#);
    assert_eq!(link.put(&mut home, &body).statuses(), [(VOLUME, -70412)]);
}

#[test]
fn only_admins_write_what_is_theirs() {
    let (mut home, _, mut admin) = Home::paired();
    let member = Controller::new("member", 2);
    Controller::add(&mut home, &mut admin, &member, 0).unwrap();
    let mut link = member.session(&mut home);
    let body = format!(r#"{{"characteristics":[{{"aid":1,"iid":{SELECTED},"value":""}}]}}"#);
    assert_eq!(link.put(&mut home, &body).statuses(), [(SELECTED, -70401)]);
    assert!(writes(&home).is_empty());
    // A change of permissions counts at once, on open sessions too.
    Controller::add(&mut home, &mut admin, &member, 1).unwrap();
    assert_eq!(link.put(&mut home, &body).code(), 204);
}

#[test]
fn a_value_comes_back_only_when_asked_for() {
    let (mut home, _, mut link) = Home::paired();
    let body = |r: &str| {
        format!(r#"{{"characteristics":[{{"aid":1,"iid":{TRANSPORT},"value":"AQEC"{r}}}]}}"#)
    };
    let answer = link.put(&mut home, &body(r#","r":true"#));
    assert_eq!(answer.code(), 207);
    assert_eq!(
        answer.json(),
        json!({"characteristics":[{"aid":1,"iid":TRANSPORT,"status":0,"value":"AQEC"}]})
    );
    assert_eq!(link.put(&mut home, &body("")).code(), 204);
    assert_eq!(link.put(&mut home, &body(r#","r":false"#)).code(), 204);
    home.camera = Mode::Fails;
    let failed = link.put(&mut home, &body(r#","r":true"#)).json();
    assert_eq!(failed, json!({"characteristics":[{"aid":1,"iid":TRANSPORT,"status":-70412}]}));
}

const SWITCH_OFF: &str = r#"{"characteristics":[{"aid":1,"iid":31,"value":false}],"pid":7}"#;
const PLAIN: &str = r#"{"characteristics":[{"aid":1,"iid":22,"value":5}]}"#;

#[test]
fn a_timed_write_needs_its_own_prepare_in_time() {
    let (mut home, admin, mut link) = Home::paired();
    let prepare = |pid: u64| format!(r#"{{"ttl":2500,"pid":{pid}}}"#).into_bytes();
    let rejected = [(INDICATOR, -70410)];
    assert_eq!(link.put(&mut home, SWITCH_OFF).statuses(), rejected, "nothing prepared");

    let answer = link.request(&mut home, "PUT", "/prepare", &prepare(7));
    assert_eq!((answer.code(), answer.json()), (200, json!({"status":0})));
    assert_eq!(link.put(&mut home, PLAIN).code(), 204, "a plain write does not use it up");
    assert_eq!(link.put(&mut home, SWITCH_OFF).code(), 204);
    assert_eq!(home.values[&INDICATOR], Value::Bool(false));
    assert_eq!(link.put(&mut home, SWITCH_OFF).statuses(), rejected, "used up");

    link.request(&mut home, "PUT", "/prepare", &prepare(7));
    home.pass(Duration::from_millis(2501));
    assert_eq!(link.put(&mut home, SWITCH_OFF).statuses(), rejected, "expired");

    link.request(&mut home, "PUT", "/prepare", &prepare(7));
    link.request(&mut home, "PUT", "/prepare", &prepare(8));
    assert_eq!(link.put(&mut home, SWITCH_OFF).statuses(), rejected, "replaced");

    link.request(&mut home, "PUT", "/prepare", &prepare(7));
    let mut other = admin.session(&mut home);
    assert_eq!(other.put(&mut home, SWITCH_OFF).statuses(), rejected, "of another connection");
    assert_eq!(writes(&home).len(), 2);
}

#[test]
fn a_rejected_pid_rejects_every_entry() {
    let (mut home, _, mut link) = Home::paired();
    let body = r#"{"characteristics":[{"aid":1,"iid":22,"value":5},{"aid":1,"iid":22,"ev":true}],"pid":1}"#;
    assert_eq!(link.put(&mut home, body).statuses(), [(VOLUME, -70410), (VOLUME, -70410)]);
    let read = link.get(&mut home, "/characteristics?id=1.22&ev=1").json();
    assert_eq!(read["characteristics"][0]["ev"], false);
    for body in ["", "{}", r#"{"ttl":1}"#, r#"{"pid":1}"#, r#"{"ttl":-1,"pid":1}"#] {
        assert_eq!(
            link.request(&mut home, "PUT", "/prepare", body.as_bytes()).code(),
            400,
            "{body}"
        );
    }
    let longest = format!(r#"{{"ttl":{max},"pid":{max}}}"#, max = u64::MAX);
    assert_eq!(link.request(&mut home, "PUT", "/prepare", longest.as_bytes()).code(), 200);
}

#[test]
fn snapshots_with_and_without_reason_and_aid() {
    let (mut home, _, mut link) = Home::paired();
    for (extra, reason) in [
        ("", None),
        (r#","reason":0"#, Some(SnapshotReason::Periodic)),
        (r#","reason":1,"aid":1"#, Some(SnapshotReason::Event)),
    ] {
        home.log.clear();
        let body =
            format!(r#"{{"resource-type":"image","image-width":1280,"image-height":720{extra}}}"#);
        let answer = link.request(&mut home, "POST", "/resource", body.as_bytes());
        assert_eq!((answer.code(), answer.body.as_slice()), (200, JPEG), "{extra}");
        let expected = Request::Snapshot { width: 1280, height: 720, reason };
        assert_eq!(home.requests().pop().unwrap().1, expected, "{extra}");
    }
    home.camera = Mode::Fails;
    let body = br#"{"resource-type":"image","image-width":1,"image-height":1}"#;
    let answer = link.request(&mut home, "POST", "/resource", body);
    assert_eq!((answer.code(), answer.json()), (207, json!({"status":-70412})));
}

#[test]
fn snapshots_that_make_no_sense_are_refused() {
    let (mut home, _, mut link) = Home::paired();
    for (body, code) in [
        ("", 400),
        (r#"{"resource-type":"image"}"#, 400),
        (r#"{"resource-type":"film","image-width":1,"image-height":1}"#, 400),
        (r#"{"resource-type":"image","image-width":0,"image-height":1}"#, 400),
        (r#"{"resource-type":"image","image-width":-1,"image-height":1}"#, 400),
        (r#"{"resource-type":"image","image-width":1,"image-height":1,"reason":2}"#, 400),
        (r#"{"resource-type":"image","image-width":1,"image-height":1,"aid":2}"#, 404),
    ] {
        let answer = link.request(&mut home, "POST", "/resource", body.as_bytes());
        assert_eq!(answer.code(), code, "{body}");
    }
    assert!(home.requests().is_empty());
}

#[test]
fn a_camera_that_does_not_answer_is_told_after_ten_seconds() {
    let (mut home, _, mut link) = Home::paired();
    home.camera = Mode::Waits;
    let late = Status::TimedOut.code();
    let mut late_answer = |home: &mut Home, method, path, body| {
        link.ask(home, method, path, body);
        home.pass(Duration::from_millis(9_999));
        assert!(link.receive(home).is_empty(), "{path}");
        home.pass(Duration::from_millis(1));
        link.only_message(home)
    };
    let read = late_answer(&mut home, "GET", "/characteristics?id=1.3,1.21", "");
    assert_eq!(read.statuses(), [(NAME, late.into()), (BELL, 0)]);
    let write = late_answer(&mut home, "PUT", "/characteristics", PLAIN);
    assert_eq!(write.statuses(), [(VOLUME, late.into())]);
    let body = r#"{"resource-type":"image","image-width":1,"image-height":1}"#;
    let snapshot = late_answer(&mut home, "POST", "/resource", body);
    assert_eq!((snapshot.code(), snapshot.json()), (207, json!({"status":late})));
    assert_eq!(late_answer(&mut home, "GET", "/accessories", "").code(), 500);
    home.camera = Mode::Works;
    assert_eq!(link.put(&mut home, PLAIN).code(), 204);
}
