// SPDX-License-Identifier: MIT OR Apache-2.0
//! A hub sets up a data stream.

use camera::Input;
use camera::services::iid;
use hap::{Status, Value};
use tlv8::Writer;

use crate::rig::{HOME_APP, OTHER_APP, Rig, SALT};

const SETUP: u64 = iid::SETUP_DATA_STREAM_TRANSPORT;

fn request(command: u8) -> Value {
    Value::Bytes(Writer::new().u8(1, command).u8(2, 0).bytes(3, &[0xc0; 32]).finish())
}

fn answer() -> Writer {
    Writer::new().u8(1, 0).tlv(2, &Writer::new().u16(1, 52345))
}

#[test]
fn the_answer_has_port_and_salt_and_a_later_read_only_the_port() {
    let mut rig = Rig::recording();
    assert_eq!(rig.read(SETUP), Ok(Value::Bytes(vec![])));
    let outcome = rig.write(SETUP, request(0));
    assert_eq!(outcome, Ok(Some(Value::Bytes(answer().bytes(3, &SALT).finish()))));
    assert_eq!(rig.read(SETUP), Ok(Value::Bytes(answer().finish())));
    rig.handle(Input::ConnectionClosed(OTHER_APP));
    assert_eq!(rig.read(SETUP), Ok(Value::Bytes(answer().finish())));
    rig.handle(Input::ConnectionClosed(HOME_APP));
    assert_eq!(rig.read(SETUP), Ok(Value::Bytes(vec![])));
}

#[test]
fn rubbish_prepares_nothing() {
    let mut rig = Rig::recording();
    assert_eq!(rig.write(SETUP, request(1)), Err(Status::InvalidValue));
    assert_eq!(rig.write(SETUP, Value::Bytes(vec![])), Err(Status::InvalidValue));
    assert!(!rig.log.contains(&"prepare"));
}

#[test]
fn one_request_sets_up_one_stream() {
    let mut rig = Rig::recording();
    let outcomes = rig.write_all(&[(SETUP, request(0)), (SETUP, request(0))]);
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1], Err(Status::Busy));
    assert_eq!(rig.log.iter().filter(|name| **name == "prepare").count(), 1);
}

#[test]
fn what_may_be_answered_from_within_comes_last() {
    let mut rig = Rig::recording();
    let request = [(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)), (SETUP, request(0))];
    let outcomes = rig.write_all(&request);
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    for early in ["dark", "end recordings", "forget prebuffer", "notify", "no light"] {
        assert!(rig.at(early) < rig.at("persist"), "{early} in {:?}", rig.log);
        assert!(rig.at(early) < rig.at("prepare"), "{early} in {:?}", rig.log);
    }
    assert!(rig.at("prepare") < rig.at("reply"), "{:?}", rig.log);
}
