// SPDX-License-Identifier: MIT OR Apache-2.0
//! Viewers come, watch and go.

use std::time::Duration;

use camera::services::iid;
use camera::tlv::selected_rtp::Selection;
use camera::tlv::setup_endpoints::{Refusal, Response, SessionId};
use camera::{
    Action, ConnectionId, Input, LiveEnd, MaximumViewers, START_WITHIN, Start, StoredState,
};
use hap::{Status, Value};
use tlv8::Writer;

use crate::rig::{HOME_APP, OTHER_APP, Rig, Store, prepared_live, setup};

const SESSION: [u8; 16] = [7; 16];
const OTHER: [u8; 16] = [8; 16];
const END: u8 = 0;
const START: u8 = 1;
const SUSPEND: u8 = 2;
const RESUME: u8 = 3;
const RECONFIGURE: u8 = 4;

fn endpoints(session: [u8; 16]) -> Value {
    endpoints_with(session, &Writer::new().u8(1, 0).bytes(2, &[1; 16]).bytes(3, &[2; 14]))
}

fn endpoints_with(session: [u8; 16], srtp: &Writer) -> Value {
    let address = Writer::new().u8(1, 0).bytes(2, b"192.0.2.7").u16(3, 50000).u16(4, 50002);
    let request = Writer::new().bytes(1, &session).tlv(3, &address).tlv(4, srtp).tlv(5, srtp);
    Value::Bytes(request.finish())
}

fn control(session: [u8; 16], command: u8) -> Writer {
    Writer::new().tlv(1, &Writer::new().bytes(1, &session).u8(2, command))
}

fn command(session: [u8; 16], command: u8) -> Value {
    Value::Bytes(control(session, command).finish())
}

fn start(session: [u8; 16]) -> Value {
    let attributes = Writer::new().u16(1, 1280).u16(2, 720).u8(3, 30);
    let rtp = Writer::new().u8(1, 99).u32(2, 77).u16(3, 299).u16(5, 1378);
    let video = Writer::new().u8(1, 0).tlv(3, &attributes).tlv(4, &rtp);
    Value::Bytes(control(session, START).tlv(2, &video).finish())
}

fn reconfigure(session: [u8; 16], kbps: u16) -> Value {
    let video = Writer::new().tlv(4, &Writer::new().u16(3, kbps));
    Value::Bytes(control(session, RECONFIGURE).tlv(2, &video).finish())
}

fn answer(response: &Response) -> Result<Value, Status> {
    Ok(Value::Bytes(response.value()))
}

fn idle() -> Result<Value, Status> {
    Ok(Value::Bytes(vec![2, 1, 2]))
}

fn status(number: u8) -> Value {
    Value::Bytes(vec![1, 1, number])
}

fn busy(session: [u8; 16]) -> Result<Value, Status> {
    answer(&Response::Refused(SessionId(session), Refusal::Busy))
}

fn ended(service: usize, reason: LiveEnd) -> Vec<Action> {
    vec![Action::EndLive { service, reason }]
}

impl Rig {
    fn write_as(&mut self, by: ConnectionId, iid: hap::Iid, value: Value) -> camera::Outcome {
        let ticket = self.begin(by, &[(iid, value)]);
        self.answer(ticket).expect("nothing to wait for").remove(0)
    }

    fn take_live(&mut self) -> Vec<Action> {
        std::mem::take(&mut self.live_actions)
    }

    /// A session of [`HOME_APP`] on the first service, set up.
    fn set_up() -> Self {
        let mut rig = Self::recording();
        rig.write(iid::RTP[0].setup_endpoints, endpoints(SESSION)).unwrap();
        rig.forget();
        rig
    }

    /// The same, and started.
    fn watched() -> Self {
        let mut rig = Self::set_up();
        rig.write(iid::RTP[0].selected_rtp, start(SESSION)).unwrap();
        rig.take_live();
        rig.forget();
        rig
    }
}

#[test]
fn a_viewer_sets_up_starts_alters_and_ends() {
    let mut rig = Rig::recording();
    let ids = iid::RTP[0];
    assert_eq!(rig.read(ids.setup_endpoints), idle());
    assert_eq!(rig.write(ids.setup_endpoints, endpoints(SESSION)), Ok(None));
    let mut prepared = prepared_live();
    prepared.video_srtp.key = vec![1; 16].into(); // the driver saw the request
    prepared.video_srtp.salt = vec![2; 14].into();
    let success = Response::Success(SessionId(SESSION), Box::new(prepared));
    assert_eq!(rig.read(ids.setup_endpoints), answer(&success));
    assert_eq!(rig.camera.read(OTHER_APP, ids.setup_endpoints), idle(), "its keys are its own");
    assert_eq!(rig.was_notified(ids.streaming_status), Some(status(1)));
    assert_eq!(rig.read(ids.selected_rtp), Ok(command_value()), "not started");

    assert_eq!(rig.write(ids.selected_rtp, start(SESSION)), Ok(None));
    let [Action::StartLive { service: 0, session: SessionId(SESSION), selection }] =
        rig.take_live()[..]
    else {
        panic!("not started")
    };
    assert_eq!(selection.video.max_bitrate_kbps, 299);
    assert_eq!(rig.read(ids.selected_rtp), Ok(start(SESSION)));

    rig.write(ids.selected_rtp, reconfigure(SESSION, 132)).unwrap();
    let mut slower: Selection = selection;
    slower.video.max_bitrate_kbps = 132;
    let change = Action::ReconfigureLive { service: 0, selection: slower };
    assert_eq!(rig.take_live(), [change]);
    assert_eq!(rig.read(ids.selected_rtp), Ok(reconfigure(SESSION, 132)));

    rig.write(ids.selected_rtp, command(SESSION, SUSPEND)).unwrap();
    rig.write(ids.selected_rtp, command(SESSION, SUSPEND)).unwrap();
    assert_eq!(rig.take_live(), [Action::SuspendLive { service: 0 }]);
    rig.write(ids.selected_rtp, command(SESSION, RESUME)).unwrap();
    rig.write(ids.selected_rtp, command(SESSION, RESUME)).unwrap();
    assert_eq!(rig.take_live(), [Action::ResumeLive { service: 0 }]);

    assert_eq!(rig.write(ids.selected_rtp, command(SESSION, END)), Ok(None));
    assert_eq!(rig.take_live(), ended(0, LiveEnd::Viewer));
    assert_eq!(rig.read(ids.setup_endpoints), idle());
    assert_eq!(rig.read(ids.selected_rtp), Ok(command_value()));
    assert_eq!(rig.was_notified(ids.streaming_status), Some(status(0)));
}

/// SelectedRTPStreamConfiguration without a session.
fn command_value() -> Value {
    Value::Bytes(vec![1, 3, 2, 1, 2])
}

#[test]
fn a_taken_service_is_busy_for_others_and_its_session_goes_on() {
    let mut rig = Rig::watched();
    let [first, second, ..] = iid::RTP;
    for by in [HOME_APP, OTHER_APP] {
        assert_eq!(rig.write_as(by, first.setup_endpoints, endpoints(OTHER)), Ok(None));
        assert_eq!(rig.camera.read(by, first.setup_endpoints), busy(OTHER));
    }
    assert!(!rig.log.contains(&"prepare live"));
    rig.write_as(OTHER_APP, second.setup_endpoints, endpoints(OTHER)).unwrap();
    assert_eq!(rig.read(second.streaming_status), Ok(status(1)));
    rig.write(first.selected_rtp, command(SESSION, END)).unwrap();
    assert_eq!(rig.take_live(), ended(0, LiveEnd::Viewer));
}

#[test]
fn only_the_connection_that_set_it_up_commands_a_session_by_its_id() {
    let mut rig = Rig::watched();
    let [first, second, ..] = iid::RTP;
    for number in [END, START, SUSPEND, RESUME, RECONFIGURE] {
        // by whom, where, of which session
        let table = [
            (HOME_APP, first.selected_rtp, OTHER),
            (HOME_APP, second.selected_rtp, SESSION),
            (OTHER_APP, first.selected_rtp, SESSION),
        ];
        for (by, iid, session) in table {
            let refused = rig.write_as(by, iid, command(session, number));
            assert_eq!(refused, Err(Status::InvalidValue), "{by:?} {iid} command {number}");
        }
    }
    assert_eq!(rig.take_live(), []);
    assert_eq!(rig.read(first.streaming_status), Ok(status(1)));
}

#[test]
fn a_command_that_does_not_fit_changes_nothing() {
    let mut rig = Rig::set_up();
    let ids = iid::RTP[0];
    for number in [START, SUSPEND, RESUME, RECONFIGURE] {
        let refused = rig.write(ids.selected_rtp, command(SESSION, number));
        assert_eq!(refused, Err(Status::InvalidValue), "before the start: {number}");
    }
    rig.write(ids.selected_rtp, start(SESSION)).unwrap();
    assert_eq!(rig.take_live().len(), 1);
    assert_eq!(rig.write(ids.selected_rtp, start(SESSION)), Err(Status::InvalidValue), "again");
    for value in [vec![], vec![1, 1], vec![0; 600]] {
        assert_eq!(rig.write(ids.selected_rtp, Value::Bytes(value)), Err(Status::InvalidValue));
    }
    assert_eq!(rig.take_live(), []);
    assert_eq!(rig.read(ids.selected_rtp), Ok(start(SESSION)));
}

#[test]
fn what_is_not_started_is_given_up_after_thirty_seconds() {
    let mut rig = Rig::set_up();
    assert_eq!(rig.wait_for_timeout(), START_WITHIN);
    assert_eq!(rig.take_live(), ended(0, LiveEnd::NotStarted));
    assert_eq!(rig.was_notified(iid::RTP[0].streaming_status), Some(status(0)));
    assert_eq!(rig.read(iid::RTP[0].setup_endpoints), idle());
    assert_eq!(rig.camera.next_timeout(), None);

    let mut rig = Rig::watched();
    assert_eq!(rig.camera.next_timeout(), None, "a started one stays");
    rig.now += 10 * START_WITHIN;
    rig.handle(Input::Timeout);
    assert_eq!(rig.take_live(), []);
}

#[test]
fn a_session_ends_with_its_connection() {
    let mut rig = Rig::watched();
    rig.write_as(OTHER_APP, iid::RTP[1].setup_endpoints, endpoints(OTHER)).unwrap();
    rig.handle(Input::ConnectionClosed(HOME_APP));
    assert_eq!(rig.take_live(), ended(0, LiveEnd::ConnectionClosed));
    assert_eq!(rig.was_notified(iid::RTP[0].streaming_status), Some(status(0)));
    assert_eq!(rig.read(iid::RTP[1].streaming_status), Ok(status(1)), "the other viewer's");
}

#[test]
fn a_viewer_that_is_lost_frees_its_service_once() {
    let mut rig = Rig::watched();
    rig.handle(Input::LiveLost { service: 0, session: SessionId(OTHER) });
    rig.handle(Input::LiveLost { service: 1, session: SessionId(SESSION) });
    assert_eq!(rig.take_live(), [], "not these");
    for expected in [ended(0, LiveEnd::Lost), vec![]] {
        rig.handle(Input::LiveLost { service: 0, session: SessionId(SESSION) });
        assert_eq!(rig.take_live(), expected);
    }
    assert_eq!(rig.write(iid::RTP[0].setup_endpoints, endpoints(OTHER)), Ok(None));
    assert_eq!(rig.read(iid::RTP[0].streaming_status), Ok(status(1)));
}

#[test]
fn a_gate_that_shuts_ends_live_view_at_once_and_speaks_of_it_no_more() {
    type Shut = fn(&mut Rig);
    let off: [(&str, Shut); 4] = [
        ("camera off", |rig| {
            rig.write(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false)).unwrap();
        }),
        ("service off", |rig| {
            rig.write(iid::RTP[0].active, Value::UInt(0)).unwrap();
        }),
        ("switch", |rig| {
            let by = camera::DisabledBy::Switch;
            rig.handle(Input::SetDisabled { by, is_disabled: true });
        }),
        ("unpaired", |rig| rig.handle(Input::PairingsChanged { is_paired: false })),
    ];
    for (row, shut) in off {
        let mut rig = Rig::watched();
        shut(&mut rig);
        assert_eq!(rig.take_live(), ended(0, LiveEnd::NotPermitted), "{row}");
        let gate = if row == "service off" { "apply" } else { "dark" };
        assert!(rig.at(gate) < rig.at("live"), "{row}: the gate moves first");
        let ids = iid::RTP[0];
        assert_eq!(rig.was_notified(ids.streaming_status), Some(status(2)), "{row}");
        assert_eq!(rig.read(ids.setup_endpoints), idle(), "{row}");
        let forbidden = Err(Status::NotAllowedInCurrentState);
        assert_eq!(rig.write(ids.setup_endpoints, endpoints(SESSION)), forbidden, "{row}");
        assert_eq!(rig.write(ids.selected_rtp, command(SESSION, END)), forbidden, "{row}");
    }
}

#[test]
fn one_service_that_shuts_leaves_the_others() {
    let mut rig = Rig::watched();
    rig.write(iid::RTP[1].active, Value::UInt(0)).unwrap();
    assert_eq!(rig.take_live(), []);
    let forbidden = Err(Status::NotAllowedInCurrentState);
    assert_eq!(rig.write(iid::RTP[1].setup_endpoints, endpoints(OTHER)), forbidden);
}

#[test]
fn the_gate_does_not_wait_for_the_disk() {
    let mut rig = Rig::watched();
    rig.store = Store::Waits;
    rig.begin(HOME_APP, &[(iid::HOMEKIT_CAMERA_ACTIVE, Value::Bool(false))]);
    assert_eq!(rig.take_live(), ended(0, LiveEnd::NotPermitted));
    rig.store_answers(true);
}

#[test]
fn a_set_up_that_the_same_request_forbids_is_not_even_prepared() {
    let mut rig = Rig::recording();
    let ids = iid::RTP[0];
    let outcomes = rig.write_all(&[
        (ids.setup_endpoints, endpoints(SESSION)),
        (ids.active, Value::UInt(0)),
        (iid::RTP[1].setup_endpoints, endpoints(OTHER)),
    ]);
    assert_eq!(outcomes, [Err(Status::NotAllowedInCurrentState), Ok(None), Ok(None)]);
    let prepared = rig.log.iter().filter(|logged| **logged == "prepare live").count();
    assert_eq!(prepared, 1, "the other service's");
    assert_eq!(rig.take_live(), []);
    assert_eq!(rig.read(ids.setup_endpoints), idle());
}

#[test]
fn what_cannot_be_prepared_is_said_in_the_answer() {
    let mut rig = Rig::recording();
    rig.live = Err(Refusal::Error);
    let ids = iid::RTP[0];
    assert_eq!(rig.write(ids.setup_endpoints, endpoints(SESSION)), Ok(None));
    let refused = answer(&Response::Refused(SessionId(SESSION), Refusal::Error));
    assert_eq!(rig.read(ids.setup_endpoints), refused);
    assert_eq!(rig.read(ids.streaming_status), Ok(status(0)));
    assert_eq!(rig.camera.next_timeout(), None);

    let mut rig = Rig::recording();
    let bare = Writer::new().u8(1, 2).bytes(2, &[]).bytes(3, &[]);
    assert_eq!(rig.write(ids.setup_endpoints, endpoints_with(SESSION, &bare)), Ok(None));
    assert_eq!(rig.read(ids.setup_endpoints), refused, "nothing is sent in the clear");
    assert_eq!(rig.write(ids.setup_endpoints, Value::Bytes(vec![1])), Err(Status::InvalidValue));
}

#[test]
fn no_more_viewers_watch_than_may() {
    let setup = camera::Setup { maximum_viewers: MaximumViewers::try_from(1).unwrap(), ..setup() };
    let stored = Some(StoredState::default());
    let start_as = Start { stored, is_paired: true, is_switched_off: false };
    let mut rig = Rig::start_as(setup, start_as, Store::Works);
    rig.write(iid::RTP[2].setup_endpoints, endpoints(SESSION)).unwrap();
    for ids in iid::RTP {
        assert_eq!(rig.read(ids.streaming_status), Ok(status(1)));
    }
    rig.write_as(OTHER_APP, iid::RTP[0].setup_endpoints, endpoints(OTHER)).unwrap();
    assert_eq!(rig.camera.read(OTHER_APP, iid::RTP[0].setup_endpoints), busy(OTHER));
    rig.write(iid::RTP[2].selected_rtp, command(SESSION, END)).unwrap();
    assert_eq!(rig.read(iid::RTP[0].streaming_status), Ok(status(0)));
}

#[test]
fn answers_of_connections_that_come_and_go_do_not_pile_up() {
    let mut rig = Rig::watched();
    for number in 100..1000 {
        let by = ConnectionId(number);
        rig.write_as(by, iid::RTP[0].setup_endpoints, endpoints(OTHER)).unwrap();
        assert_eq!(rig.camera.read(by, iid::RTP[0].setup_endpoints), busy(OTHER));
    }
    let kept = (100..1000).filter(|&number| {
        rig.camera.read(ConnectionId(number), iid::RTP[0].setup_endpoints) != idle()
    });
    assert!(kept.count() <= 64);
    rig.now += Duration::from_secs(1);
    assert_eq!(rig.take_live(), []);
}
