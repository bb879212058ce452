# SPDX-License-Identifier: MIT OR Apache-2.0
"""Joining Wi-Fi by the owner's card: real iwd, simulated radios, a real router.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hsv_testkit import air
from hsv_testkit.machine import needs_bench
from hsv_testkit.provision import Machine

SSID, PASSWORD = "Living Room", "correct horse battery"
WRONG = "wrong horse battery"
ADDRESS = re.compile(rf'Network: Wi-Fi "{SSID}", address .*10\.9\.0\.\d+ \(wlan')
pytestmark = [
    needs_bench,
    pytest.mark.skipif(air.missing() is not None, reason=f"not installed: {air.missing()}"),
]


@pytest.fixture
def router(tmp_path: Path) -> Iterator[air.Air]:
    made = air.Air(tmp_path / "air", SSID, PASSWORD)
    yield made
    made.remove()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


def wifi(ssid: str, password: str) -> str:
    return f'[wifi]\nssid = "{ssid}"\npassword = "{password}"\n'


def start(machine: Machine, tmp_path: Path, number: int, asked: str | None = None) -> str:
    """One start of the appliance, as far as it is the network's; the report on the card."""
    if asked is not None:
        machine.owners(asked)
    machine.run("take")
    with air.iwd(tmp_path / f"iwd{number}", machine.folder("iwd")) as bus:
        machine.run("join", f"--bus={bus}")
        report = (machine.folder("card") / "hsv-report.txt").read_text()
    print(report)
    for secret in (PASSWORD, WRONG):
        for file in machine.folder("card").iterdir():
            assert secret not in file.read_text(), file
    return report


@pytest.mark.usefixtures("router")
def test_a_network_is_joined_and_one_that_fails_leads_back(
    machine: Machine, tmp_path: Path
) -> None:
    said = start(machine, tmp_path, 1, wifi(SSID, PASSWORD))
    assert f'Wi-Fi "{SSID}": joined.' in said and ADDRESS.search(said), said
    (known,) = machine.folder("iwd").glob("*.psk")
    assert known.stat().st_mode & 0o777 == 0o600 and not machine.wanted()

    said = start(machine, tmp_path, 2, wifi(SSID, WRONG))
    assert "most likely the password is wrong" in said, said
    assert "The network of before is used." in said and ADDRESS.search(said), said
    assert PASSWORD in known.read_text() and not machine.wanted()

    said = start(machine, tmp_path, 3, wifi("Elsewhere", WRONG))
    assert 'Wi-Fi "Elsewhere": not found' in said and ADDRESS.search(said), said
    assert machine.wanted() == ["Elsewhere"], "tried again at the next start"

    said = start(machine, tmp_path, 4)
    assert ADDRESS.search(said), said


@pytest.mark.usefixtures("router")
def test_a_first_network_with_a_wrong_password_is_told_and_mended(
    machine: Machine, tmp_path: Path
) -> None:
    said = start(machine, tmp_path, 1, wifi(SSID, WRONG))
    assert "most likely the password is wrong" in said and "no address" in said, said
    said = start(machine, tmp_path, 2, wifi(SSID, PASSWORD))
    assert f'Wi-Fi "{SSID}": joined.' in said and ADDRESS.search(said), said


@pytest.mark.usefixtures("router")
def test_a_network_that_was_shown_is_joined(machine: Machine, tmp_path: Path) -> None:
    shown = machine.folder("run") / "network.toml"
    shown.write_text(wifi(SSID, PASSWORD))
    with air.iwd(tmp_path / "iwd1", machine.folder("iwd")) as bus:
        said = machine.run("shown", f"--shown={shown}", f"--bus={bus}")
    print(said)
    report = (machine.folder("card") / "hsv-report.txt").read_text()
    assert "taken over from the code that was shown" in report, report
    assert f'Wi-Fi "{SSID}": joined.' in report and ADDRESS.search(report), report
    assert not shown.exists() and PASSWORD not in said + report
