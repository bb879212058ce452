# SPDX-License-Identifier: MIT OR Apache-2.0
"""Devices of the test bench's machine: drivers of its kernel, loaded and unplugged."""

from __future__ import annotations

import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BENCH = "scripts/testbench/uml"
needs_bench = pytest.mark.skipif(
    "HSV_MODULES" not in os.environ, reason=f"loads drivers: run by {BENCH}"
)

VIDEO = Path("/sys/class/video4linux")
VIVID = Path("/sys/bus/platform/drivers/vivid")
ALOOP = Path("/sys/bus/platform/drivers/snd_aloop")


def wait_until(condition: Callable[[], bool], timeout: float = 10.0) -> float:
    """The moment at which it was first seen to hold (monotonic)."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.002)
    return time.monotonic()


def open_files(pid: int, prefix: str) -> list[str]:
    """Paths that the process has open, one for each descriptor."""
    paths = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            paths.append(os.readlink(entry))
        except FileNotFoundError:
            continue
    return [path for path in paths if path.startswith(prefix)]


def held_files(pid: int, prefix: str) -> list[str]:
    """Paths that the process has open or mapped: either way the kernel keeps a device open."""
    rows = (row.split(maxsplit=5) for row in Path(f"/proc/{pid}/maps").read_text().splitlines())
    mapped = [row[5] for row in rows if len(row) == 6 and row[5].startswith(prefix)]
    return open_files(pid, prefix) + mapped


def load(module: str, **parameters: str | int) -> None:
    """Loads a driver of the bench's kernel."""
    values = [f"{name}={value}" for name, value in parameters.items()]
    modules = os.environ["HSV_MODULES"]
    subprocess.run(["modprobe", "-d", modules, module, *values], check=True, timeout=30)


def unload(module: str) -> None:
    command = ["modprobe", "-d", os.environ["HSV_MODULES"], "-r", module]
    subprocess.run(command, check=True, timeout=30)


def video_nodes(driver: str) -> list[Path]:
    """/dev/videoN of a driver, by what its devices are called."""
    names = sorted(VIDEO.glob("video*"))
    return [Path("/dev") / of.name for of in names if driver in (of / "name").read_text()]


class Vivid:
    """A camera that shows colour bars: the kernel's own virtual driver."""

    WEBCAM = 0
    HDMI = 3
    """1280 by 720, which can be cropped."""

    def __init__(self, kind: int = WEBCAM) -> None:
        load("vivid", n_devs=1, node_types=0x1, num_inputs=1, input_types=kind)
        self.node = self._wait_node()

    def _wait_node(self) -> Path:
        deadline = time.monotonic() + 10
        while not (nodes := video_nodes("vivid")):
            assert time.monotonic() < deadline, "vivid made no device"
            time.sleep(0.02)
        return nodes[0]

    def unplug(self) -> None:
        (VIVID / "unbind").write_text("vivid.0")

    def plug_in(self) -> Path:
        """The node's name may be another one than before."""
        (VIVID / "bind").write_text("vivid.0")
        return self._wait_node()

    def remove(self) -> None:
        unload("vivid")


class Loopback:
    """A sound card: what is played into one end is captured at the other."""

    capture = "hw:Loopback,1,0"
    playback = "plughw:Loopback,0,0"

    def __init__(self) -> None:
        load("snd-aloop")
        self.player: subprocess.Popen[bytes] | None = None

    def play_tone(self, hz: int) -> None:
        tone = f"sine=frequency={hz}:sample_rate=48000"
        command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", tone]
        command += ["-f", "alsa", self.playback]
        self.player = subprocess.Popen(command)

    def run_fast(self, factor: float) -> None:
        """The card's clock against the computer's, 0.8 to 1.2."""
        control = "iface=PCM,name='PCM Rate Shift 100000',device=1"
        command = ["amixer", "-q", "-c", "Loopback", "cset", control, str(round(100_000 / factor))]
        subprocess.run(command, check=True, timeout=10)

    def speed(self) -> float:
        """Of the card's clock against the computer's.

        By the earliest arrivals of two seconds each: a busy computer reads late, never early.
        """
        frame, second = 4, 48_000
        command = ["arecord", "-q", "-D", self.capture, "-f", "S16_LE", "-r", "48000", "-c", "2"]
        arrivals: list[tuple[float, float]] = []
        with subprocess.Popen([*command, "-t", "raw"], stdout=subprocess.PIPE) as listener:
            assert listener.stdout is not None
            while not arrivals or arrivals[-1][1] < 8:
                listener.stdout.read(second // 20 * frame)
                arrivals.append((time.monotonic(), (len(arrivals) + 1) / 20))
            listener.kill()

        def earliest(since: float) -> tuple[float, float]:
            here = [one for one in arrivals if since < one[1] <= since + 2]
            return min(here, key=lambda one: one[0] - one[1])

        (began, first), (ended, last) = earliest(0), earliest(6)
        return (last - first) / (ended - began)

    def _stop_player(self) -> None:
        if self.player:
            self.player.kill()
            self.player.wait()
            self.player = None

    def unplug(self) -> None:
        self._stop_player()
        (ALOOP / "unbind").write_text("snd_aloop.0")

    def plug_in(self) -> None:
        (ALOOP / "bind").write_text("snd_aloop.0")

    def remove(self) -> None:
        self._stop_player()
        unload("snd-aloop")


class Codec:
    """A driver of the bench's own that makes pictures or streams of pictures. See
    scripts/testbench/drivers."""

    name: str

    def __init__(self, **parameters: int) -> None:
        load(self.name, **parameters)
        (self.node,) = video_nodes(self.name)

    def take(self, microseconds: int) -> None:
        """From the next picture on each takes so long; more than a daemon waits is a stall."""
        self._set("latency_us", microseconds)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It finishes nothing, and holds whoever stops or closes it, until this is over."""
        self._set("hang", 1)
        try:
            yield
        finally:
            self._set("hang", 0)

    def _parameter(self, name: str) -> Path:
        return Path("/sys/module") / self.name / "parameters" / name

    def _set(self, name: str, value: int) -> None:
        self._parameter(name).write_text(str(value))

    def remove(self) -> None:
        unload(self.name)


class H264Encoder(Codec):
    """Its encoder."""

    name = "vh264enc"

    def spoil(self, pictures: int) -> None:
        """So many of the next come as error buffers."""
        self._set("spoil", pictures)

    def break_down(self) -> None:
        """The next picture ends its stream: both queues fail for good."""
        self._set("break_down", 1)

    def has_faults_left(self) -> bool:
        return any(self._parameter(name).read_text().strip() != "0" for name in self.FAULTS)

    FAULTS = ("spoil", "break_down")


class PictureScaler(Codec):
    """Its scaler."""

    name = "vscaler"


class LightBus:
    """Light sensors of three kinds on an I2C bus. See scripts/testbench/drivers."""

    def __init__(self, lux: float) -> None:
        load("i2c-dev")
        load("lightbus", millilux=round(lux * 1000))
        adapters = Path("/sys/class/i2c-dev").iterdir()
        found = [one for one in adapters if "light bus" in (one / "name").read_text()]
        self.node = Path("/dev") / found[0].name
        self._parameters = Path("/sys/module/lightbus/parameters")

    def shine(self, lux: float) -> None:
        (self._parameters / "millilux").write_text(str(round(lux * 1000)))

    def silence(self) -> None:
        """No sensor answers any more."""
        (self._parameters / "silent").write_text("1")

    def remove(self) -> None:
        unload("lightbus")


@dataclass(frozen=True)
class PwmState:
    """What a PWM chip was told about one of its channels; times in nanoseconds."""

    channel: int
    period: int
    duty: int
    is_enabled: bool
    is_inverted: bool


class LampPwm:
    """A PWM chip of two channels, which remembers. See scripts/testbench/drivers."""

    name = "lamppwm"

    def __init__(self) -> None:
        load(self.name)
        self.device = Path("/sys/devices/platform") / self.name

    def told(self) -> list[PwmState]:
        """Everything, oldest first."""
        rows = (map(int, row.split()) for row in (self.device / "told").read_text().splitlines())
        return [PwmState(*row[:3], *map(bool, row[3:])) for row in map(list, rows)]

    def leave(self, channel: int, period: int, duty: int) -> None:
        """As somebody else left it: on, and upside down."""
        (chip,) = self.device.glob("pwm/pwmchip*")
        (chip / "export").write_text(str(channel))
        folder = chip / f"pwm{channel}"
        (folder / "period").write_text(str(period))
        (folder / "duty_cycle").write_text(str(duty))
        (folder / "polarity").write_text("inversed")
        (folder / "enable").write_text("1")

    def remove(self) -> None:
        for channel in self.device.glob("pwm/pwmchip*/pwm[0-9]"):
            (channel.parent / "unexport").write_text(channel.name.removeprefix("pwm"))
        unload(self.name)


class Light:
    """A light of the kernel's LED class, whose driver we are."""

    def __init__(self, name: str) -> None:
        load("uleds")
        self.changes: list[tuple[float, int]] = []
        """When it changed (monotonic), and to what brightness."""
        self._file = os.open("/dev/uleds", os.O_RDWR)
        os.write(self._file, struct.pack("64si", name.encode(), 1))
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while (told := self._read()) is not None:
            self.changes.append((time.monotonic(), told))

    def _read(self) -> int | None:
        try:
            return int.from_bytes(os.read(self._file, 4), "little")
        except OSError:
            return None

    def is_on(self) -> bool:
        return bool(self.changes and self.changes[-1][1])

    def flashes(self, since: float) -> list[float]:
        """How many seconds it was on each time, of those that ended after this moment."""
        pairs = zip(self.changes, self.changes[1:], strict=False)
        return [end - start for (start, on), (end, _) in pairs if on and end > since]
