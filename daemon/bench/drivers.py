# SPDX-License-Identifier: MIT OR Apache-2.0
"""Figures of the suites with a kernel's own drivers, run on the test bench's machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import examples
from hsv_testkit.accessory import camera_binary
from live import NotMeasured

SUITES = "daemon/testkit/tests/machine"
TESTS = (
    f"{SUITES}/test_encoder.py::test_the_processors_part",
    f"{SUITES}/test_hands.py::test_the_switch_shuts_the_camera_in_mid_recording",
    f"{SUITES}/test_hands.py::test_the_switch_waits_for_no_picture",
)
UNAVAILABLE = 77


def figures() -> dict[str, float]:
    """What those tests print as `figure NAME: NUMBER`."""
    command = ["scripts/testbench/uml", sys.executable, "-m", "pytest", "-q", "-s", "--color=no"]
    command += ["-p", "no:cacheprovider", "--basetemp=/run/tmp/pytest", *TESTS]
    environment = {**os.environ, "HSVD": str(camera_binary())}
    done = subprocess.run(
        command,
        cwd=examples.REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == UNAVAILABLE:
        raise NotMeasured(done.stderr.strip().splitlines()[-1])
    found = {name: float(value) for name, value in re.findall(r"figure (\w+): (\S+)", done.stdout)}
    if done.returncode:
        raise NotMeasured(f"a test failed; figures until then: {found}")
    return found
