# SPDX-License-Identifier: MIT OR Apache-2.0
"""GPIO lines of the test bench: the kernel's gpio-sim, pulled and read by the test."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from hsv_testkit.machine import load, unload

CONFIG = Path("/sys/kernel/config/gpio-sim")

SWITCH_ALONE = """
schema = 1
id = "host"
name = "The test bench"
compatible = []
fitted = ["privacy-switch"]
[privacy-switch]
line = "PRIVACY"
debounce-ms = 20
"""
"""The table of a board with a privacy switch and nothing else."""


class Lines:
    """A chip whose lines have these names. Every line has a weak pull that the test chooses."""

    def __init__(self, *names: str) -> None:
        load("gpio-sim")
        self.names = names
        self.folder = CONFIG / "bench"
        bank = self.folder / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(len(names)))
        for offset, name in enumerate(names):
            line = bank / f"line{offset}"
            line.mkdir()
            (line / "name").write_text(name)
        (self.folder / "live").write_text("1")
        device = (self.folder / "dev_name").read_text().strip()
        chip = (bank / "chip_name").read_text().strip()
        self.device = Path("/sys/devices/platform") / device / chip

    def _file(self, name: str, file: str) -> Path:
        return self.device / f"sim_gpio{self.names.index(name)}" / file

    def pull(self, name: str, is_high: bool) -> float:
        """What a switch does; returns the moment right before it (monotonic)."""
        moment = time.monotonic()
        self._file(name, "pull").write_text("pull-up" if is_high else "pull-down")
        return moment

    def is_high(self, name: str) -> bool:
        """What a lamp or a coil at the line would see."""
        return self._file(name, "value").read_text().strip() == "1"

    def remove(self) -> None:
        (self.folder / "live").write_text("0")
        bank = self.folder / "bank0"
        for offset in range(len(self.names)):
            (bank / f"line{offset}").rmdir()
        bank.rmdir()
        self.folder.rmdir()
        unload("gpio-sim")


@dataclass
class Span:
    """A line was at this level whenever it was looked at, from `first` to `last` (monotonic).
    What it was in between spans nobody knows."""

    is_high: bool
    first: float
    last: float


class Probe:
    """Looks at lines all the time and remembers their changes, as a logic analyser does."""

    def __init__(self, lines: Lines, *names: str) -> None:
        self.files = {name: open(lines._file(name, "value"), "rb", buffering=0) for name in names}
        self.changes: list[tuple[float, str, bool]] = []
        self.spans: dict[str, list[Span]] = {name: [] for name in names}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        before = dict.fromkeys(self.files, False)
        while not self._stop.is_set():
            for name, file in self.files.items():
                file.seek(0)
                asked = time.monotonic()
                is_high = file.read(1) == b"1"
                self._note(name, is_high, asked)
                if is_high != before[name]:
                    before[name] = is_high
                    self.changes.append((time.monotonic(), name, is_high))
            time.sleep(0.001)

    def _note(self, name: str, is_high: bool, asked: float) -> None:
        spans = self.spans[name]
        if spans and spans[-1].is_high == is_high:
            spans[-1].last = asked
        else:
            now = time.monotonic()
            spans.append(Span(is_high, now, now))

    def pulses(self, name: str) -> list[float]:
        """How many seconds the line was high each time."""
        times = [(moment, is_high) for moment, of, is_high in self.changes if of == name]
        return [end - start for (start, up), (end, _) in zip(times, times[1:], strict=False) if up]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for file in self.files.values():
            file.close()
