# SPDX-License-Identifier: MIT OR Apache-2.0
"""Live view without an encoder: protection beside libsrtp's, a paced stream beside ffmpeg's."""

from __future__ import annotations

import re
import resource
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
from pathlib import Path

import examples
from hsv_testkit.live import ffmpeg
from hsv_testkit.live.control import SrtpParameters

HERE = Path(__file__).resolve().parent
SHORT_S, LONG_S = 2, 12
ROUNDS = 5  # starting costs as much as ten seconds of sending, and differs from start to start


class NotMeasured(Exception):
    """The reason."""


def libsrtp_protect_us() -> float:
    """libsrtp's CPU for the protection of one packet."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotMeasured("no C compiler")
    with tempfile.TemporaryDirectory(prefix="hsv-bench-") as work:
        program = f"{work}/cost"
        command = [compiler, "-O2", str(HERE / "libsrtp_cost.c"), "-o", program, "-lsrtp2"]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise NotMeasured(f"libsrtp2-dev is not installed: {made.stderr.splitlines()[:1]}")
        said = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    found = re.search(r"([\d.]+) µs a packet", said)
    assert found, said
    return float(found[1])


class Sink:
    """A UDP port that takes everything, so that nobody is told of an absent receiver."""

    def __init__(self) -> None:
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.packets = 0
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def _run(self) -> None:
        while True:
            try:
                self.socket.recv(2048)
            except OSError:
                return
            self.packets += 1

    def close(self) -> None:
        self.socket.close()


def children_cpu(command: list[str]) -> float:
    """User and system time of a program from start to end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise NotMeasured(f"{command[0]}: {done.stderr.strip().splitlines()[-1:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def film(path: Path) -> Path:
    """Fifteen seconds of 1080p30 at 4 Mbit/s with one slice a picture."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y", "-f", "lavfi"]
    command += ["-i", "testsrc2=s=1920x1080:r=30", "-t", "15", "-c:v", "libx264"]
    command += ["-preset", "ultrafast", "-b:v", "4M", "-g", "120", "-bf", "0"]
    command += ["-x264-params", "slices=1:sliced-threads=0", str(path)]
    subprocess.run(command, check=True)
    return path


def stream_cpu() -> dict[str, float]:
    """CPU of one stream, in percent of a core, by who sends it: medians without the start."""
    if shutil.which("ffmpeg") is None:
        raise NotMeasured("ffmpeg is not installed")
    sink = Sink()
    with tempfile.TemporaryDirectory(prefix="hsv-bench-") as work:
        source = film(Path(work) / "film.h264")
        target = f"127.0.0.1:{sink.port}"
        examples.output_of("rtp", "live_cost", str(source), target, "0")  # builds it
        ours = examples.built("live_cost")

        def theirs(seconds: int) -> list[str]:
            keys = ffmpeg.inline(SrtpParameters.fresh())
            command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-re"]
            command += ["-r", "30", "-t", str(seconds), "-f", "h264", "-i", str(source)]
            command += ["-c", "copy", "-bsf:v", "dump_extra=freq=keyframe", "-f", "rtp"]
            command += ["-srtp_out_suite", ffmpeg.SUITE, "-srtp_out_params", keys]
            return [*command, f"srtp://{target}?pkt_size=1378"]

        def mine(seconds: int) -> list[str]:
            return [str(ours), str(source), target, str(seconds)]

        spent: dict[str, list[float]] = {"hsvd": [], "ffmpeg": []}
        for _ in range(ROUNDS):
            for name, command in (("hsvd", mine), ("ffmpeg", theirs)):
                cost = children_cpu(command(LONG_S)) - children_cpu(command(SHORT_S))
                spent[name].append(max(cost, 0.001) / (LONG_S - SHORT_S) * 100)
    sink.close()
    return {name: statistics.median(costs) for name, costs in spent.items()}
