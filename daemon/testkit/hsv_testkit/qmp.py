# SPDX-License-Identifier: MIT OR Apache-2.0
"""QEMU's monitor, as its documentation "QEMU Machine Protocol" has it."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Monitor:
    """One connection; QEMU has one at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._stream = self._socket.makefile("rw")
        self._stream.readline()
        self._events: list[dict[str, Any]] = []
        self.ask("qmp_capabilities")

    def __enter__(self) -> Monitor:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, command: str, **arguments: Any) -> Any:
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while "return" not in (answer := json.loads(self._stream.readline())):
            assert "error" not in answer, answer
            self._events.append(answer)
        return answer["return"]

    def wait_event(self, name: str, timeout: float) -> dict[str, Any]:
        """What QEMU tells by itself: the data of the first event `name` since the last one."""
        self._socket.settimeout(timeout)
        while True:
            while self._events:
                if (event := self._events.pop(0)).get("event") == name:
                    return dict(event.get("data", {}))
            self._events.append(json.loads(self._stream.readline()))
