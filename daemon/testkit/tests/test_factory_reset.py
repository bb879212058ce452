# SPDX-License-Identifier: MIT OR Apache-2.0
"""Factory reset: afterwards it is another camera, wherever the power went meanwhile.

HSV_CUTS changes the count of power cuts.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable

import pytest
from conftest import Home, pair

from hsv_testkit import database as db
from hsv_testkit.accessory import Accessory, StartError
from hsv_testkit.connection import Connection
from hsv_testkit.pairing import pair_setup, pair_verify

CUTS = int(os.environ.get("HSV_CUTS") or 200)


def reset_command(camera: Accessory) -> list[str]:
    return [str(camera.binary), "--state-dir", str(camera.state), "--factory-reset"]


def state_files(camera: Accessory) -> set[str]:
    return {path.name for path in camera.state.iterdir()} - {"lock"}


def still_knows(home: Home) -> bool:
    """Whether the camera is the one that this home paired with."""
    with home.connect() as connection:
        try:
            pair_verify(connection, home.pairing)
        except AssertionError as error:
            if "another accessory" not in str(error):
                raise
            return False
    return True


def test_afterwards_it_is_another_camera(home: Home) -> None:
    home.session.write((db.EVENT_SNAPSHOTS, False))
    home.forget_sessions()
    camera = home.camera
    camera.kill()
    assert state_files(camera)
    subprocess.run(reset_command(camera), check=True)
    assert not state_files(camera)
    camera.start()
    assert not still_knows(home)
    new = pair(camera)
    assert new.pairing.accessory_id != home.pairing.accessory_id
    assert new.pairing.accessory_key != home.pairing.accessory_key
    assert new.session.read(db.EVENT_SNAPSHOTS) in (1, True)
    assert list(new.session.list_pairings()) == [new.pairing.identity.identifier]
    new.forget_sessions()


def test_a_running_camera_is_not_reset_from_beside(home: Home) -> None:
    done = subprocess.run(reset_command(home.camera), capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "in use" in done.stdout + done.stderr
    home.power_cycle()
    assert still_knows(home)


def test_damaged_state_is_no_obstacle(home: Home) -> None:
    camera = home.camera
    home.forget_sessions()
    camera.kill()
    for path in camera.state.iterdir():
        path.write_text("rubbish")
    with pytest.raises(StartError):
        camera.start(5)
    subprocess.run(reset_command(camera), check=True)
    camera.start()
    pair(camera).forget_sessions()


def cut_reset(camera: Accessory, seconds: float) -> None:
    with subprocess.Popen(reset_command(camera), stderr=subprocess.DEVNULL) as process:
        time.sleep(seconds)
        process.kill()


@pytest.mark.slow
def test_power_cuts_in_a_reset(start_camera: Callable[..., Accessory], rng: random.Random) -> None:
    """The camera is the old one whole, or a new one whole; never a mixture."""
    camera = start_camera(expect_end=True)
    home, ends = pair(camera), {"old": 0, "new": 0, "promised": 0}
    started = time.monotonic()
    camera.kill()
    subprocess.run(reset_command(camera), check=True)
    longest = time.monotonic() - started
    camera.start()
    home = pair(camera)
    for count in range(CUTS):
        where = f"after cut {count}"
        home.session.write((db.EVENT_SNAPSHOTS, False))
        home.forget_sessions()
        camera.kill()
        cut_reset(camera, rng.uniform(0.0, longest))
        ends["promised"] += "factory-reset" in state_files(camera)
        camera.start()
        if still_knows(home):
            ends["old"] += 1
            assert home.session.read(db.EVENT_SNAPSHOTS) in (0, False), where
            continue
        ends["new"] += 1
        assert "factory-reset" not in state_files(camera), where
        with Connection(camera.host, camera.port) as connection:
            fresh = Home(camera, pair_setup(connection, camera.setup_code))
        assert fresh.pairing.accessory_id != home.pairing.accessory_id, where
        assert fresh.session.read(db.EVENT_SNAPSHOTS) in (1, True), where
        home = fresh
    home.forget_sessions()
    print(f"\nends of {CUTS} resets cut off: {ends}")
    assert ends["old"] and ends["new"], "the cuts must fall on both sides"
