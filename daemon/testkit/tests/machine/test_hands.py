# SPDX-License-Identifier: MIT OR Apache-2.0
"""The camera's body on the kernel's GPIO: privacy switch, status light, IR-cut filter.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home, pair

from hsv_testkit import database as db
from hsv_testkit.accessory import Settings, camera_binary
from hsv_testkit.lines import Lines, Probe
from hsv_testkit.live import control
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.machine import Vivid, held_files, needs_bench, wait_until
from hsv_testkit.recording import StreamClosed
from hsv_testkit.recording_config import Selected
from hsv_testkit.session import Session

MakeHome = Callable[..., Home]
SELECTED = Selected(width=1280, height=720)
NOT_ALLOWED = 1
WITHIN_S = 0.1
TABLE = """
schema = 1
id = "host"
name = "The test bench"
compatible = []
fitted = ["status-led", "privacy-switch", "ir-cut", "ir-lamp"]
[status-led]
line = "LED"
[privacy-switch]
line = "PRIVACY"
debounce-ms = 20
[ir-cut]
kind = "latching"
day = { line = "IRCUT_DAY" }
night = { line = "IRCUT_NIGHT" }
pulse-ms = 100
[ir-lamp]
line = "IR_LAMP"
[sensor-power]
line = "CAM_EN"
[button]
line = "BUTTON"
[doorbell]
line = "BELL"
"""
NETWORK_S, UNPAIR_S, FACTORY_S = 5, 12, 20
pytestmark = needs_bench


@pytest.fixture
def lines(make_lines: Callable[..., Lines]) -> Lines:
    names = ("PRIVACY", "LED", "IRCUT_DAY", "IRCUT_NIGHT", "IR_LAMP", "CAM_EN", "BUTTON", "BELL")
    return make_lines(*names)


@pytest.fixture
def boards(lay_board: Callable[[str], Path]) -> Path:
    return lay_board(TABLE)


def settings(vivid: Vivid) -> Settings:
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360}
    return {"video": video, "motion": {"hold-s": 120}, "audio": {"source": "none"}}


def video_nodes(pid: int) -> list[str]:
    return held_files(pid, "/dev/video")


@pytest.mark.usefixtures("boards")
def test_the_switch_shuts_the_camera_in_mid_recording(
    vivid: Vivid, lines: Lines, make_home: MakeHome
) -> None:
    home = make_home(settings(vivid))
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    watcher = home.new_session()
    watcher.subscribe(db.MANUALLY_DISABLED)
    pid = home.camera.pid
    wait_until(lambda: bool(video_nodes(pid)))
    wait_until(lambda: lines.is_high("LED"))
    assert lines.is_high("CAM_EN"), "pictures without power"
    time.sleep((SELECTED.prebuffer_ms + SELECTED.fragment_ms) / 1000)
    home.camera.trigger_motion()
    hub.wait_motion()
    recording = hub.record()
    recording.collect(1)

    flipped = lines.pull("PRIVACY", True)
    gone = wait_until(lambda: not video_nodes(pid))
    print(f"\nfigure privacy_edge: {(gone - flipped) * 1000:.1f}")
    assert gone - flipped < WITHIN_S
    dropped = wait_until(lambda: not lines.is_high("CAM_EN"))
    print(f"privacy edge to no power at the sensor: {(dropped - flipped) * 1000:.1f} ms")
    assert dropped - flipped < WITHIN_S
    with pytest.raises(StreamClosed) as closed:
        recording.collect(60, timeout=5)
    ended = time.monotonic() - flipped
    assert closed.value.reason == NOT_ALLOWED
    watcher.wait_for(db.MANUALLY_DISABLED, True, 2)
    told = time.monotonic() - flipped
    print(f"to the recording's end {ended * 1000:.1f} ms, ManuallyDisabled {told * 1000:.1f} ms")
    assert ended < WITHIN_S and told < WITHIN_S

    # Two flashes, dark in between: never steady again.
    probe = Probe(lines, "LED")
    time.sleep(3.5)
    probe.stop()
    assert probe.pulses("LED") and max(probe.pulses("LED")) < 0.4, probe.changes
    assert not video_nodes(pid)

    lines.pull("PRIVACY", False)
    wait_until(lambda: bool(video_nodes(pid)))
    wait_until(lambda: lines.is_high("LED"))
    watcher.wait_for(db.MANUALLY_DISABLED, False, 2)
    time.sleep(1)
    assert lines.is_high("LED")


@pytest.mark.usefixtures("boards")
def test_the_switch_ends_a_live_view(
    vivid: Vivid, lines: Lines, make_home: MakeHome, make_viewer: Callable[..., Viewer]
) -> None:
    home = make_home(settings(vivid))
    pid = home.camera.pid
    viewer = make_viewer(home, selection=VideoSelection(320, 240, fps=15)).watch()
    viewer.pictures.wait_more(10, 20)
    flipped = lines.pull("PRIVACY", True)
    gone = wait_until(lambda: not video_nodes(pid))
    print(f"privacy edge in a live view to no open video node: {(gone - flipped) * 1000:.1f} ms")
    assert gone - flipped < WITHIN_S
    viewer.quiet(1.0, grace=WITHIN_S)
    assert make_viewer(home, 1).status() == control.UNAVAILABLE


@pytest.mark.usefixtures("boards")
def test_the_switch_waits_for_no_picture(
    vivid: Vivid, lines: Lines, make_home: MakeHome, rng: random.Random
) -> None:
    """At 5 pictures a second the edge comes anywhere between two of them."""
    slow = settings(vivid)
    slow["video"] |= {"fps": 5}
    home = make_home(slow)
    pid, took = home.camera.pid, []
    for _ in range(8):
        wait_until(lambda: bool(video_nodes(pid)))
        time.sleep(1 + rng.random() / 5)
        flipped = lines.pull("PRIVACY", True)
        took.append((wait_until(lambda: not video_nodes(pid)) - flipped) * 1000)
        lines.pull("PRIVACY", False)
    assert "milli_fps=5000" in home.camera.log()
    print(f"\nfigure privacy_edge_slow: {max(took):.1f}")
    assert max(took) < WITHIN_S * 1000, took


@pytest.mark.usefixtures("boards")
def test_the_switch_waits_for_no_opening(
    vivid: Vivid, lines: Lines, make_home: MakeHome, rng: random.Random
) -> None:
    """Released and flipped again while the camera may just be opening, or its encoder starting."""
    home = make_home(settings(vivid))
    pid, took = home.camera.pid, []
    wait_until(lambda: bool(video_nodes(pid)))
    for _ in range(40):
        flipped = lines.pull("PRIVACY", True)
        shut = wait_until(lambda: not video_nodes(pid) and not lines.is_high("CAM_EN"))
        took.append((shut - flipped) * 1000)
        lines.pull("PRIVACY", False)
        time.sleep(rng.random() * 0.3)
    print(f"privacy edge at any moment of opening: {max(took):.1f} ms at most")
    assert max(took) < WITHIN_S * 1000, took
    lines.pull("PRIVACY", True)
    end = time.monotonic() + 1
    wait_until(lambda: not video_nodes(pid))
    while time.monotonic() < end:
        assert not video_nodes(pid) and not lines.is_high("CAM_EN"), "opened after the edge"


@pytest.mark.usefixtures("boards")
def test_restarted_with_the_switch_on_it_never_opens_the_camera(
    vivid: Vivid, lines: Lines, make_home: MakeHome
) -> None:
    home = make_home(settings(vivid))
    pid = home.camera.pid
    wait_until(lambda: bool(video_nodes(pid)))
    lines.pull("PRIVACY", True)
    wait_until(lambda: not video_nodes(pid))
    home.power_cycle()
    pid = home.camera.pid
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert not video_nodes(pid)
        time.sleep(0.002)
    assert "capture started" not in home.camera.log().split("the camera's body")[-1]
    lines.pull("PRIVACY", False)
    wait_until(lambda: bool(video_nodes(pid)))


@pytest.mark.usefixtures("boards")
def test_without_its_line_the_camera_stays_shut(vivid: Vivid, make_home: MakeHome) -> None:
    home = make_home(settings(vivid))
    home.camera.wait_log("the camera stays off", 1)
    time.sleep(2)
    assert not video_nodes(home.camera.pid)


@pytest.mark.usefixtures("boards")
def test_the_filters_pulses(vivid: Vivid, lines: Lines, make_home: MakeHome) -> None:
    """vivid's bars are bright: one pulse by day, as long as the table says, and no lamp."""
    probe = Probe(lines, "IRCUT_DAY", "IRCUT_NIGHT", "IR_LAMP")
    home = make_home(settings(vivid), expect_end=True)
    wait_until(lambda: bool(probe.pulses("IRCUT_DAY")), timeout=20)
    time.sleep(2)
    home.camera.terminate()
    probe.stop()
    pulses = probe.pulses("IRCUT_DAY")
    print(f"IR-cut pulses: {[round(pulse * 1000, 1) for pulse in pulses]} ms")
    assert len(pulses) == 1 and 0.095 < pulses[0] < 0.2, probe.changes
    assert not probe.pulses("IRCUT_NIGHT") and not probe.pulses("IR_LAMP")
    assert not lines.is_high("IRCUT_DAY"), "no current is left on"


def with_part(vivid: Vivid, part: str) -> Settings:
    return settings(vivid) | {"body": {"fitted": ["status-led", "privacy-switch", part]}}


def presses(watcher: Session, seconds: float) -> int:
    """How often it rings within the time."""
    iid, deadline, count = watcher.database.iid(db.DOORBELL_PRESS), time.monotonic() + seconds, 0
    while (left := deadline - time.monotonic()) > 0:
        try:
            entries = watcher.connection.wait_event(left).entries()
        except TimeoutError:
            break
        count += sum(entry["iid"] == iid and entry["value"] == 0 for entry in entries)
    return count


@pytest.mark.usefixtures("boards")
def test_the_bell_rings(vivid: Vivid, lines: Lines, make_home: MakeHome) -> None:
    home = make_home(with_part(vivid, "doorbell"))
    watcher = home.new_session()
    watcher.subscribe(db.DOORBELL_PRESS, db.MOTION_DETECTED)
    pressed = lines.pull("BELL", True)
    event = watcher.wait_for(db.DOORBELL_PRESS, 0, 3)
    print(f"\nfigure ring: {(event.arrived - pressed) * 1000:.1f}")
    assert event.arrived - pressed < 0.2
    watcher.wait_for(db.MOTION_DETECTED, True, 3)
    assert presses(watcher, 2) == 0, "held is one press"
    lines.pull("BELL", False)
    assert presses(watcher, 1) == 0
    for _ in range(3):
        lines.pull("BELL", True)
        time.sleep(0.1)
        lines.pull("BELL", False)
        time.sleep(0.1)
    assert presses(watcher, 2) == 3

    lines.pull("PRIVACY", True)
    wait_until(lambda: not video_nodes(home.camera.pid))
    lines.pull("BELL", True)
    assert presses(watcher, 2) == 1, "it rings without pictures"
    assert not video_nodes(home.camera.pid)


def hold(lines: Lines, seconds: float) -> list[tuple[float, int]]:
    """Holds the button; when the light flashed since, and how often each time."""
    probe = Probe(lines, "LED")
    pressed = lines.pull("BUTTON", True)
    time.sleep(seconds)
    lines.pull("BUTTON", False)
    probe.stop()
    groups: list[list[float]] = []
    for moment in (moment - pressed for moment, _, is_high in probe.changes if is_high):
        if groups and moment - groups[-1][-1] < 0.4:
            groups[-1].append(moment)
        else:
            groups.append([moment])
    return [(group[0], len(group)) for group in groups]


@pytest.mark.usefixtures("boards")
def test_the_button_counts_its_steps_and_forgets_everything(
    vivid: Vivid, lines: Lines, make_home: MakeHome
) -> None:
    home = make_home(with_part(vivid, "button"))
    wait_until(lambda: lines.is_high("LED"))
    flashes = hold(lines, FACTORY_S + 1.5)
    ends = (NETWORK_S, UNPAIR_S, FACTORY_S, FACTORY_S + 1.5)
    for step, (start, end) in enumerate(zip(ends, ends[1:], strict=False), 1):
        # The last of each step may be cut off by the next one, and a busy machine may miss one.
        counts = [count for at, count in flashes if start - 0.1 < at < end - 0.9]
        assert counts and statistics.mode(counts) == step, flashes
    pid = home.camera.pid
    home.camera.wait_log("this is a new camera", 5)
    home.forget_sessions()
    wait_until(lambda: home.camera.log().count("listening: HAP") == 2)
    assert home.camera.is_running() and home.camera.pid == pid
    other = pair(home.camera)
    assert other.pairing.accessory_id != home.pairing.accessory_id
    assert list(other.session.list_pairings()) == [other.pairing.identity.identifier]
    wait_until(lambda: bool(video_nodes(pid)))
    other.forget_sessions()


@pytest.mark.usefixtures("boards")
def test_a_power_cut_in_a_reset_by_hand(vivid: Vivid, lines: Lines, make_home: MakeHome) -> None:
    home = make_home(with_part(vivid, "button"))
    promise = home.camera.state / "factory-reset"
    hold(lines, FACTORY_S + 0.5)
    wait_until(promise.exists)
    home.forget_sessions()
    home.camera.kill()
    print(f"promised and not kept when the power went: {promise.exists()}")
    home.camera.start()
    assert not promise.exists()
    other = pair(home.camera)
    assert other.pairing.accessory_id != home.pairing.accessory_id
    other.forget_sessions()


@pytest.mark.usefixtures("boards")
def test_the_button_unpairs_and_held_for_too_long_does_nothing(
    vivid: Vivid, lines: Lines, make_home: MakeHome
) -> None:
    home = make_home(with_part(vivid, "button"))
    hold(lines, FACTORY_S + 3.5)
    home.camera.wait_log("nothing is done", 2)
    assert home.session.read(db.STATUS_ACTIVE) in (1, True)
    time.sleep(0.5)  # as a hand does; less is the same press, bouncing
    hold(lines, UNPAIR_S + 1)
    home.camera.wait_log("pairings changed is_paired=false", 3)
    home.forget_sessions()
    again = pair(home.camera)
    assert again.pairing.accessory_id == home.pairing.accessory_id, "the same camera"
    again.forget_sessions()


def test_check_board_says_what_is_there(boards: Path, lines: Lines, tmp_path: Path) -> None:
    config = tmp_path / "hsvd.toml"
    config.write_text("")
    command = [camera_binary(), "--config", config, "--boards", boards, "--check-board"]
    lines.pull("PRIVACY", True)
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "privacy switch: stands at private" in said
    assert "status light: LED found" in said
    assert "light sensor: not in the table" in said
    (boards / "host" / "board.toml").write_text(TABLE.replace('"IR_LAMP"', '"NO_LAMP"'))
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "IR lamp: MISSING: no GPIO line is named NO_LAMP" in said


def test_failsafe_releases_what_a_crash_left(boards: Path, lines: Lines, tmp_path: Path) -> None:
    config = tmp_path / "hsvd.toml"
    config.write_text("")
    lines.pull("IRCUT_DAY", True)  # what the line keeps when nobody drives it
    assert lines.is_high("IRCUT_DAY")
    probe = Probe(lines, "IRCUT_DAY")
    command = [camera_binary(), "--config", config, "--boards", boards, "--failsafe"]
    subprocess.run(command, check=True)
    probe.stop()
    assert (False, "IRCUT_DAY") in [(is_high, name) for _, name, is_high in probe.changes]
