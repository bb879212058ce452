# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fixtures: a card that is used, made once for all stories, and machines for copies of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from life import Used, pair, record, start, wait_on_card

from hsv_testkit.appliance import COMPLAINT, Appliance

IDLE_S = 10.0
IDLE_MOST_MIB = 96.0
MORE_BYTES = 64 << 20
"""By which the card is larger than its image."""


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    """The first start of a card, as its owner has it: it is larger than the image that was written
    to it, shows its code, is paired and records."""
    work = tmp_path_factory.mktemp("used")
    machine = Appliance(work)
    was = machine.card.partition("data").size
    with machine.card.path.open("r+b") as card:
        card.truncate(card.seek(0, 2) + MORE_BYTES)
    try:
        took = start(machine)
        figures = [f"first start: {took:.1f} s from the kernel's to the first HAP answer"]
        code = machine.setup_code(120)
        wait_on_card(machine, "setup-code.txt", code)
        time.sleep(IDLE_S)
        idle = machine.memory_used_mib(60)
        figures.append(f"idle: {idle:.0f} MiB used")
        assert idle <= IDLE_MOST_MIB
        pairing = pair(machine, code)
        record(machine, pairing, work / "first.mp4", is_armed=False)
        wait_on_card(machine, "setup-code.txt", None)
        console = machine.console()
        assert not COMPLAINT.search(console)
    finally:
        machine.cut_power()
        print(f"--- console of the first start\n{machine.console()}")
    assert machine.card.partition("data").size >= was + MORE_BYTES - (1 << 20), "data did not grow"
    yield Used(machine.card.path, code, pairing, figures, console)


@pytest.fixture
def appliance(used: Used, tmp_path: Path) -> Iterator[Appliance]:
    """A machine with a copy of the used card."""
    machine = Appliance(tmp_path / "machine", image=used.image)
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
