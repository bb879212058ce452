# SPDX-License-Identifier: MIT OR Apache-2.0
"""Recorded scenes through the camera's own way: V4L2, motion detection, encoder, hub.

Run by scripts/testbench/uml, which see.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit.accessory import Settings
from hsv_testkit.film import FPS, HEIGHT, PICTURE_BYTES, STREET, WIDTH, Cinema, Film
from hsv_testkit.machine import H264Encoder, needs_bench
from hsv_testkit.recording_config import Selected

MakeHome = Callable[..., Home]
SELECTED = Selected(width=WIDTH, height=HEIGHT)
HOLD_S = 4
SETTLES_S = 5.0
"""A camera that has just been switched on learns what is still."""
NOTICED_WITHIN_S = 5.0
NOISE = "noise=alls=6:allf=t:all_seed=1"
LEFT = {"left": 0.0, "top": 0.0, "right": 0.48, "bottom": 1.0}
RIGHT = {"left": 0.52, "top": 0.0, "right": 1.0, "bottom": 1.0}
pytestmark = [needs_bench, pytest.mark.usefixtures("ffmpeg")]


@pytest.fixture(scope="module")
def street() -> Film:
    """Nine seconds of people walking."""
    if not STREET.exists():
        pytest.fail(f"{STREET} is not there: install opencv-doc")
    return Film.of(STREET, "null", 9 * FPS)


@pytest.fixture(scope="module")
def still() -> Film:
    """Its first picture, with a sensor's noise."""
    first = f"select='eq(n,0)',loop=loop=-1:size=1,setpts=N/{FPS}/TB,{NOISE}"
    return Film.of(STREET, first, 2 * FPS)


@pytest.fixture
def cinema() -> Iterator[Cinema]:
    made = Cinema()
    yield made
    made.remove()


def settings(cinema: Cinema, encoder: H264Encoder) -> Settings:
    video = {"source": f"v4l2:{cinema.node}", "width": WIDTH, "height": HEIGHT}
    video["encoder"] = f"m2m:{encoder.name}"
    return {"video": video, "motion": {"hold-s": HOLD_S}, "audio": {"source": "none"}}


def key_pictures(path: Path) -> list[bytes]:
    """What a decoder makes of a recording's IDRs, as raw planes."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-skip_frame", "nokey", "-i", str(path)]
    command += ["-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    assert raw and len(raw) % PICTURE_BYTES == 0, len(raw)
    return [raw[at : at + PICTURE_BYTES] for at in range(0, len(raw), PICTURE_BYTES)]


def digest(picture: bytes | bytearray) -> bytes:
    return hashlib.sha256(picture).digest()


def test_people_in_a_film_are_noticed_and_recorded(
    cinema: Cinema,
    encoder: H264Encoder,
    street: Film,
    still: Film,
    make_home: MakeHome,
    tmp_path: Path,
) -> None:
    """A still scene is none; people are; the recording's key pictures are the film's."""
    cinema.play(still, is_endless=True)
    home = make_home(settings(cinema, encoder))
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    home.camera.wait_log("capture started", 20)
    hub.session.no_event(SETTLES_S + 5)

    begun = cinema.play(street)
    noticed = hub.wait_motion(NOTICED_WITHIN_S) - begun
    print(f"\nmotion is told {noticed:.2f} s after it begins")
    assert noticed < NOTICED_WITHIN_S
    recording = hub.record()
    recording.collect(6, timeout=20)  # the first three may be of before
    recording.close()

    cinema.play(still, is_endless=True)
    hub.wait_motion(HOLD_S + 6, detected=False)
    hub.session.no_event(5)

    shown = {digest(street.picture(at)): at for at in range(len(street))}
    before = {digest(still.picture(at)) for at in range(len(still))}
    seen = key_pictures(recording.write(tmp_path / "recording.mp4"))
    places = [shown.get(of, "still" if of in before else None) for of in map(digest, seen)]
    print(f"key pictures are the film's {places}")
    assert None not in places, places
    of_film = [place for place in places if isinstance(place, int)]
    assert len(of_film) >= 2 and of_film == sorted(of_film), places


@pytest.mark.parametrize(("zone", "sees"), [(LEFT, False), (RIGHT, True)])
def test_a_zone_sees_what_is_in_it(
    cinema: Cinema,
    encoder: H264Encoder,
    street: Film,
    still: Film,
    make_home: MakeHome,
    zone: dict[str, float],
    sees: bool,
) -> None:
    """People walk in the right half of the picture; the left one stands still."""
    cinema.play(still, is_endless=True)
    asked = settings(cinema, encoder)
    asked["motion"]["zones"] = [zone]
    home = make_home(asked)
    hub = home.hub()
    hub.arm(SELECTED, audio=False)
    home.camera.wait_log("capture started", 20)
    hub.session.no_event(SETTLES_S)
    cinema.play(Film.beside(still, street))
    if sees:
        hub.wait_motion(NOTICED_WITHIN_S)
    else:
        hub.session.no_event(len(street) / FPS)
