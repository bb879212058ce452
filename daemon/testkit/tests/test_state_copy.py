# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pairings that are damaged twice in the state folder, and their copy on another medium."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory

EX_CONFIG = 78


def spoil(folder: Path, domain: str) -> None:
    for copy in "ab":
        path = folder / f"{domain}.{copy}"
        path.write_bytes(path.read_bytes()[:-1] + b"?")


@pytest.mark.parametrize("domain", ["pairings", "identity", "camera"])
def test_what_is_damaged_twice_comes_from_the_copy(
    make_home: Callable[..., Home], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, domain: str
) -> None:
    copy = tmp_path / "copy"
    monkeypatch.setattr(Accessory, "extra_arguments", ["--state-copy", str(copy)])
    home = make_home(expect_end=True)
    home.session.write((db.SPEAKER_VOLUME, 33))
    home.camera.kill()
    shutil.copytree(home.camera.state, copy)
    spoil(home.camera.state, domain)
    home.power_cycle()
    assert home.session.read(db.SPEAKER_VOLUME) == 33
    assert "mended from the second copy" in home.camera.log()


def test_another_cameras_copy_opens_nothing(make_home: Callable[..., Home], tmp_path: Path) -> None:
    """As after a factory reset that the other medium has not heard of."""
    before, now = make_home(expect_end=True), make_home(expect_end=True)
    for home in before, now:
        home.camera.kill()
    spoil(now.camera.state, "pairings")
    camera = now.camera
    command = [str(camera.binary), "--config", str(camera.config)]
    command += ["--state-dir", str(camera.state), "--state-copy", str(before.camera.state)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    said = done.stdout + done.stderr
    assert done.returncode == EX_CONFIG and "both copies of pairings" in said, said
    assert "another camera's" in said, said
