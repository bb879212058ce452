# SPDX-License-Identifier: MIT OR Apache-2.0
"""A state folder that cannot be written any more, as on a card that is worn out: the camera goes
on, warns once, and HomeKit is told of a fault.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db

REFUSED = -70402
WARNING = "state cannot be saved"
OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]


def remount(home: Home, how: str) -> None:
    """The camera's state folder, for the camera alone."""
    assert home.camera.process is not None
    command = ["nsenter", "--mount", "--target", str(home.camera.process.pid), "mount", "-o"]
    subprocess.run([*command, f"remount,bind,{how}", str(home.camera.state)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
def test_a_card_that_can_only_be_read(make_home: Callable[..., Home], tmp_path: Path) -> None:
    state = tmp_path / "camera0" / "state"
    bound = f"mount --bind {state} {state} && mount -o remount,bind,${{HSV_TEST_STATE:-rw}} {state}"
    home = make_home(inside=[*OWN_MOUNTS, f'{bound} && exec "$0" "$@"'])
    home.session.subscribe(db.STATUS_FAULT)
    home.session.write((db.SPEAKER_VOLUME, 30))

    remount(home, "ro")
    for volume in (31, 32):
        assert home.session.write_status(db.SPEAKER_VOLUME, volume) == REFUSED
    home.session.wait_for(db.STATUS_FAULT, 1, 5)
    assert home.session.read(db.SPEAKER_VOLUME) == 30
    assert home.session.snapshot().status == 200
    assert home.camera.log().count(WARNING) == 1

    remount(home, "rw")
    home.session.wait_for(db.STATUS_FAULT, 0, 15)
    home.session.write((db.SPEAKER_VOLUME, 33))

    home.camera.environment["HSV_TEST_STATE"] = "ro"
    home.power_cycle()
    assert home.session.read(db.STATUS_FAULT) == 1
    assert home.session.read(db.SPEAKER_VOLUME) == 33
    assert home.session.snapshot().status == 200
    assert home.camera.log().count(WARNING) == 2
