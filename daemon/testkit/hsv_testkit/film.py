# SPDX-License-Identifier: MIT OR Apache-2.0
"""A camera that sees a film: vivid's HDMI input, joined to vivid's own output."""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from hsv_testkit.machine import Vivid, load, video_nodes

WIDTH, HEIGHT = 1280, 720
PICTURE_BYTES = WIDTH * HEIGHT * 3 // 2
STREET = Path("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
"""People walk, the camera stands still; Debian's opencv-doc. Ten pictures a second."""
FPS = 10

# linux/videodev2.h: structures of 64-bit machines
_CONTROL = struct.Struct("Ii")
_QUERY_CONTROL = struct.Struct("II32siiiiI8x")
_FORMAT = struct.Struct("I4xIIIIIII172x")
_TIMINGS = struct.Struct("=4xIIII8s9I68x")
_ENUM_TIMINGS = struct.Struct("=I12x132s")
_REQUEST_BUFFERS = struct.Struct("IIIII")
_BUFFER = struct.Struct("IIIII4x16x16xIIQIIi4x")
_OUTPUT = 2
_MMAP = 1
_BUFFERS = 4
_NO_FIELD = 1
_YUV420 = int.from_bytes(b"YU12", "little")
_NEXT_CONTROL = 0x80000000


def _request(number: int, size: int) -> int:
    """_IOWR('V', number, a structure of this size)"""
    return 3 << 30 | size << 16 | ord("V") << 8 | number


_S_FMT = _request(5, 208)
_REQBUFS = _request(8, _REQUEST_BUFFERS.size)
_QUERYBUF, _QBUF, _DQBUF = (_request(number, _BUFFER.size) for number in (9, 15, 17))
_STREAMON = 1 << 30 | 4 << 16 | ord("V") << 8 | 18
_S_CTRL = _request(28, _CONTROL.size)
_QUERYCTRL = _request(36, _QUERY_CONTROL.size)
_S_DV_TIMINGS = _request(87, 132)
_ENUM_DV_TIMINGS = _request(98, _ENUM_TIMINGS.size)


def _set_control(device: int, name: str, value: int) -> None:
    at = 0
    while True:
        asked = bytearray(_QUERY_CONTROL.pack(at | _NEXT_CONTROL, 0, b"", 0, 0, 0, 0, 0))
        fcntl.ioctl(device, _QUERYCTRL, asked)  # OSError behind the last
        at, _, called, *_ = _QUERY_CONTROL.unpack(asked)
        if called.rstrip(b"\0").decode() == name:
            fcntl.ioctl(device, _S_CTRL, _CONTROL.pack(at, value))
            return


def _set_timings(device: int, fps: int) -> None:
    """Progressive pictures of our size at this rate."""
    at = 0
    while True:
        asked = bytearray(_ENUM_TIMINGS.pack(at, b""))
        fcntl.ioctl(device, _ENUM_DV_TIMINGS, asked)  # OSError behind the last
        timings = _ENUM_TIMINGS.unpack(asked)[1]
        width, height, interlaced, _, clock, *porches = _TIMINGS.unpack(timings)
        total = (width + sum(porches[:3])) * (height + sum(porches[3:6]))
        rate = int.from_bytes(clock, "little") / total
        if (width, height, interlaced) == (WIDTH, HEIGHT, 0) and abs(rate - fps) < 0.1:
            fcntl.ioctl(device, _S_DV_TIMINGS, bytearray(timings))
            return
        at += 1


@dataclass(frozen=True)
class Film:
    """Raw pictures: planes Y, U and V, as the daemon takes them from vivid; the two ends of the
    joint must have the same format."""

    data: bytes | bytearray = field(repr=False)

    @classmethod
    def of(cls, source: Path, filters: str, pictures: int) -> Film:
        """The first pictures of a film, filtered and scaled to our size."""
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(source), "-frames:v"]
        command += [str(pictures), "-vf", f"{filters},scale={WIDTH}:{HEIGHT}:flags=area"]
        command += ["-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
        made = cls(subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)
        assert len(made.data) == pictures * PICTURE_BYTES, "the film is too short"
        return made

    @classmethod
    def beside(cls, left: Film, right: Film) -> Film:
        """The left half of one and the right half of the other, as long as the latter."""
        joined = bytearray(right.data)
        luma = WIDTH * HEIGHT
        for picture in range(0, len(joined), PICTURE_BYTES):
            for begin, end, width in ((0, luma, WIDTH), (luma, PICTURE_BYTES, WIDTH // 2)):
                for row in range(picture + begin, picture + end, width):
                    at = row % len(left.data)
                    joined[row : row + width // 2] = left.data[at : at + width // 2]
        return cls(joined)

    def __len__(self) -> int:
        return len(self.data) // PICTURE_BYTES

    def picture(self, at: int) -> bytes | bytearray:
        return self.data[at * PICTURE_BYTES : (at + 1) * PICTURE_BYTES]


class Screen:
    """vivid's output, which shows a picture until another one comes."""

    def __init__(self) -> None:
        (node,) = video_nodes("vid-out")
        self.device = os.open(node, os.O_RDWR)
        self._free = list(range(_BUFFERS))
        self._memory: list[mmap.mmap] = []

    def open(self) -> None:
        """Behind the timings: they change the format."""
        pixels = (WIDTH, HEIGHT, _YUV420, _NO_FIELD, WIDTH, PICTURE_BYTES, 0)
        asked = bytearray(_FORMAT.pack(_OUTPUT, *pixels))
        fcntl.ioctl(self.device, _S_FMT, asked)
        assert _FORMAT.unpack(asked)[1:7] == pixels[:6], _FORMAT.unpack(asked)
        fcntl.ioctl(self.device, _REQBUFS, _REQUEST_BUFFERS.pack(_BUFFERS, _OUTPUT, _MMAP, 0, 0))
        for index in self._free:
            asked = bytearray(self._buffer(index, 0))
            fcntl.ioctl(self.device, _QUERYBUF, asked)
            offset, length = _BUFFER.unpack(asked)[7:9]
            self._memory.append(mmap.mmap(self.device, length, offset=offset))
        fcntl.ioctl(self.device, _STREAMON, struct.pack("i", _OUTPUT))

    @staticmethod
    def _buffer(index: int, used: int) -> bytes:
        return _BUFFER.pack(index, _OUTPUT, used, 0, _NO_FIELD, 0, _MMAP, 0, 0, 0, 0)

    def show(self, picture: bytes | bytearray) -> None:
        """Waits until there is room, for two of the camera's pictures at most."""
        if self._free:
            index = self._free.pop()
        else:
            shown = bytearray(self._buffer(0, 0))
            fcntl.ioctl(self.device, _DQBUF, shown)
            index = _BUFFER.unpack(shown)[0]
        self._memory[index][: len(picture)] = picture
        fcntl.ioctl(self.device, _QBUF, bytearray(self._buffer(index, len(picture))))

    def close(self) -> None:
        for memory in self._memory:
            memory.close()
        os.close(self.device)


class Cinema(Vivid):
    """Its camera sees what is played, 30 times a second; the last picture stays."""

    def __init__(self) -> None:
        hdmi = {"num_inputs": 1, "input_types": 0x3, "num_outputs": 1, "output_types": 0x1}
        load("vivid", n_devs=1, node_types=0x101, **hdmi)
        self.node = self._wait_node()
        self._screen = Screen()
        camera = os.open(self.node, os.O_RDWR)
        _set_control(camera, "HDMI 000-0 Is Connected To", 2)
        _set_control(camera, "OSD Text Mode", 2)  # none
        for device in (camera, self._screen.device):
            _set_timings(device, 30)
        os.close(camera)
        self._screen.open()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def play(self, film: Film, is_endless: bool = False) -> float:
        """In place of what is played now; the moment it begins (monotonic)."""
        self.pause()
        self._stop.clear()
        begun = time.monotonic()
        self._thread = threading.Thread(target=self._play, args=(film, begun, is_endless))
        self._thread.start()
        return begun

    def _play(self, film: Film, begun: float, is_endless: bool) -> None:
        at = 0
        while not self._stop.wait(max(0.0, begun + at / FPS - time.monotonic())):
            if at >= len(film) and not is_endless:
                return
            try:
                self._screen.show(film.picture(at % len(film)))
            except OSError as error:
                self._error = error
                return
            at += 1

    def pause(self) -> None:
        """The last picture stays. Raises what went wrong while it was played."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(10)
        if self._error is not None:
            raise self._error

    def remove(self) -> None:
        self.pause()
        self._screen.close()
        super().remove()
