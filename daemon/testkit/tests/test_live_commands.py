# SPDX-License-Identifier: MIT OR Apache-2.0
"""The commands of a running stream, and everything that ends it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit import tlv8
from hsv_testkit.live import control, ffmpeg
from hsv_testkit.live.control import AudioSelection, VideoSelection
from hsv_testkit.live.viewer import Viewer

MakeViewer = Callable[..., Viewer]
INVALID, NOT_NOW = -70410, -70412


@pytest.fixture
def viewer(home: Home, make_viewer: MakeViewer) -> Viewer:
    """One who sees pictures."""
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(10)
    return viewer


def ended(home: Home, viewer: Viewer, status: int = control.AVAILABLE) -> None:
    """The slot is free or forbidden, and nothing is sent any more."""
    viewer.quiet(1.0)
    other = Viewer(home.new_session(), viewer.service, home.camera.host)
    with other:
        assert other.status() == status


def test_end(home: Home, viewer: Viewer, make_viewer: MakeViewer) -> None:
    viewer.end()
    ended(home, viewer)
    assert viewer.read(db.SETUP_ENDPOINTS) in (b"", bytes.fromhex("020102"))
    assert viewer.read(db.SELECTED_RTP) in (b"", bytes.fromhex("0103020102"))
    viewer.check()
    make_viewer(home, session=viewer.session).watch().pictures.wait_more(5)


def test_the_selection_can_be_read_while_it_runs(viewer: Viewer) -> None:
    control_items = tlv8.decode(tlv8.one(tlv8.decode(viewer.read(db.SELECTED_RTP)), 1))
    assert tlv8.one(control_items, 1) == viewer.session_id


@pytest.mark.parametrize("number", range(5))
def test_commands_for_a_stranger_are_refused(viewer: Viewer, number: int) -> None:
    stranger = secrets.token_bytes(16)
    values = {
        control.START: control.start(stranger, viewer.selection, viewer.sound_selection),
        control.RECONFIGURE: control.reconfigure(stranger, viewer.selection),
    }
    value = values.get(number, control.command(stranger, number))
    assert viewer.write(db.SELECTED_RTP, value) == INVALID
    viewer.pictures.wait_more(10)
    viewer.check()


def test_another_connection_cannot_end_it(
    home: Home, viewer: Viewer, make_viewer: MakeViewer
) -> None:
    other = make_viewer(home)
    value = control.command(viewer.session_id, control.END)
    assert other.write(db.SELECTED_RTP, value) != 0
    viewer.pictures.wait_more(10)
    viewer.check()


def test_reconfigure_keeps_the_stream(viewer: Viewer, tmp_path: Path) -> None:
    """SSRC, sequence and clock go on; the new size begins with an IDR."""
    moment = time.time()
    viewer.reconfigure(width=640, height=360, kbit=132)
    deadline = time.monotonic() + 5
    while True:
        picture = viewer.pictures.wait_idr(moment, 5)
        if (picture.sps().width, picture.sps().height) == (640, 360):
            break
        moment = picture.last_arrived + 0.001
        assert time.monotonic() < deadline, "the size stays"
    print(f"reconfigured after {picture.last_arrived - viewer.started_at:.2f} s")
    viewer.pictures.wait_more(20)
    viewer.check()  # which looks at SSRC, sequence and clock
    seen = viewer.pictures.since(0.0)
    assert ffmpeg.decode(viewer.pictures.write(tmp_path / "live.h264", seen)) == len(seen)
    viewer.reconfigure(width=1280, height=720, kbit=299)
    viewer.pictures.wait_more(20)
    viewer.check()


def test_a_reconfiguration_of_the_bit_rate_alone(viewer: Viewer) -> None:
    rtp = tlv8.encode([(3, tlv8.u16(150))])
    head = tlv8.encode([(2, tlv8.u8(control.RECONFIGURE)), (1, viewer.session_id)])
    value = tlv8.encode([(1, head), (2, tlv8.encode([(4, rtp)]))])
    assert viewer.write(db.SELECTED_RTP, value) == 0
    moment = time.time()
    pictures = viewer.pictures.wait_more(45)
    viewer.check()
    for picture in pictures:
        if picture.is_idr and picture.first_arrived > moment:
            assert (picture.sps().width, picture.sps().height) == (1280, 720)


def test_suspend_and_resume(viewer: Viewer) -> None:
    viewer.suspend()
    time.sleep(0.5)
    before = viewer.pictures.packets
    time.sleep(1.0)
    assert viewer.pictures.packets == before, "pictures while suspended"
    viewer.reconfigure(kbit=250)
    sound = len(viewer.sound.packets)
    time.sleep(0.5)
    assert len(viewer.sound.packets) == sound, "sound while suspended"
    assert viewer.status() == control.IN_USE
    moment = time.time()
    viewer.resume()
    first = viewer.pictures.wait_more(20)[0]
    assert first.is_idr and first.first_arrived > moment, "resumed without an IDR first"
    viewer.check()


def test_order_of_fields_and_missing_optional_ones(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home, selection=VideoSelection(mtu=None))
    viewer.set_up()
    value = control.start(viewer.session_id, viewer.selection, viewer.sound_selection)

    def turned(data: bytes, depth: int) -> bytes:
        items = tlv8.decode(data)
        if depth:
            items = [(kind, turned(part, depth - 1)) for kind, part in items]
        return tlv8.encode(reversed(items))

    assert viewer.write(db.SELECTED_RTP, turned(value, 1)) == 0
    viewer.pictures.wait_more(10)
    viewer.check()


@pytest.mark.parametrize(
    "value", [b"", b"\x01", b"\x01\x00", b"\xff" * 40, b"\x01\x03\x02\x01\x09"]
)
def test_garbled_commands_are_refused(viewer: Viewer, value: bytes) -> None:
    assert viewer.write(db.SELECTED_RTP, value) == INVALID
    viewer.pictures.wait_more(10)
    viewer.check()


@pytest.mark.parametrize(
    "selection",
    [
        VideoSelection(width=0),
        VideoSelection(height=0),
        VideoSelection(fps=0),
        VideoSelection(width=65535, height=65535, fps=255),
        VideoSelection(mtu=0),
        VideoSelection(mtu=65535),
        VideoSelection(kbit=0),
        VideoSelection(kbit=65535),
        VideoSelection(interval_s=float("nan")),
        VideoSelection(interval_s=-1.0),
        VideoSelection(interval_s=float("inf")),
    ],
    ids=str,
)
def test_absurd_selections_do_no_harm(
    home: Home, make_viewer: MakeViewer, selection: VideoSelection
) -> None:
    absurd = make_viewer(home)
    absurd.set_up()
    value = control.start(absurd.session_id, selection, AudioSelection())
    assert absurd.write(db.SELECTED_RTP, value) in (0, INVALID)
    time.sleep(0.5)
    absurd.write(db.SELECTED_RTP, control.command(absurd.session_id, control.END))
    absurd.session.close()
    make_viewer(home).watch().pictures.wait_more(10)


def test_garbled_set_ups_are_refused(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home)
    endpoint = control.Endpoint("127.0.0.1", viewer.video.port, viewer.audio.port)
    good = control.SetupRequest(endpoint)
    whole = good.encode()
    bad = [b"", whole[:-1], whole[2:], b"\x01\x10" + bytes(16)]
    bad.append(replace(good, session_id=b"short").encode())
    bad.append(replace(good, video=control.SrtpParameters(0, b"short", bytes(14))).encode())
    bad.append(whole.replace(b"127.0.0.1", b"127.0.0.x"))
    for value in bad:
        assert viewer.write(db.SETUP_ENDPOINTS, value) == INVALID, value.hex()
    viewer.watch().pictures.wait_more(5)


# What ends a stream


def test_a_closed_connection_ends_it(home: Home, viewer: Viewer, make_viewer: MakeViewer) -> None:
    viewer.session.close()
    ended(home, viewer)
    make_viewer(home).watch().pictures.wait_more(5)


def test_goodbye_ends_it(home: Home, viewer: Viewer) -> None:
    viewer.video.bye()
    ended(home, viewer)


def test_unpairing_ends_it(home: Home, make_viewer: MakeViewer) -> None:
    session, user = home.session, home.add_user()
    viewer = make_viewer(home, session=home.new_session(user)).watch()
    viewer.pictures.wait_more(10)
    session.remove_pairing(user.identity.identifier)
    ended(home, viewer)


@pytest.mark.parametrize("of", [db.CAMERA_ACTIVE, db.RTP_ACTIVE], ids=["camera", "service"])
def test_switching_off_ends_it_at_once(
    home: Home, viewer: Viewer, make_viewer: MakeViewer, of: db.Type
) -> None:
    home.session.write((of, 0))
    off = time.time()
    viewer.quiet(1.0, grace=0.2)
    print(f"{of}: the last packet {max(0.0, viewer.video.last_arrived - off) * 1000:.0f} ms later")
    late = make_viewer(home)
    assert late.status() == control.UNAVAILABLE
    endpoint = control.Endpoint("127.0.0.1", late.video.port, late.audio.port)
    assert late.write(db.SETUP_ENDPOINTS, control.SetupRequest(endpoint).encode()) == NOT_NOW
    command = control.command(viewer.session_id, control.END)
    assert viewer.write(db.SELECTED_RTP, command) == NOT_NOW
    home.session.write((of, 1))
    assert late.status() == control.AVAILABLE
    late.watch().pictures.wait_more(5)


def test_one_service_off_leaves_the_other_alone(home: Home, make_viewer: MakeViewer) -> None:
    first, second = make_viewer(home, 0).watch(), make_viewer(home, 1).watch()
    for viewer in (first, second):
        viewer.pictures.wait_more(5)
    iid = home.session.database.iids(db.RTP_ACTIVE)[1]
    assert home.session.put([{"iid": iid, "value": 0}]).status == 204
    second.quiet(1.0)
    first.pictures.wait_more(10)
    first.check()
    assert (first.status(), second.status()) == (control.IN_USE, control.UNAVAILABLE)


def test_a_viewer_who_comes_and_goes_leaves_nothing(home: Home, make_viewer: MakeViewer) -> None:
    """File descriptors, threads and memory of the camera."""

    def held() -> tuple[int, int, int]:
        process = Path(f"/proc/{home.camera.pid}")
        folders = (process / "fd", process / "task")
        descriptors, threads = (len(list(folder.iterdir())) for folder in folders)
        return descriptors, threads, home.camera.memory_kib()

    def visit() -> None:
        viewer = make_viewer(home)
        viewer.watch().pictures.wait_more(2)
        viewer.session.close()
        viewer.close()
        time.sleep(0.3)

    visit()
    before = held()
    for _ in range(5):
        visit()
    time.sleep(1)
    after = held()
    assert after[0] <= before[0] and after[1] <= before[1], f"{before} became {after}"
    assert after[2] < before[2] + 2048, f"{before} became {after}"
