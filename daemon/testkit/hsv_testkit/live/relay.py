# SPDX-License-Identifier: MIT OR Apache-2.0
"""A bad network between the camera and a viewer: loss, delay and reordering, in both directions."""

from __future__ import annotations

import heapq
import random
import selectors
import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Weather:
    """What happens to datagrams from the camera; `back` says whether the others suffer too."""

    loss: float = 0.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    reorder: float = 0.0
    """Share that is held back by `reorder_s`."""
    reorder_s: float = 0.02
    duplicate: float = 0.0
    back: bool = True


CLEAR = Weather()


@dataclass
class Relay:
    """Between one port of the camera and one of the viewer; the camera knows only the relay."""

    viewer: tuple[str, int]
    rng: random.Random
    weather: Weather = CLEAR
    dropped: int = 0
    passed: int = 0
    _held: list[tuple[float, int, bytes, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for one in (self._outer, self._inner):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            one.bind(("127.0.0.1", 0))
            one.setblocking(False)
        self._camera: tuple[str, int] | None = None
        self._count = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def outer_port(self) -> int:
        """What the camera is told."""
        return int(self._outer.getsockname()[1])

    @property
    def inner_port(self) -> int:
        """What the viewer sends to."""
        return int(self._inner.getsockname()[1])

    def expect(self, camera: tuple[str, int]) -> None:
        self._camera = camera

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        self._outer.close()
        self._inner.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._outer, selectors.EVENT_READ)
            selector.register(self._inner, selectors.EVENT_READ)
            while not self._stop.is_set():
                wait = 0.05
                if self._held:
                    wait = max(0.0, min(wait, self._held[0][0] - time.monotonic()))
                for key, _ in selector.select(wait):
                    self._take(key.fileobj is self._inner)
                self._release()

    def _take(self, is_back: bool) -> None:
        data, source = (self._inner if is_back else self._outer).recvfrom(2048)
        if not is_back and source != self._camera:
            return
        weather = self.weather if not is_back or self.weather.back else CLEAR
        if self.rng.random() < weather.loss:
            self.dropped += 1
            return
        for _ in range(1 + (self.rng.random() < weather.duplicate)):
            due = time.monotonic() + weather.delay_s + self.rng.random() * weather.jitter_s
            if self.rng.random() < weather.reorder:
                due += weather.reorder_s
            self._count += 1
            heapq.heappush(self._held, (due, self._count, data, is_back))

    def _release(self) -> None:
        while self._held and self._held[0][0] <= time.monotonic():
            _, _, data, is_back = heapq.heappop(self._held)
            self.passed += 1
            if is_back and self._camera is not None:
                self._outer.sendto(data, self._camera)
            elif not is_back:
                self._inner.sendto(data, self.viewer)
