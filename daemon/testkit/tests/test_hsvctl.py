# SPDX-License-Identifier: MIT OR Apache-2.0
"""hsvctl beside a real camera: what it says is what controllers see."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.accessory import camera_binary
from hsv_testkit.bus import SESSION, Bus


class Hsvctl:
    """The program, on a bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.program = os.environ.get("HSVCTL") or str(camera_binary().with_name("hsvctl"))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [self.program, "--bus", self._bus.address, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def json(self, *words: str, code: int = 0) -> Any:
        done = self.run("--json", *words)
        assert done.returncode == code, done
        return json.loads(done.stdout)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    work = tmp_path / "bus"
    work.mkdir()
    bus = Bus(work, "dbus-daemon", SESSION)
    yield bus
    bus.stop()


@pytest.fixture
def hsvctl(bus: Bus) -> Hsvctl:
    return Hsvctl(bus)


@pytest.fixture
def home(bus: Bus, hsvctl: Hsvctl, make_home: Callable[..., Home]) -> Home:
    home = make_home({"control": {"bus": bus.address}})
    deadline = time.monotonic() + 10
    while (done := hsvctl.run("status")).returncode == 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert done.returncode == 0, done
    return home


def test_status_is_the_cameras(home: Home, hsvctl: Hsvctl) -> None:
    status = hsvctl.json("status")
    assert status["paired"] is True and status["manually_disabled"] is False
    assert status["permits"]["capture"] is True
    home.session.write((db.CAMERA_ACTIVE, 0))
    off = hsvctl.json("status")
    assert off["mode"] == "off" and off["permits"]["capture"] is False
    text = hsvctl.run("status").stdout
    assert "  Mode       Off\n" in text and "  May now    nothing\n" in text


def test_privacy_is_seen_by_controllers(home: Home, hsvctl: Hsvctl) -> None:
    for word, disabled in (("on", True), ("off", False)):
        assert hsvctl.run("privacy", word).stdout == f"{word}\n"
        assert bool(home.session.read(db.MANUALLY_DISABLED)) is disabled
        assert hsvctl.json("privacy")["manually_disabled"] is disabled
    assert hsvctl.json("status")["permits"]["capture"] is True


def test_a_snapshot_is_a_picture(home: Home, hsvctl: Hsvctl, tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    done = hsvctl.json("snapshot", str(picture), "--width", "640", "--height", "360")
    assert done == {"file": str(picture), "bytes": picture.stat().st_size}
    ask = ["-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"]
    probed = subprocess.run(["ffprobe", *ask, picture], capture_output=True, text=True, check=True)
    assert (probed.stdout.strip(), probed.stderr) == ("mjpeg,640,360", "")
    hsvctl.run("privacy", "on")
    refused = hsvctl.run("snapshot", str(tmp_path / "none.jpg"))
    assert refused.returncode == 1 and "hsvctl status" in refused.stderr
    assert not (tmp_path / "none.jpg").exists()


def test_why_nothing_is_recorded(home: Home, hsvctl: Hsvctl) -> None:
    explained = hsvctl.json("recordings", "--explain")
    unmet = [one["name"] for one in explained["conditions"] if not one["met"]]
    assert unmet and explained["missing"] == unmet[0], "no hub has selected anything yet"
    text = hsvctl.run("recordings", "--explain").stdout
    assert "NO >" in text and f'because of "{unmet[0]}"' in text
    home.session.write((db.CAMERA_ACTIVE, 0))
    assert hsvctl.json("recordings", "--explain")["missing"] not in (None, "paired")


def test_pairing_settings_and_diagnostics(home: Home, hsvctl: Hsvctl, tmp_path: Path) -> None:
    listed = hsvctl.json("pairing", "list")["controllers"]
    assert [one["admin"] for one in listed] == [True]
    assert hsvctl.json("pairing", "show")["code"] == home.camera.setup_code
    name = hsvctl.json("settings", "set", "name", "Garden Gate")
    assert (name["value"], name["restart_needed"]) == ('"Garden Gate"', True)
    assert hsvctl.run("settings", "set", "video.fps", "nonsense").returncode == 1
    archive = tmp_path / "diagnostics.tar"
    hsvctl.json("diagnostics", str(archive))
    assert subprocess.run(["tar", "-tf", archive], capture_output=True).returncode == 0


def test_without_the_camera(bus: Bus, hsvctl: Hsvctl) -> None:
    done = hsvctl.run("status")
    assert done.returncode == 3 and "systemctl start hsvd" in done.stderr
