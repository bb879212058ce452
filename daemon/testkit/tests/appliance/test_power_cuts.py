# SPDX-License-Identifier: MIT OR Apache-2.0
"""The plug is pulled again and again, while it starts and while settings are written.

Each cut loses a random share of what the card had not been told to flush (`hsv_testkit.card`), and
the next start begins with what is left. QEMU is killed with SIGKILL. The moments are drawn by a
seed that is printed; `HSV_SEED` gives it back. Three, and as many more as fit into some minutes;
all fifty, in about a quarter of an hour, with `HSV_POWER_CUTS=50`:

    HSV_POWER_CUTS=50 scripts/testbench/appliance PYTHON -m pytest -s \\
        daemon/testkit/tests/appliance/test_power_cuts.py
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from life import START_S, Used, record, session_of, start

from hsv_testkit import database as db
from hsv_testkit.appliance import COMPLAINT, Appliance, needs_appliance
from hsv_testkit.card import Card
from hsv_testkit.connection import ConnectionClosed
from hsv_testkit.session import Session, WriteRefused

pytestmark = [needs_appliance, pytest.mark.usefixtures("ffmpeg")]
CUTS = int(os.environ.get("HSV_POWER_CUTS", "0"))
WITHIN_S = 200.0
LEAST = 3
"""Where no number was given: so many, and as many more as fit into the time."""
FSCK = {0: "whole", 1: "mended by itself", 4: "mended by force", 8: "lost"}


class Settings(threading.Thread):
    """A controller who turns a volume up, one step after the other, until the power goes."""

    def __init__(self, session: Session, begin: int) -> None:
        super().__init__(daemon=True)
        self.session, self.acknowledged, self.asked = session, begin, begin
        self.refused: WriteRefused | None = None
        self.start()

    def run(self) -> None:
        try:
            while True:
                self.asked = (self.acknowledged + 1) % 100
                self.session.write((db.SPEAKER_VOLUME, self.asked))
                self.acknowledged = self.asked
        except WriteRefused as refused:
            self.refused = refused
        except (ConnectionClosed, OSError):
            return  # the power went


def checked(card: Card, name: str, into: Path) -> str:
    """What a check finds on a partition, in e2fsck's exit codes; done to a copy."""
    copy = card.copy_of(name, into)
    code = subprocess.run(["e2fsck", "-p", str(copy)], capture_output=True).returncode
    if code > 1:
        forced = subprocess.run(["e2fsck", "-y", str(copy)], capture_output=True).returncode
        code = 4 if forced < 8 else 8
    copy.unlink()
    return FSCK[code]


@dataclass
class Toll:
    """What was done to the card, and what became of it."""

    moments: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    cached: int = 0
    starts_s: list[float] = field(default_factory=list)

    def cut(self, appliance: Appliance, rng: random.Random, when: str) -> None:
        lost, cached = appliance.cut_power(rng)
        self.lost, self.cached = self.lost + lost, self.cached + cached
        self.moments[when] += 1

    def look(self, card: Card, work: Path) -> None:
        for name in ("state", "data"):
            self.found[f"{name} {checked(card, name, work / name)}"] += 1

    def __str__(self) -> str:
        least, middle, most = (f(self.starts_s) for f in (min, statistics.median, max))
        return (
            f"{self.moments.total()} power cuts {dict(self.moments)}, {self.lost} of "
            f"{self.cached} sectors in the card's cache lost; then e2fsck finds "
            f"{dict(sorted(self.found.items()))}\n{len(self.starts_s)} whole starts, from the "
            f"kernel's to the first HAP answer: {least:.1f} to {most:.1f} s, median {middle:.1f} s"
        )


def test_it_always_starts_and_nothing_that_was_acknowledged_is_forgotten(
    used: Used,
    appliance: Appliance,
    tell: Callable[[str], None],
    rng: random.Random,
    tmp_path: Path,
) -> None:
    began, toll = time.monotonic(), Toll()

    def whole_start() -> None:
        toll.starts_s.append(start(appliance))

    whole_start()
    with session_of(appliance, used.pairing) as session:
        session.write((db.SPEAKER_VOLUME, 0))
    may_be, where = {0}, "first"
    appliance.cut_power(rng)

    def goes_on() -> bool:
        spent = time.monotonic() - began + 2 * toll.starts_s[0]
        least = CUTS or LEAST
        return toll.moments.total() < least or not CUTS and spent < WITHIN_S

    try:
        while goes_on():
            if rng.random() < 0.6:
                at = rng.uniform(0.0, 1.2 * toll.starts_s[0])
                appliance.start()
                time.sleep(at)
                toll.cut(appliance, rng, "while it starts")
                where = f"{at:.1f} s after the plug"
            else:
                whole_start()
                with session_of(appliance, used.pairing) as session:
                    volume = session.read(db.SPEAKER_VOLUME)
                    assert volume in may_be, f"{volume} is none of {may_be}; {where}"
                    settings = Settings(session, volume)
                    at = rng.uniform(0.0, 4.0)
                    time.sleep(at)
                    said = appliance.console()
                    toll.cut(appliance, rng, "while settings are written")
                    settings.join(START_S)
                assert settings.refused is None
                may_be = {settings.acknowledged, settings.asked}
                assert not COMPLAINT.search(said), said[-8000:]
                where = f"{at:.1f} s after the answer, at volume {may_be}"
            print(f"cut {toll.moments.total()}: {where}", flush=True)
            toll.look(appliance.card, tmp_path)
        whole_start()
    finally:
        tell(str(toll))
    with session_of(appliance, used.pairing) as session:
        assert session.read(db.SPEAKER_VOLUME) in may_be
    record(appliance, used.pairing, tmp_path / "after.mp4")
    assert not COMPLAINT.search(appliance.console())
    assert used.code not in appliance.console(), "it has forgotten its pairing"
