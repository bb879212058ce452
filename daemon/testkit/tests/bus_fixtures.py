# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fixtures: buses, people who call, and cameras on a bus."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hsv_testkit.accessory import Accessory, camera_binary
from hsv_testkit.bus import (
    SESSION,
    SYSTEM,
    Bus,
    Caller,
    People,
    missing_for_dbus_broker,
)


@pytest.fixture(scope="module")
def people() -> Iterator[People]:
    if os.geteuid() != 0:
        pytest.skip("only root can call as somebody else")
    people = People()
    yield people
    people.remove()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="hsv-control-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(params=["dbus-daemon", "dbus-broker"])
def each_bus(request: pytest.FixtureRequest, people: People, open_folder: Path) -> Iterator[Bus]:
    """A system bus with our policy."""
    if request.param == "dbus-broker" and (why := missing_for_dbus_broker()):
        pytest.skip(why)
    yield from run_bus(open_folder, request.param, SYSTEM)


@pytest.fixture
def bus(open_folder: Path) -> Iterator[Bus]:
    """A bus without a policy."""
    yield from run_bus(open_folder, "dbus-daemon", SESSION)


def run_bus(work: Path, program: str, template: str) -> Iterator[Bus]:
    if shutil.which("dbus-daemon") is None:
        pytest.skip("dbus-daemon is not installed")
    bus = Bus(work, program, template)
    yield bus
    bus.stop()
    print(f"--- log of {program}\n{bus.log()[-2000:]}")


@pytest.fixture
def start_on_bus(open_folder: Path) -> Iterator[Callable[..., Accessory]]:
    """Starts a camera on a bus, as the user it has in an image where the bus has a policy."""
    cameras: list[Accessory] = []

    def start(bus: Bus, user: str | None = None, **more: Any) -> Accessory:
        control = {"bus": bus.address, **more.pop("control", {})}
        folder = open_folder / f"camera{len(cameras)}"
        camera = Accessory(folder, {"control": control, **more.pop("settings", {})}, **more)
        if user:
            camera.inside = People.command(user)
            binary = open_folder / "hsvd"
            shutil.copy(camera_binary(), binary)
            camera.binary = binary
            subprocess.run(["chown", "-R", user, str(folder)], check=True)
        cameras.append(camera)
        camera.start()
        camera.wait_log("on D-Bus", 10)
        return camera

    yield start
    for camera in cameras:
        is_running = camera.is_running()
        camera.kill()
        print(f"--- log of the camera\n{camera.log()}")
        assert is_running or camera.expect_end, "the camera ended"
        assert "panicked" not in camera.log()


@pytest.fixture
def caller(bus: Bus) -> Iterator[Caller]:
    caller = Caller(bus)
    yield caller
    with suppress(OSError):
        caller.close()
