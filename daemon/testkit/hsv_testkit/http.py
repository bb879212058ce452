# SPDX-License-Identifier: MIT OR Apache-2.0
"""The piece of HTTP that HAP speaks, with EVENT/1.0 messages beside responses."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Message:
    """A response or an event, and when its last byte arrived (monotonic seconds)."""

    protocol: str
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    arrived: float = field(default_factory=time.monotonic)

    @property
    def is_event(self) -> bool:
        return self.protocol.startswith("EVENT/")

    def json(self) -> Any:
        return json.loads(self.body)

    def entries(self) -> list[dict[str, Any]]:
        """The `characteristics` array of the body."""
        return list(self.json()["characteristics"])


def request_bytes(
    method: str,
    path: str,
    body: bytes = b"",
    content_type: str | None = None,
    host: str = "Porch._hap._tcp.local",
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
    if content_type:
        head += f"Content-Type: {content_type}\r\n"
    if body or method != "GET":
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def _chunked(data: bytes) -> tuple[bytes, int] | None:
    body, at = bytearray(), 0
    while (end := data.find(b"\r\n", at)) >= 0:
        size = int(data[at:end].split(b";")[0], 16)
        if len(data) < end + 2 + size + 2:
            return None
        body += data[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
        if size == 0:
            return bytes(body), at
    return None


def take_message(buffer: bytearray) -> Message | None:
    """Removes one whole message from the front of `buffer`, or returns None."""
    head_end = buffer.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    lines = bytes(buffer[:head_end]).decode("latin-1").split("\r\n")
    protocol, status, reason = lines[0].split(" ", 2)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    rest = bytes(buffer[head_end + 4 :])
    if headers.get("transfer-encoding", "").lower() == "chunked":
        taken = _chunked(rest)
        if taken is None:
            return None
        body, used = taken
    else:
        used = int(headers.get("content-length", "0"))
        if len(rest) < used:
            return None
        body = rest[:used]
    del buffer[: head_end + 4 + used]
    return Message(protocol, int(status), reason, headers, body)
