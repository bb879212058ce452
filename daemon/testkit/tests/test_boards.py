# SPDX-License-Identifier: MIT OR Apache-2.0
"""The boards' tables and `hsvd --check-board`, on a machine that is none of them."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from hsv_testkit.accessory import REPOSITORY, camera_binary

BOARDS = REPOSITORY / "board"
TABLES = sorted(path for path in BOARDS.glob("*/board.toml"))
PARTS = {
    "status-led": "status light",
    "privacy-switch": "privacy switch",
    "button": "button",
    "doorbell": "doorbell",
    "ir-cut": "IR-cut filter",
    "ir-lamp": "IR lamp",
    "light-sensor": "light sensor",
}
MISSING = "MISSING"


def check(tmp_path: Path, config: str) -> list[str]:
    """What it says, and that it says it as told: a found machine and a missing one end alike."""
    file = tmp_path / "hsvd.toml"
    file.write_text(config)
    command = [camera_binary(), "--config", file, "--boards", BOARDS, "--check-board"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def table(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_every_part_of_a_table_is_told(tmp_path: Path, path: Path) -> None:
    board = table(path)
    described = [key for key in PARTS if key in board]
    fitted = ", ".join(f'"{key}"' for key in described)
    said = check(tmp_path, f'[body]\nboard = "{board["id"]}"\nfitted = [{fitted}]\n')
    assert said[0] == f"board: {board['id']} ({board['name']})"
    for key, name in PARTS.items():
        lines = [line for line in said if line.startswith(f"{name}: ")]
        if key not in described:
            assert lines == [f"{name}: not in the table"]
            continue
        # This machine is no such board: a line or light of that name can be here by chance only.
        assert lines and all("not in the table" not in line for line in lines)
        named = board[key].get("line") or board[key].get("kernel")
        assert not named or any(named in line for line in lines), lines
    missing = sum(MISSING in line for line in said[:-1])
    assert said[-1].startswith(f"{missing} of these lines" if missing else "all that is")


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_what_is_not_fitted_is_told_how_to_use(tmp_path: Path, path: Path) -> None:
    board = table(path)
    said = "\n".join(check(tmp_path, f'[body]\nboard = "{board["id"]}"\nfitted = []\n'))
    for key, name in PARTS.items():
        if key in board:
            assert f'{name}: in the table, not used; if it is there, add "{key}" to fitted' in said


def test_a_computer_without_parts_lacks_nothing(tmp_path: Path) -> None:
    said = check(tmp_path, '[body]\nboard = "host"\n')
    encoder = next(line for line in said if line.startswith("encoder: "))
    assert "what is found is used" in encoder and encoder.endswith("; it works")
    assert "in Home: a camera" in said
    assert said[-1] == "all that is to be used is there"


def test_a_bell_makes_a_doorbell(tmp_path: Path) -> None:
    config = '[body]\nboard = "raspberrypi-4"\nfitted = ["doorbell"]\n'
    assert "in Home: a video doorbell" in check(tmp_path, config)


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_every_board_says_what_is_proven(path: Path) -> None:
    text = (path.parent / "README.md").read_text()
    for heading in ("## Proven on the bench", "## Only on paper", "## With the board at hand"):
        assert heading in text, heading
