# SPDX-License-Identifier: MIT OR Apache-2.0
"""A camera whose board has a bell: a video doorbell."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit import third_party
from hsv_testkit.accessory import Accessory
from hsv_testkit.database import Database, short
from hsv_testkit.recording_config import Selected

MakeHome = Callable[..., Home]
TABLE = """
schema = 1
id = "host"
name = "A doorbell on a desk"
compatible = []
[doorbell]
line = "NO_SUCH_LINE"
"""
BELL = {"body": {"fitted": ["doorbell"]}}
CATEGORY_BITS = 31
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture(autouse=True)
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table that describes a bell, whose line this machine has not: SIGUSR2 rings."""
    folder = tmp_path / "board" / "host"
    folder.mkdir(parents=True)
    (folder / "board.toml").write_text(TABLE)
    monkeypatch.setattr(Accessory, "extra_arguments", ["--boards", str(folder.parent)])


@pytest.fixture
def home(make_home: MakeHome) -> Home:
    return make_home(BELL)


def category(camera: Accessory) -> int:
    """What the QR code says."""
    payload = camera.wait_log("X-HM://", 2).removeprefix("X-HM://")[:9]
    number = 0
    for digit in payload:
        number = number * 36 + DIGITS.index(digit)
    return number >> CATEGORY_BITS & 0xFF


def presses(base: Database, event: Any) -> list[Any]:
    iid = base.iid(db.DOORBELL_PRESS)
    return [entry["value"] for entry in event.entries() if entry["iid"] == iid]


def test_its_main_service_is_the_bell(home: Home) -> None:
    base = home.session.database
    primary = [service["type"] for service in base.services() if service.get("primary")]
    assert [short(kind) for kind in primary] == ["121"]
    (press,) = base.characteristics(db.DOORBELL_PRESS)
    assert press["valid-values"] == [0] and press["value"] is None
    assert (press["format"], set(press["perms"])) == ("uint8", {"pr", "ev"})
    assert home.session.read_entry(db.DOORBELL_PRESS)["value"] is None
    for kind in ("110", "112", "113", "85", "21A", "204", "129"):
        assert base.services(kind), f"a doorbell is a camera, too: {kind}"
    assert category(home.camera) == 18


def test_every_press_is_an_event(home: Home) -> None:
    watcher = home.new_session()
    watcher.subscribe(db.DOORBELL_PRESS)
    for _ in range(3):
        pressed = home.camera.ring()
        event = watcher.connection.wait_event(3)
        assert presses(watcher.database, event) == [0]
        assert event.arrived - pressed < 0.5
    watcher.no_event(1)


def test_it_rings_without_pictures_while_the_camera_is_off(home: Home) -> None:
    watcher = home.new_session()
    home.session.write((db.CAMERA_ACTIVE, False))
    watcher.subscribe(db.DOORBELL_PRESS, db.MOTION_DETECTED)
    home.camera.ring()
    assert presses(watcher.database, watcher.connection.wait_event(3)) == [0]
    watcher.no_event(1)
    assert watcher.read(db.MOTION_DETECTED) in (0, False)
    assert home.session.snapshot(reason=1).status != 200


def test_a_press_is_recorded_with_what_came_before(home: Home) -> None:
    hub = home.hub()
    assert hub.supported().triggers == 3
    selected = Selected(width=1280, height=720)
    hub.arm(selected, audio=False)
    hub.session.subscribe(db.DOORBELL_PRESS)
    time.sleep((selected.prebuffer_ms + selected.fragment_ms) / 1000)
    home.camera.ring()
    hub.wait_motion()
    assert home.session.snapshot(reason=1).status == 200
    recording = hub.record()
    recording.collect(2)
    assert len(recording.fragments) >= 2


def test_a_camera_that_becomes_a_doorbell_stays_paired(make_home: MakeHome) -> None:
    def ids(base: Database) -> dict[int, str]:
        return {
            item["iid"]: short(item["type"])
            for service in base.services()
            for item in [service, *service["characteristics"]]
        }

    home = make_home()
    assert category(home.camera) == 17 and not home.session.database.has(db.DOORBELL_PRESS)
    selected = base64.b64encode(Selected().encode()).decode()
    home.session.write((db.SELECTED_RECORDING, selected))
    before = ids(home.session.database)
    home.forget_sessions()
    home.camera.kill()
    home.camera.config.write_text(home.camera.config.read_text() + "[body]\nfitted=['doorbell']\n")
    home.camera.start()
    after = ids(home.session.database)
    assert before.items() <= after.items() and len(after) == len(before) + 2
    assert home.session.read_entry(db.SELECTED_RECORDING)["status"] == -70402, "selected anew"


def test_a_bell_that_is_no_bell_rings_nobody(make_home: MakeHome) -> None:
    home = make_home()
    home.session.subscribe(db.MOTION_DETECTED)
    home.camera.ring()
    home.camera.wait_log("this is no doorbell", 2)
    home.session.no_event(1)


def test_a_missing_line_is_told(home: Home) -> None:
    home.camera.wait_log("NO_SUCH_LINE", 2)


def test_aiohomekit_hears_it(start_camera: Callable[..., Accessory]) -> None:
    camera = start_camera(BELL)

    async def story() -> None:
        controller = third_party.ip_controller()
        pairing = await third_party.pair(controller, camera.host, camera.port, camera.setup_code)
        base = Database({"accessories": await pairing.list_accessories_and_characteristics()})
        key = (base.aid, base.iid(db.DOORBELL_PRESS))
        seen: asyncio.Queue[dict[Any, Any]] = asyncio.Queue()
        pairing.dispatcher_connect(seen.put_nowait)
        assert await pairing.subscribe([key]) == {}
        for _ in range(2):
            camera.ring()
            while key not in (event := await asyncio.wait_for(seen.get(), 5)):
                pass
            assert event[key]["value"] == 0
        await pairing.shutdown()

    asyncio.run(asyncio.wait_for(story(), 60))
