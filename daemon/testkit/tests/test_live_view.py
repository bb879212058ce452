# SPDX-License-Identifier: MIT OR Apache-2.0
"""Live video as a viewer gets it: the offer, the first picture, sizes, several viewers at once."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.live import control, ffmpeg
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.streams import fps
from hsv_testkit.live.viewer import SetupRefused, Viewer

MakeHome = Callable[..., Home]
MakeViewer = Callable[..., Viewer]
pytestmark = pytest.mark.usefixtures("ffmpeg")

LARGE = {"video": {"width": 1920, "height": 1080}}
SIZES = [
    (1920, 1080, 30),
    (1280, 960, 30),
    (1280, 720, 30),
    (1024, 768, 30),
    (640, 480, 30),
    (640, 360, 30),
    (480, 360, 30),
    (480, 270, 30),
    (320, 240, 30),
    (320, 240, 15),
    (320, 180, 30),
]
LEVEL_IDC = (31, 32, 40)
PROFILE_IDC = (66, 77, 100)


def test_the_offer(home: Home, make_viewer: MakeViewer) -> None:
    """The sizes that phones, watches and tablets ask for; Opus at both rates; AES-128."""
    for service in range(len(home.session.database.iids(db.SETUP_ENDPOINTS))):
        offer = make_viewer(home, service, session=home.session).offer()
        assert {(1280, 720, 30), (640, 360, 30), (320, 240, 15)} <= set(offer.sizes), offer
        assert {(control.OPUS, 1), (control.OPUS, 2)} <= set(offer.sounds), offer
        assert control.AES_128 in offer.suites and control.NO_CRYPTO not in offer.suites
        assert 1 in offer.profiles and 2 in offer.levels, offer


def test_every_size_is_offered(make_home: MakeHome, make_viewer: MakeViewer) -> None:
    home = make_home(LARGE)
    assert set(SIZES) <= set(make_viewer(home, session=home.session).offer().sizes)


def test_two_services_or_more(home: Home) -> None:
    assert len(home.session.database.iids(db.SETUP_ENDPOINTS)) >= 2


def test_what_is_read_before_any_viewer(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home)
    assert viewer.read(db.SETUP_ENDPOINTS) in (b"", bytes.fromhex("020102"))
    assert viewer.read(db.SELECTED_RTP) in (b"", bytes.fromhex("0103020102"))
    assert viewer.status() == control.AVAILABLE


def test_the_first_picture_comes_soon(home: Home, make_viewer: MakeViewer) -> None:
    delays, answers = [], []
    for _ in range(3):
        viewer = make_viewer(home).watch()
        viewer.pictures.wait_more(1)
        first = viewer.pictures.pictures[0]
        assert first.is_idr
        delays.append((first.last_arrived - viewer.written_at) * 1000)
        answers.append((viewer.started_at - viewer.written_at) * 1000)
        viewer.end()
    shown = ", ".join(f"{delay:.0f}" for delay in delays)
    print(f"set-up write to first picture: {shown} ms; start answered after {max(answers):.0f} ms")
    assert max(delays) < 3000, "a phone gives up"


def test_a_stream_keeps_every_rule(home: Home, make_viewer: MakeViewer, tmp_path: Path) -> None:
    viewer = make_viewer(home).watch()
    pictures = viewer.pictures.wait_more(150, 15)
    viewer.check()
    viewer.end()
    sps = pictures[0].sps()
    assert (sps.width, sps.height) == (1280, 720)
    assert sps.profile in PROFILE_IDC[:2] and sps.level <= 40, sps
    assert abs(fps(pictures) - 30) < 1
    between = [b.timestamp - a.timestamp for a, b in zip(pictures, pictures[1:], strict=False)]
    assert all(1500 <= ticks <= 9000 for ticks in between), sorted(between)
    idrs = [picture.timestamp for picture in pictures if picture.is_idr]
    gaps = [(b - a) / 90_000 for a, b in zip(idrs, idrs[1:], strict=False)]
    assert gaps and max(gaps) <= 5.0, f"IDR intervals {gaps}"
    path = viewer.pictures.write(tmp_path / "live.h264")
    assert ffmpeg.decode(path) == len(viewer.pictures.pictures)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{}x{}@{}".format(*size))
def test_every_size(
    make_home: MakeHome, make_viewer: MakeViewer, tmp_path: Path, size: tuple[int, int, int]
) -> None:
    """The asked size, or the picture's aspect within it."""
    width, height, rate = size
    selection = VideoSelection(width, height, rate, kbit=800)
    viewer = make_viewer(make_home(LARGE), selection=selection).watch()
    pictures = viewer.pictures.wait_more(rate, 15)
    viewer.check()
    viewer.end()
    sps = pictures[0].sps() if pictures[0].is_idr else viewer.pictures.pictures[0].sps()
    if (sps.width, sps.height) != (width, height):
        assert sps.width <= width and sps.height <= height, sps
        assert sps.width == width or sps.height == height, f"{sps} is smaller than need be"
        assert abs(sps.width / sps.height - 16 / 9) < 0.03, sps
    assert fps(pictures) < rate * 1.05, f"{fps(pictures):.1f} pictures a second"
    assert ffmpeg.decode(viewer.pictures.write(tmp_path / "live.h264")) == len(
        viewer.pictures.pictures
    )


@pytest.mark.parametrize(("profile", "level"), [(0, 0), (1, 0), (1, 2), (2, 2)])
def test_profile_and_level_are_not_exceeded(
    home: Home, make_viewer: MakeViewer, profile: int, level: int
) -> None:
    selection = VideoSelection(640, 360, profile=profile, level=level)
    viewer = make_viewer(home, selection=selection).watch()
    viewer.pictures.wait_more(1)
    sps = viewer.pictures.pictures[0].sps()
    assert sps.profile <= PROFILE_IDC[profile] and sps.level <= LEVEL_IDC[level], sps


@pytest.mark.parametrize("suite", [control.AES_128, control.AES_256], ids=["128", "256"])
def test_suites(home: Home, make_viewer: MakeViewer, suite: int) -> None:
    viewer = make_viewer(home, suite=suite)
    if suite not in viewer.offer().suites:
        pytest.skip(f"suite {suite} is not offered")
    viewer.watch()
    viewer.pictures.wait_more(30)
    viewer.sound.wait(20, 5)
    viewer.check()


@pytest.mark.parametrize("mtu", [None, 1378, 1228, 600])
def test_no_packet_is_longer_than_the_mtu(
    home: Home, make_viewer: MakeViewer, mtu: int | None
) -> None:
    """The protection counts; the viewer looks at each datagram."""
    selection = VideoSelection(mtu=mtu, kbit=2000)
    viewer = make_viewer(home, selection=selection).watch()
    pictures = viewer.pictures.wait_more(30)
    viewer.check()
    assert max(picture.packets for picture in viewer.pictures.pictures) > 2, "nothing was cut"
    assert pictures


@pytest.mark.parametrize("count", [2, 4])
def test_viewers_at_once_and_one_too_many(
    make_home: MakeHome, make_viewer: MakeViewer, tmp_path: Path, count: int
) -> None:
    home = make_home({"live": {"maximum-viewers": count}})
    services = len(home.session.database.iids(db.SETUP_ENDPOINTS))
    assert services >= count, f"{services} services"
    sizes = [(1280, 720, 30), (640, 360, 30), (1280, 720, 30), (320, 240, 15)]
    viewers = []
    for service, (width, height, rate) in zip(range(count), sizes, strict=False):
        selection = VideoSelection(width, height, rate)
        viewers.append(make_viewer(home, service, selection=selection).watch())
        viewers[-1].pictures.wait_more(1)
    begun = [viewer.pictures.count() for viewer in viewers]
    time.sleep(3)
    for number, viewer in enumerate(viewers):
        viewer.check()
        gained = viewer.pictures.count() - begun[number]
        assert gained > 2 * viewer.selection.fps * 0.8, f"{gained} pictures in 3 s"
        path = viewer.pictures.write(tmp_path / f"{number}.h264")
        assert ffmpeg.decode(path) == viewer.pictures.count() or path.exists()
    statuses = [viewer.status() for viewer in viewers]
    assert statuses == [control.IN_USE] * count
    ssrcs = {viewer.video.contract.their_ssrc for viewer in viewers}
    assert len(ssrcs) == count, "viewers share an SSRC"
    for service in range(services):
        late = make_viewer(home, service)
        with pytest.raises(SetupRefused) as refused:
            late.set_up()
        assert refused.value.status == control.BUSY
    for viewer in viewers:
        viewer.pictures.wait_more(5)
        viewer.end()
        assert viewer.status() == control.AVAILABLE
    make_viewer(home).watch().pictures.wait_more(1)


def test_a_viewer_who_joins_a_running_stream_gets_an_idr_at_once(
    home: Home, make_viewer: MakeViewer
) -> None:
    first = make_viewer(home, 0).watch()
    first.pictures.wait_more(20)
    delays = []
    for _ in range(3):
        second = make_viewer(home, 1).watch()
        second.pictures.wait_more(1)
        delays.append(second.pictures.pictures[0].last_arrived - second.started_at)
        second.check()
        second.end()
    first.check()
    print("start to first picture, joining: " + ", ".join(f"{d * 1000:.0f} ms" for d in delays))
    assert max(delays) < 1.0, delays


def test_answers_are_kept_for_each_connection_and_service(
    home: Home, make_viewer: MakeViewer
) -> None:
    first, second = make_viewer(home, 0), make_viewer(home, 1)
    answer, other = first.set_up(), second.set_up()
    assert answer.session_id != other.session_id
    assert control.SetupAnswer.parse(first.read(db.SETUP_ENDPOINTS)) == answer
    assert control.SetupAnswer.parse(second.read(db.SETUP_ENDPOINTS)) == other
    ports = {answer.endpoint, other.endpoint}
    assert len(ports) == 2, "two sessions on the same ports"


def test_the_busy_answer_names_the_session_and_disturbs_nobody(
    home: Home, make_viewer: MakeViewer
) -> None:
    viewer, late = make_viewer(home).watch(), make_viewer(home)
    viewer.pictures.wait_more(5)
    with pytest.raises(SetupRefused) as refused:
        late.set_up()
    assert refused.value.status == control.BUSY
    viewer.pictures.wait_more(15)
    viewer.check()


def test_status_events_reach_other_viewers(home: Home, make_viewer: MakeViewer) -> None:
    watcher = home.new_session()
    watcher.subscribe(db.STREAMING_STATUS)
    iid = watcher.database.iids(db.STREAMING_STATUS)[0]

    def next_status() -> int:
        while True:
            for entry in watcher.connection.wait_event(5).entries():
                if entry["iid"] == iid:
                    return base64.b64decode(entry["value"])[2]

    viewer = make_viewer(home).watch()
    assert next_status() == control.IN_USE
    viewer.pictures.wait_more(1)
    viewer.end()
    assert next_status() == control.AVAILABLE


@pytest.mark.slow
@pytest.mark.patient
def test_a_set_up_without_a_start_is_given_up(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home)
    viewer.set_up()
    time.sleep(20)
    assert viewer.status() == control.IN_USE
    time.sleep(14)
    assert viewer.status() == control.AVAILABLE
    selection = control.start(viewer.session_id, viewer.selection, viewer.sound_selection)
    assert viewer.write(db.SELECTED_RTP, selection) == -70410
    make_viewer(home).watch().pictures.wait_more(1)


@pytest.mark.slow
@pytest.mark.patient
def test_a_silent_viewer_is_given_up_after_thirty_seconds(
    home: Home, make_viewer: MakeViewer
) -> None:
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(1)
    for leg in (viewer.video, viewer.audio):
        leg.muted.set()
    time.sleep(25)
    assert viewer.status() == control.IN_USE
    viewer.pictures.wait_more(1)
    time.sleep(8)
    assert viewer.status() == control.AVAILABLE
    viewer.quiet(1.0)
