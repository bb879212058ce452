# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the camera saw is not to be found in its memory once the privacy switch is on.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from conftest import Home

from hsv_testkit.lines import SWITCH_ALONE, Lines
from hsv_testkit.machine import Vivid, needs_bench
from hsv_testkit.memory import found, standing_still
from hsv_testkit.recording_config import Selected

SELECTED = Selected(width=1280, height=720)
WITHIN_S = 0.1
NEEDLE = 48
"""Bytes: what is found of so many is no chance."""
pytestmark = needs_bench


def middle(data: bytes) -> bytes:
    """Of coded pictures, whose beginnings are all alike."""
    return data[len(data) // 2 :][:NEEDLE]


def test_nothing_that_was_seen_is_left_in_memory(
    vivid: Vivid,
    make_lines: Callable[..., Lines],
    lay_board: Callable[[str], object],
    make_home: Callable[..., Home],
) -> None:
    lines = make_lines("PRIVACY")
    lay_board(SWITCH_ALONE)
    video = {"source": f"v4l2:{vivid.node}", "width": 640, "height": 360}
    home = make_home({"video": video, "motion": {"hold-s": 120}, "audio": {"source": "none"}})
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    time.sleep((SELECTED.prebuffer_ms + SELECTED.fragment_ms) / 1000)
    home.camera.trigger_motion()
    hub.wait_motion()
    recording = hub.record()
    recording.collect(2)
    answer = home.session.snapshot()
    assert answer.status == 200
    seen = {
        "the snapshot's JPEG": middle(answer.body),
        "the recording's last fragment": middle(recording.parts[-1].data),
    }
    pid = home.camera.pid
    with standing_still(pid):
        assert found(pid, list(seen.values())) == [True, True], "in use"

    lines.pull("PRIVACY", True)
    time.sleep(WITHIN_S)
    with standing_still(pid):
        left = found(pid, list(seen.values()))
    assert not any(left), [name for name, is_left in zip(seen, left, strict=True) if is_left]
