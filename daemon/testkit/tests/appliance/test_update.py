# SPDX-License-Identifier: MIT OR Apache-2.0
"""Updates of the whole appliance with real U-Boot, RAUC, dbus-broker and our programs: one that is
kept, and one after the other that is not, each back with its reason, still paired.

An order on the card (`Appliance.order`) asks for the next bundle at each start that has come to
rest; bundles are streamed from a web server of this computer.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from life import START_S, Used, record, session_of

from hsv_testkit import bundles
from hsv_testkit import database as db
from hsv_testkit.appliance import Appliance, needs_appliance
from hsv_testkit.bundles import Bundles
from hsv_testkit.session import Session

pytestmark = needs_appliance
ORDER = """
until hsvctl --json update > /run/standing 2> /dev/null && grep -q '"idle"' /run/standing; do
    sleep 1
done
echo "order: standing $(tr -d '\\n' < /run/standing)"
echo "order: history $(hsvctl --json update history | tr -d '\\n')"
while step=$(cat /data/step 2> /dev/null || echo 0); set -- NAMES; [ "$step" -lt $# ]; do
    shift "$step"
    echo $((step + 1)) > /data/step
    sync
    echo "order: installs $1"
    hsvctl update install "http://10.0.2.2:PORT/$1.raucb" --now > /run/told 2>&1 && exit
    echo "order: told $(tr '\\n' ' ' < /run/told)"
done
"""
FAULTS: dict[str, tuple[bundles.Change, str]] = {
    "kernel": (bundles.kernel_does_not_boot, "did not start"),
    "crash": (bundles.hsvd_crashes, "ends again and again"),
    "root": (bundles.root_is_not_mounted, "did not start"),
    "blind": (bundles.no_pictures, "no pictures"),
    "deaf": (bundles.hap_is_deaf, "HomeKit gets no answer"),
}
IN_CI = ("crash",)
"""The others take some minutes each: HSV_UPDATE_FAULTS=all runs every one."""
STEP_S = 600.0


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bundles]:
    made = Bundles(Path(os.environ["HSV_APPLIANCE"]), tmp_path / "bundles")
    yield made
    made.close()


def home(machine: Appliance, used: Used) -> Session:
    """The camera may still be starting."""
    machine.wait_answer(START_S)
    return session_of(machine, used.pairing)


def wait_order(machine: Appliance, what: str, after: float) -> tuple[float, str]:
    """The next line of the order's that begins so; lines of before `after` do not count."""
    pattern = re.compile(rf"order: {what} ?(.*)")
    deadline = time.monotonic() + STEP_S
    while True:
        for moment, line in list(machine.lines):
            if moment > after and (match := pattern.search(line)):
                return moment, match[1]
        assert time.monotonic() < deadline, machine.console()[-6000:]
        time.sleep(0.5)


def test_updates(
    used: Used, appliance: Appliance, made: Bundles, tell: Callable[[str], None], tmp_path: Path
) -> None:
    is_all = os.environ.get("HSV_UPDATE_FAULTS") == "all"
    faults = [name for name in FAULTS if is_all or name in IN_CI]
    if not is_all:
        tell(f"left out, and run by HSV_UPDATE_FAULTS=all: {sorted(set(FAULTS) - set(faults))}")
    made.make("good", "0.2.0")
    for at, name in enumerate(faults):
        made.make(name, f"0.3.{at}", FAULTS[name][0])
    made.make("schema", "0.4.0", bundles.state_is_too_new)
    appliance.resets = True
    appliance.stick = made.stick("schema")
    names = " ".join(["good", *faults])
    appliance.order(ORDER.replace("NAMES", names).replace("PORT", str(made.port)))
    appliance.start()

    at, text = wait_order(appliance, "standing", 0)
    assert (before := json.loads(text))["version"] == "0.1.0", before
    with home(appliance, used) as session:
        assert session.read(db.FIRMWARE) == "0.1.0"
    stick = re.compile(r"update-usb: schema\.raucb: .*reads no form after 1")
    appliance.wait_line(stick, STEP_S)
    begun, _ = wait_order(appliance, "installs good", at)
    at, text = wait_order(appliance, "standing", begun)
    kept: dict[str, Any] = json.loads(text)
    assert (kept["version"], kept["slot"], kept["fault"]) == ("0.2.0", "B", ""), kept
    size = (made.folder / "good.raucb").stat().st_size
    tell(
        f"update: {at - begun:.0f} s from its order to its proof (12 s of it), "
        f"{made.sent['good.raucb'] >> 20} MiB fetched of {size >> 20}"
    )
    with home(appliance, used) as session:
        assert session.read(db.FIRMWARE) == "0.2.0"
    record(appliance, used.pairing, tmp_path / "after.mp4")
    for name in faults:
        begun, _ = wait_order(appliance, f"installs {name}", begun)
        at, text = wait_order(appliance, "standing", begun)
        back = json.loads(text)
        assert (back["version"], back["slot"]) == ("0.2.0", "B"), back
        assert FAULTS[name][1] in back["fault"], (name, back)
        size = (made.folder / f"{name}.raucb").stat().st_size
        tell(
            f"{name}: back after {at - begun:.0f} s: {back['fault']} "
            f"({made.sent[f'{name}.raucb'] >> 20} MiB fetched of {size >> 20})"
        )
    _, text = wait_order(appliance, "history", at)
    outcomes = [past["outcome"] for past in json.loads(text)["updates"]]
    assert outcomes == ["came-back"] * len(faults) + ["kept"]
    with home(appliance, used) as session:
        assert session.read(db.FIRMWARE) == "0.2.0"
        # HomeKit is told of an update that came back, when hsvd has started and heard of it
        session.subscribe(db.STATUS_FAULT)
        if session.read(db.STATUS_FAULT) == 0:
            session.wait_for(db.STATUS_FAULT, 1, 60)
