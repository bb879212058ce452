# SPDX-License-Identifier: MIT OR Apache-2.0
"""The HomeKit Data Stream: setting it up, greeting, and everything that must end it."""

from __future__ import annotations

import base64
import random
import socket
import time

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit import hds, opack, tlv8
from hsv_testkit.connection import ConnectionClosed
from hsv_testkit.hds import HdsConnection, HdsKeys
from hsv_testkit.hub import Hub
from hsv_testkit.recording_config import Selected

HELLO_S = 10.0


@pytest.fixture
def hub(home: Home) -> Hub:
    return home.hub()


def setup_value(**more: int) -> str:
    return base64.b64encode(hds.setup_request(hds.new_salt(), **more)).decode()


def assert_usable(hub: Hub) -> None:
    """A hub can still connect and be greeted."""
    with hub.connect():
        pass


def test_the_port_is_the_configured_one(home: Home, hub: Hub) -> None:
    port, _ = hub.set_up_transport()
    assert port == home.camera.hds_port


@pytest.mark.parametrize("more", [{"command": 1}, {"transport": 1}])
def test_a_wrong_setup_is_refused(hub: Hub, more: dict[str, int]) -> None:
    entry = hub.session.write_response(db.SETUP_TRANSPORT, setup_value(**more))
    assert entry["status"] == -70410


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_wrong_salt_is_refused(hub: Hub, length: int) -> None:
    request = tlv8.encode([(1, b"\x00"), (2, b"\x00"), (3, bytes(length))])
    value = base64.b64encode(request).decode()
    assert hub.session.write_response(db.SETUP_TRANSPORT, value)["status"] == -70410


def test_a_later_read_shows_no_salt(hub: Hub) -> None:
    hub.set_up_transport()
    value = base64.b64decode(hub.session.read(db.SETUP_TRANSPORT))
    assert not tlv8.every(tlv8.decode(value), 3)


def test_frames_may_come_byte_by_byte(hub: Hub) -> None:
    with hub.connect(hello=False) as stream:
        head = opack.encode({"protocol": "control", "request": "hello", "id": 7})
        for byte in stream.frame(bytes([len(head)]) + head + opack.encode({})):
            stream.send_raw(bytes([byte]))
        answer = stream.read()
        assert answer.header == {"protocol": "control", "response": "hello", "id": 7, "status": 0}


def test_a_captured_hello_is_answered_with_the_known_bytes(hub: Hub) -> None:
    hello = "2ce34870726f746f636f6c47636f6e74726f6c477265717565737445"
    hello += "68656c6c6f426964330100000000000000e0"
    with hub.connect(hello=False) as stream:
        stream.send_raw(stream.frame(bytes.fromhex(hello)))
        assert stream.read().header["status"] == 0


def test_two_messages_in_one_write(hub: Hub) -> None:
    with hub.connect(hello=False) as stream:
        frames = b""
        for number in (1, 2):
            head = opack.encode({"protocol": "control", "request": "hello", "id": number})
            frames += stream.frame(bytes([len(head)]) + head + opack.encode({}))
        stream.send_raw(frames)
        assert [stream.read().header["id"] for _ in range(2)] == [1, 2]


def test_answers_to_messages_in_one_write_keep_their_order(hub: Hub) -> None:
    hub.arm()
    requests = [
        ("dataSend", "open", {"target": "controller", "streamId": 1, "type": "ipcamera.recording"}),
        ("nonsense", "ask", {}),
    ]
    with hub.connect() as stream:
        frames = b""
        for number, (protocol, name, body) in enumerate(requests, 50):
            header = {"protocol": protocol, "request": name, "id": opack.Int64(number)}
            head = opack.encode(header)
            frames += stream.frame(bytes([len(head)]) + head + opack.encode(body))
        stream.send_raw(frames)
        answers = [stream.read() for _ in range(2)]  # each frame must open in its turn
        assert {answer.header["id"] for answer in answers} == {50, 51}


@pytest.mark.parametrize(
    ("protocol", "name"), [("nothing", "open"), ("dataSend", "nothing"), ("control", "nothing")]
)
def test_an_unknown_request_gets_status_5(hub: Hub, protocol: str, name: str) -> None:
    with hub.connect() as stream:
        assert stream.request(protocol, name, {}).header["status"] == 5
        stream.hello()


def test_an_unknown_event_is_ignored(hub: Hub) -> None:
    with hub.connect() as stream:
        stream.event("nothing", "happened", {"x": 1})
        stream.close_stream(99)
        stream.acknowledge(99)
        stream.hello()


@pytest.mark.parametrize("body", [{"type": "other"}, {"target": "accessory"}])
def test_an_open_of_something_else_is_refused(hub: Hub, body: dict[str, str]) -> None:
    hub.arm(Selected(width=1280, height=720))
    whole = {"target": "controller", "streamId": 1, "type": "ipcamera.recording", **body}
    with hub.connect() as stream:
        answer = stream.request("dataSend", "open", whole)
        refused = (answer.header["status"], answer.body.get("status"))
        assert refused == (6, hds.REASON["UNEXPECTED_FAILURE"])


def test_an_open_without_its_keys_is_an_error(hub: Hub) -> None:
    hub.arm(Selected(width=1280, height=720))
    with hub.connect() as stream:
        try:
            assert stream.request("dataSend", "open", {}).header["status"] != 0
        except ConnectionClosed:
            pass
    assert_usable(hub)


def test_silence_before_hello_is_closed(hub: Hub) -> None:
    with hub.connect(hello=False) as stream:
        assert stream.wait_closed(HELLO_S + 4) < HELLO_S + 3
    assert_usable(hub)


def test_a_session_nobody_connects_to_expires(hub: Hub) -> None:
    port, keys = hub.set_up_transport()
    time.sleep(HELLO_S + 1.5)
    with pytest.raises((ConnectionClosed, OSError)):
        HdsConnection(hub.host, port, keys).hello()
    assert_usable(hub)


def test_another_first_message_closes(hub: Hub) -> None:
    with hub.connect(hello=False) as stream:
        stream.send({"protocol": "dataSend", "request": "open", "id": 1}, {"streamId": 1})
        stream.wait_closed(3)
    assert_usable(hub)


def test_strangers_are_closed(hub: Hub) -> None:
    port, _ = hub.set_up_transport()
    keys = HdsKeys(bytes(32), bytes(32))
    with HdsConnection(hub.host, port, keys) as stream, pytest.raises(ConnectionClosed):
        stream.hello()
    assert_usable(hub)


def test_strangers_do_not_use_up_the_prepared_session(hub: Hub) -> None:
    port, keys = hub.set_up_transport()
    with HdsConnection(hub.host, port, HdsKeys(bytes(32), bytes(32))) as stranger:
        stranger.send({"protocol": "control", "request": "hello", "id": 1}, {})
        with HdsConnection(hub.host, port, keys) as stream:
            stream.hello()


@pytest.mark.parametrize("place", [0, 3, 10, -1])
def test_a_tampered_frame_closes(hub: Hub, place: int) -> None:
    with hub.connect() as stream:
        frame = bytearray(stream.frame(b"\x01\xe0\xe0"))
        frame[place] ^= 0x01
        stream.send_raw(bytes(frame) + bytes(64))
        stream.wait_closed(3)
    assert_usable(hub)


@pytest.mark.parametrize("head", ["02000010", "00000000", "01ffffff", "010fffff"])
def test_an_impossible_frame_head_closes_before_hello(hub: Hub, head: str) -> None:
    with hub.connect(hello=False) as stream:
        stream.send_raw(bytes.fromhex(head) + bytes(2000))
        stream.wait_closed(HELLO_S + 3)
    assert_usable(hub)


PAYLOADS = [
    b"",
    b"\x00",
    b"\xff",
    b"\x01\xe0",
    b"\x05\xe0\xe0",
    b"\x01\x08\xe0",
    b"\x02\xe1\x08\x08",
    b"\x01\xe0" + b"\xd1" * 5000,
    b"\x01\xe0\x93\xff\xff\xff\xff",
    b"\x01\xe0\x94" + b"\xff" * 8,
    b"\x01\xe0\xa0",
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda data: data[:12].hex())
def test_a_garbage_payload_closes_or_is_answered(hub: Hub, payload: bytes) -> None:
    with hub.connect() as stream:
        stream.send_raw(stream.frame(payload))
        try:
            stream.hello()
        except ConnectionClosed:
            pass
    assert_usable(hub)


def test_random_bytes_do_no_harm(hub: Hub, rng: random.Random) -> None:
    for _ in range(30):
        port, keys = hub.set_up_transport()
        with HdsConnection(hub.host, port, keys) as stream:
            data = rng.randbytes(rng.choice([1, 3, 40, 3000]))
            try:
                stream.send_raw(stream.frame(data) if rng.random() < 0.5 else b"\x01" + data)
                stream.socket.shutdown(socket.SHUT_WR)
                stream.wait_closed(HELLO_S + 3)
            except OSError:
                pass
    assert_usable(hub)


def test_closing_the_control_session_closes_the_stream(home: Home, hub: Hub) -> None:
    with hub.connect() as stream:
        hub.session.close()
        stream.wait_closed(3)
    assert_usable(home.hub())


def test_two_hubs_have_their_own_streams(home: Home, hub: Hub) -> None:
    other = home.hub()
    first, second = hub.set_up_transport(), other.set_up_transport()
    with HdsConnection(hub.host, *second) as theirs, HdsConnection(hub.host, *first) as ours:
        ours.hello()
        theirs.hello()


def test_removing_the_pairing_closes_the_stream(home: Home) -> None:
    user = home.add_user()
    hub = Hub(home.new_session(user))
    with hub.connect() as stream:
        home.session.remove_pairing(user.identity.identifier)
        stream.wait_closed(5)
