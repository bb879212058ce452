# SPDX-License-Identifier: MIT OR Apache-2.0
"""RTCP: what a controller sends, and a strict reader of what comes (RFC 3550, 4585, 5104)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
TMMBR, TMMBN = 3, 4
PLI, FIR, TSTR, TSTN = 1, 4, 5, 6
CNAME = 1
NTP_EPOCH = 2_208_988_800


class RtcpError(ValueError):
    """The bytes are no compound packet."""


def packet(count: int, kind: int, body: bytes) -> bytes:
    assert len(body) % 4 == 0, "packets are whole words"
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4) + body


def receiver_report(ssrc: int, block: bytes = b"") -> bytes:
    return packet(len(block) // 24, RR, struct.pack(">I", ssrc) + block)


def sender_report(ssrc: int, ntp: int, timestamp: int, packets: int, octets: int) -> bytes:
    return packet(0, SR, struct.pack(">IQIII", ssrc, ntp, timestamp, packets, octets))


def source_description(ssrc: int, name: bytes) -> bytes:
    item = struct.pack(">IBB", ssrc, CNAME, len(name)) + name + b"\0"
    return packet(1, SDES, item + b"\0" * (-len(item) % 4))


def bye(ssrc: int) -> bytes:
    return packet(1, BYE, struct.pack(">I", ssrc))


def pli(sender: int, media: int) -> bytes:
    return packet(PLI, PSFB, struct.pack(">II", sender, media))


def fir(sender: int, media: int, sequence: int) -> bytes:
    return packet(FIR, PSFB, struct.pack(">IIII", sender, 0, media, sequence << 24))


def tstr(sender: int, media: int, sequence: int, index: int) -> bytes:
    entry = struct.pack(">II", media, sequence << 24 | index)
    return packet(TSTR, PSFB, struct.pack(">II", sender, 0) + entry)


def bandwidth(bps: int, overhead: int) -> int:
    """Exponent, mantissa of 17 bits, overhead of nine."""
    exponent = max(0, bps.bit_length() - 17)
    return exponent << 26 | (bps >> exponent) << 9 | overhead


def tmmbr(sender: int, media: int, bps: int, overhead: int = 40) -> bytes:
    entry = struct.pack(">II", media, bandwidth(bps, overhead))
    return packet(TMMBR, RTPFB, struct.pack(">II", sender, 0) + entry)


@dataclass(frozen=True)
class Report:
    """A sender report; `ntp` as Unix seconds."""

    ssrc: int
    ntp: float
    middle: int
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True)
class Received:
    """One packet of a compound that came; `arrived` is Unix time in seconds."""

    kind: int
    count: int
    """Feedback message type, or the number of entries."""
    body: bytes
    arrived: float
    compound: int
    """Number of the datagram."""

    @property
    def ssrc(self) -> int:
        return int(struct.unpack_from(">I", self.body)[0]) if len(self.body) >= 4 else 0

    def report(self) -> Report:
        ssrc, ntp, timestamp, packets, octets = struct.unpack_from(">IQIII", self.body)
        seconds = (ntp >> 32) - NTP_EPOCH + (ntp & 0xFFFFFFFF) / (1 << 32)
        return Report(ssrc, seconds, ntp >> 16 & 0xFFFFFFFF, timestamp, packets, octets)

    def blocks(self) -> list[tuple[int, ...]]:
        """Report blocks: ssrc, fraction and lost, highest, jitter, last SR, delay."""
        start = 24 if self.kind == SR else 4
        return [struct.unpack_from(">6I", self.body, start + 24 * n) for n in range(self.count)]

    def cname(self) -> bytes:
        assert self.kind == SDES and self.body[4] == CNAME, self
        return self.body[6 : 6 + self.body[5]]

    def entry(self) -> tuple[int, int]:
        """The first feedback control entry of TMMBN or TSTN: SSRC and value."""
        ssrc, value = struct.unpack_from(">II", self.body, 8)
        return ssrc, value


FIXED = {SR: 24, RR: 4}


def parse(data: bytes, arrived: float = 0.0, compound: int = 0) -> list[Received]:
    """Every packet of a compound; the first has to be a report."""
    found: list[Received] = []
    at = 0
    while at < len(data):
        if len(data) - at < 4:
            raise RtcpError(f"{len(data) - at} bytes at the end")
        first, kind, words = struct.unpack_from(">BBH", data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise RtcpError(f"version {first >> 6}, {words} words at {at} of {len(data)}")
        if first & 0x20:
            raise RtcpError("padding")
        body = data[at + 4 : end]
        if kind in FIXED and len(body) != FIXED[kind] + 24 * (first & 0x1F):
            raise RtcpError(f"a report of {len(body)} bytes with {first & 0x1F} blocks")
        found.append(Received(kind, first & 0x1F, body, arrived, compound))
        at = end
    if not found or found[0].kind not in (SR, RR):
        raise RtcpError("a compound begins with a report")
    if not any(item.kind == SDES for item in found):
        raise RtcpError("a compound names its source")
    return found
