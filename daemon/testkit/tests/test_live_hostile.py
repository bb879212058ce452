# SPDX-License-Identifier: MIT OR Apache-2.0
"""Datagrams that no viewer sends. Nothing stops, and the stream goes on."""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable

import pytest
from conftest import Home

from hsv_testkit.live import control, rtcp
from hsv_testkit.live.leg import Leg
from hsv_testkit.live.rtp import RtpPacket
from hsv_testkit.live.srtp import Context
from hsv_testkit.live.viewer import Viewer

MakeViewer = Callable[..., Viewer]


@pytest.fixture
def viewer(home: Home, make_viewer: MakeViewer) -> Viewer:
    viewer = make_viewer(home).watch()
    viewer.pictures.wait_more(15)
    return viewer


def legs(viewer: Viewer) -> tuple[Leg, Leg]:
    return viewer.video, viewer.audio


def goes_on(viewer: Viewer) -> None:
    """Pictures come, every rule is kept, and feedback is still heard."""
    viewer.pictures.wait_more(15)
    time.sleep(0.3)
    moment = viewer.ask_idr()
    viewer.pictures.wait_idr(moment, 1.5)
    viewer.check()
    assert viewer.status() == control.IN_USE


def test_random_bytes(viewer: Viewer, rng: random.Random) -> None:
    for leg in legs(viewer):
        for length in (0, 1, 2, 3, 7, 8, 11, 12, 13, 22, 23, 26, 100, 1378, 1500):
            for _ in range(20):
                leg.send_datagram(rng.randbytes(length))
        for _ in range(500):
            leg.send_datagram(b"\x80" + rng.randbytes(rng.randrange(1, 200)))
    goes_on(viewer)


def test_the_longest_datagram(viewer: Viewer, rng: random.Random) -> None:
    for leg in legs(viewer):
        leg.send_datagram(rng.randbytes(9000))
        leg.send_datagram(rng.randbytes(65_000))
    goes_on(viewer)


def test_another_address_changes_nothing(home: Home, viewer: Viewer, rng: random.Random) -> None:
    """Neither garbage nor true packets from elsewhere move the stream or make it an IDR."""
    contract = viewer.video.contract
    sealed = Context(contract.outbound, inbound=False)
    compound = rtcp.receiver_report(contract.own_ssrc) + rtcp.source_description(
        contract.own_ssrc, b"x"
    )
    true = [sealed.protect_rtcp(compound + rtcp.bye(contract.own_ssrc)) for _ in range(2000)][1990:]
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        for leg in legs(viewer):
            for _ in range(50):
                other.sendto(rng.randbytes(100), leg.contract.remote)
        for datagram in true:
            other.sendto(datagram, contract.remote)
        other.settimeout(0.5)
        with pytest.raises(TimeoutError):
            other.recv(2000)
    goes_on(viewer)


def test_replayed_packets(viewer: Viewer) -> None:
    """An old request for a key frame works once."""
    contract = viewer.video.contract
    time.sleep(0.5)
    request = rtcp.pli(contract.own_ssrc, contract.their_ssrc)
    moment = time.time()
    old = viewer.video.send_compound(request)
    idr = viewer.pictures.wait_idr(moment, 1.0)
    time.sleep(0.3)
    for _ in range(50):
        viewer.video.send_datagram(old)
    time.sleep(0.7)
    again = [p for p in viewer.pictures.since(idr.last_arrived + 0.001) if p.is_idr]
    regular = idr.timestamp + 3 * 90_000
    assert not [p for p in again if p.timestamp < regular], "an IDR for a replayed request"
    goes_on(viewer)


def test_forged_tags(viewer: Viewer) -> None:
    for leg in legs(viewer):
        datagram = leg.send_compound()
        for at in range(len(datagram)):
            forged = bytearray(datagram)
            forged[at] ^= 0x10
            leg.send_datagram(bytes(forged))
    goes_on(viewer)


def test_true_rtcp_with_forged_lengths(viewer: Viewer, rng: random.Random) -> None:
    """Well protected and still nonsense inside: only a paired controller can do this."""
    for leg in legs(viewer):
        own, their = leg.contract.own_ssrc, leg.contract.their_ssrc
        good = rtcp.receiver_report(own) + rtcp.source_description(own, b"name")
        parts = [rtcp.pli(own, their), rtcp.fir(own, their, 9), rtcp.tmmbr(own, their, 10**6)]
        for part in parts:
            for words in (0, 1, 2, 200, 0xFFFF):
                bad = bytearray(part)
                struct.pack_into(">H", bad, 2, words)
                protect(leg, good + bytes(bad))
            for length in range(4, len(part), 4):
                protect(leg, good + part[:length])
        for _ in range(300):
            protect(leg, b"\x81\xc9" + rng.randbytes(4 * rng.randrange(2, 60) - 2))
        protect(leg, b"\x9f" + good[1:])  # 31 report blocks that are not there
        protect(leg, good + b"\xbf\xcb\0\x01" + b"\0\0\0\0")
        protect(leg, good + b"\xa1\xcb\0\x01" + b"\0\0\0\xff")  # padding longer than it all
    goes_on(viewer)


def protect(leg: Leg, compound: bytes) -> None:
    with leg._sending:
        datagram = leg._outbound.protect_rtcp(compound)
    leg.send_datagram(datagram)


def test_absurd_requests(viewer: Viewer) -> None:
    """Bandwidth zero and endless, key frames of strangers."""
    leg = viewer.video
    own, their = leg.contract.own_ssrc, leg.contract.their_ssrc
    for bps in (0, 1, (1 << 17) - 1 << 45):
        leg.send_compound(rtcp.tmmbr(own, their, bps, 511))
    leg.send_compound(rtcp.packet(rtcp.TMMBR, rtcp.RTPFB, struct.pack(">II", own, 0)))
    entry = struct.pack(">II", their, 63 << 26 | 0x1FFFF << 9 | 511)
    leg.send_compound(rtcp.packet(rtcp.TMMBR, rtcp.RTPFB, struct.pack(">II", own, 0) + entry))
    leg.send_compound(rtcp.pli(own, their ^ 1), rtcp.fir(own, their ^ 1, 1))
    goes_on(viewer)


def test_reports_of_the_impossible(viewer: Viewer) -> None:
    leg = viewer.video
    own, their = leg.contract.own_ssrc, leg.contract.their_ssrc
    for values in ((0xFFFFFFFF,) * 5, (0xFF000000, 0, 0, 1, 0xFFFFFFFF), (0, 0, 0xFFFFFFFF, 1, 0)):
        block = struct.pack(">6I", their, *values)
        compound = rtcp.receiver_report(own, block) + rtcp.source_description(own, b"x")
        protect(leg, compound)
    goes_on(viewer)


def test_pictures_from_the_viewer_are_ignored(viewer: Viewer, rng: random.Random) -> None:
    for leg in legs(viewer):
        for number in range(200):
            payload = rng.randbytes(rng.randrange(0, 1200))
            kind = rng.choice((0, 13, 99, 110, 127))
            packet = RtpPacket(False, kind, number, number * 480, leg.contract.own_ssrc, payload)
            leg.send_rtp(packet)
    goes_on(viewer)


def test_the_camera_does_not_answer_strangers_before_a_start(
    home: Home, make_viewer: MakeViewer, rng: random.Random
) -> None:
    viewer = make_viewer(home)
    viewer.set_up()
    for leg in legs(viewer):
        for _ in range(200):
            leg.send_datagram(rng.randbytes(rng.randrange(1, 300)))
    time.sleep(0.5)
    assert viewer.pictures.packets == 0, "pictures before the start"
    viewer.start()
    viewer.pictures.wait_more(5)
    goes_on(viewer)
