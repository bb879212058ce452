# SPDX-License-Identifier: MIT OR Apache-2.0
"""One dataSend stream as the hub receives it: chunks to parts, parts to a file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .hds import REASON, HdsConnection, HdsMessage

MAX_CHUNK = 0x40000


class StreamClosed(Exception):
    """The accessory sent dataSend/close."""

    def __init__(self, reason: int) -> None:
        names = {number: name for name, number in REASON.items()}
        super().__init__(f"closed with {reason} ({names.get(reason, '?')})")
        self.reason = reason


@dataclass
class Part:
    """The init segment (sequence 1) or one fragment; times are monotonic seconds."""

    sequence: int
    kind: str
    data: bytes
    first_arrived: float
    last_arrived: float
    chunks: int
    end_of_stream: bool


@dataclass
class Recording:
    """Receives one stream; every rule about packets is asserted as they come."""

    connection: HdsConnection
    stream_id: int
    opened: float = field(default_factory=time.monotonic)
    parts: list[Part] = field(default_factory=list)
    close_reason: int | None = None

    def next_part(self, timeout: float = 10.0) -> Part:
        """The next whole part; StreamClosed when the accessory closes instead."""
        deadline = time.monotonic() + timeout
        data, chunks, total, first = bytearray(), 0, 0, 0.0
        while True:
            message = self._next_event(deadline)
            packet = self._packet(message)
            meta, chunk = packet["metadata"], packet["data"]
            chunks += 1
            self._check_meta(meta, chunk, chunks)
            if chunks == 1:
                first, total = message.arrived, meta["dataTotalSize"]
            data += chunk
            ends = bool(message.body.get("endOfStream", False))
            if meta["isLastDataChunk"]:
                break
            assert not ends, "endOfStream before the last chunk"
        assert len(data) == total, f"dataTotalSize {total}, received {len(data)}"
        part = Part(
            meta["dataSequenceNumber"],
            meta["dataType"],
            bytes(data),
            first,
            message.arrived,
            chunks,
            ends,
        )
        self.parts.append(part)
        return part

    def _next_event(self, deadline: float) -> HdsMessage:
        while True:
            message = self.connection.wait_event(deadline - time.monotonic())
            assert message.protocol == "dataSend", message.header
            if message.body.get("streamId") != self.stream_id:
                continue
            if message.is_event("close"):
                self.close_reason = int(message.body["reason"])
                raise StreamClosed(self.close_reason)
            assert message.is_event("data"), message.header
            return message

    @staticmethod
    def _packet(message: HdsMessage) -> dict[str, Any]:
        packets = message.body["packets"]
        assert isinstance(packets, list) and len(packets) == 1, "one packet per event"
        return dict(packets[0])

    def _check_meta(self, meta: dict[str, Any], chunk: bytes, number: int) -> None:
        sequence = len(self.parts) + 1
        kind = "mediaInitialization" if sequence == 1 else "mediaFragment"
        assert meta["dataType"] == kind, meta
        assert meta["dataSequenceNumber"] == sequence, meta
        assert meta["dataChunkSequenceNumber"] == number, meta
        assert isinstance(meta["isLastDataChunk"], bool), meta
        assert ("dataTotalSize" in meta) == (number == 1), meta
        assert 0 < len(chunk) <= MAX_CHUNK, f"chunk of {len(chunk)} bytes"
        if not meta["isLastDataChunk"]:
            assert len(chunk) == MAX_CHUNK, "only the last chunk may be short"

    def collect(self, fragments: int, timeout: float = 10.0) -> None:
        """Waits until so many fragments are there; `timeout` is for each part."""
        while len(self.parts) < fragments + 1:
            self.next_part(timeout)

    def collect_for(self, seconds: float) -> None:
        """Takes every part that is whole within the time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.next_part(left)
            except TimeoutError:
                return

    def collect_to_end(self, timeout: float = 60.0) -> None:
        """Collects until a part is marked endOfStream."""
        deadline = time.monotonic() + timeout
        while not self.next_part(max(0.1, min(12.0, deadline - time.monotonic()))).end_of_stream:
            pass

    def wait_close(self, timeout: float) -> int:
        """Collects until the accessory closes the stream; its reason."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.next_part(deadline - time.monotonic())
        except StreamClosed as closed:
            return closed.reason

    def close(self, reason: str = "NORMAL") -> None:
        self.connection.close_stream(self.stream_id, reason)

    @property
    def init(self) -> Part:
        return self.parts[0]

    @property
    def fragments(self) -> list[Part]:
        return self.parts[1:]

    def write(self, path: Path) -> Path:
        """Init segment and fragments one after the other: a playable file."""
        path.write_bytes(b"".join(part.data for part in self.parts))
        return path
