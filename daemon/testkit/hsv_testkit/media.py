# SPDX-License-Identifier: MIT OR Apache-2.0
"""What ffmpeg and ffprobe, which we did not write, say about a recording."""

from __future__ import annotations

import json
import re
import subprocess
from array import array
from pathlib import Path
from typing import Any


def probe(path: Path) -> dict[str, dict[str, Any]]:
    """Stream facts by codec type (`video`, `audio`)."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert not result.stderr, f"ffprobe says: {result.stderr}"
    return {stream["codec_type"]: stream for stream in json.loads(result.stdout)["streams"]}


def decode_every_frame(path: Path) -> None:
    """Decodes all of it, each picture at its own time; any message of ffmpeg is a failure."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-xerror"]
    command += ["-err_detect", "explode", "-i", str(path)]
    command += ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "null", "-"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, f"ffmpeg failed: {result.stderr}"
    assert not result.stderr.strip(), f"ffmpeg says: {result.stderr}"


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header of a baseline JPEG."""
    assert data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", "not a whole JPEG"
    at = 2
    while at < len(data):
        assert data[at] == 0xFF, f"no marker at {at}"
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xC0:
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            return int.from_bytes(data[at + 7 : at + 9], "big"), height
        assert marker not in (0xC1, 0xC2, 0xDA), f"marker {marker:#x}: not a baseline JPEG"
        at += 2 + length
    raise AssertionError("no frame header")


def loudness(path: Path) -> float:
    """The mean volume of the sound in dBFS."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-i", str(path), "-vn"]
    command += ["-af", "volumedetect", "-f", "null", "-"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r"mean_volume: (\S+) dB", result.stderr)
    assert found, result.stderr
    return float(found[1])


def raw_pixels(path: Path, filters: str, pixel_format: str) -> bytes:
    """The first picture, filtered, as bare samples."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-frames:v", "1"]
    command += ["-vf", filters, "-pix_fmt", pixel_format, "-f", "rawvideo", "-"]
    return subprocess.run(command, capture_output=True, check=True, timeout=60).stdout


def pitch(path: Path) -> float:
    """The frequency of a tone in Hz, by its passes through zero."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-vn", "-ac", "1"]
    command += ["-f", "s16le", "-ar", "32000", "-"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    samples = array("h", raw)[16000:]  # behind the encoder's start
    assert samples, "no sound"
    rises = sum(a < 0 <= b for a, b in zip(samples, samples[1:], strict=False))
    return rises * 32000 / len(samples)


def noisy_film(path: Path) -> Path:
    """Two seconds that no encoder can make small."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=10"]
    noise = ["-vf", "noise=alls=40:allf=t", "-t", "2", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([*command, *noise], check=True)
    return path
