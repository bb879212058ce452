# SPDX-License-Identifier: MIT OR Apache-2.0
"""A card's life: it starts for the first time, is paired and records, loses its power, and goes on.

Run by scripts/testbench/appliance, which see. One story, since a start takes a minute. Times are an
emulated processor's.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

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


def start(appliance: Appliance, which: str) -> None:
    """To the first answer, which is told beside the kernel's start."""
    appliance.start()
    kernel, _ = appliance.wait_line(re.compile(KERNEL_STARTS), START_S)
    answered = appliance.wait_answer(START_S)
    print(f"\n{which}: {answered - kernel:.1f} s from the kernel's start to the first HAP answer")


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
    """A figure walks through the picture; the hub fetches what it sees."""
    with Session(appliance.host, appliance.port, pairing, timeout=60) as session:
        hub = OutsideHub(session, appliance.host, appliance=appliance)
        if not is_armed:
            hub.arm(SELECTED)
        recording = hub.open_soon(120)
        recording.collect(2, timeout=120)
        recording.close()
    streams = media.probe(recording.write(path))
    size = streams["video"]["width"], streams["video"]["height"]
    assert size == (SELECTED.width, SELECTED.height)
    media.decode_every_frame(path)


def test_a_card_starts_pairs_records_and_survives_its_plug(
    appliance: Appliance, tmp_path: Path
) -> None:
    start(appliance, "first start")
    code = appliance.setup_code(120)
    time.sleep(IDLE_S)
    used = appliance.memory_used_mib(60)
    print(f"idle: {used:.0f} MiB used")
    assert used <= IDLE_MOST_MIB
    pairing = pair(appliance, code)
    record(appliance, pairing, tmp_path / "before.mp4")
    assert not COMPLAINT.search(appliance.console())

    appliance.cut_power()
    start(appliance, "after the power cut")
    record(appliance, pairing, tmp_path / "after.mp4", is_armed=True)
    said = appliance.console()
    assert not COMPLAINT.search(said)
    assert code not in said, "it shows its code to whoever plugs in a cable"
