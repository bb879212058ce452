# SPDX-License-Identifier: MIT OR Apache-2.0
"""Light sensors on I2C drive the IR-cut filter and the lamp; a light of the kernel's LED class.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.accessory import Settings, camera_binary
from hsv_testkit.lines import Lines, Probe
from hsv_testkit.machine import Light, LightBus, Vivid, needs_bench, wait_until

MakeHome = Callable[..., Home]
SENSORS = ("veml7700", "bh1750", "opt300x")
DWELL_S = 30
TABLE = """
schema = 1
id = "host"
name = "The test bench"
compatible = []
fitted = [{fitted}]
[status-led]
kernel = "bench:status"
[ir-cut]
kind = "latching"
day = {{ line = "IRCUT_DAY" }}
night = {{ line = "IRCUT_NIGHT" }}
pulse-ms = 100
[ir-lamp]
line = "IR_LAMP"
[light-sensor]
kind = "{sensor}"
bus = "{bus}"
"""
pytestmark = needs_bench


@pytest.fixture
def lines(make_lines: Callable[..., Lines]) -> Lines:
    return make_lines("IRCUT_DAY", "IRCUT_NIGHT", "IR_LAMP")


def table(fitted: list[str], sensor: str = "bh1750", bus: str = "/dev/i2c-0") -> str:
    names = ", ".join(f'"{name}"' for name in fitted)
    return TABLE.format(fitted=names, sensor=sensor, bus=bus)


def settings(vivid: Vivid) -> Settings:
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360}
    return {"video": video, "audio": {"source": "none"}}


@pytest.mark.parametrize("sensor", SENSORS)
def test_each_sensor_tells_the_light(
    sensor: str, light_bus: LightBus, lay_board: Callable[[str], Path], tmp_path: Path
) -> None:
    boards = lay_board(table(["light-sensor"], sensor, str(light_bus.node)))
    config = tmp_path / "hsvd.toml"
    config.write_text("")
    command = [camera_binary(), "--config", config, "--boards", boards, "--check-board"]
    for lux in (0.5, 5.0, 250.0):
        light_bus.shine(lux)
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        told = [line for line in said.splitlines() if line.startswith("light sensor:")]
        seen = float(told[0].rsplit(":", 1)[1].removesuffix("lx"))
        assert abs(seen - lux) <= max(0.5, lux * 0.05), told
    light_bus.silence()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "MISSING" in next(line for line in said.splitlines() if line.startswith("light sensor:"))


def test_dusk_and_dawn_move_the_filter(
    vivid: Vivid,
    lines: Lines,
    light_bus: LightBus,
    lay_board: Callable[[str], Path],
    make_home: MakeHome,
) -> None:
    """The sensor decides. vivid's picture stays the same without the filter, so the pulse for
    the night is repeated once: the filter may have been stuck."""
    fitted = ["ir-cut", "ir-lamp", "light-sensor"]
    lay_board(table(fitted, "opt300x", str(light_bus.node)))
    probe = Probe(lines, "IRCUT_DAY", "IRCUT_NIGHT", "IR_LAMP")
    make_home(settings(vivid))
    wait_until(lambda: bool(probe.pulses("IRCUT_DAY")), 20)
    light_bus.shine(1.0)
    dark = time.monotonic()
    fallen = wait_until(lambda: bool(probe.pulses("IRCUT_NIGHT")), DWELL_S + 20)
    wait_until(lambda: lines.is_high("IR_LAMP"), 5)
    wait_until(lambda: len(probe.pulses("IRCUT_NIGHT")) == 2, 5)
    light_bus.shine(100.0)
    bright = time.monotonic()
    risen = wait_until(lambda: len(probe.pulses("IRCUT_DAY")) == 2, DWELL_S + 20)
    wait_until(lambda: not lines.is_high("IR_LAMP"), 5)
    time.sleep(1)
    probe.stop()
    print(f"night {fallen - dark:.1f} s after dark, day {risen - bright:.1f} s after dawn")
    pulses = probe.pulses("IRCUT_DAY") + probe.pulses("IRCUT_NIGHT")
    assert len(pulses) == 4 and all(0.095 < pulse < 0.2 for pulse in pulses), probe.changes
    assert not lines.is_high("IRCUT_DAY") and not lines.is_high("IRCUT_NIGHT")


def test_a_light_of_the_kernel_shines_while_pictures_may_leave(
    vivid: Vivid, make_home: MakeHome, lay_board: Callable[[str], Path]
) -> None:
    light = Light("bench:status")
    lay_board(table(["status-led"]))
    home = make_home(settings(vivid))
    home.camera.wait_log("capture started", 20)
    wait_until(light.is_on, 5)
    steady = time.monotonic()
    time.sleep(3)
    assert light.is_on() and not light.flashes(steady), light.changes
    home.session.write((db.CAMERA_ACTIVE, 0))
    home.camera.wait_log("capture stopped", 5)
    wait_until(lambda: not light.is_on(), 1)
    shut = time.monotonic()
    time.sleep(3)
    assert not light.is_on() and max(light.flashes(shut), default=0.0) < 0.4, light.changes
    home.session.write((db.CAMERA_ACTIVE, 1))
    wait_until(light.is_on, 5)
