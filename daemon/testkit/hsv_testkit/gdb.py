# SPDX-License-Identifier: MIT OR Apache-2.0
"""A debugger's probe at the machine's processors, as GDB's remote protocol has it: to hang them."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from hsv_testkit.qmp import Monitor

PC, CPSR = "20", "21"
IN_KERNEL = 0x5
"""EL1h: the lowest four bits of CPSR."""
MASKED = 0x3C5
"""The same, with every interrupt masked."""
BRANCH_TO_ITSELF = "00000014"


class Probe:
    """All processors stand still while it is there."""

    def __init__(self, place: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(place))
        self._socket.settimeout(10)
        self._said = b""
        # Whoever has not asked which registers there are is not shown single ones.
        self.ask("qXfer:features:read:target.xml:0,40")

    def ask(self, packet: str) -> str:
        self._socket.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())
        while True:
            while not (whole := re.search(rb"\$([^#]*)#..", self._said)):
                self._said += self._socket.recv(4096)
            self._said = self._said[whole.end() :]
            self._socket.sendall(b"+")
            # That the machine has stopped is told unasked.
            if not (answer := whole[1].decode()).startswith("T"):
                return answer

    def threads(self) -> list[str]:
        """One for each processor."""
        threads, told = [], self.ask("qfThreadInfo")
        while told.startswith("m"):
            threads += told[1:].split(",")
            told = self.ask("qsThreadInfo")
        return threads

    def number(self, register: str) -> int:
        return int.from_bytes(bytes.fromhex(self.ask(f"p{register}")), "little")

    def leave(self) -> None:
        self.ask("D")
        self._socket.close()


def hang(monitor: Monitor, place: Path) -> None:
    """Every processor does nothing any more, and hears nothing: a kernel that is stuck. Clocks and
    the watchdog go on."""
    place.unlink(missing_ok=True)
    line = f"gdbserver unix:{place},server=on,wait=off"
    monitor.ask("human-monitor-command", **{"command-line": line})
    for _ in range(100):
        probe = Probe(place)
        threads = probe.threads()
        modes = []
        for thread in threads:
            probe.ask(f"Hg{thread}")
            modes.append(probe.number(CPSR) & 0xF)
        if all(mode == IN_KERNEL for mode in modes):
            for thread in threads:
                probe.ask(f"Hg{thread}")
                assert probe.ask(f"M{probe.number(PC):x},4:{BRANCH_TO_ITSELF}") == "OK"
                masked = MASKED.to_bytes(4, "little").hex()
                assert probe.ask(f"P{CPSR}={masked}") == "OK"
            probe.leave()
            return
        probe.leave()
        time.sleep(0.05)
    raise AssertionError("the processors are never in the kernel at the same time")
