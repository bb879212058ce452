# SPDX-License-Identifier: MIT OR Apache-2.0
"""A camera that starts with the privacy switch on opens no node that may be a camera's.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit.accessory import camera_binary
from hsv_testkit.lines import SWITCH_ALONE, Lines
from hsv_testkit.machine import Vivid, needs_bench

MakeHome = Callable[..., Home]
IN_OPEN = 0x20
pytestmark = needs_bench


class Opens:
    """Counts how often a file is opened, by whomever."""

    def __init__(self, path: str) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert self.descriptor >= 0
        assert libc.inotify_add_watch(self.descriptor, path.encode(), IN_OPEN) >= 0

    def has_any(self) -> bool:
        """Whether it was opened since the last call."""
        try:
            return bool(os.read(self.descriptor, 65536))
        except BlockingIOError:
            return False


@pytest.fixture
def switch(make_lines: Callable[..., Lines]) -> Lines:
    chip = make_lines("PRIVACY")
    chip.pull("PRIVACY", True)
    return chip


@pytest.fixture
def boards(lay_board: Callable[[str], Path]) -> Path:
    return lay_board(SWITCH_ALONE)


@pytest.mark.usefixtures("boards", "switch", "encoder")
@pytest.mark.parametrize("wish", ["auto", "m2m"])
def test_no_camera_is_opened_to_look_for_an_encoder(
    vivid: Vivid, make_home: MakeHome, wish: str
) -> None:
    opens = Opens(str(vivid.node))
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360, "encoder": wish}
    home = make_home({"video": video, "audio": {"source": "none"}})
    home.camera.wait_log("the encoder is the V4L2 encoder", 5)
    assert not opens.has_any()
    with open(vivid.node, "rb"):
        assert opens.has_any(), "the watch works"


@pytest.mark.usefixtures("encoder")
def test_the_board_check_opens_the_encoder_alone(
    vivid: Vivid, switch: Lines, boards: Path, tmp_path: Path
) -> None:
    opens = Opens(str(vivid.node))
    config = tmp_path / "hsvd.toml"
    config.write_text(f'[video]\nsource = "v4l2:{vivid.node}"\n')
    command = [camera_binary(), "--config", config, "--boards", boards, "--check-board"]

    def check() -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    said = check()
    assert "it coded drawn pictures, up to " in said and " a second; it works" in said, said
    assert "camera: not looked for, the switch stands at private" in said, said
    assert not opens.has_any()
    switch.pull("PRIVACY", False)
    said = check()
    assert ", found at " in said and opens.has_any(), said
