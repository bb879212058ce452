# SPDX-License-Identifier: MIT OR Apache-2.0
"""What a viewer says comes out of the loudspeaker, here a WAV file, as loud as Home sets it."""

from __future__ import annotations

import array
import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.live import opus
from hsv_testkit.live.control import AudioSelection
from hsv_testkit.live.talk import Talker
from hsv_testkit.live.viewer import Viewer

MakeHome = Callable[..., Home]
MakeViewer = Callable[..., Viewer]
PITCH = 600


def said(path: Path) -> array.array[int]:
    """The samples in the file, without the silence in front and behind."""
    with wave.open(str(path)) as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    loud = [at for at, sample in enumerate(samples) if abs(sample) > 300]
    return samples[loud[0] : loud[-1] + 1] if loud else array.array("h")


def pitch(samples: array.array[int], hz: int) -> float:
    """By rising zero crossings, of the part in the middle."""
    middle = samples[len(samples) // 5 : len(samples) * 4 // 5]
    rises = sum(a < 0 <= b for a, b in zip(middle, middle[1:], strict=False))
    return rises * hz / len(middle)


def make_talker(viewer: Viewer) -> Talker:
    """One for each viewer: it counts its packets."""
    viewer.sound.wait(5, 5)
    return Talker(viewer.audio, viewer.sound.hz)


def talk(
    talker: Talker, viewer: Viewer, seconds: float, skip: frozenset[int] = frozenset()
) -> None:
    talker.say(opus.tone(viewer.sound.hz, PITCH, seconds), skip)
    time.sleep(1.2)  # jitter buffer and half a second of silence


@pytest.mark.parametrize("rate", [1, 2], ids=["16kHz", "24kHz"])
def test_talk_comes_out_of_the_loudspeaker(
    make_home: MakeHome, make_viewer: MakeViewer, tmp_path: Path, rate: int
) -> None:
    path = tmp_path / "said.wav"
    home = make_home({"audio": {"source": "tone", "speaker": f"file:{path}"}})
    chosen = AudioSelection(rate=rate)
    viewer = make_viewer(home, sound_selection=chosen).watch()
    assert not path.exists(), "opened before anybody talks"
    talk(make_talker(viewer), viewer, 2.0, frozenset({20, 21, 50}))
    samples = said(path)
    assert abs(len(samples) / chosen.hz - 2.0) < 0.25, f"{len(samples) / chosen.hz:.2f} s"
    assert abs(pitch(samples, chosen.hz) - PITCH) < 12, f"{pitch(samples, chosen.hz):.0f} Hz"


def test_volume_and_mute_of_the_speaker_apply(
    make_home: MakeHome, make_viewer: MakeViewer, tmp_path: Path
) -> None:
    path = tmp_path / "said.wav"
    home = make_home({"audio": {"source": "tone", "speaker": f"file:{path}"}})
    viewer = make_viewer(home).watch()
    talker, loudness = make_talker(viewer), []
    for percent in (100, 50):
        home.session.write((db.SPEAKER_VOLUME, percent))
        talk(talker, viewer, 1.0)
        samples = sorted(abs(sample) for sample in said(path))
        loudness.append(samples[len(samples) * 9 // 10])
        path.unlink()
    assert 0.4 < loudness[1] / loudness[0] < 0.6, f"{loudness}"
    home.session.write((db.SPEAKER_MUTE, True))
    talk(talker, viewer, 0.5)
    assert not path.exists(), "opened while muted"


def test_a_camera_without_talkback_opens_nothing(
    make_home: MakeHome, make_viewer: MakeViewer, tmp_path: Path
) -> None:
    path = tmp_path / "said.wav"
    home = make_home(
        {"audio": {"source": "tone", "speaker": f"file:{path}"}, "live": {"talkback": False}}
    )
    viewer = make_viewer(home).watch()
    talk(make_talker(viewer), viewer, 0.5)
    assert not path.exists()
    viewer.sound.wait(len(viewer.sound.packets) + 10, 5)
