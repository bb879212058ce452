# SPDX-License-Identifier: MIT OR Apache-2.0
"""Events: who gets them, when, and in which company."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.http import request_bytes
from hsv_testkit.session import Session


@pytest.fixture
def watcher(home: Home) -> Session:
    """A second session of the same controller, subscribed to what the tests change."""
    session = home.new_session()
    session.subscribe(db.RTP_ACTIVE, db.CAMERA_ACTIVE, db.EVENT_SNAPSHOTS, db.MOTION_DETECTED)
    return session


def test_the_writer_gets_no_event(home: Home, watcher: Session) -> None:
    writer = home.new_session()
    writer.subscribe(db.EVENT_SNAPSHOTS)
    writer.write((db.EVENT_SNAPSHOTS, False))
    watcher.wait_for(db.EVENT_SNAPSHOTS, False, 3)
    writer.no_event(1.5)


def test_an_equal_value_makes_no_event(home: Home, watcher: Session) -> None:
    home.new_session().write((db.EVENT_SNAPSHOTS, True))
    watcher.no_event(1.5)


def test_one_write_makes_one_message(home: Home, watcher: Session) -> None:
    home.new_session().write((db.EVENT_SNAPSHOTS, False), (db.RTP_ACTIVE, 0))
    event = watcher.connection.wait_event(3)
    keys = [entry["iid"] for entry in event.entries()]
    base = watcher.database
    assert set(keys) == {base.iid(db.EVENT_SNAPSHOTS), *base.iids(db.RTP_ACTIVE)}
    assert len(keys) == len(set(keys)), "one entry for each characteristic"
    watcher.no_event(1.5)


def test_quick_changes_arrive_in_order(home: Home, watcher: Session) -> None:
    """The last value always arrives, and no message holds a characteristic twice."""
    writer = home.new_session()
    for value in (0, 1, 0, 1, 0):
        writer.write((db.EVENT_SNAPSHOTS, value))
    iid, last = watcher.database.iid(db.EVENT_SNAPSHOTS), None
    deadline = time.monotonic() + 2.5
    while (left := deadline - time.monotonic()) > 0:
        try:
            entries = watcher.connection.wait_event(left).entries()
        except TimeoutError:
            break
        mine = [entry["value"] for entry in entries if entry["iid"] == iid]
        assert len(mine) <= 1
        last = mine[0] if mine else last
    assert last in (0, False)


def test_no_event_comes_between_request_and_response(home: Home, watcher: Session) -> None:
    writer = home.new_session()
    sealed = watcher.connection.seal_message(request_bytes("GET", "/accessories"))
    watcher.connection.send_raw(sealed[:20])
    time.sleep(0.2)  # let the first bytes arrive before the write
    writer.write((db.EVENT_SNAPSHOTS, False))
    with pytest.raises(TimeoutError):
        watcher.connection.read_message(1.5)
    watcher.connection.send_raw(sealed[20:])
    assert not watcher.connection.read_message().is_event, "the response comes first"
    watcher.wait_for(db.EVENT_SNAPSHOTS, False, 3)


def test_motion_arrives_at_once_and_ends(make_home: Callable[..., Home]) -> None:
    home = make_home({"motion": {"hold-s": 10}})
    watcher = home.new_session()
    watcher.subscribe(db.MOTION_DETECTED)
    triggered = home.camera.trigger_motion()
    event = watcher.wait_for(db.MOTION_DETECTED, True, 3)
    assert event.arrived - triggered < 0.5
    assert event.headers["content-type"] == "application/hap+json"
    assert watcher.read(db.MOTION_DETECTED) in (1, True)
    ended = watcher.wait_for(db.MOTION_DETECTED, False, 15)
    assert 9 < ended.arrived - triggered < 13


def test_subscriptions_end(home: Home, watcher: Session) -> None:
    iids = watcher.database.iids(db.RTP_ACTIVE) + [watcher.database.iid(db.EVENT_SNAPSHOTS)]
    assert watcher.put([{"iid": iid, "ev": False} for iid in iids]).status == 204
    home.new_session().write((db.EVENT_SNAPSHOTS, False), (db.RTP_ACTIVE, 0))
    watcher.no_event(1.5)
    again = home.new_session()
    home.new_session().write((db.EVENT_SNAPSHOTS, True))
    again.no_event(1.5)


def test_the_selection_is_not_echoed_to_its_writer(home: Home) -> None:
    hub = home.hub()
    hub.session.subscribe(db.SELECTED_RECORDING)
    hub.arm()
    hub.session.no_event(1.5)
