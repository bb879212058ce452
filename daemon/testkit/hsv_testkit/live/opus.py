# SPDX-License-Identifier: MIT OR Apache-2.0
"""Opus by the machine's libopus."""

from __future__ import annotations

import array
import ctypes
import ctypes.util
import math
from collections.abc import Iterable
from typing import Any

VOIP = 2048
SET_BITRATE = 4002
LONGEST_MS = 120


class OpusError(Exception):
    """libopus refused; its number."""


def library() -> Any:
    """libopus, or OSError."""
    name = ctypes.util.find_library("opus") or "libopus.so.0"
    found = ctypes.CDLL(name)
    found.opus_decoder_create.restype = ctypes.c_void_p
    found.opus_encoder_create.restype = ctypes.c_void_p
    return found


def _checked(number: int) -> int:
    if number < 0:
        raise OpusError(number)
    return number


class Decoder:
    """One channel; `hz` is the rate of what comes out."""

    def __init__(self, hz: int) -> None:
        self._lib, self.hz = library(), hz
        error = ctypes.c_int()
        self._state = ctypes.c_void_p(self._lib.opus_decoder_create(hz, 1, ctypes.byref(error)))
        _checked(error.value)

    def __del__(self) -> None:
        self._lib.opus_decoder_destroy(self._state)

    def samples(self, packet: bytes) -> int:
        """How long a packet is, at `hz`."""
        return _checked(self._lib.opus_packet_get_nb_samples(packet, len(packet), self.hz))

    def decode(self, packet: bytes) -> array.array[int]:
        room = self.hz * LONGEST_MS // 1000
        out = (ctypes.c_int16 * room)()
        count = _checked(self._lib.opus_decode(self._state, packet, len(packet), out, room, 0))
        return array.array("h", out[:count])


class Encoder:
    """One channel of speech."""

    def __init__(self, hz: int, bps: int = 24_000) -> None:
        self._lib = library()
        error = ctypes.c_int()
        made = self._lib.opus_encoder_create(hz, 1, VOIP, ctypes.byref(error))
        self._state = ctypes.c_void_p(made)
        _checked(error.value)
        _checked(self._lib.opus_encoder_ctl(self._state, SET_BITRATE, bps))

    def __del__(self) -> None:
        self._lib.opus_encoder_destroy(self._state)

    def encode(self, samples: array.array[int]) -> bytes:
        pcm = (ctypes.c_int16 * len(samples))(*samples)
        out = ctypes.create_string_buffer(1275)
        count = _checked(self._lib.opus_encode(self._state, pcm, len(samples), out, len(out)))
        return out.raw[:count]


def tone(hz: int, pitch: float, seconds: float, level: float = 0.3) -> array.array[int]:
    """A sine."""
    step = math.tau * pitch / hz
    peak = level * 32767
    return array.array("h", (int(peak * math.sin(step * n)) for n in range(int(hz * seconds))))


def rms(samples: Iterable[int]) -> float:
    """Root mean square as a share of full scale."""
    values = list(samples)
    return math.sqrt(sum(v * v for v in values) / len(values)) / 32768 if values else 0.0


def strength(samples: array.array[int], hz: int, pitch: float) -> float:
    """Amplitude of one frequency as a share of full scale (Goertzel)."""
    step = 2 * math.cos(math.tau * pitch / hz)
    now, before = 0.0, 0.0
    for sample in samples:
        now, before = sample + step * now - before, now
    power = now * now + before * before - step * now * before
    return math.sqrt(max(power, 0.0)) * 2 / max(len(samples), 1) / 32768
