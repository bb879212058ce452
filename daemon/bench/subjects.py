# SPDX-License-Identifier: MIT OR Apache-2.0
"""The programs under measurement: the camera and its two peers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TESTKIT = Path(__file__).resolve().parents[1] / "testkit"
from hsv_testkit.accessory import Accessory, Settings, camera_binary
from hsv_testkit.connection import Connection
from hsv_testkit.pairing import Pairing, pair_setup

OURS, NODE, PYTHON = "hsvd", "hap-nodejs", "HAP-python"


@dataclass
class Subject:
    name: str
    binary: Path
    records: bool
    environment: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def running(
        self, settings: Settings | None = None, environment: dict[str, str] | None = None
    ) -> Iterator[Accessory]:
        """A fresh, unpaired accessory."""
        with tempfile.TemporaryDirectory(prefix="hsv-bench-") as work:
            more = {**self.environment, **(environment or {})}
            accessory = Accessory(
                Path(work), settings or {}, binary=self.binary, environment=more
            )
            with accessory:
                yield accessory


def pair(accessory: Accessory) -> Pairing:
    with Connection(accessory.host, accessory.port) as connection:
        return pair_setup(connection, accessory.setup_code)


def find_subjects() -> tuple[list[Subject], list[str]]:
    """What can be measured here, and why the rest cannot."""
    found, missing = [], []
    if camera_binary().exists():
        found.append(Subject(OURS, camera_binary(), records=True))
    else:
        missing.append(f"{OURS}: {camera_binary()} does not exist (cargo build --release)")
    if _can_run(["node", "-e", "require('hap-nodejs')"]):
        found.append(Subject(NODE, TESTKIT / "peers" / "peer_hap_nodejs.js", records=True))
    else:
        missing.append(f"{NODE}: not installed (npm install --no-package-lock in daemon/testkit)")
    if _can_run([sys.executable, "-c", "import pyhap.camera"]):
        directory = str(Path(sys.executable).parent)
        path = {"PATH": directory + os.pathsep + os.environ.get("PATH", "")}
        peer = TESTKIT / "peers" / "peer_hap_python.py"
        found.append(Subject(PYTHON, peer, records=False, environment=path))
    else:
        missing.append(f"{PYTHON}: not installed (pip install -r daemon/testkit/requirements.txt)")
    return found, missing


def _can_run(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    result = subprocess.run(command, cwd=TESTKIT, capture_output=True, check=False)
    return result.returncode == 0
