# SPDX-License-Identifier: MIT OR Apache-2.0
"""Figures printed by the workspace's own examples, and ffmpeg's figure for the same work."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]


def run_examples() -> tuple[dict[str, float], list[str]]:
    """Runs every example of examples.toml; the figures, and why some are missing."""
    figures, missing = {}, []
    for name, row in tomllib.loads((HERE / "examples.toml").read_text()).items():
        source = REPOSITORY / row["source"]
        if not source.exists():
            missing.append(f"{name}: {row['source']} does not exist")
            continue
        command = ["cargo", "run", "--release", "--quiet", "-p", row["package"]]
        command += ["--example", source.stem, "--", *row.get("arguments", [])]
        result = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        found = re.search(row["pattern"], result.stdout)
        if result.returncode or not found:
            last = (result.stderr or result.stdout).strip().splitlines()[-1:]
            missing.append(f"{name}: no figure from {source.stem}: {' '.join(last)}")
            continue
        figures[name] = float(found[1]) * row.get("scale", 1.0)
    return figures, missing


def output_of(package: str, example: str, *arguments: str) -> str:
    """What an example of the workspace prints; an error when it fails."""
    command = ["cargo", "run", "--release", "--quiet", "-p", package, "--example", example]
    done = subprocess.run(
        [*command, "--", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout


def built(example: str) -> Path:
    """The program of an example that was run before."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    return target / "release" / "examples" / example


def encoder_mib(size: str) -> float:
    """Memory of the software encoder alone, at `size`."""
    said = output_of("media", "encode_speed", size, "60")
    before = re.search(r"with a picture: (\d+) KiB", said)
    after = re.search(r"at end: (\d+) KiB", said)
    assert before and after, said
    return (int(after[1]) - int(before[1])) / 1024


def ffmpeg_mux_seconds() -> float | None:
    """CPU seconds ffmpeg needs to put one minute of 1080p30 and sound into fragments."""
    if shutil.which("ffmpeg") is None:
        return None
    quiet = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-y"]
    with tempfile.TemporaryDirectory(prefix="hsv-bench-") as work:
        minute = f"{work}/minute.mp4"
        make = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=30", "-f", "lavfi"]
        make += ["-i", "sine=r=32000", "-t", "60", "-c:v", "libx264", "-preset", "ultrafast"]
        make += ["-b:v", "2M", "-g", "120", "-bf", "0", "-c:a", "aac", "-b:a", "64k", minute]
        subprocess.run([*quiet, *make], check=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        flags = "frag_keyframe+empty_moov+default_base_moof+skip_trailer"
        copy = ["-i", minute, "-c", "copy", "-movflags", flags, "-f", "mp4", f"{work}/out.mp4"]
        turns = 5
        for _ in range(turns):
            subprocess.run([*quiet, *copy], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / turns
