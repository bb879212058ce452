# SPDX-License-Identifier: MIT OR Apache-2.0
"""H.264 from RTP packets (RFC 6184, mode 1), with every rule that a camera has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field

from .rtp import Counter, RtpPacket

SLICE, IDR, SEI, SPS, PPS, AUD = 1, 5, 6, 7, 8, 9
STAP_A, FU_A = 24, 28
START_CODE = b"\0\0\0\1"


@dataclass
class Picture:
    """One access unit. Times are Unix seconds, `timestamp` counts on past 32 bits."""

    timestamp: int
    nals: list[bytes]
    first_arrived: float
    last_arrived: float
    packets: int
    sequence: int
    """Extended sequence number of the last packet."""

    @property
    def types(self) -> list[int]:
        return [nal[0] & 0x1F for nal in self.nals]

    @property
    def is_idr(self) -> bool:
        return IDR in self.types

    @property
    def size(self) -> int:
        return sum(len(nal) for nal in self.nals)

    def annexb(self) -> bytes:
        return b"".join(START_CODE + nal for nal in self.nals)

    def sps(self) -> Sps:
        return Sps.parse(next(nal for nal in self.nals if nal[0] & 0x1F == SPS))


@dataclass
class Depacketizer:
    """Packets in order of their sequence in, pictures out. Broken rules go to `problems`."""

    problems: list[str] = field(default_factory=list)
    lost_pictures: int = 0
    _nals: list[bytes] = field(default_factory=list)
    _fragment: bytearray | None = None
    _packets: list[RtpPacket] = field(default_factory=list)
    _aggregates: list[list[int]] = field(default_factory=list)
    _broken: bool = False
    _timestamps: Counter = field(default_factory=lambda: Counter(32))
    _last: int | None = None

    def lose(self) -> None:
        """A gap in the sequence: what is under way is lost."""
        self._broken = True
        self._fragment = None

    def push(self, packet: RtpPacket, sequence: int) -> Picture | None:
        """The picture this packet ends. After a loss it may be None although the marker is set."""
        if self._packets and packet.timestamp != self._packets[0].timestamp:
            if not self._broken:
                self._wrong(packet, "a new timestamp without a marker before it")
            self._drop()
        self._packets.append(packet)
        self._take(packet)
        return self._finish(packet, sequence) if packet.marker else None

    def _wrong(self, packet: RtpPacket, what: str) -> None:
        self.problems.append(f"packet {packet.sequence}: {what}")

    def _drop(self) -> None:
        self.lost_pictures += bool(self._packets)
        self._nals, self._fragment, self._packets, self._aggregates = [], None, [], []
        self._broken = False

    def _take(self, packet: RtpPacket) -> None:
        data = packet.payload
        if not data:
            self._wrong(packet, "empty")
            return
        if data[0] & 0x80:
            self._wrong(packet, "the forbidden bit is set")
        kind = data[0] & 0x1F
        if kind != FU_A and self._fragment is not None:
            self._wrong(packet, "a fragmented NAL was not finished")
            self._fragment = None
        if 1 <= kind <= 23:
            self._nals.append(data)
        elif kind == STAP_A:
            self._aggregate(packet, data)
        elif kind == FU_A:
            self._fragmented(packet, data)
        else:
            self._wrong(packet, f"type {kind} is not of mode 1")

    def _aggregate(self, packet: RtpPacket, data: bytes) -> None:
        at, found = 1, []
        while at < len(data):
            length = int.from_bytes(data[at : at + 2], "big")
            nal = data[at + 2 : at + 2 + length]
            if length == 0 or len(nal) != length:
                self._wrong(packet, f"an aggregated NAL of {length} bytes at {at} of {len(data)}")
                return
            found.append(nal)
            at += 2 + length
        if (data[0] & 0x60) != max((nal[0] & 0x60 for nal in found), default=0):
            self._wrong(packet, "NRI of an aggregate is the highest inside")
        self._aggregates.append([nal[0] & 0x1F for nal in found])
        self._nals += found

    def _fragmented(self, packet: RtpPacket, data: bytes) -> None:
        if len(data) < 3:
            self._wrong(packet, "a fragment without bytes")
            return
        is_start, is_end, head = data[1] & 0x80, data[1] & 0x40, data[0] & 0x60 | data[1] & 0x1F
        if data[1] & 0x20 or (is_start and is_end):
            self._wrong(packet, f"fragment header {data[1]:#x}")
        if is_start:
            if self._fragment is not None:
                self._wrong(packet, "a fragmented NAL was not finished")
            self._fragment = bytearray([head])
        elif self._fragment is None:
            if not self._broken:
                self._wrong(packet, "a fragment without its beginning")
            return
        elif self._fragment[0] != head:
            self._wrong(packet, "a fragment of another NAL")
        self._fragment += data[2:]
        if is_end:
            self._nals.append(bytes(self._fragment))
            self._fragment = None

    def _finish(self, packet: RtpPacket, sequence: int) -> Picture | None:
        if self._broken:
            self._drop()
            return None
        if self._fragment is not None:
            self._wrong(packet, "marker inside a fragmented NAL")
        timestamp = self._timestamps.extend(packet.timestamp)
        if self._last is not None and timestamp <= self._last:
            self._wrong(packet, f"timestamp {timestamp - self._last:+} ticks")
        self._last = timestamp
        stamps = [one.arrived for one in self._packets]
        span = (min(stamps), max(stamps), len(self._packets))
        picture = Picture(timestamp, self._nals, *span, sequence)
        self._check(packet, picture)
        self._nals, self._packets, self._aggregates = [], [], []
        return picture

    def _check(self, packet: RtpPacket, picture: Picture) -> None:
        types = picture.types
        slices = [kind for kind in types if kind in (SLICE, IDR)]
        if not slices or len(set(slices)) != 1:
            self._wrong(packet, f"NAL types {types} are no access unit")
        if picture.is_idr:
            first = self._aggregates[0] if self._aggregates else []
            if first[:2] != [SPS, PPS] or types[:2] != [SPS, PPS]:
                self._wrong(packet, f"IDR without SPS and PPS in one packet before it: {types}")
        elif SPS in types or PPS in types:
            self._wrong(packet, f"parameter sets without an IDR: {types}")


class _Bits:
    """Exp-Golomb reader of an RBSP."""

    def __init__(self, nal: bytes) -> None:
        data = nal[1:].replace(b"\0\0\3", b"\0\0")
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._at = 0

    def u(self, count: int) -> int:
        self._at += count
        return int(self._bits[self._at - count : self._at], 2)

    def ue(self) -> int:
        zeros = self._bits.index("1", self._at) - self._at
        self._at += zeros
        return self.u(zeros + 1) - 1


@dataclass(frozen=True)
class Sps:
    profile: int
    level: int
    width: int
    height: int

    @classmethod
    def parse(cls, nal: bytes) -> Sps:
        bits = _Bits(nal)
        profile, _, level = bits.u(8), bits.u(8), bits.u(8)
        bits.ue()
        if profile >= 100:
            assert bits.ue() == 1, "not 4:2:0"
            assert (bits.ue(), bits.ue()) == (0, 0), "not eight bits"
            bits.u(1)
            assert bits.u(1) == 0, "scaling matrices are not read here"
        bits.ue()
        order = bits.ue()
        assert order in (0, 2), "picture order count type 1 is not read here"
        if order == 0:
            bits.ue()
        bits.ue(), bits.u(1)
        width, height = (bits.ue() + 1) * 16, (bits.ue() + 1) * 16
        assert bits.u(1) == 1, "interlaced"
        bits.u(1)
        if bits.u(1):
            left, right, top, bottom = (bits.ue() for _ in range(4))
            width, height = width - 2 * (left + right), height - 2 * (top + bottom)
        return cls(profile, level, width, height)
