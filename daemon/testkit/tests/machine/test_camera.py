# SPDX-License-Identifier: MIT OR Apache-2.0
"""The camera on the kernel's own drivers: vivid's bars and a sound card's tone reach a hub.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Home

from hsv_testkit import checks, media
from hsv_testkit.accessory import camera_binary
from hsv_testkit.machine import Loopback, Vivid, needs_bench
from hsv_testkit.recording import StreamClosed
from hsv_testkit.recording_config import Selected

MakeHome = Callable[..., Home]
SELECTED = Selected(width=1280, height=720)
TONE_HZ = 1000
pytestmark = [needs_bench, pytest.mark.usefixtures("ffmpeg")]


def webcam_settings(vivid: Vivid, width: int = 640, height: int = 360) -> dict[str, Any]:
    return {"source": f"v4l2:{vivid.node}", "width": width, "height": height}


def bars(jpeg: bytes, tmp_path: Path, eighth: int = 6) -> list[tuple[int, int, int]]:
    """The mean colours of eight equal columns of one of eight strips; text is in the upper ones."""
    path = tmp_path / "bars.jpg"
    path.write_bytes(jpeg)
    shrink = f"crop=iw:ih/8:0:ih*{eighth}/8,scale=8:1:flags=area"
    pixels = media.raw_pixels(path, shrink, "rgb24")
    return [tuple(pixels[at : at + 3]) for at in range(0, 24, 3)]


@pytest.mark.parametrize(("width", "height"), [(640, 360), (1280, 720)])
def test_vivids_colour_bars_are_seen(
    vivid: Vivid, make_home: MakeHome, tmp_path: Path, width: int, height: int
) -> None:
    home = make_home({"video": webcam_settings(vivid, width, height)})
    answer = home.session.snapshot(width, height)
    assert media.jpeg_size(answer.body) == (width, height)
    # white, yellow, cyan, green, magenta, red, blue, black: which of red, green, blue are on
    expected = [0b111, 0b110, 0b011, 0b010, 0b101, 0b100, 0b001, 0b000]
    seen = bars(answer.body, tmp_path)
    lit = [sum((c > 96) << (2 - i) for i, c in enumerate(colour)) for colour in seen]
    assert lit == expected, seen


def test_a_camera_that_hangs_shows_the_world_upright(
    vivid: Vivid, make_home: MakeHome, tmp_path: Path
) -> None:
    """Mirrored bars, and a line for what vivid does not have."""
    controls = {"horizontal-flip": True, "vertical-flip": True, "white-balance-k": 4600}
    home = make_home({"video": webcam_settings(vivid), "video.controls": controls})
    seen = bars(home.session.snapshot(640, 360).body, tmp_path, eighth=1)
    lit = [sum((c > 96) << (2 - i) for i, c in enumerate(colour)) for colour in seen]
    assert lit == [0b000, 0b001, 0b100, 0b101, 0b010, 0b011, 0b110, 0b111], seen
    told = home.camera.wait_log("the camera does not take", 1)
    assert "white-balance" in told and "flip" not in told


@pytest.fixture
def hdmi() -> Iterator[Vivid]:
    camera = Vivid(Vivid.HDMI)
    yield camera
    camera.remove()


def test_only_the_crop_of_a_camera_is_seen(
    hdmi: Vivid, make_home: MakeHome, tmp_path: Path
) -> None:
    """The right half of the bars, in each column a half of one."""
    video = webcam_settings(hdmi) | {"crop": [640, 0, 640, 360]}
    home = make_home({"video": video})
    seen = bars(home.session.snapshot(640, 360).body, tmp_path)
    lit = [sum((c > 96) << (2 - i) for i, c in enumerate(colour)) for colour in seen]
    assert lit == [0b101, 0b101, 0b100, 0b100, 0b001, 0b001, 0b000, 0b000], seen


def test_a_camera_that_cannot_crop_stays_off(vivid: Vivid, make_home: MakeHome) -> None:
    """Else it would show what its owner cut off."""
    video = webcam_settings(vivid) | {"crop": [320, 180, 320, 180]}
    home = make_home({"video": video})
    told = home.camera.wait_log("cannot crop", 5)
    assert "320" in told
    assert home.session.snapshot(640, 360).status != 200


def test_check_board_tells_of_camera_and_crop(hdmi: Vivid, tmp_path: Path) -> None:
    def told(crop: str) -> str:
        config = tmp_path / "hsvd.toml"
        body = '[body]\nboard = "host"\n'
        config.write_text(f'{body}[video]\nsource = "v4l2:{hdmi.node}"\n{crop}')
        boards = Path(__file__).parents[4] / "board"
        command = [camera_binary(), "--config", config, "--boards", boards, "--check-board"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert f"camera: vivid, found at {hdmi.node}" in told("")
    assert "crop: possible within [0, 0, 1280, 720]" in told("")
    assert "crop: [640, 0, 640, 360] of" in told("crop = [640, 0, 640, 360]")
    assert "crop: NOT WITHIN" in told("crop = [1000, 0, 640, 360]")


def test_a_recording_of_a_webcam_and_a_sound_card(
    vivid: Vivid, loopback: Loopback, make_home: MakeHome, tmp_path: Path
) -> None:
    loopback.play_tone(TONE_HZ)
    microphone = {"source": f"alsa:{loopback.capture}"}
    home = make_home({"video": webcam_settings(vivid), "audio": microphone})
    hub = home.hub()
    hub.arm(SELECTED)
    time.sleep((SELECTED.prebuffer_ms + SELECTED.fragment_ms) / 1000 + 1.5)
    home.camera.trigger_motion()
    moved = hub.wait_motion()
    recording = hub.record()
    recording.collect(4)
    recording.close()
    summary = checks.check_media(recording, SELECTED, audio=True)
    checks.check_prebuffer(recording, SELECTED, moved)
    assert abs(summary.frames_per_second - 30) < 4.5, summary
    path = recording.write(tmp_path / "recording.mp4")
    media.decode_every_frame(path)
    assert media.loudness(path) > -40, "the tone is not heard"
    assert abs(media.pitch(path) - TONE_HZ) < 20


def test_unplugged_and_plugged_in_again(vivid: Vivid, make_home: MakeHome) -> None:
    """Three times; each ends the recording with a reason, and the next one works."""
    home = make_home({"video": webcam_settings(vivid), "motion": {"hold-s": 120}})
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    home.camera.trigger_motion()
    stream = hub.connect()
    for _ in range(3):
        recording = hub.open_soon(3, stream)
        recording.collect(1)
        lines = len(home.camera.lines)
        vivid.unplug()
        with pytest.raises(StreamClosed):
            recording.collect(3, timeout=10)
        home.camera.wait_log("no pictures", 5)
        assert vivid.plug_in() == vivid.node, "the camera does not keep the old device open"
        deadline = time.monotonic() + 15
        while not any("pictures again" in line for line in home.camera.lines[lines:]):
            assert time.monotonic() < deadline, home.camera.log()
            time.sleep(0.05)


def test_a_sound_card_that_comes_back_is_heard_again(
    vivid: Vivid, loopback: Loopback, make_home: MakeHome, tmp_path: Path
) -> None:
    """Unplugged in mid-recording: the pictures go on, and the next recording has sound."""
    loopback.play_tone(TONE_HZ)
    microphone = {"source": f"alsa:{loopback.capture}"}
    home = make_home({"video": webcam_settings(vivid), "audio": microphone})
    hub = home.hub()
    hub.arm(SELECTED)
    time.sleep((SELECTED.prebuffer_ms + SELECTED.fragment_ms) / 1000 + 1.5)
    home.camera.trigger_motion()
    recording = hub.record()
    recording.collect(1)
    loopback.unplug()
    assert "again" in home.camera.wait_log("no sound", 10)
    recording.collect(3)
    recording.close()

    loopback.plug_in()
    loopback.play_tone(2 * TONE_HZ)
    home.camera.wait_log("sound again", 40)
    time.sleep((SELECTED.prebuffer_ms + SELECTED.fragment_ms) / 1000 + 1.5)
    recording = hub.open_soon(10)
    recording.collect(3)
    recording.close()
    checks.check_media(recording, SELECTED, audio=True)
    path = recording.write(tmp_path / "again.mp4")
    assert media.loudness(path) > -40, "the tone is not heard"
    assert abs(media.pitch(path) - 2 * TONE_HZ) < 40


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_card_with_a_clock_of_its_own_stays_with_the_pictures(
    vivid: Vivid, loopback: Loopback, make_home: MakeHome, factor: float
) -> None:
    """Uncorrected, they would move apart by four tenths of a second."""
    if shutil.which("amixer") is None:
        pytest.skip("amixer is not installed (Debian: alsa-utils)")
    loopback.run_fast(factor)
    speed = loopback.speed()
    print(f"the card's clock runs at {speed:.4f}")
    assert abs(speed - factor) < 0.01
    loopback.play_tone(TONE_HZ)
    microphone = {"source": f"alsa:{loopback.capture}"}
    home = make_home({"video": webcam_settings(vivid), "audio": microphone})
    hub = home.hub()
    hub.arm(SELECTED)
    time.sleep((SELECTED.prebuffer_ms + SELECTED.fragment_ms) / 1000 + 1.5)
    home.camera.trigger_motion()
    recording = hub.record()
    recording.collect(6)
    recording.close()
    summary = checks.check_media(recording, SELECTED, audio=True)
    audio, video = summary.audio, summary.video
    assert audio is not None
    longer = [
        run[audio.number].duration / audio.timescale - run[video.number].duration / video.timescale
        for run in (fragment.runs for fragment in summary.fragments)
    ]
    moved = sum(longer[1:])  # the first begins where a packet of sound does
    print(f"apart by {moved * 1000:.0f} ms in {summary.video_s:.1f} s")
    assert abs(moved) < 0.1  # a packet lasts 64 ms
