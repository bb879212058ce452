# SPDX-License-Identifier: MIT OR Apache-2.0
"""Publishing through a real avahi-daemon on a bus of our own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import pair

from hsv_testkit.accessory import Accessory

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/>
<allow receive_sender="*"/></policy></busconfig>
"""
AVAHI = """[server]
host-name=hsv-testkit
use-ipv4=yes
use-ipv6=no
allow-interfaces=lo
[publish]
publish-workstation=no
"""


def wait_for(what: str, is_there: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)


class Avahi:
    """avahi-daemon; it can be ended and started again."""

    def __init__(self, work: Path, address: str) -> None:
        self._work, self.address = work, address
        (work / "avahi.conf").write_text(AVAHI)
        self.start()

    def start(self) -> None:
        flags = ["--no-drop-root", "--no-chroot", "--no-rlimits", "-f", "avahi.conf"]
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        with (self._work / "avahi.log").open("a") as log:
            self._process = subprocess.Popen(
                ["avahi-daemon", *flags], cwd=self._work, env=environment, stderr=log
            )
        wait_for("avahi-daemon on the bus", lambda: self.call("GetVersionString") is not None)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def call(self, method: str, *arguments: str) -> str | None:
        """What the daemon answers; None when it does not."""
        where = ["--dest=org.freedesktop.Avahi", "/", f"org.freedesktop.Avahi.Server.{method}"]
        command = ["dbus-send", f"--bus={self.address}", "--print-reply", *where, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else None

    def txt(self, name: str) -> dict[str, str]:
        """The TXT record of a service; empty when it is not published."""
        which = [f"string:{name}", "string:_hap._tcp", "string:local", "int32:-1", "uint32:0"]
        answer = self.call("ResolveService", "int32:-1", "int32:-1", *which) or ""
        return dict(re.findall(r'array of bytes "([^="]+)=([^"]*)"', answer))


@pytest.fixture
def avahi(tmp_path: Path) -> Iterator[Avahi]:
    for program in ("avahi-daemon", "dbus-daemon", "dbus-send"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if os.geteuid() != 0:
        pytest.skip("avahi-daemon starts as root only")
    if subprocess.run(["avahi-daemon", "--check"], check=False).returncode == 0:
        pytest.skip("this machine's own avahi-daemon runs")
    socket = tmp_path / "bus"
    (tmp_path / "bus.conf").write_text(BUS.format(socket=socket))
    bus = subprocess.Popen(["dbus-daemon", f"--config-file={tmp_path}/bus.conf", "--nofork"])
    wait_for("the bus", socket.exists)
    Path("/run/avahi-daemon").mkdir(exist_ok=True)
    daemon = Avahi(tmp_path, f"unix:path={socket}")
    yield daemon
    daemon.stop()
    bus.terminate()
    bus.wait(10)


def test_avahi_publishes_where_it_runs(avahi: Avahi, tmp_path: Path) -> None:
    environment = {"DBUS_SYSTEM_BUS_ADDRESS": avahi.address}
    settings = {"hap": {"advertise": True}}
    with Accessory(tmp_path / "camera", settings, environment=environment) as camera:
        named = re.compile(r'published on mDNS by="Avahi" instance="([^"]+)"')
        found: list[str] = []

        def is_published() -> bool:
            found.extend(named.findall("\n".join(camera.lines)))
            return bool(found)

        wait_for("the camera's record", is_published)
        name = found[0]
        wait_for("an unpaired camera", lambda: avahi.txt(name).get("sf") == "1")
        before = avahi.txt(name)
        pair(camera)
        wait_for("a paired camera", lambda: avahi.txt(name).get("sf") == "0", 3)
        assert {**avahi.txt(name), "sf": "1"} == before, "nothing else changed"
        avahi.stop()
        avahi.start()
        wait_for("the record after Avahi came back", lambda: avahi.txt(name).get("sf") == "0")
    wait_for("its goodbye", lambda: not avahi.txt(name), 8)
