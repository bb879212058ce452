# SPDX-License-Identifier: MIT OR Apache-2.0
"""The hub's end of a HomeKit Data Stream connection."""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from . import opack, stamps, tlv8
from .connection import ConnectionClosed
from .crypto import counter_nonce, hkdf, open_sealed, seal

MAX_PAYLOAD = 0xFFFFF
REASON = {
    "NORMAL": 0,
    "NOT_ALLOWED": 1,
    "BUSY": 2,
    "CANCELLED": 3,
    "UNSUPPORTED": 4,
    "UNEXPECTED_FAILURE": 5,
    "TIMEOUT": 6,
    "BAD_DATA": 7,
    "PROTOCOL_ERROR": 8,
    "INVALID_CONFIGURATION": 9,
}


@dataclass
class HdsMessage:
    """A decoded message; `arrived` is monotonic seconds when its frame was whole."""

    header: dict[str, Any]
    body: dict[str, Any]
    arrived: float
    payload_size: int = 0

    @property
    def protocol(self) -> str:
        return str(self.header["protocol"])

    def is_event(self, name: str) -> bool:
        return self.header.get("event") == name


def setup_request(salt: bytes, command: int = 0, transport: int = 0) -> bytes:
    """The TLV written to SetupDataStreamTransport."""
    return tlv8.encode([(1, tlv8.u8(command)), (2, tlv8.u8(transport)), (3, salt)])


@dataclass
class TransportAnswer:
    status: int
    port: int
    salt: bytes


def setup_answer(data: bytes) -> TransportAnswer:
    items = tlv8.decode(data)
    parameters = tlv8.decode(tlv8.one(items, 2))
    return TransportAnswer(
        tlv8.number(tlv8.one(items, 1)), tlv8.number(tlv8.one(parameters, 1)), tlv8.one(items, 3)
    )


@dataclass
class HdsKeys:
    accessory_to_controller: bytes
    controller_to_accessory: bytes

    @classmethod
    def derive(cls, shared_secret: bytes, controller: bytes, accessory: bytes) -> HdsKeys:
        salt = controller + accessory
        return cls(
            hkdf(shared_secret, salt, b"HDS-Read-Encryption-Key"),
            hkdf(shared_secret, salt, b"HDS-Write-Encryption-Key"),
        )


def new_salt() -> bytes:
    return secrets.token_bytes(32)


@dataclass
class HdsConnection:
    """Frames and messages; requests are matched to responses, events are put aside."""

    host: str
    port: int
    keys: HdsKeys
    timeout: float = 10.0
    receive_buffer: int | None = None
    events: deque[HdsMessage] = field(default_factory=deque)
    _sent: int = 0
    _received: int = 0
    _next_id: int = 1
    _buffer: bytearray = field(default_factory=bytearray)
    _filled: float = 0.0
    """When the end of the buffer arrived, monotonic."""

    def __post_init__(self) -> None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        if self.receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.socket.settimeout(self.timeout)
        self.socket.connect((self.host, self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamps.ask_for(self.socket)

    def __enter__(self) -> HdsConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def frame(self, payload: bytes) -> bytes:
        head = b"\x01" + len(payload).to_bytes(3, "big")
        nonce = counter_nonce(self._sent)
        self._sent += 1
        return head + seal(self.keys.controller_to_accessory, nonce, payload, head)

    def send_raw(self, data: bytes) -> None:
        self.socket.settimeout(self.timeout)
        self.socket.sendall(data)

    def send(self, header: dict[str, Any], body: dict[str, Any]) -> None:
        head = opack.encode(header)
        self.send_raw(self.frame(bytes([len(head)]) + head + opack.encode(body)))

    def event(self, protocol: str, name: str, body: dict[str, Any]) -> None:
        self.send({"protocol": protocol, "event": name}, body)

    def _fill(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing on the data stream in time")
        self.socket.settimeout(left)
        try:
            data, ancillary, _, _ = self.socket.recvmsg(1 << 18, stamps.ANCILLARY_BYTES)
        except ConnectionError as error:
            raise ConnectionClosed(str(error)) from error
        if not data:
            raise ConnectionClosed("end of stream")
        self._buffer += data
        self._filled = time.monotonic() - (time.time() - stamps.of(ancillary))

    def read(self, timeout: float | None = None) -> HdsMessage:
        """The next message."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while len(self._buffer) < 4:
            self._fill(deadline)
        assert self._buffer[0] == 1, f"frame type {self._buffer[0]}"
        length = int.from_bytes(self._buffer[1:4], "big")
        assert length <= MAX_PAYLOAD, f"payload of {length} bytes"
        end = 4 + length + 16
        while len(self._buffer) < end:
            self._fill(deadline)
        arrived = self._filled
        head, sealed = bytes(self._buffer[:4]), bytes(self._buffer[4:end])
        del self._buffer[:end]
        nonce = counter_nonce(self._received)
        payload = open_sealed(self.keys.accessory_to_controller, nonce, sealed, head)
        self._received += 1
        size = payload[0]
        header = opack.decode(payload[1 : 1 + size])
        body = opack.Reader(payload[1 + size :]).value()
        return HdsMessage(header, body, arrived, len(payload))

    def wait_event(self, timeout: float) -> HdsMessage:
        if self.events:
            return self.events.popleft()
        message = self.read(timeout)
        assert "event" in message.header, f"not an event: {message.header}"
        return message

    def request(
        self, protocol: str, name: str, body: dict[str, Any], timeout: float = 10.0
    ) -> HdsMessage:
        number = self._next_id
        self._next_id += 1
        self.send({"protocol": protocol, "request": name, "id": opack.Int64(number)}, body)
        deadline = time.monotonic() + timeout
        while True:
            message = self.read(deadline - time.monotonic())
            if "response" in message.header:
                assert message.header["id"] == number, message.header
                assert message.header["response"] == name, message.header
                assert message.protocol == protocol, message.header
                return message
            self.events.append(message)

    def hello(self) -> None:
        answer = self.request("control", "hello", {})
        assert answer.header["status"] == 0, answer.header

    def open_recording(self, stream_id: int, timeout: float = 10.0) -> HdsMessage:
        body = {
            "target": "controller",
            "streamId": stream_id,
            "reason": "record",
            "type": "ipcamera.recording",
        }
        return self.request("dataSend", "open", body, timeout)

    def close_stream(self, stream_id: int, reason: str = "NORMAL") -> None:
        body = {"streamId": stream_id, "reason": REASON[reason]}
        self.event("dataSend", "close", body)

    def acknowledge(self, stream_id: int) -> None:
        self.event("dataSend", "ack", {"streamId": stream_id, "endOfStream": True})

    def wait_closed(self, timeout: float) -> float:
        """Reads and discards until the accessory closes; returns the seconds it took."""
        started = time.monotonic()
        while True:
            left = started + timeout - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the data stream is still open after {timeout} s")
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(1 << 18):
                    return time.monotonic() - started
            except TimeoutError:
                continue
            except ConnectionError:
                return time.monotonic() - started
