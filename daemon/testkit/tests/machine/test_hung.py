# SPDX-License-Identifier: MIT OR Apache-2.0
"""Scalers and encoders that never answer again cost the camera nothing: it is shut in time, and
goes on when they do. A descriptor of what hangs stays until the kernel lets go of it.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import media
from hsv_testkit.accessory import Settings
from hsv_testkit.hub import Hub
from hsv_testkit.lines import SWITCH_ALONE, Lines
from hsv_testkit.machine import (
    Codec,
    H264Encoder,
    PictureScaler,
    Vivid,
    held_files,
    needs_bench,
    open_files,
    wait_until,
)
from hsv_testkit.recording_config import Selected

MakeHome = Callable[..., Home]
SELECTED = Selected(width=1280, height=720)
WITHIN_S = 0.1
pytestmark = [needs_bench, pytest.mark.usefixtures("ffmpeg")]


@pytest.fixture
def lines(make_lines: Callable[..., Lines], lay_board: Callable[[str], Path]) -> Lines:
    """A privacy switch, and the board's table that names it."""
    lay_board(SWITCH_ALONE)
    return make_lines("PRIVACY")


def settings(vivid: Vivid) -> Settings:
    size = {"width": SELECTED.width, "height": SELECTED.height}
    codecs = {"encoder": f"m2m:{H264Encoder.name}", "scaler": f"m2m:{PictureScaler.name}"}
    # half the pictures, since the drivers work on the machine's one processor
    video = {"source": f"v4l2:{vivid.node}", "fps": 15, **size, **codecs}
    return {"video": video, "motion": {"hold-s": 120}, "audio": {"source": "none"}}


def armed(home: Home) -> Hub:
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    home.camera.trigger_motion()
    return hub


def record(hub: Hub, tmp_path: Path) -> None:
    recording = hub.open_soon(20)
    recording.collect(2, timeout=30)
    recording.close()
    media.decode_every_frame(recording.write(tmp_path / "recording.mp4"))


def sees(home: Home, vivid: Vivid) -> bool:
    return bool(held_files(home.camera.pid, str(vivid.node)))


def descriptors(home: Home, codec: Codec) -> int:
    return len(open_files(home.camera.pid, str(codec.node)))


def shut(home: Home, vivid: Vivid, lines: Lines) -> None:
    flipped = lines.pull("PRIVACY", True)
    gone = wait_until(lambda: not sees(home, vivid))
    print(f"privacy edge to no camera held: {(gone - flipped) * 1000:.1f} ms")
    assert gone - flipped < WITHIN_S


def open_again(home: Home, vivid: Vivid, lines: Lines) -> None:
    lines.pull("PRIVACY", False)
    wait_until(lambda: sees(home, vivid))


@pytest.mark.parametrize("is_given_up", [False, True])
def test_a_scaler_that_never_answers_does_not_keep_the_camera_open(
    vivid: Vivid,
    lines: Lines,
    encoder: H264Encoder,
    scaler: PictureScaler,
    make_home: MakeHome,
    tmp_path: Path,
    is_given_up: bool,
) -> None:
    """Flipped while the scaler is waited for, and again after it was."""
    home = make_home(settings(vivid))
    hub = armed(home)
    record(hub, tmp_path)
    home.camera.wait_log("scaler started", 20)  # for motion detection
    with scaler.hanging():
        if is_given_up:
            home.camera.wait_log("the processor scales", 20)
        else:
            time.sleep(0.7)
        shut(home, vivid, lines)
        wait_until(lambda: descriptors(home, scaler) == 1)
        for _ in range(2):
            open_again(home, vivid, lines)
            record(hub, tmp_path)
            shut(home, vivid, lines)
        open_again(home, vivid, lines)
        record(hub, tmp_path)
        assert descriptors(home, scaler) == 1, "what hangs is not opened again"
        started = home.camera.log().count("scaler started")
    wait_until(lambda: descriptors(home, scaler) == 0)
    shut(home, vivid, lines)
    open_again(home, vivid, lines)
    wait_until(lambda: home.camera.log().count("scaler started") > started)
    record(hub, tmp_path)


def test_an_encoder_that_never_answers_leaves_the_camera_to_others(
    vivid: Vivid, lines: Lines, encoder: H264Encoder, scaler: PictureScaler, make_home: MakeHome
) -> None:
    """It keeps one picture, and four wait for it: the camera has memory for more."""
    home = make_home(settings(vivid))
    hub = armed(home)
    hub.open_soon(20).close()
    before = len(home.camera.lines)
    with encoder.hanging():
        time.sleep(4.5)
        said = home.camera.lines[before:]
        assert any("hangs in the kernel" in line for line in said), said
        assert home.session.snapshot(640, 360).status == 200
        assert sees(home, vivid)
        assert not any("no pictures" in line or "capture stopped" in line for line in said), said


def test_an_encoder_that_never_answers_does_not_keep_the_camera_open(
    vivid: Vivid,
    lines: Lines,
    encoder: H264Encoder,
    scaler: PictureScaler,
    make_home: MakeHome,
    tmp_path: Path,
) -> None:
    home = make_home(settings(vivid))
    hub = armed(home)
    record(hub, tmp_path)
    with encoder.hanging():
        time.sleep(0.5)
        shut(home, vivid, lines)
        wait_until(lambda: not sees(home, vivid))
        open_again(home, vivid, lines)
        told = home.camera.wait_log("the encoder stopped", 20)
        assert "hangs in the kernel" in told
        shut(home, vivid, lines)
        open_again(home, vivid, lines)
        time.sleep(4)
        assert home.session.snapshot(640, 360).status == 200, "pictures are there as before"
        assert descriptors(home, encoder) == 1, "what hangs is not opened again"
        shut(home, vivid, lines)
        open_again(home, vivid, lines)
    record(hub, tmp_path)
    shut(home, vivid, lines)
    wait_until(lambda: descriptors(home, encoder) == 0)
