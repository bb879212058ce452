# SPDX-License-Identifier: MIT OR Apache-2.0
"""What owners and hubs do with an appliance, and a card that was through the first of it."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hsv_testkit import database as db
from hsv_testkit import media, third_party
from hsv_testkit.appliance import KERNEL_STARTS, Appliance, OutsideHub
from hsv_testkit.pairing import Identity, Pairing
from hsv_testkit.recording_config import Selected
from hsv_testkit.session import Session

SELECTED = Selected(width=1280, height=720)
START_S = 240.0
"""From the plug to the first answer, on a computer that has other things to do."""


@dataclass(frozen=True)
class Used:
    """A card that was started, paired and armed for recordings, and switched off."""

    image: Path
    code: str
    pairing: Pairing
    figures: list[str]
    console: str


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


def session_of(appliance: Appliance, pairing: Pairing) -> Session:
    """The camera knows its controller."""
    return Session(appliance.host, appliance.port, pairing, timeout=60)


def record(appliance: Appliance, pairing: Pairing, path: Path, is_armed: bool = True) -> None:
    """A figure walks through the picture; the hub is told of it and fetches what was seen."""
    with session_of(appliance, pairing) as session:
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


def wait_on_card(appliance: Appliance, name: str, text: str | None, within: float = 60) -> None:
    """Until a file of the FAT partition has the text, or is gone."""
    deadline = time.monotonic() + within
    while True:
        found = appliance.on_card(name)
        if found is None if text is None else found is not None and text in found:
            return
        assert time.monotonic() < deadline, f"{name} has {found!r}"
        time.sleep(1)
