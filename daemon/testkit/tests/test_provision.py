# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the owner's card asks for, with a folder as the card: settings, networks, a reset.

The networks' way into the air is in machine/test_wifi.py.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from hsv_testkit.provision import Machine

PASSWORD = "correct horse battery"
OWNERS = f"""# mine
name = "Porch" # by the door

[wifi]
ssid = "Home"
password = "{PASSWORD}"
country = "de"

[motion]
hold-s = 7
"""
CUTS = int(os.environ.get("HSV_CUTS") or 60)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture
def no_iwd(tmp_path: Path) -> str:
    """A bus that nobody is on."""
    return f"unix:path={tmp_path / 'nothing'}"


def test_settings_reach_the_camera_and_networks_leave_the_card(machine: Machine) -> None:
    path = machine.owners(OWNERS)
    machine.run("take")
    after = path.read_text()
    assert len(after) == len(OWNERS)
    assert PASSWORD not in after and "Home" not in after
    stay = "name", "hold-s"
    kept = [line for line in OWNERS.split("\n") if "=" not in line or line.startswith(stay)]
    assert [line for line in after.split("\n") if line.strip() != "#"] == kept
    shown = machine.hsvd("--check-config").stdout
    assert '"Porch"' in shown and "50000..=50007" in shown and "7s" in shown, shown
    assert machine.wanted() == ["Home"]
    secret = [path for path in machine.folder("state").rglob("*") if path.is_file()]
    for path in secret:
        holds = PASSWORD in path.read_text()
        assert holds == (path.name == "wanted"), path
        assert not holds or path.stat().st_mode & 0o777 == 0o600
    assert (machine.folder("state") / "main.conf").read_text() == "[General]\nCountry=DE\n"


def test_the_report_says_what_was_taken_and_where_it_is(machine: Machine, no_iwd: str) -> None:
    machine.owners(OWNERS.replace("\n", "\r\n"), "HSV.TOML.txt")
    machine.run("take")
    machine.run("join", f"--bus={no_iwd}")
    report = (machine.folder("card") / "hsv-report.txt").read_bytes().decode()
    assert report.count("\r\n") == report.count("\n") >= 4
    for words in ("Settings: those of HSV.TOML.txt", 'Wi-Fi: "Home" taken over', "Network: "):
        assert words in report, report
    assert PASSWORD not in report


def test_without_wishes_there_is_no_report(machine: Machine, no_iwd: str) -> None:
    machine.run("take")
    machine.run("join", f"--bus={no_iwd}")
    assert list(machine.folder("card").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "_"', "hsv.toml, line 1, column 8: the name must begin"),
        ("[video]\nfps = 0", "line 2, column 7"),
        ("[video]\nfbs = 5", "line 2, column 1: unknown field `fbs`"),
        ('[body]\nboard = "toaster"', "toaster"),
        ("[hap]\nport = 1", "line 1, column 2: [hap] is set by the camera's system"),
        ("name = \u201cPorch\u201d", "line 1, column 8: \u201c is a curly quotation mark"),
    ],
)
def test_what_is_wrong_is_reported_and_the_camera_keeps_its_settings(
    machine: Machine, no_iwd: str, text: str, said: str
) -> None:
    machine.owners(OWNERS)
    machine.run("take")
    machine.owners(text)
    machine.run("take")
    machine.run("join", f"--bus={no_iwd}")
    report = (machine.folder("card") / "hsv-report.txt").read_text()
    assert said in report, report
    assert '"Porch"' in machine.hsvd("--check-config").stdout


def test_settings_that_a_newer_camera_refuses_are_left_out(machine: Machine) -> None:
    """The camera starts without them; only who asks for their check is refused."""
    over = machine.folder("state") / "hsvd.toml"
    over.write_text('name = "Porch"\nhorn = true\n')
    done = machine.hsvd("--check-config")
    assert done.returncode == 78 and "hsvd.toml" in done.stderr and "line 2" in done.stderr
    done = machine.hsvd("--failsafe")
    assert "left out" in done.stderr + done.stdout


def test_a_reset_makes_another_camera_without_networks(machine: Machine) -> None:
    machine.owners(OWNERS)
    machine.run("take")
    known = machine.folder("iwd") / "Old.psk"
    known.write_text("[Security]\nPassphrase=12345678\n")
    identity = machine.folder("hsvd") / "identity.a"
    identity.write_text("whoever it was")
    machine.run("take")
    assert known.exists() and identity.exists(), "nobody asked for a reset"
    machine.owners("Reset\r\n", "HSV-RESET.TXT")
    (machine.folder("card") / "hsv.toml").unlink()
    assert "Factory reset: done" in machine.run("take")
    assert not known.exists() and not identity.exists() and not machine.wanted()
    assert list(machine.folder("card").iterdir()) == []


def test_a_reset_by_the_button_forgets_networks_too(machine: Machine) -> None:
    machine.owners(OWNERS)
    machine.run("take")
    known = machine.folder("iwd") / "Home.psk"
    known.write_text("[Security]\nPassphrase=12345678\n")
    machine.run("forget")
    assert known.exists()
    assert machine.hsvd("--factory-reset").returncode == 0
    machine.run("forget")
    assert not known.exists() and not machine.wanted()
    assert not (machine.folder("state") / "hsvd.toml").exists()


def test_a_card_that_cannot_be_written_is_read(machine: Machine) -> None:
    path = machine.owners(OWNERS)
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(path.parent)]
    done = subprocess.run([*alone, *machine.command("take")], capture_output=True, text=True)
    assert done.returncode == 0 and "still in hsv.toml" in done.stderr, done.stderr
    assert machine.wanted() == ["Home"]
    assert path.read_text() == OWNERS


def test_a_kill_at_any_moment_is_made_good(machine: Machine, rng: random.Random) -> None:
    path = machine.owners(OWNERS)
    begun = time.monotonic()
    machine.run("take")
    longest, whole, cut = time.monotonic() - begun, path.read_text(), 0
    for count in range(CUTS):
        machine.run("forget")
        for file in machine.folder("state").glob("*"):
            if file.is_file():
                file.unlink()
        machine.owners(OWNERS)
        with subprocess.Popen(machine.command("take"), stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(0, longest))
            process.kill()
        cut += process.returncode == -signal.SIGKILL
        where = f"after kill {count}"
        assert PASSWORD in path.read_text() or machine.wanted() == ["Home"], where
        machine.run("take")
        assert path.read_text() == whole and machine.wanted() == ["Home"], where
        assert '"Porch"' in machine.hsvd("--check-config").stdout, where
    assert cut > CUTS / 4, "the kills must fall before the end"
