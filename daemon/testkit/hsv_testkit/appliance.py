# SPDX-License-Identifier: MIT OR Apache-2.0
"""The whole appliance under QEMU: a card, U-Boot, a system nobody can log in to, and its ports.

Made by scripts/build-image; seen only as its owner sees it: the console, the card, the network.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hsv_testkit.accessory import free_port
from hsv_testkit.card import Card
from hsv_testkit.connection import Connection, ConnectionClosed
from hsv_testkit.hds import HdsKeys
from hsv_testkit.hub import Hub
from hsv_testkit.qmp import Monitor

BENCH = "scripts/testbench/appliance"
needs_appliance = pytest.mark.skipif("HSV_APPLIANCE" not in os.environ, reason=f"run by {BENCH}")
HAP_PORT, HDS_PORT = 51826, 51827
COMPLAINT = re.compile(r"Oops|BUG:|WARNING: CPU|Kernel panic|Failed to start|\[FAILED\]")
KERNEL_STARTS = "Booting Linux on physical CPU"
SETUP_CODE = re.compile(r"^\s*(\d{3}-\d{2}-\d{3})\s*$")
LAST_ARGUMENT = "fsck.repair=yes"
ORDER = (
    'systemd.run="systemd-run --no-block -p RequiresMountsFor=/data sh /data/order"'
    " systemd.run_success_action=none systemd.run_failure_action=none"
    " systemd.unit=multi-user.target systemd.wants=kernel-command-line.service"
)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Appliance:
    """One card, and the machine that it is in; `host` and `port` are forwarded to the camera."""

    work: Path
    image: Path | None = None
    """What is on the card at first; left out, what was made for everybody."""
    host: str = "127.0.0.1"
    stick: Path | None = None
    """A USB stick that is plugged in."""
    resets: bool = False
    """Whether it starts again by itself; else a reset switches it off, so that none goes unseen."""
    lines: list[tuple[float, str]] = field(default_factory=list)
    """What the console said since the last start, with the moment."""

    def __post_init__(self) -> None:
        self.images = Path(os.environ["HSV_APPLIANCE"])
        self.work.mkdir(exist_ok=True)
        self.card = Card(self.work / "card.img", self.image or self.images / "card.img")
        self.port, self.hds_port = free_port(), free_port()
        self._news = threading.Condition()
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Switches it on."""
        self.lines.clear()
        (monitor := self.work / "qmp").unlink(missing_ok=True)
        forwards = "".join(
            f",hostfwd=tcp:{self.host}:{outer}-:{inner}"
            for outer, inner in ((self.port, HAP_PORT), (self.hds_port, HDS_PORT))
        )
        command = ["qemu-system-aarch64", "-M", "virt", "-accel", "tcg,thread=multi"]
        command += ["-cpu", "cortex-a53", "-smp", "2", "-m", "1024"]
        command += [] if self.resets else ["-no-reboot"]
        command += ["-display", "none", "-serial", "stdio", "-qmp", f"unix:{monitor},server,nowait"]
        command += ["-bios", str(self.images / "u-boot.bin")]
        self.card.insert()
        place = f"nbd+unix:///?socket={self.card.socket}"
        protected = ",readonly=on" if self.card.is_protected else ""
        command += ["-drive", f"if=none,id=card,format=raw,file={place}{protected}"]
        command += ["-device", "virtio-blk-pci,drive=card,disable-legacy=on"]
        command += ["-netdev", f"user,id=net{forwards}"]
        command += ["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"]
        command += ["-device", "virtio-balloon-pci,id=memory", "-device", "i6300esb"]
        if self.stick is not None:
            command += ["-drive", f"if=none,id=stick,format=raw,readonly=on,file={self.stick}"]
            command += ["-device", "qemu-xhci", "-device", "usb-storage,drive=stick"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self._listen, args=(self._process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        # Also where somebody who waits can look
        with (self.work / "console").open("a", buffering=1) as console:
            for line in process.stdout:
                console.write(line)
                with self._news:
                    self.lines.append((time.monotonic(), ESCAPE.sub("", line).rstrip()))
                    self._news.notify_all()

    def cut_power(self, rng: random.Random | None = None) -> tuple[int, int]:
        """As when its plug is pulled; what the card's cache loses: `Card.remove`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
        self._process = None
        return self.card.remove(rng)

    def console(self) -> str:
        with self._news:
            return "\n".join(line for _, line in self.lines)

    def wait_line(self, pattern: re.Pattern[str], timeout: float) -> tuple[float, re.Match[str]]:
        """The first line of this start that has it, and when it came."""
        deadline = time.monotonic() + timeout
        with self._news:
            at = 0
            while True:
                for moment, line in self.lines[at:]:
                    if match := pattern.search(line):
                        return moment, match
                at = len(self.lines)
                left = deadline - time.monotonic()
                alive = self._process is not None and self._process.poll() is None
                if left <= 0 or not alive:
                    said = "\n".join(line for _, line in self.lines[-200:])
                    raise AssertionError(f"no {pattern.pattern!r} on the console:\n{said}")
                self._news.wait(min(left, 1.0))

    def wait_answer(self, timeout: float) -> float:
        """The moment of the first HAP answer: whoever is not verified is refused with 470."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                with Connection(self.host, self.port, timeout=5) as connection:
                    answer = connection.request("GET", "/accessories")
                assert answer.status == 470, answer
                return time.monotonic()
            except (ConnectionClosed, ConnectionError, TimeoutError):
                # QEMU itself takes the connection before anybody listens behind it
                assert time.monotonic() < deadline, self.console()[-8000:]
                time.sleep(0.2)

    def setup_code(self, timeout: float) -> str:
        """As an owner with a serial cable reads it."""
        return self.wait_line(SETUP_CODE, timeout)[1][1]

    def on_card(self, name: str) -> str | None:
        """A file of the FAT partition, as it is on the card by now."""
        done = self.card.fat("select", "mtype", f"::{name}")
        return done.stdout.decode() if done.returncode == 0 else None

    def put_on_card(self, name: str, content: bytes) -> None:
        """As an owner does at a computer, before the card goes back."""
        (place := self.work / "owners").write_bytes(content)
        done = self.card.fat("select", "mcopy", "-o", str(place), f"::{name}")
        assert done.returncode == 0, done

    def monitor(self) -> Monitor:
        return Monitor(self.work / "qmp")

    def memory_used_mib(self, timeout: float) -> float:
        """What programs and kernel hold, without copies of the card, as the kernel tells QEMU."""
        place = "/machine/peripheral/memory"
        with self.monitor() as monitor:
            monitor.ask("qom-set", path=place, property="guest-stats-polling-interval", value=1)
            deadline = time.monotonic() + timeout
            while True:
                told = monitor.ask("qom-get", path=place, property="guest-stats")
                if told["last-update"] > 0:
                    stats = told["stats"]
                    spare = stats["stat-free-memory"] + stats["stat-disk-caches"]
                    return float(stats["stat-total-memory"] - spare) / (1 << 20)
                assert time.monotonic() < deadline, "the guest's balloon says nothing"
                time.sleep(0.5)

    def order(self, script: str) -> None:
        """Has root run `script` beside the next starts, once the basic system is up; what it says
        is on the console. Whoever has the card can do this: the script is put on the partition
        `data`, and the kernel's command line in U-Boot's script tells systemd of it."""
        (place := self.work / "order").write_text(f"exec > /dev/console 2>&1\n{script}\n")
        self.card.debugfs("data", "rm order", f"write {place} order")
        done = self.card.fat("select", "mtype", "::boot.scr")
        text = done.stdout[72:].decode()  # 64 bytes of header, and the sizes of one text
        if ORDER not in text:
            assert text.count(LAST_ARGUMENT) == 2, text
            # U-Boot keeps double quotes within single ones only.
            text = text.replace(LAST_ARGUMENT, LAST_ARGUMENT + " ${hsv_order}")
            (source := self.work / "boot.cmd").write_text(f"setenv hsv_order '{ORDER}'\n{text}")
            made = self.work / "boot.scr"
            command = ["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d"]
            subprocess.run([*command, str(source), str(made)], check=True, capture_output=True)
            self.put_on_card("boot.scr", made.read_bytes())


@dataclass
class OutsideHub(Hub):
    """A hub for which the camera's HDS port is another one of this computer."""

    appliance: Appliance = field(kw_only=True)

    def set_up_transport(self) -> tuple[int, HdsKeys]:
        port, keys = super().set_up_transport()
        assert port == HDS_PORT, "the firewall lets another port in"
        return self.appliance.hds_port, keys
