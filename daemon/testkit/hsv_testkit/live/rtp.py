# SPDX-License-Identifier: MIT OR Apache-2.0
"""RTP packets and what a receiver counts about them (RFC 3550)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER = 12
HALF = 1 << 15


class RtpError(ValueError):
    """The bytes are no packet of this kind."""


@dataclass(frozen=True)
class RtpPacket:
    """One packet; `arrived` is Unix time in seconds, from the kernel's stamp."""

    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    arrived: float = 0.0
    size: int = 0
    """Bytes of the datagram, protection included."""

    @classmethod
    def parse(cls, data: bytes, arrived: float = 0.0, size: int = 0) -> RtpPacket:
        if len(data) < HEADER:
            raise RtpError(f"{len(data)} bytes")
        first, second, sequence, timestamp, ssrc = struct.unpack_from(">BBHII", data)
        if first != 0x80:
            raise RtpError(f"first byte {first:#x}: version 2 without anything optional expected")
        where = (second >> 7 == 1, second & 0x7F, sequence, timestamp, ssrc, data[HEADER:])
        return cls(*where, arrived, size)

    def encode(self) -> bytes:
        second = self.marker << 7 | self.payload_type
        head = struct.pack(">BBHII", 0x80, second, self.sequence, self.timestamp, self.ssrc)
        return head + self.payload


def is_rtcp(datagram: bytes) -> bool:
    """RFC 5761: the second byte tells them apart."""
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


class Counter:
    """A number that wraps at `bits`, continued."""

    def __init__(self, bits: int) -> None:
        self._size = 1 << bits
        self.last: int | None = None

    def extend(self, value: int) -> int:
        """The continuation nearest to the last one; the last one moves forward only."""
        if self.last is None:
            self.last = value + self._size  # room for what came before the first
            return self.last
        ahead = (value - self.last) % self._size
        near = ahead if ahead < self._size // 2 else ahead - self._size
        extended = self.last + near
        self.last = max(self.last, extended)
        return extended


class Reception:
    """Counts for receiver reports. `clock` is in Hz."""

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self.received = 0
        self.highest = 0
        self.duplicates = 0
        self.reordered = 0
        self._base: int | None = None
        self._counter = Counter(16)
        self._seen: set[int] = set()
        self._transit: float | None = None
        self._jitter = 0.0
        self._reported = (0, 0)

    def push(self, packet: RtpPacket) -> int | None:
        """The extended sequence number; None for a duplicate."""
        number = self._counter.extend(packet.sequence)
        if number in self._seen:
            self.duplicates += 1
            return None
        self._seen.add(number)
        self.reordered += number < self.highest
        self._base = number if self._base is None else min(self._base, number)
        self.highest = max(self.highest, number)
        self.received += 1
        transit = packet.arrived * self.clock - packet.timestamp
        if self._transit is not None:
            moved = abs(transit - self._transit)
            if moved < self.clock:  # a wrapped timestamp is none
                self._jitter += (moved - self._jitter) / 16
        self._transit = transit
        return number

    @property
    def expected(self) -> int:
        return 0 if self._base is None else self.highest - self._base + 1

    @property
    def lost(self) -> int:
        return self.expected - self.received

    def block(self, ssrc: int, last_sr: int, delay: float) -> bytes:
        """A report block; the fraction counts from the one before."""
        expected, received = self.expected - self._reported[0], self.received - self._reported[1]
        self._reported = (self.expected, self.received)
        lost = max(0, expected - received)
        fraction = min(255, lost * 256 // expected) if expected else 0
        total = max(-(1 << 23), min((1 << 23) - 1, self.lost)) & 0xFFFFFF
        wide = (ssrc, fraction << 24 | total, self.highest & 0xFFFFFFFF, int(self._jitter))
        return struct.pack(">6I", *wide, last_sr, int(delay * 65536) if last_sr else 0)
