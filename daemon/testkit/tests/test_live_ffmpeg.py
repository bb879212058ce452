# SPDX-License-Identifier: MIT OR Apache-2.0
"""ffmpeg's own RTP and SRTP as viewer and as talker."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home
from test_live_talkback import pitch, said

from hsv_testkit import database as db
from hsv_testkit.live import control, ffmpeg
from hsv_testkit.live.control import Endpoint, SetupAnswer, SetupRequest
from hsv_testkit.live.viewer import Viewer

MakeHome = Callable[..., Home]
MakeViewer = Callable[..., Viewer]
pytestmark = pytest.mark.usefixtures("ffmpeg")


def free_ports(count: int) -> list[int]:
    """UDP ports with nobody on them; ffmpeg binds them itself, and the one above."""
    sockets = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def set_up_for(viewer: Viewer, ports: list[int]) -> SetupAnswer:
    """As the viewer does, but somebody else listens."""
    viewer.request = SetupRequest(Endpoint(viewer.host, *ports))
    viewer.must_write(db.SETUP_ENDPOINTS, viewer.request.encode())
    answer = SetupAnswer.parse(viewer.read(db.SETUP_ENDPOINTS))
    assert answer.status == control.SUCCESS
    return answer


def test_ffmpeg_receives_and_decodes(home: Home, make_viewer: MakeViewer, tmp_path: Path) -> None:
    viewer, ports = make_viewer(home), free_ports(2)
    answer = set_up_for(viewer, ports)
    assert answer.video is not None
    description = tmp_path / "live.sdp"
    chosen = viewer.selection
    description.write_text(ffmpeg.session_description(ports[0], chosen.payload_type, answer.video))
    target = tmp_path / "got.h264"
    process = ffmpeg.receive(description, target, 60)
    time.sleep(1.0)
    viewer.start()
    try:
        _, said = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise AssertionError(f"ffmpeg got nothing: {process.communicate()[1]}") from None
    assert process.returncode == 0, said
    assert not said.strip(), f"ffmpeg says: {said}"
    viewer.end()
    found = ffmpeg.probe(target)
    assert (found["width"], found["height"]) == (1280, 720)
    assert ffmpeg.decode(target) >= 55


def signed_32(number: int) -> int:
    """The same bits, as ffmpeg reads them."""
    return number - (1 << 32) if number >= 1 << 31 else number


def test_ffmpeg_talks_to_the_camera(
    make_home: MakeHome, make_viewer: MakeViewer, tmp_path: Path
) -> None:
    """What it says comes out of the loudspeaker. Its clock is RFC 7587's of 48 kHz, where Home's is
    the selected 24: it seems to talk at half the speed, and every other packet is too many.
    """
    path = tmp_path / "said.wav"
    home = make_home({"audio": {"source": "tone", "speaker": f"file:{path}"}})
    viewer = make_viewer(home)
    viewer.set_up()
    viewer.start()
    viewer.pictures.wait_more(5)
    assert viewer.request is not None
    contract = viewer.audio.contract
    port = viewer.audio.port
    viewer.audio.close()
    source = ["-f", "lavfi", "-i", "sine=f=600:r=24000"]
    codec = ["-t", "3", "-c:a", "libopus", "-frame_duration", "20", "-b:a", "24k"]
    talker = ffmpeg.send(
        source,
        codec,
        viewer.request.audio,
        contract.remote[1],
        localrtpport=port,
        ssrc=signed_32(contract.own_ssrc),
        payload_type=contract.payload_type,
    )
    _, told = talker.communicate(timeout=20)
    assert talker.returncode == 0, told
    viewer.pictures.wait_more(10)
    assert viewer.status() == control.IN_USE
    viewer.check()
    time.sleep(1.2)  # jitter buffer and half a second of silence
    samples, hz = said(path), contract.clock
    print(f"{len(samples) / hz:.2f} s at {pitch(samples, hz):.1f} Hz")
    assert 1.3 < len(samples) / hz < 3.5
    assert abs(pitch(samples, hz) - 600) < 5
