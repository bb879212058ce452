# SPDX-License-Identifier: MIT OR Apache-2.0
"""The camera's body on the kernel's GPIO: privacy switch, status light, IR-cut filter.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory, Settings, camera_binary
from hsv_testkit.lines import Lines, Probe
from hsv_testkit.live import control
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.machine import Vivid, needs_bench, open_files, wait_until
from hsv_testkit.recording import StreamClosed
from hsv_testkit.recording_config import Selected

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
"""
pytestmark = needs_bench


@pytest.fixture
def lines() -> Iterator[Lines]:
    chip = Lines("PRIVACY", "LED", "IRCUT_DAY", "IRCUT_NIGHT", "IR_LAMP", "CAM_EN")
    yield chip
    chip.remove()


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bench's board table, for every camera that is started."""
    folder = tmp_path / "board" / "host"
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text(TABLE)
    monkeypatch.setattr(Accessory, "extra_arguments", ["--boards", str(folder.parent)])
    return folder.parent


def settings(vivid: Vivid) -> Settings:
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360}
    return {"video": video, "motion": {"hold-s": 120}, "audio": {"source": "none"}}


def video_nodes(pid: int) -> list[str]:
    return open_files(pid, "/dev/video")


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
    assert closed.value.reason == NOT_ALLOWED
    watcher.wait_for(db.MANUALLY_DISABLED, True, 2)

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
