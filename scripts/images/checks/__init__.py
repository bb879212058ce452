"""What the checks of scripts/check-images share: where they say what they find, and programs."""

import os
import pathlib
import subprocess

from images.facts import BOARDS, ROOT

COMMON = BOARDS / "common"
EXTERNAL = ROOT / "buildroot-external"

problems: list[str] = []


def problem(where: pathlib.Path | str, text: str) -> None:
    name = where.relative_to(ROOT) if isinstance(where, pathlib.Path) and where.is_relative_to(ROOT) else where
    problems.append(f"{name}: {text}")


def run(*command, env: dict[str, str] | None = None) -> str:
    """Its output; what it says on failure becomes the failure."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, env={**os.environ, **(env or {})})
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout + done.stderr)
    return done.stdout
