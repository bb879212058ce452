# SPDX-License-Identifier: MIT OR Apache-2.0
"""Sound of live view by libopus, together with the picture, and back to the loudspeaker."""

from __future__ import annotations

import array
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.live import ffmpeg as video
from hsv_testkit.live import opus
from hsv_testkit.live.control import AudioSelection, VideoSelection
from hsv_testkit.live.talk import Talker
from hsv_testkit.live.viewer import Viewer

MakeViewer = Callable[..., Viewer]
PITCH = 440
BEEP_S = 0.12


@pytest.mark.parametrize("rate", [1, 2], ids=["16kHz", "24kHz"])
@pytest.mark.parametrize("packet_ms", [20, 40, 60])
def test_opus_as_selected(home: Home, make_viewer: MakeViewer, rate: int, packet_ms: int) -> None:
    """Length, clock and sound of each packet; the camera beeps each second."""
    chosen = AudioSelection(rate=rate, packet_ms=packet_ms)
    viewer = make_viewer(home, sound_selection=chosen).watch()
    viewer.sound.wait(3000 // packet_ms, 8)
    viewer.end()
    assert not viewer.audio.problems, viewer.audio.problems[:5]
    viewer.sound.check()
    heard = beeps(viewer.sound.decode(), chosen.hz)
    assert len(heard) >= 2, f"beeps at {heard}"
    gaps = [b - a for a, b in zip(heard, heard[1:], strict=False)]
    assert all(abs(gap - 1.0) < 0.03 for gap in gaps), f"beeps at {heard}"
    kbit = sum(len(p.payload) for p in viewer.sound.in_order()) * 8 / 3 / 1000
    assert kbit < chosen.kbit * 1.6, f"{kbit:.0f} kbit/s"


def beeps(sound: array.array[int], hz: int) -> list[float]:
    """When each beep begins, in seconds from the first sample, to a few milliseconds."""
    window, found, loud_since = hz // 500, [], -1.0
    for at in range(0, len(sound) - window, window):
        is_loud = max(abs(sample) for sample in sound[at : at + window]) > 800
        if is_loud and at / hz - loud_since > 0.5:
            found.append(at / hz)
        if is_loud:
            loud_since = at / hz
    return found[1:] if found and found[0] < 0.2 else found


def test_mute_silences_and_the_picture_goes_on(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home).watch()
    viewer.sound.wait(50, 5)
    home.session.write((db.MICROPHONE_MUTE, True))
    time.sleep(0.3)
    quiet_from = len(viewer.sound.packets)
    pictures = viewer.pictures.count()
    time.sleep(2.2)
    muted = [packet for _, packet in viewer.sound.packets[quiet_from:]]
    decoder = opus.Decoder(viewer.sound.hz)
    heard = array.array("h")
    for packet in muted:
        heard += decoder.decode(packet.payload)
    assert opus.rms(heard) < 0.002, "sound while muted"
    assert viewer.pictures.count() > pictures + 30
    home.session.write((db.MICROPHONE_MUTE, False))
    before = len(viewer.sound.packets)
    viewer.sound.wait(before + 110, 5)
    decoder, back = opus.Decoder(viewer.sound.hz), array.array("h")
    for _, packet in viewer.sound.packets[before:]:
        back += decoder.decode(packet.payload)
    assert beeps(back, viewer.sound.hz), "no sound after the mute"


def test_the_volume_is_heard(home: Home, make_viewer: MakeViewer) -> None:
    if not home.session.database.has(db.MICROPHONE_VOLUME):
        pytest.skip("the microphone has no volume")
    loud = []
    for volume in (100, 25):
        home.session.write((db.MICROPHONE_VOLUME, volume))
        viewer = make_viewer(home).watch()
        viewer.sound.wait(130, 6)
        viewer.end()
        sound, hz = viewer.sound.decode(), viewer.sound.hz
        starts = beeps(sound, hz)
        assert starts, "no beep"
        at = int(starts[0] * hz)
        loud.append(opus.rms(sound[at : at + int(BEEP_S * hz)]))
    print(f"volume 100: {loud[0]:.3f}, volume 25: {loud[1]:.3f}")
    assert loud[1] < loud[0] * 0.6


def test_sound_and_picture_tell_the_same_time(
    home: Home, make_viewer: MakeViewer, tmp_path: Path, ffmpeg: None
) -> None:
    """The camera's own sound beeps at each full second of the monotonic clock, and its picture
    shows the second of the day: both moments, as told by the sender reports, are the machine's."""
    chosen = VideoSelection(1280, 720, kbit=2000)
    viewer = make_viewer(home, selection=chosen).watch()
    viewer.sound.wait(50 * 7, 12)
    viewer.end()
    viewer.check()
    behind = time.time() - time.monotonic()
    errors_of_sound = sound_errors(viewer, behind)
    errors_of_picture = picture_errors(viewer, tmp_path)
    for name, errors in (("beeps", errors_of_sound), ("clock", errors_of_picture)):
        shown = ", ".join(f"{error * 1000:+.0f}" for error in errors)
        print(f"{name}: {shown} ms off")
    assert len(errors_of_sound) >= 3 and len(errors_of_picture) >= 3
    # the picture shows a second from its first frame on, so that it may be one frame late
    middle = [sorted(errors)[len(errors) // 2] for errors in (errors_of_sound, errors_of_picture)]
    assert abs(middle[0]) < 0.04, "sound"
    assert -0.04 < middle[1] < 0.04 + 1 / 30, "picture"
    assert abs(middle[0] - (middle[1] - 1 / 60)) < 0.04 + 1 / 60, "sound beside picture"


def sound_errors(viewer: Viewer, behind: float) -> list[float]:
    packets, timeline = viewer.sound.in_order(), viewer.sound_timeline()
    hz = viewer.sound.hz
    errors = []
    for start in beeps(viewer.sound.decode(), hz):
        ticks = packets[0].timestamp + round(start * hz)
        moment = timeline.when(ticks & 0xFFFFFFFF) - behind
        errors.append(moment - round(moment))
    return errors


def picture_errors(viewer: Viewer, tmp_path: Path) -> list[float]:
    """From the dots of the last digit of the seconds: where it changes and no other second did."""
    pictures, timeline = viewer.pictures.pictures, viewer.timeline()
    width, height = viewer.selection.width, viewer.selection.height
    planes = video.luma(viewer.pictures.write(tmp_path / "live.h264"), width, height)
    dot = max(height // 540, 1)
    left, top = (width // 40 & ~1) + 18 * 6 * dot, height // 40 & ~1

    def digit(plane: bytes) -> list[bool]:
        rows = range(top, top + 7 * dot)
        return [plane[y * width + x] > 125 for y in rows for x in range(left, left + 5 * dot)]

    errors: list[float] = []
    before = digit(planes[0])
    for picture, plane in zip(pictures[1:], planes[1:], strict=True):
        now = digit(plane)
        changed = sum(a != b for a, b in zip(before, now, strict=True))
        if changed >= 5 * dot * dot:
            moment = timeline.when(picture.timestamp & 0xFFFFFFFF)
            errors.append(moment - round(moment))
            before = now
    return errors


# The talk button


def test_talk_is_taken_and_disturbs_nothing(home: Home, make_viewer: MakeViewer) -> None:
    """Without a loudspeaker as well: decoded or dropped, the stream goes on."""
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(5)
    talker = Talker(viewer.audio, viewer.sound.hz)
    talker.say(opus.tone(viewer.sound.hz, 600, 2.0), skip=frozenset({10, 11, 40}))
    for datagram in talker.sent[-20:]:
        viewer.audio.send_datagram(datagram)
    viewer.pictures.wait_more(15)
    viewer.check()
    known = len(viewer.sound.packets)
    viewer.sound.wait(known + 20, 5)


def test_talk_is_reported_on(home: Home, make_viewer: MakeViewer) -> None:
    """The camera's reports have a block about what it hears."""
    if not home.session.database.has(db.SPEAKER_MUTE):
        pytest.skip("the camera has no Speaker service")
    chosen = AudioSelection(interval_s=0.5)
    viewer = make_viewer(home, sound_selection=chosen).watch()
    viewer.sound.wait(5, 5)
    talker = Talker(viewer.audio, viewer.sound.hz)
    talker.say(opus.tone(viewer.sound.hz, 600, 2.0), skip=frozenset(range(20, 30)))
    time.sleep(0.7)
    blocks = [
        block for item in viewer.audio.reports if item.kind in (200, 201) for block in item.blocks()
    ]
    assert blocks, "no report block"
    assert blocks[-1][0] == chosen.ssrc
    assert blocks[-1][1] & 0xFFFFFF == 10, f"{blocks[-1][1] & 0xFFFFFF} lost of ten"
