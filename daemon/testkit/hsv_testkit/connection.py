# SPDX-License-Identifier: MIT OR Apache-2.0
"""One TCP connection to the accessory: plain at first, framed and encrypted after pair-verify."""

from __future__ import annotations

import socket
import time
from collections import deque
from dataclasses import dataclass

from .crypto import counter_nonce, open_sealed, seal
from .http import Message, request_bytes, take_message

MAX_FRAME = 1024
TAG = 16


class ConnectionClosed(Exception):
    """The accessory ended the connection."""


@dataclass
class SessionKeys:
    """Keys of one verified connection; `shared_secret` is kept because HDS derives from it."""

    accessory_to_controller: bytes
    controller_to_accessory: bytes
    shared_secret: bytes


class Connection:
    """Requests one after another; events are put aside in `events`."""

    def __init__(self, host: str, port: int, timeout: float = 15.0) -> None:
        self.timeout = timeout
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.keys: SessionKeys | None = None
        self.events: deque[Message] = deque()
        self._sent_frames = 0
        self._received_frames = 0
        self._cipher = bytearray()
        self._plain = bytearray()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def secure(self, keys: SessionKeys) -> None:
        if self._plain:
            raise AssertionError(f"bytes follow M4 in plain: {bytes(self._plain[:40])!r}")
        self.keys = keys

    def frame(self, plain: bytes, length: int | None = None) -> bytes:
        """One encrypted frame; `length` lets a test lie in the length field."""
        assert self.keys is not None
        head = (len(plain) if length is None else length).to_bytes(2, "little")
        nonce = counter_nonce(self._sent_frames)
        self._sent_frames += 1
        return head + seal(self.keys.controller_to_accessory, nonce, plain, head)

    def seal_message(self, plain: bytes) -> bytes:
        """What goes on the wire for `plain` in the present state of the connection."""
        if self.keys is None:
            return plain
        parts = range(0, len(plain), MAX_FRAME)
        return b"".join(self.frame(plain[at : at + MAX_FRAME]) for at in parts)

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, plain: bytes) -> None:
        self.send_raw(self.seal_message(plain))

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer from the accessory in time")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(65536)
        except ConnectionError as error:
            raise ConnectionClosed(str(error)) from error
        if not data:
            raise ConnectionClosed("end of stream")
        if self.keys is None:
            self._plain += data
            return
        self._cipher += data
        while len(self._cipher) >= 2:
            head = bytes(self._cipher[:2])
            length = int.from_bytes(head, "little")
            if not 1 <= length <= MAX_FRAME:
                raise AssertionError(f"frame of {length} bytes from the accessory")
            end = 2 + length + TAG
            if len(self._cipher) < end:
                return
            nonce = counter_nonce(self._received_frames)
            sealed = bytes(self._cipher[2:end])
            self._plain += open_sealed(self.keys.accessory_to_controller, nonce, sealed, head)
            self._received_frames += 1
            del self._cipher[:end]

    def read_message(self, timeout: float | None = None) -> Message:
        """The next response or event, whichever comes first."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while (message := take_message(self._plain)) is None:
            self._receive(deadline)
        return message

    def read_response(self, timeout: float | None = None) -> Message:
        while True:
            message = self.read_message(timeout)
            if not message.is_event:
                return message
            self.events.append(message)

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> Message:
        self.send(request_bytes(method, path, body, content_type))
        return self.read_response(timeout)

    def wait_event(self, timeout: float) -> Message:
        """The next event; TimeoutError when none comes."""
        if self.events:
            return self.events.popleft()
        message = self.read_message(timeout)
        if not message.is_event:
            raise AssertionError(f"a response nobody asked for: {message}")
        return message

    def wait_closed(self, timeout: float) -> float:
        """Waits for the accessory to close, discarding data; returns the seconds it took."""
        started = time.monotonic()
        while True:
            left = started + timeout - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the connection is still open after {timeout} s")
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(65536):
                    return time.monotonic() - started
            except ConnectionError:
                return time.monotonic() - started
