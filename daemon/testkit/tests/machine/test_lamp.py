# SPDX-License-Identifier: MIT OR Apache-2.0
"""An IR lamp that the kernel's PWM dims: by night as bright as the table says, else dark.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.accessory import camera_binary
from hsv_testkit.machine import LampPwm, LightBus, PwmState, Vivid, needs_bench, wait_until

MakeHome = Callable[..., Home]
DWELL_S = 30
CHANNEL, PERIOD_NS, PERCENT = 1, 50_000, 35
DUTY_NS = PERIOD_NS * PERCENT // 100
LIT = PwmState(CHANNEL, PERIOD_NS, DUTY_NS, is_enabled=True, is_inverted=False)
TABLE = f"""
schema = 1
id = "host"
name = "The test bench"
compatible = []
fitted = ["ir-lamp", "light-sensor"]
[ir-lamp]
pwm = "lamppwm"
channel = {CHANNEL}
period-us = {PERIOD_NS // 1000}
percent = {PERCENT}
[light-sensor]
kind = "bh1750"
bus = "BUS"
"""
pytestmark = needs_bench


@pytest.fixture
def pwm() -> Iterator[LampPwm]:
    chip = LampPwm()
    yield chip
    chip.remove()


@pytest.fixture
def boards(light_bus: LightBus, lay_board: Callable[[str], Path]) -> Path:
    return lay_board(TABLE.replace("BUS", str(light_bus.node)))


def hsvd(boards: Path, tmp_path: Path, what: str) -> str:
    config = tmp_path / "hsvd.toml"
    config.write_text("")
    command = [camera_binary(), "--config", config, "--boards", boards, what]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def is_lit(pwm: LampPwm) -> bool:
    now = pwm.told()[-1]
    return now.is_enabled and now.duty > 0


def is_dark(pwm: LampPwm) -> bool:
    """What a chip does that is only disabled nobody knows."""
    return pwm.told()[-1].duty == 0


def test_the_lamp_is_as_bright_as_the_table_says(
    vivid: Vivid,
    pwm: LampPwm,
    light_bus: LightBus,
    boards: Path,
    make_home: MakeHome,
    tmp_path: Path,
) -> None:
    pwm.leave(CHANNEL, period=1_000_000, duty=900_000)  # longer than the period to come
    left = len(pwm.told())
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360}
    home = make_home({"video": video, "audio": {"source": "none"}}, expect_end=True)
    home.camera.wait_log("capture started", 20)
    assert is_dark(pwm), "by day"

    light_bus.shine(0.5)
    wait_until(lambda: is_lit(pwm), DWELL_S + 20)
    assert pwm.told()[-1] == LIT
    # a camera that is off needs no light, and has it again when it is on
    home.session.write((db.CAMERA_ACTIVE, 0))
    wait_until(lambda: is_dark(pwm), 2)
    home.session.write((db.CAMERA_ACTIVE, 1))
    wait_until(lambda: is_lit(pwm), DWELL_S + 20)
    assert pwm.told()[-1] == LIT

    home.camera.kill()
    assert is_lit(pwm), "nobody was left to darken it"
    hsvd(boards, tmp_path, "--failsafe")
    assert is_dark(pwm)

    home.power_cycle()
    wait_until(lambda: is_lit(pwm), DWELL_S + 20)
    home.camera.terminate()
    assert is_dark(pwm), "after the end"

    ours = pwm.told()[left:]
    assert all(state.channel == CHANNEL for state in ours), ours
    of_life = ours[[state.is_inverted for state in ours].index(False) :]
    assert not any(state.is_inverted for state in of_life), of_life
    lit = [state for state in of_life if state.is_enabled and state.duty]
    assert set(lit) == {LIT}, "it never shines brighter, nor at another rate"


def test_a_fresh_channel_and_a_missing_chip(pwm: LampPwm, boards: Path, tmp_path: Path) -> None:
    said = hsvd(boards, tmp_path, "--check-board")
    assert f"IR lamp: channel {CHANNEL} of PWM lamppwm, found" in said
    hsvd(boards, tmp_path, "--failsafe")
    assert is_dark(pwm)
    table = boards / "host" / "board.toml"
    table.write_text(table.read_text().replace('"lamppwm"', '"other.pwm"'))
    said = hsvd(boards, tmp_path, "--check-board")
    assert "IR lamp: MISSING: 0 PWM chips belong to other.pwm" in said
