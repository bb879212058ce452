# SPDX-License-Identifier: MIT OR Apache-2.0
"""A card's life: it starts for the first time, is paired and records, loses its power, and goes on,
with what its owner has written to it meanwhile.

Run by scripts/testbench/appliance, which see. One story, since a start takes a minute; its first
half is the fixture `used`, which the other stories share. Times are an emulated processor's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from life import START_S, Used, record, session_of, start, wait_on_card

from hsv_testkit import database as db
from hsv_testkit.appliance import COMPLAINT, Appliance, needs_appliance

PASSWORD = "correct horse battery"
OWNERS = f'name = "Porch"\n\n[wifi]\nssid = "Home"\npassword = "{PASSWORD}"\n'
pytestmark = [needs_appliance, pytest.mark.usefixtures("ffmpeg")]


def test_a_card_starts_pairs_records_and_survives_its_plug(
    used: Used, appliance: Appliance, tell: Callable[[str], None], tmp_path: Path
) -> None:
    for figure in used.figures:
        tell(figure)
    appliance.put_on_card("hsv.toml", OWNERS.encode())
    tell(f"after the power cut: {start(appliance):.1f} s")
    with session_of(appliance, used.pairing) as session:
        assert session.read(db.NAME) == "Porch"
    # It is joined, and told of, beside the camera; QEMU has no radio
    wait_on_card(appliance, "hsv-report.txt", 'Wi-Fi: "Home" taken over', START_S)
    report = appliance.on_card("hsv-report.txt")
    for words in ("Settings: those of hsv.toml are used.", "no radio was found", "address 10.0.2."):
        assert report and words in report, report
    assert PASSWORD not in (appliance.on_card("hsv.toml") or PASSWORD)
    record(appliance, used.pairing, tmp_path / "after.mp4")
    said = appliance.console()
    assert not COMPLAINT.search(said)
    assert used.code not in said, "it shows its code to whoever plugs in a cable"
