# SPDX-License-Identifier: MIT OR Apache-2.0
"""Bytes no controller sends, too many connections, and silence."""

from __future__ import annotations

import random
import socket

import pytest
from conftest import Home, pair

from hsv_testkit.accessory import Accessory
from hsv_testkit.connection import Connection, ConnectionClosed
from hsv_testkit.http import Message, request_bytes
from hsv_testkit.pairing import PAIRING_TYPE
from hsv_testkit.session import JSON_TYPE

HEAD_LIMIT = 8 * 1024
PLAIN_BODY_LIMIT = 64 * 1024
SECURED_BODY_LIMIT = 256 * 1024


def answer_or_close(connection: Connection, data: bytes) -> Message | None:
    """The response, or None when the camera closes; sending may fail halfway."""
    try:
        connection.send(data)
    except (ConnectionError, BrokenPipeError):
        pass
    try:
        return connection.read_response(10)
    except ConnectionClosed:
        return None


def is_refusal(answer: Message | None) -> bool:
    return answer is None or 400 <= answer.status < 500


def open_plain(camera: Accessory) -> Connection:
    return Connection(camera.host, camera.port)


def long_head() -> bytes:
    filler = "".join(f"X-Filler-{n}: {'x' * 100}\r\n" for n in range(HEAD_LIMIT // 100))
    return f"GET /accessories HTTP/1.1\r\nHost: a\r\n{filler}\r\n".encode()


def test_a_long_head_is_refused(home: Home) -> None:
    assert is_refusal(answer_or_close(open_plain(home.camera), long_head()))
    assert is_refusal(answer_or_close(home.session.connection, long_head()))
    assert home.new_session().read_database().aid == 1


def test_an_endless_head_is_refused(camera: Accessory) -> None:
    connection = open_plain(camera)
    assert is_refusal(answer_or_close(connection, b"GET /" + b"a" * (1 << 20)))
    pair(camera)


def test_a_large_body_before_verify_is_refused(camera: Accessory) -> None:
    body = bytes(PLAIN_BODY_LIMIT + 1)
    request = request_bytes("POST", "/pair-setup", body, PAIRING_TYPE)
    assert is_refusal(answer_or_close(open_plain(camera), request))
    pair(camera)


def test_a_large_body_after_verify_is_refused(home: Home) -> None:
    body = b'{"characteristics":[' + b" " * SECURED_BODY_LIMIT + b"]}"
    request = request_bytes("PUT", "/characteristics", body, JSON_TYPE)
    assert is_refusal(answer_or_close(home.session.connection, request))
    assert home.new_session().read_database().aid == 1


def test_a_body_just_under_the_limit_is_taken(home: Home) -> None:
    body = b'{"characteristics":[' + b" " * (SECURED_BODY_LIMIT - 100) + b"]}"
    answer = home.session.connection.request("PUT", "/characteristics", body, JSON_TYPE)
    assert answer.status == 204


@pytest.mark.parametrize(
    "length", ["-1", "99999999999999999999", "1e3", "0x10", "5, 5", "", "18446744073709551616"]
)
def test_an_absurd_content_length_is_refused(camera: Accessory, length: str) -> None:
    data = f"POST /pair-setup HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode()
    assert is_refusal(answer_or_close(open_plain(camera), data))
    pair(camera)


def test_a_half_request_is_closed(camera: Accessory) -> None:
    connection = open_plain(camera)
    connection.send_raw(b"POST /pair-setup HTTP/1.1\r\nContent-Le")
    assert connection.wait_closed(14) > 5


def test_silent_connections_keep_nobody_out(home: Home) -> None:
    silent = []
    for _ in range(40):
        try:
            silent.append(socket.create_connection((home.camera.host, home.camera.port), 2))
        except OSError:
            break
    with home.new_session() as session:
        assert session.read_database().aid == 1
    for connection in silent:
        connection.close()


def test_sixty_four_controllers_are_served(home: Home) -> None:
    sessions = [home.new_session() for _ in range(64)]
    for session in sessions:
        assert session.get([2]).status in (200, 207)
    home.forget_sessions()
    assert home.new_session().read_database().aid == 1


@pytest.mark.parametrize("secured", [False, True])
def test_random_bytes_do_no_harm(home: Home, rng: random.Random, secured: bool) -> None:
    for _ in range(30):
        connection = home.new_session().connection if secured else home.connect()
        data = rng.randbytes(rng.choice([1, 17, 300, 5000]))
        try:
            connection.send(data) if secured else connection.send_raw(data)
            connection.socket.shutdown(socket.SHUT_WR)
            connection.wait_closed(15)
        except OSError:
            pass
    home.forget_sessions()
    assert home.new_session().read_database().aid == 1


JSON_BODIES = [
    b"{" * 5000,
    b"[" * 100_000,
    b'{"characteristics":[{"aid":1e400,"iid":1}]}',
    b'{"characteristics":[{"aid":1,"iid":-1,"value":1}]}',
    b'{"characteristics":[{"aid":1,"iid":18446744073709551616,"value":1}]}',
    b'{"characteristics":[{"aid":1,"iid":2,"value":"\xff\xfe"}]}',
    b'{"characteristics":[{"aid":1,"iid":2,"value":"\\ud800"}]}',
    b"\x00",
]


@pytest.mark.parametrize("body", JSON_BODIES, ids=lambda body: body[:40].decode("latin-1"))
def test_hostile_json_does_no_harm(home: Home, body: bytes) -> None:
    request = request_bytes("PUT", "/characteristics", body, JSON_TYPE)
    answer = answer_or_close(home.session.connection, request)
    assert is_refusal(answer) or answer is not None and answer.status == 207
    assert home.new_session().read_database().aid == 1
