# SPDX-License-Identifier: MIT OR Apache-2.0
"""The software encoder beside ffmpeg's libx264 and libopenh264: the same noisy film, the same bit
rate and one thread for each, as fast as each can."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import examples
from live import NotMeasured

HERE = Path(__file__).resolve().parent
QUIET = ("ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y")
SIZES = {"1080": "1920x1080", "720": "1280x720"}
FILM_PICTURES, PICTURES, BITRATE = 60, 300, 2_000_000
OURS, FFMPEG, OPENH264 = "hsvd", "ffmpeg", "libopenh264"
SAID = re.compile(r"processor time ([\d.]+) ms a picture, ([\d.]+) pictures a second")


@dataclass(frozen=True)
class Cost:
    """Of one picture, and how many there are in a second."""

    cpu_ms: float
    rate: float

    @classmethod
    def said(cls, text: str) -> Cost:
        found = SAID.search(text)
        assert found, text
        return cls(float(found[1]), float(found[2]))


def figures() -> tuple[dict[str, dict[str, float]], list[str]]:
    """Figures by measure and column, and why some are missing."""
    if shutil.which("ffmpeg") is None:
        raise NotMeasured("ffmpeg is not installed, which draws the film")
    table: dict[str, dict[str, float]] = {}
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="hsv-bench-") as work:
        try:
            library = _library(Path(work))
        except NotMeasured as reason:
            library = None
            notes.append(f"libopenh264: {reason}")
        for name, size in SIZES.items():
            film = Path(work, f"{name}.y4m")
            _draw(size, film)
            costs = {OURS: _ours(film), FFMPEG: _ffmpeg(film, "libx264")}
            if library is not None:
                costs[OPENH264] = library(size, film)
            for column, cost in costs.items():
                table.setdefault(f"encode_{name}", {})[column] = cost.cpu_ms
                table.setdefault(f"encode_{name}_rate", {})[column] = cost.rate
            film.unlink()
    return table, notes


def _draw(size: str, film: Path) -> None:
    """Things that move, under the noise of a sensor."""
    draw = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=30", "-vf", "noise=alls=4:allf=t"]
    draw += ["-frames:v", str(FILM_PICTURES), "-pix_fmt", "yuv420p", str(film)]
    subprocess.run([*QUIET, *draw], check=True)


def _ours(film: Path) -> Cost:
    wishes = (str(film), "30", str(BITRATE), str(PICTURES), "120", "1")
    return Cost.said(examples.output_of("openh264enc", "rate", *wishes))


def _ffmpeg(film: Path, codec: str) -> Cost:
    """What is left when its time for reading the same film is taken away."""
    read = ["-stream_loop", str(PICTURES // FILM_PICTURES - 1), "-threads", "1", "-i", str(film)]
    code = ["-c:v", codec, "-threads", "1", "-b:v", str(BITRATE), "-g", "120", "-bf", "0"]
    if codec == "libx264":
        code += ["-preset", "ultrafast", "-tune", "zerolatency"]
    spent, lasted = [], []
    for how in (code, ["-c:v", "copy"]):
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([*QUIET, *read, *how, "-f", "null", "-"], check=True)
        lasted.append(time.monotonic() - begun)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    wall = max(lasted[0] - lasted[1], 1e-9)
    return Cost((spent[0] - spent[1]) / PICTURES * 1000, PICTURES / wall)


def _library(work: Path) -> Callable[[str, Path], Cost]:
    """ffmpeg's libopenh264 where it was built with it, else the machine's library itself."""
    ask = ["ffmpeg", "-hide_banner", "-encoders"]
    if " libopenh264 " in subprocess.run(ask, capture_output=True, text=True, check=True).stdout:
        return lambda _size, film: _ffmpeg(film, "libopenh264")
    print("this ffmpeg was built without libopenh264: the library is called directly")
    compiler = shutil.which("cc")
    if compiler is None:
        raise NotMeasured("ffmpeg was built without it, and there is no C compiler")
    program = work / "openh264_cost"
    command = [compiler, "-O2", str(HERE / "openh264_cost.c"), "-o", str(program), "-lopenh264"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        why = made.stderr.splitlines()[:1]
        raise NotMeasured(f"ffmpeg was built without it; libopenh264-dev is not installed: {why}")

    def run(size: str, film: Path) -> Cost:
        raw = film.with_suffix(".yuv")
        subprocess.run([*QUIET, "-i", str(film), "-f", "rawvideo", str(raw)], check=True)
        wishes = [str(raw), *size.split("x"), str(PICTURES), str(BITRATE)]
        said = subprocess.run([str(program), *wishes], capture_output=True, text=True, check=True)
        raw.unlink()
        return Cost.said(said.stdout)

    return run
