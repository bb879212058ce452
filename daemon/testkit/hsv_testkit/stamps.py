# SPDX-License-Identifier: MIT OR Apache-2.0
"""When bytes reached this computer, by its kernel: a busy reader does not count."""

from __future__ import annotations

import socket
import struct
import time

SO_TIMESTAMPNS = 35
ANCILLARY_BYTES = 64


def ask_for(receiver: socket.socket) -> None:
    """From now on what the socket receives is stamped; of a stream each read by its last byte."""
    receiver.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def of(ancillary: list[tuple[int, int, bytes]]) -> float:
    """Unix time, from what came with recvmsg."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS) and len(data) == 16:
            seconds, nanoseconds = struct.unpack("qq", data)
            return float(seconds) + nanoseconds / 1e9
    return time.time()
