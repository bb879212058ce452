# SPDX-License-Identifier: MIT OR Apache-2.0
"""The four modes of the Home app, and what each allows."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pytest
from conftest import Home, pair

from hsv_testkit import database as db
from hsv_testkit.hds import REASON
from hsv_testkit.hub import Hub, OpenRefused
from hsv_testkit.live.control import end_stream, setup_endpoints
from hsv_testkit.recording_config import Selected


@dataclass(frozen=True)
class Mode:
    name: str
    rtp: int
    camera: int
    recording: int

    @property
    def streams(self) -> bool:
        return bool(self.rtp and self.camera)

    @property
    def records(self) -> bool:
        return bool(self.camera and self.recording)

    def write(self, hub: Hub) -> None:
        hub.session.write(
            (db.RTP_ACTIVE, self.rtp),
            (db.CAMERA_ACTIVE, self.camera),
            (db.RECORDING_ACTIVE, self.recording),
        )


OFF = Mode("off", 0, 0, 0)
DETECT = Mode("detect activity", 0, 1, 0)
STREAM = Mode("stream", 1, 1, 0)
RECORD = Mode("stream and record", 1, 1, 1)
MODES = [OFF, DETECT, STREAM, RECORD]
SELECTED = Selected(width=1280, height=720)

each_mode = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)


@pytest.fixture
def hub(home: Home) -> Hub:
    """A hub that has selected a configuration and switched everything on."""
    hub = home.hub()
    hub.arm(SELECTED)
    return hub


@each_mode
def test_live_video(hub: Hub, mode: Mode) -> None:
    mode.write(hub)
    expected = 0 if mode.streams else -70412
    assert hub.session.write_status(db.SETUP_ENDPOINTS, setup_endpoints()) == expected
    if not mode.streams:
        assert hub.session.write_status(db.SELECTED_RTP, end_stream(bytes(16))) == -70412


@each_mode
def test_streaming_status(hub: Hub, mode: Mode) -> None:
    mode.write(hub)
    expected = "010100" if mode.streams else "010102"
    assert base64.b64decode(hub.session.read(db.STREAMING_STATUS)).hex() == expected


@each_mode
def test_opening_a_recording(hub: Hub, mode: Mode) -> None:
    mode.write(hub)
    if mode.records:
        hub.record().close()
        return
    with pytest.raises(OpenRefused) as refused:
        hub.record()
    assert (refused.value.status, refused.value.reason) == (6, REASON["NOT_ALLOWED"])


@each_mode
def test_motion(home: Home, hub: Hub, mode: Mode) -> None:
    mode.write(hub)
    home.camera.trigger_motion()
    if mode.camera:
        hub.wait_motion(3)
    else:
        hub.session.no_event(1.5)
        assert hub.session.read(db.MOTION_DETECTED) in (0, False)


@each_mode
def test_status_active_follows_promptly(home: Home, hub: Hub, mode: Mode) -> None:
    watcher = home.new_session()
    watcher.subscribe(db.STATUS_ACTIVE)
    mode.write(hub)
    if not mode.camera:
        watcher.wait_for(db.STATUS_ACTIVE, False, 2)
        RECORD.write(hub)
        watcher.wait_for(db.STATUS_ACTIVE, True, 2)
    else:
        assert hub.session.read(db.STATUS_ACTIVE) in (1, True)


@each_mode
def test_snapshots(hub: Hub, mode: Mode) -> None:
    mode.write(hub)
    answer = hub.session.snapshot(reason=0)
    if mode.streams:
        assert answer.status == 200
    else:
        assert (answer.status, answer.json()) == (207, {"status": -70412})


def test_switching_off_ends_motion(home: Home, hub: Hub) -> None:
    home.camera.trigger_motion()
    hub.wait_motion(3)
    watcher = home.new_session()
    watcher.subscribe(db.MOTION_DETECTED)
    OFF.write(hub)
    watcher.wait_for(db.MOTION_DETECTED, False, 2)


def test_off_keeps_the_other_switches(hub: Hub) -> None:
    hub.session.write((db.CAMERA_ACTIVE, 0))
    assert hub.session.read(db.RTP_ACTIVE) == 1
    assert hub.session.read(db.RECORDING_ACTIVE) == 1
    hub.session.write((db.CAMERA_ACTIVE, 1))
    hub.record().close()


@each_mode
def test_modes_survive_a_power_cycle(home: Home, hub: Hub, mode: Mode) -> None:
    mode.write(hub)
    home.power_cycle()
    session = home.session
    read = (
        session.read(db.RTP_ACTIVE),
        session.read(db.CAMERA_ACTIVE),
        session.read(db.RECORDING_ACTIVE),
    )
    assert tuple(int(value) for value in read) == (mode.rtp, mode.camera, mode.recording)


# The selected configuration


def test_reading_the_selection_before_the_first_write_fails(home: Home) -> None:
    entry = home.session.read_entry(db.SELECTED_RECORDING)
    assert entry.get("status") == -70402 and "value" not in entry


def test_opening_without_a_selection_is_refused(home: Home) -> None:
    hub = home.hub()
    RECORD.write(hub)
    with pytest.raises(OpenRefused) as refused:
        hub.record()
    assert (refused.value.status, refused.value.reason) == (6, REASON["INVALID_CONFIGURATION"])


@pytest.mark.parametrize(
    "bad",
    [
        Selected(container=1),
        Selected(video_codec=1),
        Selected(width=0),
        Selected(height=0),
        Selected(fps=0),
        Selected(prebuffer_ms=0),
        Selected(fragment_ms=0),
        Selected(audio_codec=7),
    ],
    ids=str,
)
def test_a_bad_selection_is_refused_and_the_old_kept(hub: Hub, bad: Selected) -> None:
    before = hub.session.read(db.SELECTED_RECORDING)
    assert hub.select(bad) == -70410
    assert hub.session.read(db.SELECTED_RECORDING) == before


@pytest.mark.parametrize("value", ["", "AQ==", "!!", "AAAA", "AgEA"])
def test_a_garbled_selection_is_refused(hub: Hub, value: str) -> None:
    assert hub.session.write_status(db.SELECTED_RECORDING, value) == -70410


def test_the_selection_survives_a_power_cycle(home: Home, hub: Hub) -> None:
    before = hub.session.read(db.SELECTED_RECORDING)
    assert base64.b64decode(before) == SELECTED.encode()
    home.power_cycle()
    assert home.session.read(db.SELECTED_RECORDING) == before
    home.hub().record().close()


def test_removing_the_last_admin_forgets_everything(home: Home, hub: Hub) -> None:
    hub.session.write((db.EVENT_SNAPSHOTS, 0), (db.PERIODIC_SNAPSHOTS, 0), (db.CAMERA_ACTIVE, 0))
    home.session.remove_own_pairing()
    home.session.connection.wait_closed(5)
    session = pair(home.camera).session
    assert session.read_entry(db.SELECTED_RECORDING).get("status") == -70402
    assert session.read(db.RECORDING_ACTIVE) == 0
    for of in (db.EVENT_SNAPSHOTS, db.PERIODIC_SNAPSHOTS, db.CAMERA_ACTIVE, db.RTP_ACTIVE):
        assert session.read(of) in (1, True), of
