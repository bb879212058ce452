# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a program holds in its memory, seen from outside while it stands still."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

CHUNK = 4 << 20


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """As after a thief's probe: nothing of it runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def found(pid: int, needles: Sequence[bytes]) -> list[bool]:
    """Which of `needles` are in memory that the program can write."""
    seen = [False] * len(needles)
    overlap = max(len(needle) for needle in needles) - 1
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in _written(pid):
            at, rest = start, b""
            while at < end:
                try:
                    memory.seek(at)
                    part = memory.read(min(CHUNK, end - at))
                except OSError:
                    break  # a device's
                if not part:
                    break
                whole = rest + part
                seen = [has or needle in whole for has, needle in zip(seen, needles, strict=True)]
                at, rest = at + len(part), whole[-overlap:]
    return seen


def _written(pid: int) -> Iterator[tuple[int, int]]:
    for row in Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, rights, *_ = row.split()
        if rights.startswith("rw"):
            start, end = (int(number, 16) for number in place.split("-"))
            yield start, end
