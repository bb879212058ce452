# SPDX-License-Identifier: MIT OR Apache-2.0
"""The TLVs of live view, with the fields and the order that iPhones write."""

from __future__ import annotations

import base64
import secrets
import struct
from dataclasses import dataclass, field, replace
from ipaddress import ip_address

from .. import tlv8

AES_128, AES_256, NO_CRYPTO = 0, 1, 2
KEY_BYTES = {AES_128: 16, AES_256: 32, NO_CRYPTO: 0}
END, START, SUSPEND, RESUME, RECONFIGURE = range(5)
SUCCESS, BUSY, ERROR = range(3)
AVAILABLE, IN_USE, UNAVAILABLE = range(3)
OPUS, AAC_ELD = 3, 2
RATES = {0: 8000, 1: 16000, 2: 24000}


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class Endpoint:
    """Where one side listens."""

    address: str
    video_port: int
    audio_port: int

    def encode(self) -> bytes:
        version = ip_address(self.address.split("%")[0]).version
        return tlv8.encode(
            [
                (1, b"\x01" if version == 6 else b"\x00"),
                (2, self.address.encode()),
                (3, tlv8.u16(self.video_port)),
                (4, tlv8.u16(self.audio_port)),
            ]
        )

    @classmethod
    def parse(cls, data: bytes) -> Endpoint:
        items = tlv8.decode(data)
        version, ports = tlv8.one(items, 1), [tlv8.one(items, 3), tlv8.one(items, 4)]
        assert [len(version)] + [len(port) for port in ports] == [1, 2, 2], "integer widths"
        address = tlv8.one(items, 2).decode()
        is_v6 = ip_address(address).version == 6  # no scope: it is the other side's
        assert is_v6 == bool(version[0]), f"{address} is not of IP version {version[0]}"
        return cls(address, *(tlv8.number(port) for port in ports))


@dataclass(frozen=True)
class SrtpParameters:
    """Protects what the side that wrote it sends."""

    suite: int
    key: bytes
    salt: bytes

    @classmethod
    def fresh(cls, suite: int = AES_128) -> SrtpParameters:
        salt = secrets.token_bytes(0 if suite == NO_CRYPTO else 14)
        return cls(suite, secrets.token_bytes(KEY_BYTES[suite]), salt)

    def encode(self) -> bytes:
        return tlv8.encode([(1, tlv8.u8(self.suite)), (2, self.key), (3, self.salt)])

    @classmethod
    def parse(cls, data: bytes) -> SrtpParameters:
        items = tlv8.decode(data)
        made = cls(tlv8.number(tlv8.one(items, 1)), tlv8.one(items, 2), tlv8.one(items, 3))
        assert len(made.key) == KEY_BYTES[made.suite] and len(made.salt) == 14, "key lengths"
        return made


@dataclass(frozen=True)
class SetupRequest:
    """SetupEndpoints as written."""

    endpoint: Endpoint
    video: SrtpParameters = field(default_factory=SrtpParameters.fresh)
    audio: SrtpParameters = field(default_factory=SrtpParameters.fresh)
    session_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def encode(self) -> bytes:
        items = [(1, self.session_id), (3, self.endpoint.encode())]
        return tlv8.encode([*items, (4, self.video.encode()), (5, self.audio.encode())])


@dataclass(frozen=True)
class SetupAnswer:
    """SetupEndpoints as read; all but the status is absent unless it is a success."""

    session_id: bytes | None
    status: int
    endpoint: Endpoint | None = None
    video: SrtpParameters | None = None
    audio: SrtpParameters | None = None
    video_ssrc: int = 0
    audio_ssrc: int = 0

    @classmethod
    def parse(cls, data: bytes) -> SetupAnswer:
        items = tlv8.decode(data)
        session_id, status = tlv8.maybe(items, 1), tlv8.one(items, 2)
        assert len(status) == 1, "integer widths"
        if status[0] != SUCCESS:
            assert {kind for kind, _ in items} <= {1, 2}, "a refusal says nothing more"
            return cls(session_id, status[0])
        ssrcs = [tlv8.one(items, 6), tlv8.one(items, 7)]
        assert [len(ssrc) for ssrc in ssrcs] == [4, 4], "integer widths"
        numbers = [tlv8.number(ssrc) for ssrc in ssrcs]
        assert all(numbers) and numbers[0] != numbers[1], f"SSRCs {numbers}"
        return cls(
            session_id,
            SUCCESS,
            Endpoint.parse(tlv8.one(items, 3)),
            SrtpParameters.parse(tlv8.one(items, 4)),
            SrtpParameters.parse(tlv8.one(items, 5)),
            *numbers,
        )


@dataclass(frozen=True)
class VideoSelection:
    """What an iPhone in the same network selects, unless told otherwise."""

    width: int = 1280
    height: int = 720
    fps: int = 30
    profile: int = 1
    level: int = 2
    kbit: int = 299
    payload_type: int = 99
    ssrc: int = field(default_factory=lambda: secrets.randbelow(0xFFFFFFFE) + 1)
    interval_s: float = 0.5
    mtu: int | None = 1378

    def _attributes(self) -> bytes:
        values = [(1, tlv8.u16(self.width)), (2, tlv8.u16(self.height)), (3, tlv8.u8(self.fps))]
        return tlv8.encode(values)

    def encode(self) -> bytes:
        params = [(1, tlv8.u8(self.profile)), (2, tlv8.u8(self.level)), (3, b"\x00")]
        rtp = [
            (1, tlv8.u8(self.payload_type)),
            (2, tlv8.u32(self.ssrc)),
            (3, tlv8.u16(self.kbit)),
            (4, struct.pack("<f", self.interval_s)),
        ]
        rtp += [(5, tlv8.u16(self.mtu))] if self.mtu is not None else []
        items = [(1, b"\x00"), (2, tlv8.encode(params)), (3, self._attributes())]
        return tlv8.encode([*items, (4, tlv8.encode(rtp))])

    def encode_change(self) -> bytes:
        """A reconfiguration: neither codec nor payload type, and no interval."""
        rtp = tlv8.encode([(3, tlv8.u16(self.kbit)), (4, struct.pack("<f", 0.0))])
        return tlv8.encode([(3, self._attributes()), (4, rtp)])


@dataclass(frozen=True)
class AudioSelection:
    """Opus at 24 kHz in packets of 20 ms, unless told otherwise."""

    codec: int = OPUS
    rate: int = 2
    packet_ms: int = 20
    kbit: int = 24
    payload_type: int = 110
    ssrc: int = field(default_factory=lambda: secrets.randbelow(0xFFFFFFFE) + 1)
    interval_s: float = 5.0

    @property
    def hz(self) -> int:
        return RATES[self.rate]

    def encode(self) -> bytes:
        params = [(1, b"\x01"), (2, b"\x00"), (3, tlv8.u8(self.rate)), (4, tlv8.u8(self.packet_ms))]
        rtp = [
            (1, tlv8.u8(self.payload_type)),
            (2, tlv8.u32(self.ssrc)),
            (3, tlv8.u16(self.kbit)),
            (4, struct.pack("<f", self.interval_s)),
            (6, b"\x0d"),
        ]
        items = [(1, tlv8.u8(self.codec)), (2, tlv8.encode(params)), (3, tlv8.encode(rtp))]
        return tlv8.encode([*items, (4, b"\x00")])


def start(session_id: bytes, video: VideoSelection, audio: AudioSelection) -> bytes:
    head = tlv8.encode([(1, session_id), (2, tlv8.u8(START))])
    return tlv8.encode([(1, head), (2, video.encode()), (3, audio.encode())])


def reconfigure(session_id: bytes, video: VideoSelection) -> bytes:
    head = tlv8.encode([(2, tlv8.u8(RECONFIGURE)), (1, session_id)])
    return tlv8.encode([(1, head), (2, video.encode_change())])


def command(session_id: bytes, number: int) -> bytes:
    """End, suspend or resume: session control alone, the command first."""
    return tlv8.encode([(1, tlv8.encode([(2, tlv8.u8(number)), (1, session_id)]))])


def setup_endpoints(session_id: bytes | None = None) -> str:
    """A SetupEndpoints request of somebody who will not listen, base64."""
    request = SetupRequest(Endpoint("127.0.0.1", 45000, 45002))
    if session_id is not None:
        request = replace(request, session_id=session_id)
    return text(request.encode())


def end_stream(session_id: bytes) -> str:
    """A SelectedRTPStreamConfiguration with the command "end", base64."""
    return text(command(session_id, END))


@dataclass(frozen=True)
class Offer:
    """0x114, 0x115 and 0x116 of one camera."""

    profiles: list[int]
    levels: list[int]
    sizes: list[tuple[int, int, int]]
    sounds: list[tuple[int, int]]
    suites: list[int]

    @classmethod
    def parse(cls, video: bytes, audio: bytes, rtp: bytes) -> Offer:
        codec = tlv8.decode(tlv8.one(tlv8.decode(video), 1))
        assert tlv8.one(codec, 1) == b"\x00", "the codec is not H.264"
        params = tlv8.decode(tlv8.one(codec, 2))
        assert tlv8.every(params, 3) == [b"\x00"], "packetization mode"
        sizes: list[tuple[int, int, int]] = []
        for attributes in map(tlv8.decode, tlv8.every(codec, 3)):
            parts = [tlv8.one(attributes, kind) for kind in (1, 2, 3)]
            assert [len(part) for part in parts] == [2, 2, 1], "integer widths"
            width, height, fps = (tlv8.number(part) for part in parts)
            sizes.append((width, height, fps))
        sounds = []
        for sound in map(tlv8.decode, tlv8.every(tlv8.decode(audio), 1)):
            wanted = tlv8.decode(tlv8.one(sound, 2))
            assert tlv8.one(wanted, 1) == b"\x01" and tlv8.one(wanted, 2) == b"\x00", "mono, VBR"
            name = tlv8.number(tlv8.one(sound, 1))
            sounds += [(name, tlv8.number(rate)) for rate in tlv8.every(wanted, 3)]
        return cls(
            [value[0] for value in tlv8.every(params, 1)],
            [value[0] for value in tlv8.every(params, 2)],
            sizes,
            sounds,
            [value[0] for value in tlv8.every(tlv8.decode(rtp), 2)],
        )
