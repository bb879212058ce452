# SPDX-License-Identifier: MIT OR Apache-2.0
"""The recording TLVs: what the camera supports and what a hub selects from it."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import tlv8

AUDIO_RATES = (8000, 16000, 24000, 32000, 44100, 48000)
PROFILES = ("Baseline", "Main", "High")
LEVELS = (31, 32, 40)
BASELINE, MAIN, HIGH = 0, 1, 2
LEVEL_3_1, LEVEL_3_2, LEVEL_4_0 = 0, 1, 2


@dataclass
class VideoSupport:
    profiles: list[int]
    levels: list[int]
    attributes: list[tuple[int, int, int]]


@dataclass
class Supported:
    """0x205, 0x206 and 0x207 of one camera, read with every rule about widths and lists."""

    prebuffer_ms: int
    triggers: int
    fragment_ms: int
    video: VideoSupport
    audio: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def parse(cls, camera: bytes, video: bytes, audio: bytes) -> Supported:
        items = tlv8.decode(camera)
        container = tlv8.decode(tlv8.one(items, 3))
        assert tlv8.number(tlv8.one(container, 1)) == 0, "the container is not fragmented MP4"
        length = tlv8.one(tlv8.decode(tlv8.one(container, 2)), 1)
        triggers, prebuffer = tlv8.one(items, 2), tlv8.one(items, 1)
        assert (len(prebuffer), len(triggers), len(length)) == (4, 8, 4), "integer widths"
        sounds = [
            (tlv8.number(tlv8.one(codec, 1)), tlv8.number(rate))
            for codec in map(tlv8.decode, tlv8.every(tlv8.decode(audio), 1))
            for rate in tlv8.every(tlv8.decode(tlv8.one(codec, 2)), 3)
        ]
        return cls(
            tlv8.number(prebuffer),
            tlv8.number(triggers),
            tlv8.number(length),
            _video_support(video),
            sounds,
        )


def _video_support(data: bytes) -> VideoSupport:
    codec = tlv8.decode(tlv8.one(tlv8.decode(data), 1))
    assert tlv8.number(tlv8.one(codec, 1)) == 0, "the codec is not H.264"
    parameters = tlv8.decode(tlv8.one(codec, 2))
    assert not tlv8.every(parameters, 3) + tlv8.every(parameters, 4), "bit rate is advertised"
    attributes = []
    for entry in map(tlv8.decode, tlv8.every(codec, 3)):
        widths = [len(tlv8.one(entry, kind)) for kind in (1, 2, 3)]
        assert widths == [2, 2, 1], f"attribute widths {widths}"
        attributes.append(tuple(tlv8.number(tlv8.one(entry, kind)) for kind in (1, 2, 3)))
    return VideoSupport(
        [tlv8.number(value) for value in tlv8.every(parameters, 1)],
        [tlv8.number(value) for value in tlv8.every(parameters, 2)],
        [(w, h, fps) for w, h, fps in attributes],
    )


@dataclass(frozen=True)
class Selected:
    """One choice of a hub; the defaults are what real hubs write."""

    width: int = 1920
    height: int = 1080
    fps: int = 30
    profile: int = MAIN
    level: int = LEVEL_4_0
    bitrate_kbit: int = 2000
    iframe_ms: int = 4000
    prebuffer_ms: int = 4000
    fragment_ms: int = 4000
    container: int = 0
    video_codec: int = 0
    audio_codec: int = 0
    audio_rate: int = 3
    audio_kbit: int = 64

    @property
    def audio_hz(self) -> int:
        return AUDIO_RATES[self.audio_rate]

    def encode(self) -> bytes:
        camera = tlv8.encode(
            [
                (1, tlv8.u32(self.prebuffer_ms)),
                (2, (1).to_bytes(8, "little")),
                (3, tlv8.encode([(1, tlv8.u8(self.container)), (2, self._fragment())])),
            ]
        )
        return tlv8.encode([(1, camera), (2, self._video()), (3, self._audio())])

    def _fragment(self) -> bytes:
        return tlv8.encode([(1, tlv8.u32(self.fragment_ms))])

    def _video(self) -> bytes:
        parameters = tlv8.encode(
            [
                (1, tlv8.u8(self.profile)),
                (2, tlv8.u8(self.level)),
                (3, tlv8.u32(self.bitrate_kbit)),
                (4, tlv8.u32(self.iframe_ms)),
            ]
        )
        attributes = tlv8.encode(
            [(1, tlv8.u16(self.width)), (2, tlv8.u16(self.height)), (3, tlv8.u8(self.fps))]
        )
        return tlv8.encode([(1, tlv8.u8(self.video_codec)), (2, parameters), (3, attributes)])

    def _audio(self) -> bytes:
        parameters = tlv8.encode(
            [
                (1, tlv8.u8(1)),
                (2, tlv8.u8(0)),
                (3, tlv8.u8(self.audio_rate)),
                (4, tlv8.u32(self.audio_kbit)),
            ]
        )
        return tlv8.encode([(1, tlv8.u8(self.audio_codec)), (2, parameters)])
