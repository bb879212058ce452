# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a viewer says comes out of a sound card, also of one that was unplugged meanwhile.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import media
from hsv_testkit.live import opus
from hsv_testkit.live.talk import Talker
from hsv_testkit.live.viewer import Viewer
from hsv_testkit.machine import Loopback, needs_bench

PITCH = 600
SECONDS = 3.0
pytestmark = [needs_bench, pytest.mark.usefixtures("ffmpeg")]


@contextmanager
def heard(loopback: Loopback, path: Path) -> Iterator[None]:
    """Writes what comes out of the card."""
    command = ["arecord", "-q", "-D", loopback.capture, "-f", "S16_LE", "-r", "48000", "-c", "2"]
    with subprocess.Popen([*command, path]) as listener:
        time.sleep(0.5)
        yield
        listener.send_signal(signal.SIGINT)


def without_silence(path: Path) -> Path:
    """What is left are the words, after the first tenth of a second of them."""
    said = path.with_suffix(".said.wav")
    quiet = (
        "silenceremove=start_periods=1:start_threshold=-40dB:stop_periods=-1:stop_threshold=-40dB"
    )
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-af", f"{quiet},atrim=start=0.1"]
    subprocess.run([*command, said], check=True, timeout=60)
    return said


def test_talk_comes_out_of_the_card(
    loopback: Loopback,
    make_home: Callable[..., Home],
    make_viewer: Callable[..., Viewer],
    tmp_path: Path,
) -> None:
    sound = {"source": "tone", "speaker": f"alsa:{loopback.playback}"}
    home = make_home({"audio": sound})
    for round_ in ("first", "again"):
        viewer = make_viewer(home).watch()
        viewer.sound.wait(5, 10)
        path = tmp_path / f"{round_}.wav"
        with heard(loopback, path):
            Talker(viewer.audio, viewer.sound.hz).say(opus.tone(viewer.sound.hz, PITCH, SECONDS))
            time.sleep(1.5)
        said = without_silence(path)
        lasts = float(media.probe(said)["audio"]["duration"])
        print(f"{round_}: {lasts:.2f} s of {media.pitch(said):.0f} Hz")
        assert abs(lasts - SECONDS) < 0.4
        assert abs(media.pitch(said) - PITCH) < 12
        viewer.end()
        loopback.unplug()
        loopback.plug_in()
