# SPDX-License-Identifier: MIT OR Apache-2.0
"""A memory card with a card's faults, served to QEMU over the Network Block Device protocol.

What the machine has written but not flushed is in the card's cache: a power cut loses any of its
sectors, as if written in any order. QEMU's own cache would lose nothing, since it is this
computer's. Writes may be refused from some moment on, and places may be unreadable.

Protocol: NBD's doc/proto.md, fixed newstyle, simple replies.
"""

from __future__ import annotations

import errno
import json
import os
import random
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

SECTOR = 512
_REQUEST = struct.Struct(">IHHQQI")
_HAS_FLAGS, _READ_ONLY, _CAN_FLUSH = 1, 2, 4
_READ, _WRITE, _DISCONNECT, _FLUSH = range(4)
_OPT_GO, _OPT_ABORT = 7, 2
_REP_ACK, _REP_INFO, _REP_UNSUPPORTED = 1, 3, (1 << 31) + 1


@dataclass(frozen=True)
class Partition:
    """In bytes of the card."""

    start: int
    size: int


class Card:
    """One card; what is in its file is what is on it."""

    def __init__(self, path: Path, image: Path) -> None:
        self.path, self.socket = path, path.with_suffix(".nbd")
        copy = ["cp", "--sparse=always", str(image), str(path)]
        subprocess.run(copy, check=True)
        self.is_protected = False
        """It tells the machine that it can only be read. Looked at when the machine starts."""
        self.refuses_writes = False
        """It said nothing, but every write fails, as with cards that are worn out."""
        self.unreadable: list[Partition] = []
        self._turn = threading.Lock()
        self._flushed: dict[int, bytes] = {}
        """What the sectors held at the last flush, of those that were written since."""
        self._listener: socket.socket | None = None

    def insert(self) -> None:
        """Into a machine, which connects once."""
        self.socket.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen()
        server = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        server.start()
        self._server = server

    def remove(self, rng: random.Random | None) -> tuple[int, int]:
        """After the power went. With `rng` sectors of the cache are lost, each with a probability
        that is drawn, too; without, the cache was written out in time. How many of how many."""
        if self._listener is None:
            return 0, 0
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._listener = None
        self._server.join(10)
        assert not self._server.is_alive(), "somebody still has the card"
        cached, lost = sorted(self._flushed), 0
        with self.path.open("r+b") as file:
            share = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0]) if rng else 0.0
            for sector in cached:
                if rng and rng.random() < share:
                    file.seek(sector * SECTOR)
                    file.write(self._flushed[sector])
                    lost += 1
        self._flushed.clear()
        return lost, len(cached)

    def partition(self, name: str) -> Partition:
        table = subprocess.run(
            ["sfdisk", "--json", self.path], check=True, capture_output=True, text=True
        ).stdout
        parts = json.loads(table)["partitiontable"]["partitions"]
        (part,) = (part for part in parts if part["name"] == name)
        return Partition(part["start"] * SECTOR, part["size"] * SECTOR)

    def spoil(self, name: str, seed: int) -> None:
        """Noise over a whole partition: e2fsck finds the last copy of a superblock that is left."""
        part = self.partition(name)
        noise = random.Random(seed)
        with self.path.open("r+b") as file:
            file.seek(part.start)
            for _ in range(part.size >> 20):
                file.write(noise.randbytes(1 << 20))

    def copy_of(self, name: str, into: Path) -> Path:
        """A partition in a file of its own."""
        part = self.partition(name)
        options = ["bs=1M", "iflag=skip_bytes,count_bytes", "conv=sparse", "status=none"]
        place = [f"if={self.path}", f"of={into}", f"skip={part.start}", f"count={part.size}"]
        subprocess.run(["dd", *place, *options], check=True)
        return into

    def read(self, name: str, file: str) -> str:
        """A file of an ext4 partition as the next start would find it, also of one in use."""
        copy = self.copy_of(name, self.path.with_suffix(".part"))
        subprocess.run(["e2fsck", "-p", str(copy)], capture_output=True)
        look = ["debugfs", "-R", f"cat {file}", str(copy)]
        return subprocess.run(look, capture_output=True, text=True).stdout

    def debugfs(self, name: str, *requests: str) -> None:
        """Changes an ext4 partition from outside; one that was in use is made whole first."""
        copy = self.copy_of(name, self.path.with_suffix(".part"))
        assert subprocess.run(["e2fsck", "-p", copy], capture_output=True).returncode <= 1
        for request in requests:
            subprocess.run(["debugfs", "-w", "-R", request, copy], check=True, capture_output=True)
        options = ["bs=1M", "oflag=seek_bytes", "conv=notrunc", "status=none"]
        place = [f"if={copy}", f"of={self.path}", f"seek={self.partition(name).start}"]
        subprocess.run(["dd", *place, *options], check=True)

    def fat(self, name: str, command: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        """mtools on a FAT partition."""
        place = f"{self.path}@@{self.partition(name).start}"
        return subprocess.run([command, "-i", place, *words], capture_output=True)

    def _serve(self, listener: socket.socket) -> None:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        file = os.open(self.path, os.O_RDWR)
        try:
            with peer, peer.makefile("rb") as stream:
                if self._negotiate(peer, stream, os.fstat(file).st_size):
                    self._answer(peer, stream, file)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the power went
        finally:
            os.close(file)

    def _negotiate(self, peer: socket.socket, stream: BinaryIO, size: int) -> bool:
        peer.sendall(b"NBDMAGICIHAVEOPT" + struct.pack(">H", 3))
        stream.read(4)
        while len(head := stream.read(16)) == 16:
            _, option, length = struct.unpack(">8sII", head)
            stream.read(length)

            def reply(kind: int, data: bytes = b"", option: int = option) -> None:
                head = struct.pack(">QIII", 0x3E889045565A9, option, kind, len(data))
                peer.sendall(head + data)

            if option == _OPT_GO:
                flags = _HAS_FLAGS | _CAN_FLUSH | (_READ_ONLY if self.is_protected else 0)
                reply(_REP_INFO, struct.pack(">HQH", 0, size, flags))
                reply(_REP_ACK)
                return True
            reply(_REP_ACK if option == _OPT_ABORT else _REP_UNSUPPORTED)
        return False

    def _answer(self, peer: socket.socket, stream: BinaryIO, file: int) -> None:
        while len(head := stream.read(_REQUEST.size)) == _REQUEST.size:
            _, _, kind, handle, offset, length = _REQUEST.unpack(head)
            data, error = b"", 0
            if kind == _DISCONNECT:
                return
            if kind == _READ:
                parts = self.unreadable
                if any(p.start < offset + length and offset < p.start + p.size for p in parts):
                    error = errno.EIO
                else:
                    data = os.pread(file, length, offset)
            elif kind == _WRITE:
                written = stream.read(length)
                if len(written) < length:
                    return  # the power went before all of it was there
                error = self._write(file, offset, written)
            elif kind == _FLUSH:
                with self._turn:
                    self._flushed.clear()
            else:
                error = errno.EINVAL
            peer.sendall(struct.pack(">IIQ", 0x67446698, error, handle) + data)

    def _write(self, file: int, offset: int, data: bytes) -> int:
        if self.refuses_writes or self.is_protected:
            return errno.EIO
        with self._turn:
            old = os.pread(file, len(data), offset)
            for at in range(0, len(data), SECTOR):
                self._flushed.setdefault((offset + at) // SECTOR, old[at : at + SECTOR])
            os.pwrite(file, data, offset)
        return 0
