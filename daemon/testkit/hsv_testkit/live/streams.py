# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a viewer makes of the packets: pictures in order, and sound."""

from __future__ import annotations

import array
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .h264 import Depacketizer, Picture
from .opus import Decoder
from .rtp import Counter, RtpPacket

REORDER_S = 0.2
"""A gap that stays open for so long is a loss."""


class PictureStream:
    """Sorts packets, makes pictures, and knows which can be decoded after a loss."""

    def __init__(self, on_loss: Callable[[], None] | None = None) -> None:
        self.news = threading.Condition()
        self.depacketizer = Depacketizer()
        self.pictures: list[Picture] = []
        """Decodable ones: from an IDR to the next loss."""
        self.repaired: list[float] = []
        """When an IDR ended the wait for one: at the start, and after losses."""
        self.undecodable = 0
        self.losses = 0
        self.packets = 0
        self.octets = 0
        self.keep = True
        """Whether pictures keep their bytes; a long test lets go of them."""
        self._on_loss = on_loss
        self._next: int | None = None
        self._opening: dict[int, RtpPacket] = {}
        """The first packets: one that was overtaken may still come before them."""
        self._waiting: dict[int, RtpPacket] = {}
        self._needs_idr = True

    @property
    def is_frozen(self) -> bool:
        """Nothing can be decoded before an IDR."""
        return self._needs_idr

    @property
    def problems(self) -> list[str]:
        return self.depacketizer.problems

    def push(self, packet: RtpPacket, sequence: int) -> None:
        with self.news:
            self.packets += 1
            self.octets += len(packet.payload)
            self._open(packet, sequence)
            if self._next is None:
                self._next = sequence
            if sequence >= self._next:
                self._waiting[sequence] = packet
            self._advance(packet.arrived)
            self.news.notify_all()

    def _open(self, packet: RtpPacket, sequence: int) -> None:
        """Begins anew with a packet that should have been the first of all."""
        opening = self._opening
        if opening and packet.arrived - next(iter(opening.values())).arrived >= REORDER_S:
            return
        if opening and sequence < min(opening):
            self._next, self._waiting = sequence, dict(opening)
            self.depacketizer, self.undecodable, self._needs_idr = Depacketizer(), 0, True
            self.pictures.clear()
        opening[sequence] = packet

    def _advance(self, now: float) -> None:
        assert self._next is not None
        while self._waiting:
            packet = self._waiting.pop(self._next, None)
            if packet is None:
                oldest = min(self._waiting)
                if now - self._waiting[oldest].arrived < REORDER_S:
                    return
                self.depacketizer.lose()
                self.losses += 1
                self._needs_idr = True
                self._next = oldest
                if self._on_loss is not None:
                    self._on_loss()
                continue
            picture = self.depacketizer.push(packet, self._next)
            self._next += 1
            if picture is not None:
                self._keep(picture)

    def _keep(self, picture: Picture) -> None:
        if self._needs_idr and not picture.is_idr:
            self.undecodable += 1
            return
        if self._needs_idr:
            self._needs_idr = False
            self.repaired.append(time.time())
        if not self.keep:
            picture.nals = [nal[:1] for nal in picture.nals]
        self.pictures.append(picture)

    def count(self) -> int:
        with self.news:
            return len(self.pictures)

    def since(self, moment: float) -> list[Picture]:
        """Pictures whose last packet arrived after this Unix time."""
        with self.news:
            return [picture for picture in self.pictures if picture.last_arrived >= moment]

    def wait(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        with self.news:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no {what} within {timeout} s")
                self.news.wait(min(left, 0.1))

    def wait_more(self, count: int, timeout: float = 10.0) -> list[Picture]:
        """The next so many pictures."""
        before = self.count()
        self.wait(lambda: len(self.pictures) >= before + count, timeout, f"{count} pictures")
        return self.pictures[before : before + count]

    def wait_idr(self, after: float, timeout: float) -> Picture:
        """The first IDR that was sent wholly after this Unix time."""
        found: list[Picture] = []

        def look() -> bool:
            late = [p for p in self.pictures if p.is_idr and p.first_arrived >= after]
            found.extend(late[:1])
            return bool(late)

        self.wait(look, timeout, "IDR")
        return found[0]

    def write(self, path: Path, pictures: list[Picture] | None = None) -> Path:
        """An Annex B file, as ffmpeg reads it."""
        chosen = self.since(0.0) if pictures is None else pictures
        path.write_bytes(b"".join(picture.annexb() for picture in chosen))
        return path


def fps(pictures: list[Picture]) -> float:
    """By their timestamps."""
    return (len(pictures) - 1) * 90_000 / (pictures[-1].timestamp - pictures[0].timestamp)


def bitrate(pictures: list[Picture]) -> float:
    """Bits of payload a second by their timestamps, the last picture left out."""
    ticks = pictures[-1].timestamp - pictures[0].timestamp
    return sum(picture.size for picture in pictures[:-1]) * 8 * 90_000 / ticks


@dataclass
class SoundStream:
    """Opus packets as they came; `hz` is the selected rate, which is the clock as well."""

    hz: int
    packet_ms: int
    packets: list[tuple[int, RtpPacket]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def push(self, packet: RtpPacket, sequence: int) -> None:
        with self.news:
            self.packets.append((sequence, packet))
            if packet.marker:
                self.problems.append(f"packet {packet.sequence}: a marker")
            self.news.notify_all()

    def wait(self, count: int, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        with self.news:
            while len(self.packets) < count:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"{len(self.packets)} of {count} sound packets")
                self.news.wait(min(left, 0.1))

    def in_order(self) -> list[RtpPacket]:
        with self.news:
            return [packet for _, packet in sorted(self.packets, key=lambda item: item[0])]

    def check(self) -> None:
        """Every packet as long as was selected, and timestamps that count samples."""
        decoder, wanted = Decoder(self.hz), self.hz * self.packet_ms // 1000
        before: RtpPacket | None = None
        for packet in self.in_order():
            samples = decoder.samples(packet.payload)
            assert samples == wanted, f"a packet of {samples} samples, {wanted} were selected"
            if before is not None and packet.sequence == (before.sequence + 1) & 0xFFFF:
                step = (packet.timestamp - before.timestamp) & 0xFFFFFFFF
                # sound that was not captured, at most, leaves a hole; nothing goes back
                assert step % wanted == 0 and step < 1 << 31, f"{step} ticks to the next packet"
            before = packet
        assert not self.problems, self.problems

    def decode(self) -> array.array[int]:
        """All of it, one after the other."""
        decoder, out = Decoder(self.hz), array.array("h")
        for packet in self.in_order():
            out += decoder.decode(packet.payload)
        return out


class Timeline:
    """A stream's timestamps as Unix time, told by its sender reports."""

    def __init__(self, clock: int, reports: list[tuple[int, float]]) -> None:
        """`reports` are timestamp and NTP time as Unix seconds."""
        assert reports, "no sender report"
        self._clock = clock
        counter = Counter(32)
        self._reports = [(counter.extend(timestamp), ntp) for timestamp, ntp in reports]
        self._counter = counter

    def when(self, timestamp: int) -> float:
        """By the nearest report."""
        size = 1 << 32

        def ticks_from(report: int) -> int:
            return (timestamp - report + size // 2) % size - size // 2

        nearest = min(self._reports, key=lambda report: abs(ticks_from(report[0])))
        return nearest[1] + ticks_from(nearest[0]) / self._clock

    def drift(self) -> float:
        """The largest disagreement between two neighbouring reports, in seconds."""
        pairs = zip(self._reports, self._reports[1:], strict=False)
        return max(
            (abs((b[0] - a[0]) / self._clock - (b[1] - a[1])) for a, b in pairs), default=0.0
        )
