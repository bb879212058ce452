# SPDX-License-Identifier: MIT OR Apache-2.0
"""A card that fails in the ways cards fail: what is told, what is kept, and that the camera goes on
where it may.

Each story begins with a copy of the used card.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from life import START_S, Used, record, session_of, start, wait_on_card

from hsv_testkit import database as db
from hsv_testkit.appliance import COMPLAINT, KERNEL_STARTS, Appliance, needs_appliance
from hsv_testkit.connection import Connection, ConnectionClosed

pytestmark = [needs_appliance, pytest.mark.usefixtures("ffmpeg")]
REFUSED = -70402
"""The status of a write that could not be stored."""
SHOWN = """
until [ "$(cat /sys/class/net/e*/carrier)" = 0 ]; do sleep 1; done
for card in /sys/class/net/e*; do networkctl down "${card##*/}"; done
sleep 2
echo '[[wifi]]
ssid = "Shed"
password = "correct horse battery"' > /run/hsv/network
chown hsv:hsv /run/hsv/network
mv /run/hsv/network /run/hsvd/network.toml
"""
"""The network goes, and hsvd hands over what it was shown."""


def owners_problem(appliance: Appliance, text: str, timeout: float = START_S) -> None:
    """It is said on the console, and once."""
    appliance.wait_line(re.compile(f"hsv: .*{text}"), timeout)
    assert appliance.console().count(text) == 1


def is_paired(appliance: Appliance, used: Used) -> None:
    assert used.code not in appliance.console(), "it has forgotten its pairing"
    with session_of(appliance, used.pairing) as session:
        assert session.read(db.RECORDING_ACTIVE) == 1


def test_a_damaged_state_partition_costs_nothing_and_a_spoilt_fat_neither(
    used: Used, appliance: Appliance
) -> None:
    """The pairing comes back from copy two; the FAT can be read by U-Boot, and by nobody later."""
    appliance.card.spoil("state", seed=1)
    appliance.start()
    appliance.wait_line(re.compile(KERNEL_STARTS), START_S)
    appliance.card.unreadable.append(appliance.card.partition("select"))
    appliance.wait_answer(START_S)
    is_paired(appliance, used)
    owners_problem(appliance, "goes on with the copy")


def test_without_state_and_copy_there_is_no_camera_until_it_is_reset(
    used: Used, appliance: Appliance
) -> None:
    """Fails closed and says so; a reset blanks the partition's beginning: another camera. Asked for
    on the card, too, it says that it was done; and this camera takes a network that it is shown."""
    appliance.card.spoil("state", seed=2)
    appliance.card.spoil("data", seed=3)
    appliance.start()
    owners_problem(appliance, "so it does not start")
    owners_problem(appliance, "has been formatted")
    with pytest.raises((ConnectionClosed, ConnectionError, TimeoutError)):
        for _ in range(10):
            with Connection(appliance.host, appliance.port, timeout=2) as connection:
                connection.request("GET", "/accessories")
    wait_on_card(appliance, "problem.txt", "so it does not start")
    assert appliance.on_card("setup-code.txt") is None
    appliance.cut_power()

    state = appliance.card.partition("state")
    with appliance.card.path.open("r+b") as card:
        card.seek(state.start)
        card.write(bytes(1 << 20))
    appliance.put_on_card("hsv-reset.txt", b"reset\r\n")
    appliance.order(SHOWN)
    start(appliance)
    code = appliance.setup_code(120)
    assert code != used.code
    wait_on_card(appliance, "setup-code.txt", code)
    wait_on_card(appliance, "problem.txt", None)
    wait_on_card(appliance, "hsv-report.txt", "Factory reset: done.")
    assert appliance.on_card("hsv-reset.txt") is None

    with appliance.monitor() as monitor:
        monitor.ask("set_link", name="net", up=False)
    taken = '"Shed" taken over from the code that was shown.'
    wait_on_card(appliance, "hsv-report.txt", taken, START_S)


def test_a_damaged_data_partition_is_formatted_and_gets_its_copy_again(
    used: Used, appliance: Appliance
) -> None:
    appliance.card.spoil("data", seed=4)
    start(appliance)
    is_paired(appliance, used)
    owners_problem(appliance, "'data' was damaged and has been formatted")
    with session_of(appliance, used.pairing) as session:
        session.write((db.SPEAKER_VOLUME, 11))
        assert session.read(db.STATUS_FAULT) == 0
    deadline = time.monotonic() + 60
    while used.pairing.identity.identifier not in appliance.card.read(
        "data", "state/hsv/pairings.a"
    ):
        assert time.monotonic() < deadline, "there is no copy"
        time.sleep(2)
    assert not COMPLAINT.search(appliance.console())


def test_a_card_that_wears_out_leaves_a_camera_that_says_so(
    used: Used, appliance: Appliance, tmp_path: Path
) -> None:
    """Suddenly every write fails; at the next start the card says that it can only be read."""
    start(appliance)
    with session_of(appliance, used.pairing) as session:
        session.subscribe(db.STATUS_FAULT)
        assert session.read(db.STATUS_FAULT) == 0
        appliance.card.refuses_writes = True
        assert session.write_status(db.SPEAKER_VOLUME, 12) == REFUSED
        session.wait_for(db.STATUS_FAULT, 1, 30)
        assert session.snapshot(640, 360).status == 200
    record(appliance, used.pairing, tmp_path / "worn.mp4")
    appliance.cut_power()

    appliance.card.is_protected = True
    start(appliance)
    is_paired(appliance, used)
    owners_problem(appliance, "can only be read")
    with session_of(appliance, used.pairing) as session:
        assert session.read(db.STATUS_FAULT) == 1
    record(appliance, used.pairing, tmp_path / "protected.mp4")
    assert "Kernel panic" not in appliance.console()
