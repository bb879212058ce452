# SPDX-License-Identifier: MIT OR Apache-2.0
"""hsv-provision on folders: the owner's card, the state of each program, and what lasts until the
next start."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hsv_testkit.accessory import REPOSITORY, camera_binary

IMAGES = 'name = "Camera"\n[live]\nport-range = "50000-50007"\n'


@dataclass
class Machine:
    """Its partitions as folders, and the program under test beside hsvd."""

    work: Path

    def __post_init__(self) -> None:
        for name in ("card", "state", "iwd", "hsvd", "run"):
            self.folder(name).mkdir(parents=True)
        (self.work / "hsvd.toml").write_text(IMAGES)
        boards = REPOSITORY / "board"
        self.program = self.work / "program"
        self.program.write_text(f'#!/bin/sh\nexec {camera_binary()} --boards={boards} "$@"\n')
        self.program.chmod(0o755)

    def folder(self, name: str) -> Path:
        return self.work / name

    def command(self, what: str, *more: str) -> list[str]:
        places = {"card": "card", "state": "state", "iwd": "iwd", "hsvd-state": "hsvd"}
        places |= {"run": "run", "config": "hsvd.toml"}
        options = [f"--{name}={self.work / place}" for name, place in places.items()]
        program = camera_binary().with_name("hsv-provision")
        return [str(program), what, f"--hsvd={self.program}", *options, *more]

    def run(self, what: str, *more: str) -> str:
        done = subprocess.run(self.command(what, *more), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def owners(self, text: str, name: str = "hsv.toml") -> Path:
        (path := self.folder("card") / name).write_text(text, newline="")
        return path

    def wanted(self) -> list[str]:
        path = self.folder("state") / "wanted"
        return [one["ssid"] for one in json.loads(path.read_text())] if path.exists() else []

    def hsvd(self, *options: str) -> subprocess.CompletedProcess[str]:
        over = self.folder("state") / "hsvd.toml"
        command = [str(self.program), "--config", str(self.work / "hsvd.toml")]
        command += ["--over", str(over), "--state-dir", str(self.folder("hsvd")), *options]
        return subprocess.run(command, capture_output=True, text=True)
