# SPDX-License-Identifier: MIT OR Apache-2.0
"""An arm64 computer under QEMU with Debian's kernel, and the daemon in it.

Made by scripts/testbench/arm64; scripts/testbench/arm64-init is its other end.
"""

from __future__ import annotations

import base64
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hsv_testkit.accessory import Accessory, StartError, free_port

BENCH = "scripts/testbench/arm64"
needs_arm64 = pytest.mark.skipif("HSV_ARM64" not in os.environ, reason=f"boots: run by {BENCH}")
ADDRESS = "10.0.2.15"
"""The guest's own, behind QEMU's network."""
COMPLAINT = re.compile(r"Oops|BUG:|WARNING: CPU|Kernel panic")


class Guest:
    """Boots; afterwards `run` has a shell in it, and its `ports` are ports of this computer."""

    def __init__(self, work: Path, boot_timeout: float = 120.0) -> None:
        made = Path(os.environ["HSV_ARM64"])
        self.ports = (free_port(), free_port())
        self.console = work / "console"
        self._shell, port = socket.socketpair()
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{n}-{ADDRESS}:{n}" for n in self.ports)
        command = ["qemu-system-aarch64", "-M", "virt", "-accel", "tcg,thread=multi"]
        command += ["-cpu", "cortex-a53", "-smp", "2", "-m", "1024", "-no-reboot"]
        command += ["-display", "none", "-monitor", "none", "-serial", "stdio"]
        command += ["-kernel", str(made / "Image"), "-initrd", str(made / "initramfs")]
        command += ["-append", "console=ttyAMA0 panic=-1 quiet"]
        command += ["-netdev", f"user,id=net{forwards}"]
        command += ["-device", "virtio-net-pci,netdev=net,romfile="]
        command += ["-chardev", f"socket,id=shell,fd={port.fileno()}", "-device", "virtio-serial"]
        command += ["-device", "virtserialport,chardev=shell,name=bench"]
        with port, self.console.open("wb") as console:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                pass_fds=[port.fileno()],
            )
        self.release = self.run("uname -r -m", boot_timeout)

    def run(self, script: str, timeout: float = 60.0) -> str:
        """What one line of shell says; AssertionError when it fails."""
        self._shell.settimeout(timeout)
        said = b""
        try:
            self._shell.sendall(script.encode() + b"\n")
            while not (end := re.search(rb"\x04(\d+)\n$", said)):
                news = self._shell.recv(65536)
                assert news, "the guest is gone"
                said += news
        except (TimeoutError, ConnectionError, AssertionError) as error:
            raise AssertionError(f"{script}: {error}, {said!r}\n{self.complaints()}") from error
        text = said[: end.start()].decode(errors="replace")
        assert end[1] == b"0", f"{script}: status {end[1]!r}: {text}"
        return text.strip()

    def write(self, path: str, text: str) -> None:
        """A file in the guest."""
        coded = base64.b64encode(text.encode()).decode()
        self.run(f"mkdir -p $(dirname {path}); echo {coded} | base64 -d > {path}")

    def complaints(self) -> str:
        """What its kernel printed."""
        return self.console.read_text(errors="replace")

    def stop(self) -> None:
        """Switches off; a kernel that complained is an error."""
        self._shell.close()  # the end of its lines
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        self._process.kill()
        self._process.wait(10)
        said = self.complaints()
        assert not COMPLAINT.search(said), said


@dataclass
class GuestCamera(Accessory):
    """The daemon in the guest, seen through its forwarded ports."""

    guest: Guest = field(kw_only=True)
    boards: str = "/usr/share/hsv/boards"
    """Folder of the guest with the boards' tables."""

    def __post_init__(self) -> None:
        self.settings = {**self.settings, "hap": {"bind": ADDRESS}}
        super().__post_init__()
        self.port, self.hds_port = self.guest.ports
        self._pid = 0

    @property
    def pid(self) -> int:
        """In the guest."""
        return self._pid

    def start(self, timeout: float = 60.0) -> GuestCamera:
        self.guest.write("/run/hsvd.toml", self._config_text())
        self.guest.run("rm -rf /run/state; mkdir /run/state")
        command = "hsvd --config /run/hsvd.toml --state-dir /run/state --boards " + self.boards
        started = self.guest.run(f"RUST_LOG=info {command} >/run/log 2>&1 & echo $!")
        self._pid = int(started)
        try:
            self.wait_log('event="started"', timeout)
        except TimeoutError as error:
            raise StartError(self.log()) from error
        return self

    def log(self) -> str:
        return self.guest.run("cat /run/log")

    def wait_log(self, text: str, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        while not (line := self.guest.run(f"grep -F -m1 {shlex.quote(text)} /run/log || true")):
            if time.monotonic() > deadline or not self.is_running():
                raise TimeoutError(f"no log line with {text!r}\n{self.log()}")
            time.sleep(0.1)
        return line

    def is_running(self) -> bool:
        return self.guest.run(f"[ -d /proc/{self._pid} ] && echo yes || true") == "yes"

    def signal(self, number: signal.Signals) -> None:
        self.guest.run(f"kill -{int(number)} {self._pid}")

    def open_files(self) -> list[str]:
        """Paths that it has open."""
        # a descriptor that is closed while it is listed is not open
        folder = f"/proc/{self._pid}/fd"
        said = self.guest.run(f"[ -d {folder} ] && {{ ls -l {folder} 2>&1; true; }}")
        return [line.split(" -> ")[1] for line in said.splitlines() if " -> " in line]

    def kill(self) -> None:
        self.guest.run(f"kill -9 {self._pid}; wait {self._pid}; true")
