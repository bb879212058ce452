# SPDX-License-Identifier: MIT OR Apache-2.0
"""POST /resource: pictures, and the policy that may refuse them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.http import Message
from hsv_testkit.media import jpeg_size

PERIODIC, EVENT, NONE = {"reason": 0}, {"reason": 1}, {}


@dataclass(frozen=True)
class Policy:
    """A state of the camera, and what each kind of request gets (0: a picture)."""

    camera: int
    rtp: int
    events: int
    periodic: int
    none_gets: int
    periodic_gets: int
    event_gets: int


POLICIES = [
    Policy(1, 1, 1, 1, 0, 0, 0),
    Policy(1, 1, 0, 1, -70401, 0, -70412),
    Policy(1, 1, 1, 0, -70401, -70412, 0),
    Policy(1, 1, 0, 0, -70401, -70412, -70412),
    Policy(1, 0, 1, 1, -70412, -70412, -70412),
    Policy(0, 1, 1, 1, -70412, -70412, -70412),
    Policy(0, 0, 0, 0, -70412, -70412, -70412),
]


def status(answer: Message) -> int:
    if answer.status == 200:
        assert answer.headers["content-type"] == "image/jpeg"
        jpeg_size(answer.body)
        return 0
    assert answer.status == 207, answer
    return int(answer.json()["status"])


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_snapshot_policy(home: Home, policy: Policy) -> None:
    session = home.session
    session.write(
        (db.CAMERA_ACTIVE, policy.camera),
        (db.RTP_ACTIVE, policy.rtp),
        (db.EVENT_SNAPSHOTS, policy.events),
        (db.PERIODIC_SNAPSHOTS, policy.periodic),
    )
    expected = (policy.none_gets, policy.periodic_gets, policy.event_gets)
    got = tuple(status(session.snapshot(**reason)) for reason in (NONE, PERIODIC, EVENT))
    assert got == expected


def test_with_and_without_aid(home: Home) -> None:
    assert status(home.session.snapshot()) == 0
    assert status(home.session.snapshot(aid=1)) == 0
    assert home.session.snapshot(aid=2).status in (404, 207)


@pytest.mark.parametrize(("width", "height"), [(320, 180), (640, 360), (1280, 720)])
def test_the_picture_fits_the_request(home: Home, width: int, height: int) -> None:
    got = jpeg_size(home.session.snapshot(width, height).body)
    assert got[0] <= 1920 and abs(got[0] / got[1] - width / height) < 0.05
    assert got[0] <= max(width * 2, 640), f"{got} for a tile of {width}x{height}"


def test_ten_at_once_and_quickly(home: Home) -> None:
    sessions = [home.new_session() for _ in range(10)]
    answers: list[Message] = []

    def ask(position: int) -> None:
        answers.append(sessions[position].snapshot())

    started = time.monotonic()
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(sessions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [status(answer) for answer in answers] == [0] * 10
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"resource-type":"sound","image-width":1,"image-height":1}']
)
def test_garbled_requests_are_refused(home: Home, body: bytes) -> None:
    answer = home.session.connection.request("POST", "/resource", body, "application/hap+json")
    assert answer.status >= 400 or answer.json()["status"] < 0
    assert status(home.session.snapshot()) == 0


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (65535, 65535), (-5, 10), (10**9, 10**9)])
def test_absurd_sizes_do_no_harm(home: Home, size: tuple[int, int]) -> None:
    home.session.snapshot(*size)
    assert status(home.session.snapshot()) == 0
