# SPDX-License-Identifier: MIT OR Apache-2.0
"""A card's life: it starts for the first time, is paired and records, loses its power, and goes on.

Run by scripts/testbench/appliance, which see. One story, since a start takes a minute; its first
half is the fixture `used`, which the other stories share. Times are an emulated processor's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from life import Used, record, start

from hsv_testkit.appliance import COMPLAINT, Appliance, needs_appliance

pytestmark = [needs_appliance, pytest.mark.usefixtures("ffmpeg")]


def test_a_card_starts_pairs_records_and_survives_its_plug(
    used: Used, appliance: Appliance, tell: Callable[[str], None], tmp_path: Path
) -> None:
    for figure in used.figures:
        tell(figure)
    tell(f"after the power cut: {start(appliance):.1f} s")
    record(appliance, used.pairing, tmp_path / "after.mp4")
    said = appliance.console()
    assert not COMPLAINT.search(said)
    assert used.code not in said, "it shows its code to whoever plugs in a cable"
