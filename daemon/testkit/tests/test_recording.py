# SPDX-License-Identifier: MIT OR Apache-2.0
"""Recordings as a home hub fetches them, judged by our reader and by ffmpeg."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import checks, media
from hsv_testkit import database as db
from hsv_testkit.hub import Hub
from hsv_testkit.recording import Recording
from hsv_testkit.recording_config import LEVELS, PROFILES, Selected

SMALL = Selected(width=1280, height=720)
CASES = {
    "1080p30": Selected(),
    "720p30": SMALL,
    "720p15": Selected(width=1280, height=720, fps=15, level=0),
}
pytestmark = pytest.mark.usefixtures("ffmpeg")


def wait_prebuffer(selected: Selected, armed: float) -> None:
    """Nothing tells a hub that the prebuffer is full; only time does."""
    full = armed + (selected.prebuffer_ms + selected.fragment_ms) / 1000 + 1.5
    time.sleep(max(0.0, full - time.monotonic()))


def record(home: Home, hub: Hub, selected: Selected, fragments: int) -> tuple[Recording, float]:
    """Triggers motion and fetches so many fragments; the recording and the motion's moment."""
    home.camera.trigger_motion()
    moved = hub.wait_motion()
    recording = hub.record()
    recording.collect(fragments)
    recording.close()
    return recording, moved


@pytest.mark.parametrize("name", CASES)
def test_a_recording_is_what_the_hub_selected(
    make_home: Callable[..., Home], tmp_path: Path, name: str
) -> None:
    selected = CASES[name]
    home = make_home({"video": {"width": 1920, "height": 1080}})
    hub = home.hub()
    wait_prebuffer(selected, hub.arm(selected))
    recording, moved = record(home, hub, selected, 4)

    checks.check_timing(recording)
    summary = checks.check_media(recording, selected, audio=True)
    checks.check_prebuffer(recording, selected, moved)
    assert abs(summary.frames_per_second - selected.fps) < selected.fps * 0.15

    path = recording.write(tmp_path / "recording.mp4")
    streams = media.probe(path)
    video, audio = streams["video"], streams["audio"]
    assert (video["codec_name"], audio["codec_name"]) == ("h264", "aac")
    assert (video["width"], video["height"]) == (selected.width, selected.height)
    assert video["profile"] == PROFILES[selected.profile]
    assert video["level"] <= max(41, LEVELS[selected.level])
    assert (video["pix_fmt"], video["has_b_frames"]) in (("yuv420p", 0), ("yuvj420p", 0))
    assert (int(audio["sample_rate"]), audio["channels"]) == (selected.audio_hz, 1)
    assert audio["profile"] == "LC"
    media.decode_every_frame(path)


def test_each_recording_starts_at_zero(home: Home) -> None:
    hub = home.hub()
    hub.arm(SMALL)
    first, _ = record(home, hub, SMALL, 2)
    second = hub.open(first.connection)
    second.collect(2)
    for recording in (first, second):
        checks.check_starts_at_zero(checks.check_media(recording, SMALL, audio=True))


def test_without_audio_there_is_no_audio_track(home: Home, tmp_path: Path) -> None:
    hub = home.hub()
    hub.arm(SMALL, audio=False)
    recording, _ = record(home, hub, SMALL, 2)
    checks.check_media(recording, SMALL, audio=False)
    path = recording.write(tmp_path / "silent.mp4")
    assert list(media.probe(path)) == ["video"]
    media.decode_every_frame(path)


def test_a_silent_track_can_be_asked_for(make_home: Callable[..., Home], tmp_path: Path) -> None:
    home = make_home({"recording": {"silent-audio-track": "always"}})
    hub = home.hub()
    hub.arm(SMALL, audio=False)
    recording, _ = record(home, hub, SMALL, 2)
    checks.check_media(recording, SMALL, audio=True)
    path = recording.write(tmp_path / "silent.mp4")
    media.decode_every_frame(path)
    assert media.loudness(path) < -80, "microphone sound although recording audio is off"


def test_the_tone_is_heard(home: Home, tmp_path: Path) -> None:
    hub = home.hub()
    hub.arm(SMALL)
    recording, _ = record(home, hub, SMALL, 2)
    assert media.loudness(recording.write(tmp_path / "tone.mp4")) > -40


def test_large_fragments_come_in_chunks(make_home: Callable[..., Home], tmp_path: Path) -> None:
    selected = Selected(width=1280, height=720, bitrate_kbit=4000)
    film = media.noisy_film(tmp_path / "noise.y4m")
    home = make_home({"video": {"source": f"file:{film}", "fps": 10}})
    hub = home.hub()
    hub.arm(selected)
    recording, _ = record(home, hub, selected, 3)
    assert max(part.chunks for part in recording.parts) > 1


def test_recording_right_after_a_power_cycle(home: Home) -> None:
    home.hub().arm(SMALL)
    home.power_cycle()
    hub = home.hub()
    hub.session.subscribe(db.MOTION_DETECTED)
    recording, _ = record(home, hub, SMALL, 2)
    checks.check_media(recording, SMALL, audio=True)


def test_changing_the_selection_changes_the_next_recording(home: Home) -> None:
    hub = home.hub()
    hub.arm(SMALL)
    recording, _ = record(home, hub, SMALL, 1)
    checks.check_media(recording, SMALL, audio=True)
    selected = CASES["720p15"]
    hub.arm(selected)
    recording = hub.open(recording.connection)
    recording.collect(2)
    summary = checks.check_media(recording, selected, audio=True)
    assert abs(summary.frames_per_second - 15) < 2.5
