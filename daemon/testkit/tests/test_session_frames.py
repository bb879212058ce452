# SPDX-License-Identifier: MIT OR Apache-2.0
"""The encrypted frames of a verified connection, and the bytes before it."""

from __future__ import annotations

import pytest
from conftest import Home, pair

from hsv_testkit.accessory import Accessory
from hsv_testkit.connection import Connection
from hsv_testkit.http import request_bytes

READ = request_bytes("GET", "/characteristics?id=1.2")
LIST = request_bytes("GET", "/accessories")


def test_frames_may_come_byte_by_byte(home: Home) -> None:
    connection = home.session.connection
    for byte in connection.seal_message(LIST):
        connection.send_raw(bytes([byte]))
    assert connection.read_response().status == 200


def test_plain_requests_may_come_byte_by_byte(camera: Accessory) -> None:
    with Connection(camera.host, camera.port) as connection:
        for byte in request_bytes("POST", "/identify"):
            connection.send_raw(bytes([byte]))
        assert connection.read_response().status == 204


def test_two_requests_in_one_frame(home: Home) -> None:
    connection = home.session.connection
    connection.send_raw(connection.frame(READ + LIST))
    assert "characteristics" in connection.read_response().json()
    assert "accessories" in connection.read_response().json()


def test_one_request_over_many_frames(home: Home) -> None:
    connection = home.session.connection
    for at in range(0, len(LIST), 7):
        connection.send_raw(connection.frame(LIST[at : at + 7]))
    assert connection.read_response().status == 200


def test_the_largest_frame_is_taken(home: Home) -> None:
    connection = home.session.connection
    room = 1024 - len(request_bytes("GET", "/accessories", host=""))
    request = request_bytes("GET", "/accessories", host="x" * room)
    assert len(request) == 1024
    connection.send_raw(connection.frame(request))
    assert connection.read_response().status == 200


@pytest.mark.parametrize("length", [0, 1025, 0xFFFF])
def test_an_impossible_length_closes(home: Home, length: int) -> None:
    connection = home.session.connection
    connection.send_raw(connection.frame(b" " * length))
    connection.wait_closed(3)


def test_a_length_over_the_limit_closes_before_the_rest_arrives(home: Home) -> None:
    connection = home.session.connection
    connection.send_raw((1025).to_bytes(2, "little"))
    connection.wait_closed(3)


@pytest.mark.parametrize("place", ["length", "text", "tag"])
def test_a_tampered_frame_closes(home: Home, place: str) -> None:
    connection = home.session.connection
    frame = bytearray(connection.frame(LIST))
    if place == "length":
        frame[0] ^= 1
        frame += b" "
    else:
        frame[10 if place == "text" else -1] ^= 1
    connection.send_raw(bytes(frame))
    connection.wait_closed(3)
    assert home.new_session().read_database().aid == 1


def test_a_repeated_frame_closes(home: Home) -> None:
    connection = home.session.connection
    frame = connection.frame(READ)
    connection.send_raw(frame)
    assert connection.read_response().status in (200, 207)
    connection.send_raw(frame)
    connection.wait_closed(3)


def test_plain_text_on_a_secured_connection_closes(home: Home) -> None:
    connection = home.session.connection
    connection.send_raw(LIST)
    connection.wait_closed(3)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/accessories"),
        ("GET", "/characteristics?id=1.2"),
        ("PUT", "/characteristics"),
        ("PUT", "/prepare"),
        ("POST", "/resource"),
        ("POST", "/pairings"),
    ],
)
def test_nothing_is_served_before_verify(home: Home, method: str, path: str) -> None:
    with home.connect() as connection:
        answer = connection.request(method, path, b"{}" if method != "GET" else b"")
        assert answer.status == 470
        if path != "/pairings" and answer.body:
            assert answer.json()["status"] in (-70411, -70401)


def test_unknown_paths_and_methods(home: Home) -> None:
    connection = home.session.connection
    assert connection.request("GET", "/nothing").status == 404
    assert connection.request("DELETE", "/accessories").status in (400, 405)
    assert home.session.read_database().aid == 1


def test_identify_only_while_unpaired(camera: Accessory) -> None:
    with Connection(camera.host, camera.port) as connection:
        assert connection.request("POST", "/identify").status == 204
    pair(camera)
    with Connection(camera.host, camera.port) as connection:
        answer = connection.request("POST", "/identify")
        assert (answer.status, answer.json()) == (400, {"status": -70401})
