// SPDX-License-Identifier: MIT OR Apache-2.0
//! A viewer asks for live view, which this daemon does not have yet: it says so.

use camera::Input;
use camera::services::iid;
use hap::{Status, Value};
use tlv8::Writer;

use crate::rig::{HOME_APP, OTHER_APP, Rig};

const SESSION: [u8; 16] = [7; 16];

fn endpoints() -> Value {
    let address = Writer::new().u8(1, 0).bytes(2, b"192.0.2.7").u16(3, 50000).u16(4, 50002);
    let srtp = Writer::new().u8(1, 0).bytes(2, &[1; 16]).bytes(3, &[2; 14]);
    let request = Writer::new().bytes(1, &SESSION).tlv(3, &address).tlv(4, &srtp).tlv(5, &srtp);
    Value::Bytes(request.finish())
}

fn idle() -> Result<Value, Status> {
    Ok(Value::Bytes(vec![2, 1, 2]))
}

#[test]
fn a_viewer_is_told_that_the_stream_is_busy_over_its_own_connection_alone() {
    let mut rig = Rig::recording();
    let [first, second] = iid::RTP;
    assert_eq!(rig.read(first.setup_endpoints), idle());
    rig.write(first.setup_endpoints, endpoints()).unwrap();
    let busy = Writer::new().bytes(1, &SESSION).u8(2, 1).finish();
    assert_eq!(rig.read(first.setup_endpoints), Ok(Value::Bytes(busy)));
    assert_eq!(rig.read(second.setup_endpoints), idle());
    assert_eq!(rig.camera.read(OTHER_APP, first.setup_endpoints), idle());
    rig.handle(Input::ConnectionClosed(HOME_APP));
    assert_eq!(rig.read(first.setup_endpoints), idle());
}

#[test]
fn no_session_can_be_started_that_was_never_made() {
    let mut rig = Rig::recording();
    let control = Writer::new().bytes(1, &SESSION).u8(2, 1);
    let start = Value::Bytes(Writer::new().tlv(1, &control).finish());
    for ids in iid::RTP {
        assert_eq!(rig.write(ids.selected_rtp, start.clone()), Err(Status::InvalidValue));
        assert_eq!(rig.read(ids.selected_rtp), Ok(Value::Bytes(vec![1, 3, 2, 1, 2])));
    }
}

#[test]
fn where_live_view_is_off_it_is_not_even_spoken_of() {
    let mut rig = Rig::recording();
    let [first, second] = iid::RTP;
    rig.write(first.active, Value::UInt(0)).unwrap();
    let forbidden = Err(Status::NotAllowedInCurrentState);
    assert_eq!(rig.write(first.setup_endpoints, endpoints()), forbidden);
    assert_eq!(rig.write(first.selected_rtp, Value::Bytes(vec![])), forbidden);
    assert_eq!(rig.write(second.setup_endpoints, endpoints()), Ok(None));
    rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)).unwrap();
    assert_eq!(rig.write(second.setup_endpoints, endpoints()), forbidden);
}
