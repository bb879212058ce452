# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pair-setup, pair-verify and /pairings, seen from the controller."""

from __future__ import annotations

import time

import pytest
from conftest import Home

from hsv_testkit import pairing as p
from hsv_testkit import tlv8
from hsv_testkit.accessory import Accessory
from hsv_testkit.connection import Connection
from hsv_testkit.crypto import hkdf, seal, text_nonce
from hsv_testkit.pairing import Identity, PairingError
from hsv_testkit.session import Session
from hsv_testkit.srp import N_BYTES, N, Padding, SrpClient, find_private

WRONG_CODE = "111-22-334"


def connect(camera: Accessory) -> Connection:
    return Connection(camera.host, camera.port)


def try_code(connection: Connection, code: str) -> None:
    offer = p.setup_start(connection)
    p.setup_prove(connection, SrpClient(code, offer.salt, offer.public_key))


@pytest.mark.parametrize("method", [0, 1])
@pytest.mark.parametrize("padding", list(Padding))
def test_pairs_and_verifies(camera: Accessory, padding: Padding, method: int) -> None:
    with connect(camera) as connection:
        pairing = p.pair_setup(connection, camera.setup_code, padding=padding, method=method)
        p.pair_verify(connection, pairing)  # the same connection may go on
        assert connection.request("GET", "/accessories").status == 200
    with Session(camera.host, camera.port, pairing) as session:
        assert list(session.list_pairings()) == [pairing.identity.identifier]


@pytest.mark.parametrize("padding", list(Padding))
@pytest.mark.parametrize("which", ["public", "shared"])
def test_pairs_with_leading_zeros(camera: Accessory, padding: Padding, which: str) -> None:
    with connect(camera) as connection:
        offer = p.setup_start(connection)
        srp = SrpClient(camera.setup_code, offer.salt, offer.public_key, padding)
        find_private(srp, which == "public", which == "shared")
        assert True in srp.has_leading_zero()
        p.setup_prove(connection, srp)
        pairing = p.setup_keys(connection, srp, Identity())
    with Session(camera.host, camera.port, pairing):
        pass


def test_the_public_key_never_begins_with_zero(camera: Accessory) -> None:
    with connect(camera) as connection:
        keys = [p.setup_start(connection).public_key for _ in range(20)]
    assert all(len(key) == N_BYTES and key[0] != 0 for key in keys)
    assert len(set(keys)) == len(keys), "every M1 draws a new key"


def test_m1_twice_on_one_connection_restarts(camera: Accessory) -> None:
    with connect(camera) as connection:
        first = p.setup_start(connection)
        second = p.setup_start(connection)
        assert first.public_key != second.public_key
        srp = SrpClient(camera.setup_code, second.salt, second.public_key)
        p.setup_prove(connection, srp)
        p.setup_keys(connection, srp, Identity())


def test_a_second_controller_is_told_busy(camera: Accessory) -> None:
    with connect(camera) as first, connect(camera) as second:
        offer = p.setup_start(first)
        with pytest.raises(PairingError) as refused:
            p.setup_start(second)
        assert (refused.value.state, refused.value.error) == (2, p.BUSY)
        srp = SrpClient(camera.setup_code, offer.salt, offer.public_key)
        p.setup_prove(first, srp)
        p.setup_keys(first, srp, Identity())


def test_closing_releases_the_claim(camera: Accessory) -> None:
    with connect(camera) as first:
        p.setup_start(first)
    deadline = time.monotonic() + 5
    with connect(camera) as second:
        while True:
            try:
                p.setup_start(second)
                return
            except PairingError as error:
                assert error.error == p.BUSY and time.monotonic() < deadline
                time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.patient
def test_a_claim_expires_after_thirty_seconds(camera: Accessory) -> None:
    with connect(camera) as first, connect(camera) as second:
        p.setup_start(first)
        started = time.monotonic()
        while True:
            try:
                p.setup_start(second)
                break
            except PairingError as error:
                assert error.error == p.BUSY
                assert time.monotonic() - started < 33
                time.sleep(0.5)
        assert time.monotonic() - started > 27


def test_a_wrong_code_then_the_right_one(camera: Accessory) -> None:
    with connect(camera) as connection:
        for _ in range(3):
            with pytest.raises(PairingError) as refused:
                try_code(connection, WRONG_CODE)
            assert (refused.value.state, refused.value.error) == (4, p.AUTHENTICATION)
        p.pair_setup(connection, camera.setup_code)


@pytest.mark.slow
@pytest.mark.patient
def test_a_hundred_wrong_codes_lock_pairing(camera: Accessory) -> None:
    """Attempts may be delayed more and more; the lock survives a power cycle."""
    deadline = time.monotonic() + 3 * 3600
    tries = 0
    while tries < 100:
        assert time.monotonic() < deadline, f"only {tries} attempts in three hours"
        try:
            with Connection(camera.host, camera.port, timeout=700) as connection:
                try_code(connection, WRONG_CODE)
            raise AssertionError("a wrong code was taken")
        except PairingError as error:
            if error.error in (p.BUSY, 3):  # asked to come back later
                time.sleep(1)
                continue
            assert error.error == p.AUTHENTICATION, f"attempt {tries}: {error}"
            tries += 1
    for _ in range(2):
        with connect(camera) as connection, pytest.raises(PairingError) as refused:
            p.setup_start(connection)
        assert (refused.value.state, refused.value.error) == (2, p.MAX_TRIES)
        camera.restart()


@pytest.mark.parametrize("public", [bytes(N_BYTES), N.to_bytes(N_BYTES, "big"), b"\xff" * 385])
def test_a_worthless_public_key_is_refused(camera: Accessory, public: bytes) -> None:
    with connect(camera) as connection:
        p.setup_start(connection)
        step = [(p.STATE, b"\x03"), (p.PUBLIC_KEY, public), (p.PROOF, bytes(64))]
        answer = p.exchange(connection, "/pair-setup", step)
        if answer.status == 200:
            with pytest.raises(PairingError) as refused:
                p.items_of(answer, 4)
            assert refused.value.error == p.AUTHENTICATION
        else:
            assert answer.status == 400
    with connect(camera) as connection:
        p.pair_setup(connection, camera.setup_code)


def test_a_forged_m5_is_refused(camera: Accessory) -> None:
    with connect(camera) as connection:
        offer = p.setup_start(connection)
        srp = SrpClient(camera.setup_code, offer.salt, offer.public_key)
        p.setup_prove(connection, srp)
        key = hkdf(srp.key, b"Pair-Setup-Encrypt-Salt", b"Pair-Setup-Encrypt-Info")
        forged = tlv8.encode(
            [(p.IDENTIFIER, b"X"), (p.PUBLIC_KEY, bytes(32)), (p.SIGNATURE, bytes(64))]
        )
        sealed = seal(key, text_nonce(b"PS-Msg05"), forged)
        step = [(p.STATE, b"\x05"), (p.ENCRYPTED, sealed)]
        with pytest.raises(PairingError) as refused:
            p.items_of(p.exchange(connection, "/pair-setup", step), 6)
        assert (refused.value.state, refused.value.error) == (6, p.AUTHENTICATION)
        p.pair_setup(connection, camera.setup_code)


@pytest.mark.parametrize(
    "body", [b"", b"\x06", b"\x06\x01", b"\x06\x01\x03", b"\x06\x01\x05\x05\x00", b"\x06\x01\x09"]
)
@pytest.mark.parametrize("path", ["/pair-setup", "/pair-verify"])
def test_malformed_pairing_bodies_get_400(camera: Accessory, path: str, body: bytes) -> None:
    with connect(camera) as connection:
        assert connection.request("POST", path, body, p.PAIRING_TYPE).status == 400
    with connect(camera) as connection:
        p.pair_setup(connection, camera.setup_code)


def test_a_paired_camera_refuses_another_setup(home: Home) -> None:
    with home.connect() as connection, pytest.raises(PairingError) as refused:
        p.setup_start(connection)
    assert (refused.value.state, refused.value.error) == (2, p.UNAVAILABLE)


def test_unknown_controllers_cannot_verify(home: Home) -> None:
    stranger = p.Pairing(Identity(), home.pairing.accessory_id, home.pairing.accessory_key)
    impostor = p.Pairing(
        Identity(home.pairing.identity.identifier),
        home.pairing.accessory_id,
        home.pairing.accessory_key,
    )
    with home.connect() as connection:
        for pairing in (stranger, impostor):
            with pytest.raises(PairingError) as refused:
                p.pair_verify(connection, pairing)
            assert (refused.value.state, refused.value.error) == (4, p.AUTHENTICATION)
        p.pair_verify(connection, home.pairing)  # still usable for a new attempt
        assert connection.request("GET", "/accessories").status == 200


def test_verify_m1_may_come_again(home: Home) -> None:
    with home.connect() as connection:
        p.verify_start(connection, home.pairing)
        p.pair_verify(connection, home.pairing)
        assert connection.request("GET", "/accessories").status == 200


def test_pairing_over_a_secured_connection_gets_400(home: Home) -> None:
    step = tlv8.encode([(p.STATE, b"\x01"), (p.PUBLIC_KEY, bytes(31) + b"\x09")])
    for path in ("/pair-verify", "/pair-setup"):
        answer = home.session.connection.request("POST", path, step, p.PAIRING_TYPE)
        assert answer.status == 400, path


def test_an_all_zero_shared_secret_is_refused(home: Home) -> None:
    with home.connect() as connection:
        step = [(p.STATE, b"\x01"), (p.PUBLIC_KEY, bytes(32))]
        answer = p.exchange(connection, "/pair-verify", step)
        if answer.status == 200:
            with pytest.raises(PairingError):
                p.items_of(answer, 2)
