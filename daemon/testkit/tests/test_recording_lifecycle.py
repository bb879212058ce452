# SPDX-License-Identifier: MIT OR Apache-2.0
"""Who ends a recording, and how: the hub, the end of motion, a mode, a stall, a limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home
from test_modes import DETECT, OFF, STREAM, Mode

from hsv_testkit import checks, media
from hsv_testkit import database as db
from hsv_testkit.connection import ConnectionClosed
from hsv_testkit.hds import REASON
from hsv_testkit.hub import Hub, OpenRefused
from hsv_testkit.recording import Recording, StreamClosed
from hsv_testkit.recording_config import Selected

SMALL = Selected(width=1280, height=720)
HOLD_S = 10
END_AFTER_S = 12.0  # the longest the camera goes on after the end of motion, plus one fragment
ACK_S = 12.0
MakeHome = Callable[..., Home]


def armed_hub(home: Home, selected: Selected = SMALL) -> Hub:
    hub = home.hub()
    hub.arm(selected)
    return hub


def start(home: Home, hub: Hub) -> Recording:
    home.camera.trigger_motion()
    hub.wait_motion()
    recording = hub.record()
    recording.collect(1)
    return recording


@pytest.fixture
def moving(make_home: MakeHome) -> Home:
    """A camera whose motion lasts longer than any test."""
    return make_home({"motion": {"hold-s": 120}})


def test_the_hub_closes_and_reopens_at_once(moving: Home) -> None:
    hub = armed_hub(moving)
    recording = start(moving, hub)
    stream = recording.connection
    for _ in range(5):
        recording.close()
        recording = hub.open(stream)
        recording.collect(1)
        checks.check_timing(recording)
    recording.close()
    stream.close()
    again = hub.record()  # on a new data stream
    again.collect(1)


def test_a_hub_that_is_no_admin_can_record(moving: Home) -> None:
    armed_hub(moving)
    hub = Hub(moving.new_session(moving.add_user()))
    hub.session.subscribe(db.MOTION_DETECTED)
    recording = start(moving, hub)
    checks.check_media(recording, SMALL, audio=True)


def test_a_dropped_data_stream_frees_the_slot(moving: Home) -> None:
    hub = armed_hub(moving)
    for _ in range(3):
        recording = hub.record()
        recording.collect(1)
        recording.connection.close()


def test_a_dropped_control_session_frees_the_slot(moving: Home) -> None:
    armed_hub(moving)
    for _ in range(3):
        hub = moving.hub()
        hub.record().collect(1)
        hub.session.close()


def test_the_end_of_motion_is_marked_and_acknowledged(make_home: MakeHome) -> None:
    home = make_home({"motion": {"hold-s": HOLD_S}})
    hub = armed_hub(home)
    recording = start(home, hub)
    ended = hub.wait_motion(HOLD_S + 5, detected=False)
    recording.collect_to_end(END_AFTER_S + 10)
    after = recording.parts[-1].last_arrived - ended
    assert 0 <= after < END_AFTER_S + 5, f"endOfStream {after:.1f} s after the end of motion"
    recording.connection.acknowledge(recording.stream_id)
    with pytest.raises(TimeoutError):
        recording.next_part(ACK_S + 3)  # no close follows an acknowledgement
    hub.open(recording.connection).collect(1)


def test_an_end_nobody_acknowledges_is_cancelled(make_home: MakeHome) -> None:
    home = make_home({"motion": {"hold-s": HOLD_S}})
    hub = armed_hub(home)
    recording = start(home, hub)
    recording.collect_to_end(HOLD_S + END_AFTER_S + 15)
    ended = time.monotonic()
    with pytest.raises(StreamClosed) as closed:
        recording.next_part(ACK_S + 4)
    assert closed.value.reason == REASON["CANCELLED"]
    assert ACK_S - 2 < time.monotonic() - ended < ACK_S + 3


def test_motion_again_keeps_the_recording(make_home: MakeHome) -> None:
    home = make_home({"motion": {"hold-s": HOLD_S}})
    hub = armed_hub(home)
    recording = start(home, hub)
    recording.collect_for(HOLD_S - 3)
    again = home.camera.trigger_motion()
    recording.collect_for(again + HOLD_S - 1 - time.monotonic())
    assert not any(part.end_of_stream for part in recording.parts)
    for event in hub.session.connection.events:
        assert all(entry["value"] in (1, True) for entry in event.entries())
    checks.check_media(recording, SMALL, audio=True)


def test_motion_again_cancels_a_pending_end(make_home: MakeHome) -> None:
    home = make_home({"motion": {"hold-s": HOLD_S}})
    hub = armed_hub(home)
    recording = start(home, hub)
    hub.wait_motion(HOLD_S + 5, detected=False)
    again = home.camera.trigger_motion()
    recording.collect_for(again + HOLD_S - 1 - time.monotonic())
    assert not any(part.end_of_stream for part in recording.parts)
    checks.check_media(recording, SMALL, audio=True)


def test_a_second_hub_is_told_busy_while_the_first_is_healthy(moving: Home) -> None:
    first, second = armed_hub(moving), moving.hub()
    recording = start(moving, first)
    with pytest.raises(OpenRefused) as refused:
        second.record()
    assert (refused.value.status, refused.value.reason) == (6, REASON["BUSY"])
    recording.collect(3)
    recording.close()
    second.record().collect(1)


def test_one_connection_gets_one_recording(moving: Home) -> None:
    hub = armed_hub(moving)
    recording = start(moving, hub)
    with pytest.raises(OpenRefused) as refused:
        hub.open(recording.connection)
    assert (refused.value.status, refused.value.reason) == (6, REASON["BUSY"])
    recording.collect(2)


LOUD = Selected(width=1280, height=720, bitrate_kbit=8000)


@pytest.fixture
def noise(tmp_path: Path, ffmpeg: None) -> Path:
    """A film of so many bytes that the kernel's buffers are soon full."""
    return media.noisy_film(tmp_path / "noise.y4m")


def noisy(film: Path) -> dict[str, dict[str, object]]:
    return {"motion": {"hold-s": 120}, "video": {"source": f"file:{film}", "fps": 10}}


@pytest.mark.slow
def test_a_stalled_hub_loses_the_recording_to_another(make_home: MakeHome, noise: Path) -> None:
    home = make_home(noisy(noise))
    first, second = armed_hub(home, LOUD), home.hub()
    home.camera.trigger_motion()
    stalled = first.open(first.connect(receive_buffer=4096))
    deadline = time.monotonic() + 120
    stream = second.connect()
    while True:  # the kernel's buffers fill first; `stalled` is never read meanwhile
        try:
            taken = second.open(stream)
            break
        except OpenRefused as refused:
            assert refused.reason == REASON["BUSY"] and time.monotonic() < deadline
            time.sleep(1)
    taken.collect(2)
    with pytest.raises((StreamClosed, ConnectionClosed)) as ended:
        stalled.collect(1000)
    if isinstance(ended.value, StreamClosed):
        assert ended.value.reason == REASON["CANCELLED"]


@pytest.mark.slow
def test_a_stalled_hub_is_dropped_and_costs_no_memory(make_home: MakeHome, noise: Path) -> None:
    home = make_home(noisy(noise))
    hub = armed_hub(home, LOUD)
    home.camera.trigger_motion()
    time.sleep(10)  # a full prebuffer belongs to the memory before
    before = home.camera.memory_kib()
    stalled = hub.open(hub.connect(receive_buffer=4096))
    most, deadline = before, time.monotonic() + 120
    while True:
        most = max(most, home.camera.memory_kib())
        try:
            hub.open(hub.connect()).close()
            break
        except OpenRefused:
            assert time.monotonic() < deadline, "the stalled hub keeps its slot"
            time.sleep(1)
    assert most - before < 48 * 1024, f"{most - before} KiB for one stalled hub"
    with pytest.raises((StreamClosed, ConnectionClosed)):
        stalled.collect(1000)


@pytest.mark.parametrize("mode", [OFF, DETECT, STREAM], ids=lambda mode: mode.name)
def test_leaving_the_mode_closes_the_recording(moving: Home, mode: Mode) -> None:
    hub = armed_hub(moving)
    recording = start(moving, hub)
    mode.write(hub)
    assert recording.wait_close(3) == REASON["NOT_ALLOWED"]
    with pytest.raises(OpenRefused):
        hub.open(recording.connection)


def test_audio_switched_on_affects_the_next_recording_only(moving: Home) -> None:
    hub = moving.hub()
    hub.arm(SMALL, audio=False)
    recording = start(moving, hub)
    hub.session.write((db.RECORDING_AUDIO, 1))
    recording.collect(3)
    checks.check_media(recording, SMALL, audio=False)
    recording.close()
    following = hub.open(recording.connection)
    following.collect(1)
    checks.check_media(following, SMALL, audio=True)


def test_a_new_selection_leaves_the_running_recording_alone(moving: Home) -> None:
    hub = armed_hub(moving)
    recording = start(moving, hub)
    assert hub.select(Selected(width=1280, height=720, fps=15, level=0)) == 0
    try:
        recording.collect(3)
    except StreamClosed as closed:  # allowed when there is but one encoder
        assert closed.reason == REASON["UNEXPECTED_FAILURE"]
    checks.check_media(recording, SMALL, audio=True)


def test_a_long_recording_is_ended(make_home: MakeHome) -> None:
    home = make_home({"motion": {"hold-s": 120}, "recording": {"maximum-s": 20}})
    hub = armed_hub(home)
    recording = start(home, hub)
    recording.collect_to_end(40)
    length = recording.parts[-1].last_arrived - recording.opened
    assert 10 < length < 30, f"ended after {length:.1f} s"
    recording.connection.acknowledge(recording.stream_id)
    hub.open(recording.connection).collect(1)


def test_sigterm_ends_within_two_seconds(make_home: MakeHome) -> None:
    home = make_home({"motion": {"hold-s": 120}}, expect_end=True)
    start(home, armed_hub(home))
    seconds, code = home.camera.terminate()
    assert seconds < 2 and code == 0
