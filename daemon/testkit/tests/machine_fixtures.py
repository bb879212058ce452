# SPDX-License-Identifier: MIT OR Apache-2.0
"""Fixtures: devices of the test bench's machine, and the board's table that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hsv_testkit.accessory import Accessory
from hsv_testkit.lines import Lines
from hsv_testkit.machine import H264Encoder, LightBus, Loopback, PictureScaler, Vivid


@pytest.fixture
def vivid() -> Iterator[Vivid]:
    """A webcam of the test bench's kernel."""
    webcam = Vivid()
    yield webcam
    webcam.remove()


@pytest.fixture
def encoder() -> Iterator[H264Encoder]:
    device = H264Encoder()
    yield device
    device.remove()


@pytest.fixture
def scaler() -> Iterator[PictureScaler]:
    device = PictureScaler()
    yield device
    device.remove()


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    card = Loopback()
    yield card
    card.remove()


@pytest.fixture
def light_bus() -> Iterator[LightBus]:
    bus = LightBus(lux=100.0)
    yield bus
    bus.remove()


@pytest.fixture
def make_lines() -> Iterator[Callable[..., Lines]]:
    """GPIO lines by their names."""
    with ExitStack() as chips:

        def make(*names: str) -> Lines:
            chip = Lines(*names)
            chips.callback(chip.remove)
            return chip

        yield make


@pytest.fixture
def lay_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes the table of the board that every camera is then started on; the folder of boards."""

    def lay(table: str) -> Path:
        folder = tmp_path / "boards" / "host"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "board.toml").write_text(table)
        monkeypatch.setattr(Accessory, "extra_arguments", ["--boards", str(folder.parent)])
        return folder.parent

    return lay
