# SPDX-License-Identifier: MIT OR Apache-2.0
"""A network of its own for the camera, joined to ours by a wire whose quality netem decides."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CAMERA_ADDRESS, OUR_ADDRESS = "10.213.%d.2", "10.213.%d.1"
_numbers = itertools.count(os.getpid() % 200)


class NotPossible(Exception):
    """This machine does not let us; the reason."""


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPossible(f"{' '.join(command)}: {done.stderr.strip()}")


class Wire:
    """The camera's end is inside the namespace `name`."""

    def __init__(self, number: int) -> None:
        self.name = f"hsv{number}"
        self.ours, self.theirs = f"hsv{number}a", f"hsv{number}b"
        self.camera_address, self.our_address = CAMERA_ADDRESS % number, OUR_ADDRESS % number
        self._is_bad = False

    @property
    def inside(self) -> list[str]:
        """In front of a command, to run it in the camera's network."""
        return ["ip", "netns", "exec", self.name]

    def be(self, *netem: str) -> None:
        """Both directions; words of tc-netem(8), for instance "loss", "5%"."""
        verb = "change" if self._is_bad else "add"
        _run("tc", "qdisc", verb, "dev", self.ours, "root", "netem", *netem)
        command = ["tc", "qdisc", verb, "dev", self.theirs, "root", "netem", *netem]
        _run(*self.inside, *command)
        self._is_bad = True


@contextmanager
def wire() -> Iterator[Wire]:
    """NotPossible where the rights or the tools are missing."""
    made = Wire(next(_numbers) % 250)
    if os.geteuid() != 0:
        raise NotPossible("network namespaces need root")
    try:
        _run("ip", "netns", "add", made.name)
    except FileNotFoundError as error:
        raise NotPossible("the program ip is not installed") from error
    try:
        _run("ip", "link", "add", made.ours, "type", "veth", "peer", "name", made.theirs)
        _run("ip", "link", "set", made.theirs, "netns", made.name)
        _run("ip", "address", "add", f"{made.our_address}/30", "dev", made.ours)
        _run("ip", "link", "set", made.ours, "up")
        _run(*made.inside, "ip", "link", "set", "lo", "up")
        address = f"{made.camera_address}/30"
        _run(*made.inside, "ip", "address", "add", address, "dev", made.theirs)
        _run(*made.inside, "ip", "link", "set", made.theirs, "up")
        yield made
    finally:
        subprocess.run(["ip", "link", "delete", made.ours], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "delete", made.name], capture_output=True, check=False)
