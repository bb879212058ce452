# SPDX-License-Identifier: MIT OR Apache-2.0
"""The talk button: sound from the viewer to the camera."""

from __future__ import annotations

import array
import secrets
import time

from .leg import Leg
from .opus import Encoder
from .rtp import RtpPacket


class Talker:
    """Sends Opus on the audio leg, in real time, as long as it is asked to."""

    def __init__(self, leg: Leg, hz: int, packet_ms: int = 20) -> None:
        self._leg, self._hz = leg, hz
        self._samples = hz * packet_ms // 1000
        self._encoder = Encoder(hz)
        self._sequence = secrets.randbits(15)
        self._timestamp = secrets.randbits(32)
        self.sent: list[bytes] = []

    def say(self, sound: array.array[int], skip: frozenset[int] = frozenset()) -> None:
        """All of `sound`; packets with a number in `skip` are lost on the way."""
        begun = time.monotonic()
        count = len(sound) // self._samples
        for number in range(count):
            part = sound[number * self._samples : (number + 1) * self._samples]
            payload = self._encoder.encode(part)
            contract = self._leg.contract
            packet = RtpPacket(
                False,
                contract.payload_type,
                self._sequence,
                self._timestamp,
                contract.own_ssrc,
                payload,
            )
            self._sequence = (self._sequence + 1) & 0xFFFF
            self._timestamp = (self._timestamp + self._samples) & 0xFFFFFFFF
            if number not in skip:
                self.sent.append(self._leg.send_rtp(packet))
            due = begun + (number + 1) * self._samples / self._hz
            time.sleep(max(0.0, due - time.monotonic()))
