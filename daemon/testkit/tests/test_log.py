# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the camera writes to the journal: fields that can be asked for, and one line an event."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import pair

from hsv_testkit.accessory import Accessory
from hsv_testkit.live.viewer import Viewer

# A mount namespace in which our socket is the journal's, and the log's pipe is said to lead there
INSIDE = """
mount -t tmpfs none /run && mkdir -p /run/systemd/journal || exit 1
mount --bind "$0" /run/systemd/journal || exit 1
JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"
"""


class Journald:
    """In the journal's place."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "socket"))
        self._socket.setblocking(False)
        self.entries: list[dict[str, str]] = []

    def read(self) -> list[dict[str, str]]:
        with suppress(BlockingIOError):
            while True:
                if datagram := self._socket.recv(1 << 18):
                    self.entries.append(fields(datagram))
        return self.entries

    def events(self) -> list[str]:
        return [one["HSV_EVENT"] for one in self.read() if "HSV_EVENT" in one]

    def wait_for(self, event: str) -> dict[str, str]:
        until = time.monotonic() + 15
        while event not in self.events():
            assert time.monotonic() < until, (event, self.entries)
            time.sleep(0.05)
        return next(one for one in self.entries if one.get("HSV_EVENT") == event)

    def close(self) -> None:
        self._socket.close()


def fields(datagram: bytes) -> dict[str, str]:
    """Spec: JOURNAL_NATIVE_PROTOCOL."""
    found = {}
    while datagram:
        head, datagram = datagram.split(b"\n", 1)
        name, sign, value = head.partition(b"=")
        if not sign:
            length = int.from_bytes(datagram[:8], "little")
            value, datagram = datagram[8 : 8 + length], datagram[8 + length + 1 :]
        assert name.decode() not in found, "twice"
        found[name.decode()] = value.decode()
    return found


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can put a socket in the journal's place")
    (tmp_path / "journal").mkdir()
    journald = Journald(tmp_path / "journal")
    yield journald
    journald.close()


@pytest.fixture
def camera(journald: Journald, tmp_path: Path) -> Iterator[Accessory]:
    camera = Accessory(tmp_path, {})
    camera.inside = ["unshare", "--mount", "sh", "-c", INSIDE, str(tmp_path / "journal")]
    with camera:
        yield camera


def test_every_event_is_one_line_with_its_fields(
    journald: Journald, camera: Accessory, make_viewer: Callable[..., Any]
) -> None:
    home = pair(camera)
    viewer: Viewer = make_viewer(home)
    viewer.set_up()
    viewer.start()
    began = journald.wait_for("live-started")
    assert began["HSV_SESSION"] == "1" and began["HSV_VIEWER"] == home.camera.host
    viewer.end()
    ended = journald.wait_for("live-ended")
    assert (ended["HSV_SESSION"], ended["HSV_REASON"]) == ("1", "the viewer ended it")
    assert "live view for" in ended["MESSAGE"] and ended["PRIORITY"] == "6"
    camera.trigger_motion()
    journald.wait_for("motion")
    assert all(one["SYSLOG_IDENTIFIER"] == "hsvd" for one in journald.entries)
    assert all(one["MESSAGE"] and one["HSV_MODULE"] for one in journald.entries)
    events = journald.events()
    for event in ("started", "pairings", "live-started", "live-ended", "motion"):
        assert events.count(event) == 1, events
    written = [line for line in camera.lines if "INFO" in line or line.startswith("<")]
    assert written == [], "nothing is told twice"
    time.sleep(12)  # the motion's end
    before = len(journald.read())
    time.sleep(30)
    assert journald.read()[before:] == [], "an idle camera says nothing"
    home.forget_sessions()
