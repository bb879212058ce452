# SPDX-License-Identifier: MIT OR Apache-2.0
"""GET and PUT /characteristics, and timed writes."""

from __future__ import annotations

import time

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.http import Message

NO_SUCH_IID = 54321


def statuses(answer: Message) -> list[int]:
    assert answer.status == 207, answer
    return [entry["status"] for entry in answer.entries()]


def test_reads_keep_the_order(home: Home) -> None:
    session = home.session
    iids = [session.database.iid(of) for of in (db.CAMERA_ACTIVE, db.NAME, db.PROTOCOL_VERSION)]
    for order in (iids, iids[::-1]):
        answer = session.get(order)
        assert answer.status == 200
        assert [entry["iid"] for entry in answer.entries()] == order
        assert all("status" not in entry for entry in answer.entries())


def test_one_failed_read_makes_a_207_with_every_status(home: Home) -> None:
    session = home.session
    name, identify = session.database.iid(db.NAME), session.database.iid(db.IDENTIFY)
    answer = session.get([name, NO_SUCH_IID, identify])
    assert statuses(answer) == [0, -70409, -70405]
    assert ["value" in entry for entry in answer.entries()] == [True, False, False]
    answer = session.connection.request("GET", f"/characteristics?id=7.{name}")
    assert statuses(answer) == [-70409]


@pytest.mark.parametrize("query", ["", "?id=", "?id=1", "?id=1.x", "?meta=1", "?id=1.2,"])
def test_a_garbled_read_gets_400(home: Home, query: str) -> None:
    assert home.session.connection.request("GET", "/characteristics" + query).status == 400


def test_reads_with_metadata(home: Home) -> None:
    session = home.session
    iid = session.database.iid(db.CAMERA_ACTIVE)
    entry = session.get([iid], "&meta=1&perms=1&type=1&ev=1").entries()[0]
    assert entry["format"] == "bool" and "pw" in entry["perms"]
    assert db.short(entry["type"]) == "21B" and entry["ev"] in (False, 0)
    session.subscribe(db.CAMERA_ACTIVE)
    assert session.get([iid], "&ev=true").entries()[0]["ev"] in (True, 1)
    assert home.new_session().get([iid], "&ev=1").entries()[0]["ev"] in (False, 0)


@pytest.mark.parametrize("value", [True, 1])
@pytest.mark.parametrize("of", [db.MICROPHONE_MUTE, db.EVENT_SNAPSHOTS, db.CAMERA_ACTIVE])
def test_bools_are_taken_in_both_forms(home: Home, of: db.Type, value: object) -> None:
    assert home.session.write_status(of, type(value)(0)) == 0
    assert home.session.read(of) in (0, False)
    assert home.session.write_status(of, value) == 0
    assert home.session.read(of) in (1, True)


def test_refused_writes(home: Home) -> None:
    session, base = home.session, home.session.database
    cases = [
        ({"iid": base.iid(db.NAME), "value": "x"}, -70404),
        ({"iid": NO_SUCH_IID, "value": 1}, -70409),
        ({"iid": base.iid(db.RTP_ACTIVE), "value": 2}, -70410),
        ({"iid": base.iid(db.RTP_ACTIVE), "value": "on"}, -70410),
        ({"iid": base.iid(db.RTP_ACTIVE), "value": []}, -70410),
        ({"iid": base.iid(db.RTP_ACTIVE)}, -70410),
        ({"iid": base.iid(db.SETUP_ENDPOINTS), "value": "%%%"}, -70410),
        ({"iid": base.iid(db.NAME), "ev": True}, -70406),
    ]
    for entry, expected in cases:
        assert statuses(session.put([entry])) == [expected], entry


def test_a_mixed_write_reports_each_entry(home: Home) -> None:
    session, base = home.session, home.session.database
    rtp, name = base.iid(db.RTP_ACTIVE), base.iid(db.NAME)
    answer = session.put([{"iid": rtp, "value": 0}, {"iid": name, "value": "x"}])
    assert statuses(answer) == [0, -70404]
    assert session.get([rtp]).entries()[0]["value"] == 0


def test_writes_run_in_order_and_may_repeat(home: Home) -> None:
    session, iid = home.session, home.session.database.iid(db.RTP_ACTIVE)
    assert session.put([{"iid": iid, "value": 1}, {"iid": iid, "value": 0}]).status == 204
    assert session.get([iid]).entries()[0]["value"] == 0


def test_an_empty_write_is_fine_and_a_garbled_one_is_not(home: Home) -> None:
    assert home.session.put([]).status == 204
    for body in ([], {}, {"characteristics": 1}, {"characteristics": [{"iid": 2}]}, "x"):
        assert home.session.put_json("/characteristics", body).status == 400, body


def test_a_write_response_only_when_asked(home: Home) -> None:
    session, iid = home.session, home.session.database.iid(db.RTP_ACTIVE)
    assert session.put([{"iid": iid, "value": 1}]).status == 204
    answer = session.put([{"iid": iid, "value": 1, "r": True}])
    assert statuses(answer) == [0]


@pytest.mark.parametrize(
    "of",
    [db.CAMERA_ACTIVE, db.EVENT_SNAPSHOTS, db.PERIODIC_SNAPSHOTS, db.RECORDING_ACTIVE,
     db.RTP_ACTIVE],
)
def test_users_cannot_write_what_is_for_admins(home: Home, of: db.Type) -> None:
    session = home.new_session(home.add_user())
    before = session.read(of)
    assert session.write_status(of, 0) == -70401
    assert session.read(of) == before


# Timed writes


def timed(home: Home) -> tuple[int, dict[str, object]]:
    iid = home.session.database.iid(db.CAMERA_ACTIVE)
    return iid, {"iid": iid, "value": True}


def test_a_timed_characteristic_needs_a_prepare(home: Home) -> None:
    _, entry = timed(home)
    assert statuses(home.session.put([entry])) == [-70410]
    pid = home.session.prepare()
    assert home.session.put([entry], pid).status == 204
    assert statuses(home.session.put([entry], pid)) == [-70410], "a prepare is used up"


def test_a_wrong_pid_refuses_every_entry(home: Home) -> None:
    _, entry = timed(home)
    plain = {"iid": home.session.database.iid(db.RTP_ACTIVE), "value": 1}
    pid = home.session.prepare()
    assert statuses(home.session.put([entry, plain], pid + 1)) == [-70410, -70410]


def test_an_expired_prepare_refuses(home: Home) -> None:
    _, entry = timed(home)
    pid = home.session.prepare(ttl_ms=200)
    time.sleep(0.4)
    assert statuses(home.session.put([entry], pid)) == [-70410]


def test_a_new_prepare_replaces_the_old(home: Home) -> None:
    _, entry = timed(home)
    old, new = home.session.prepare(pid=11), home.session.prepare(pid=12)
    assert statuses(home.session.put([entry], old)) == [-70410]
    new = home.session.prepare(pid=13)
    assert home.session.put([entry], new).status == 204


def test_a_write_without_pid_leaves_the_prepare_alone(home: Home) -> None:
    _, entry = timed(home)
    pid = home.session.prepare()
    plain = {"iid": home.session.database.iid(db.RTP_ACTIVE), "value": 1}
    assert home.session.put([plain]).status == 204
    assert home.session.put([entry], pid).status == 204


def test_prepares_belong_to_their_connection(home: Home) -> None:
    _, entry = timed(home)
    pid = home.session.prepare()
    other = home.new_session()
    assert statuses(other.put([entry], pid)) == [-70410]
    assert home.session.put([entry], pid).status == 204


def test_large_pids_are_taken(home: Home) -> None:
    _, entry = timed(home)
    pid = home.session.prepare(pid=2**64 - 1)
    assert home.session.put([entry], pid).status == 204


@pytest.mark.parametrize("body", [{}, {"ttl": 1000}, {"pid": 1}, [], {"ttl": "x", "pid": 1}])
def test_a_garbled_prepare_gets_400(home: Home, body: object) -> None:
    assert home.session.put_json("/prepare", body).status == 400
