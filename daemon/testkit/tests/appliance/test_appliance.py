# SPDX-License-Identifier: MIT OR Apache-2.0
"""A card's life: it starts for the first time, is paired and records, loses its power, and goes on.

Run by scripts/testbench/appliance, which see. One story, since a start takes a minute. Times are an
emulated processor's.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hsv_testkit import database as db
from hsv_testkit import media, third_party
from hsv_testkit.appliance import (
    COMPLAINT,
    KERNEL_STARTS,
    Appliance,
    OutsideHub,
    needs_appliance,
)
from hsv_testkit.pairing import Identity, Pairing
from hsv_testkit.recording_config import Selected
from hsv_testkit.session import Session

SELECTED = Selected(width=1280, height=720)
START_S = 240.0
"""From the plug to the first answer, on a computer that has other things to do."""
IDLE_S = 10.0
IDLE_MOST_MIB = 96.0
pytestmark = [needs_appliance, pytest.mark.usefixtures("ffmpeg")]


@pytest.fixture
def appliance(tmp_path: Path) -> Iterator[Appliance]:
    machine = Appliance(tmp_path)
    yield machine
    machine.cut_power()
    print(f"--- console since the last start\n{machine.console()}")


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Figures, also of a test that passes."""

    def told(line: str) -> None:
        with capsys.disabled():
            print(f"\n{line}", end="", flush=True)

    return told


def start(appliance: Appliance) -> float:
    """To the first answer; seconds since the kernel began."""
    appliance.start()
    kernel, _ = appliance.wait_line(re.compile(KERNEL_STARTS), START_S)
    answered = appliance.wait_answer(START_S)
    return answered - kernel


def pair(appliance: Appliance, code: str) -> Pairing:
    """By aiohomekit; what it keeps, in our words."""

    async def whole() -> third_party.PairingData:
        controller = third_party.ip_controller()
        pairing = await third_party.pair(controller, appliance.host, appliance.port, code)
        kept = dict(pairing.pairing_data)
        assert len(await pairing.list_accessories_and_characteristics()) == 1
        await pairing.close()
        return kept

    kept = asyncio.run(asyncio.wait_for(whole(), 120))
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(kept["iOSDeviceLTSK"]))
    accessory = bytes.fromhex(kept["AccessoryLTPK"])
    return Pairing(Identity(kept["iOSPairingId"], key), kept["AccessoryPairingID"], accessory)


def record(appliance: Appliance, pairing: Pairing, path: Path, is_armed: bool = False) -> None:
    """A figure walks through the picture; the hub is told of it and fetches what was seen."""
    with Session(appliance.host, appliance.port, pairing, timeout=60) as session:
        hub = OutsideHub(session, appliance.host, appliance=appliance)
        if is_armed:
            session.subscribe(db.MOTION_DETECTED)
        else:
            hub.arm(SELECTED)
        if not session.read(db.MOTION_DETECTED):
            hub.wait_motion(120)
        recording = hub.open_soon(120)
        recording.collect(2, timeout=120)
        recording.close()
    streams = media.probe(recording.write(path))
    size = streams["video"]["width"], streams["video"]["height"]
    assert size == (SELECTED.width, SELECTED.height)
    media.decode_every_frame(path)


def wait_card(appliance: Appliance, code: str | None) -> None:
    """Until setup-code.txt on the FAT partition has the code, or is gone."""
    deadline = time.monotonic() + 60
    while True:
        text = appliance.on_card("setup-code.txt")
        if text is None if code is None else text is not None and code in text:
            return
        assert time.monotonic() < deadline, f"setup-code.txt has {text!r}"
        time.sleep(1)


def test_a_card_starts_pairs_records_and_survives_its_plug(
    appliance: Appliance, tell: Callable[[str], None], tmp_path: Path
) -> None:
    tell(f"first start: {start(appliance):.1f} s from the kernel's to the first HAP answer")
    code = appliance.setup_code(120)
    wait_card(appliance, code)
    time.sleep(IDLE_S)
    used = appliance.memory_used_mib(60)
    tell(f"idle: {used:.0f} MiB used")
    assert used <= IDLE_MOST_MIB
    pairing = pair(appliance, code)
    record(appliance, pairing, tmp_path / "before.mp4")
    wait_card(appliance, None)
    assert not COMPLAINT.search(appliance.console())

    appliance.cut_power()
    tell(f"after the power cut: {start(appliance):.1f} s")
    record(appliance, pairing, tmp_path / "after.mp4", is_armed=True)
    said = appliance.console()
    assert not COMPLAINT.search(said)
    assert code not in said, "it shows its code to whoever plugs in a cable"
