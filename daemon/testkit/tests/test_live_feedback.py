# SPDX-License-Identifier: MIT OR Apache-2.0
"""RTCP both ways: key frames and bit rates on demand, and reports that tell the truth."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Home

from hsv_testkit.live import control, rtcp
from hsv_testkit.live.control import VideoSelection
from hsv_testkit.live.streams import bitrate
from hsv_testkit.live.viewer import Viewer

MakeHome = Callable[..., Home]
MakeViewer = Callable[..., Viewer]


@pytest.fixture
def viewer(home: Home, make_viewer: MakeViewer) -> Viewer:
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(30)
    return viewer


def lively_film(path: Path) -> Path:
    """Ten seconds at 640x360 that need more bits than anybody gives."""
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360:r=30"]
    noise = ["-vf", "noise=alls=25:allf=t", "-t", "10", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run([*command, *noise], check=True)
    return path


@pytest.fixture
def lively(make_home: MakeHome, tmp_path: Path, ffmpeg: None) -> Home:
    """A camera that looks at something that moves everywhere."""
    film = lively_film(tmp_path / "lively.y4m")
    return make_home({"video": {"source": f"file:{film}", "width": 640, "height": 360}})


def test_a_pli_brings_an_idr(viewer: Viewer) -> None:
    delays = []
    for _ in range(5):
        time.sleep(0.5)
        moment = viewer.ask_idr()
        delays.append(viewer.pictures.wait_idr(moment, 1.0).last_arrived - moment)
    print("PLI to IDR: " + ", ".join(f"{delay * 1000:.0f}" for delay in delays) + " ms")
    viewer.check()
    assert viewer.video.repeated == 0, "nothing was lost"


def test_a_fir_brings_an_idr_and_its_repeat_none(viewer: Viewer) -> None:
    for _ in range(3):
        time.sleep(0.5)
        moment = time.time()
        viewer.video.fir()
        idr = viewer.pictures.wait_idr(moment, 1.0)
        viewer.video.fir(is_repeat=True)
        time.sleep(0.4)
        more = [p for p in viewer.pictures.since(idr.last_arrived + 0.001) if p.is_idr]
        regular = idr.timestamp + 3 * 90_000
        assert not [p for p in more if p.timestamp < regular], "an IDR for a repeated request"
    viewer.check()


def test_a_flood_of_plis_does_not_make_a_flood_of_idrs(viewer: Viewer) -> None:
    moment = time.time()
    for _ in range(100):
        viewer.video.pli()
        time.sleep(0.01)
    idrs = [picture for picture in viewer.pictures.since(moment) if picture.is_idr]
    assert 1 <= len(idrs) <= 12, f"{len(idrs)} in a second"
    viewer.check()


def settled(viewer: Viewer, settle_s: float = 2.5, measure_s: float = 3.0) -> float:
    """Bits a second once the encoder had time to follow."""
    time.sleep(settle_s)
    moment = time.time()
    time.sleep(measure_s)
    return bitrate(viewer.pictures.since(moment))


def test_tmmbr_lowers_the_bit_rate_and_is_answered(lively: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(lively, selection=VideoSelection(640, 360, kbit=1500)).watch()
    viewer.pictures.wait_more(1)
    before = settled(viewer)
    asked = time.time()
    viewer.video.tmmbr(400_000)
    viewer.video.wait(lambda: bool(viewer.video.feedback(rtcp.RTPFB, rtcp.TMMBN)), 1.0, "TMMBN")
    answer = viewer.video.feedback(rtcp.RTPFB, rtcp.TMMBN)[0]
    ssrc, value = answer.entry()
    assert ssrc == viewer.selection.ssrc, "the tuple's owner is who asked"
    assert value == rtcp.bandwidth(400_000, 40), f"{value:#x}"
    after = settled(viewer)
    print(
        f"TMMBN after {(answer.arrived - asked) * 1000:.0f} ms; "
        f"{before / 1000:.0f} kbit/s became {after / 1000:.0f} for 400"
    )
    assert after < 400_000 * 1.5 and after < before * 0.6
    viewer.check()


def test_the_selected_bit_rate_is_kept(lively: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(lively, selection=VideoSelection(640, 360, kbit=600)).watch()
    viewer.pictures.wait_more(1)
    rate = settled(viewer)
    print(f"{rate / 1000:.0f} kbit/s for 600")
    assert rate < 600_000 * 1.5
    viewer.reconfigure(kbit=250)
    rate = settled(viewer)
    print(f"{rate / 1000:.0f} kbit/s for 250")
    assert rate < 250_000 * 1.5
    viewer.check()


def test_a_trade_off_request_is_answered(viewer: Viewer) -> None:
    viewer.video.tstr(sequence=3, index=7)
    viewer.video.wait(lambda: bool(viewer.video.feedback(rtcp.PSFB, rtcp.TSTN)), 1.0, "TSTN")
    ssrc, value = viewer.video.feedback(rtcp.PSFB, rtcp.TSTN)[0].entry()
    assert (ssrc, value >> 24) == (viewer.selection.ssrc, 3)


def test_reports_come_at_once_and_on_the_interval(home: Home, make_viewer: MakeViewer) -> None:
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(1)
    viewer.video.wait(lambda: bool(viewer.video.sender_reports()), 0.3, "first sender report")
    time.sleep(5)
    arrived = [moment for _, moment in viewer.video.sender_reports()]
    gaps = [b - a for a, b in zip(arrived, arrived[1:], strict=False)]
    assert 8 <= len(arrived) <= 16, f"{len(arrived)} reports in 5 s"
    assert max(gaps) < 1.0, gaps
    names = {item.cname() for item in viewer.video.reports if item.kind == rtcp.SDES}
    viewer.audio.wait(lambda: bool(viewer.audio.sender_reports()), 6, "sender report of sound")
    names |= {item.cname() for item in viewer.audio.reports if item.kind == rtcp.SDES}
    assert len(names) == 1, f"picture and sound are of different sources: {names}"


def test_report_counts_are_true(viewer: Viewer) -> None:
    known = len(viewer.video.sender_reports())
    viewer.video.wait(lambda: len(viewer.video.sender_reports()) > known, 2, "report")
    packets, octets = viewer.pictures.packets, viewer.pictures.octets
    report = viewer.video.sender_reports()[-1][0]
    assert 0 <= packets - report.packets < packets / 2 + 20, (report, packets)
    assert abs(octets / packets - report.octets / report.packets) < 300
    later = len(viewer.video.sender_reports())
    viewer.video.wait(lambda: len(viewer.video.sender_reports()) > later, 2, "report")
    newer = viewer.video.sender_reports()[-1][0]
    assert newer.packets > report.packets and newer.octets > report.octets


def test_the_time_in_reports_is_true(home: Home, make_viewer: MakeViewer) -> None:
    """NTP within 50 ms of the clock of this machine, and a clock that runs as fast."""
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(1)
    time.sleep(11)
    for leg, clock in ((viewer.video, 90_000), (viewer.audio, viewer.sound_selection.hz)):
        reports = leg.sender_reports()
        assert len(reports) >= 2, f"{len(reports)} reports"
        offsets = [arrived - report.ntp for report, arrived in reports]
        print(f"NTP is {min(offsets) * 1000:.1f} to {max(offsets) * 1000:.1f} ms old on arrival")
        assert all(-0.005 < offset < 0.05 for offset in offsets), offsets
        (first, _), (last, _) = reports[0], reports[-1]
        ran = ((last.timestamp - first.timestamp) & 0xFFFFFFFF) / clock
        assert abs(ran - (last.ntp - first.ntp)) < 0.02, f"{ran} s of media"
    assert viewer.timeline().drift() < 0.02
    assert viewer.sound_timeline().drift() < 0.02


def test_pictures_arrive_soon_after_they_were_taken(viewer: Viewer) -> None:
    """By the sender reports: not before the moment they show, and not long after."""
    time.sleep(2)
    timeline = viewer.timeline()
    ages = sorted(
        picture.last_arrived - timeline.when(picture.timestamp)
        for picture in viewer.pictures.pictures[10:]
    )
    middle = ages[len(ages) // 2]
    print(f"pictures are {ages[0] * 1000:.0f}, {middle * 1000:.0f}, {ages[-1] * 1000:.0f} ms old")
    assert ages[0] > -0.005, "a picture from the future"
    assert middle < 0.5


def test_loss_lowers_the_bit_rate_of_somebody_who_says_nothing_else(
    lively: Home, make_viewer: MakeViewer
) -> None:
    """Receiver reports alone: a fifth is lost, for as long as it takes."""
    viewer = make_viewer(lively, selection=VideoSelection(640, 360, kbit=1500)).watch()
    viewer.pictures.wait_more(1)
    before = settled(viewer)
    real = viewer.video.reception.block

    def bad(ssrc: int, last_sr: int, delay: float) -> bytes:
        block = bytearray(real(ssrc, last_sr, delay))
        block[4] = 51
        return bytes(block)

    viewer.video.reception.block = bad  # type: ignore[method-assign]
    time.sleep(6)
    after = settled(viewer, 0, 3)
    print(f"{before / 1000:.0f} kbit/s became {after / 1000:.0f}")
    assert after < before * 0.8
    assert viewer.status() == control.IN_USE
