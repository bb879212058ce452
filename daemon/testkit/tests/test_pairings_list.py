# SPDX-License-Identifier: MIT OR Apache-2.0
"""POST /pairings: adding, removing and listing controllers, and who may."""

from __future__ import annotations

import pytest
from conftest import Home

from hsv_testkit import pairing as p
from hsv_testkit.connection import ConnectionClosed
from hsv_testkit.pairing import Identity, PairingError, raw_public
from hsv_testkit.session import Session


def assert_pairable(home: Home) -> None:
    with home.connect() as connection:
        p.pair_setup(connection, home.camera.setup_code)


def test_added_controllers_are_listed_and_verify(home: Home) -> None:
    user, admin = home.add_user(), home.add_user(admin=True)
    listed = home.session.list_pairings()
    own = home.pairing.identity
    assert listed == {
        own.identifier: (raw_public(own.key), 1),
        user.identity.identifier: (raw_public(user.identity.key), 0),
        admin.identity.identifier: (raw_public(admin.identity.key), 1),
    }
    for pairing in (user, admin):
        assert home.new_session(pairing).read_database().aid == 1


def test_sixteen_controllers_fit(home: Home) -> None:
    users = [home.add_user(admin=number % 2 == 0) for number in range(15)]
    assert len(home.session.list_pairings()) == 16
    home.new_session(users[-1])


def test_adding_again_changes_permissions_but_never_the_key(home: Home) -> None:
    user = home.add_user()
    home.session.add_pairing(user.identity, admin=True)
    assert home.session.list_pairings()[user.identity.identifier][1] == 1
    with pytest.raises(PairingError) as refused:
        home.session.add_pairing(Identity(user.identity.identifier), admin=True)
    assert (refused.value.state, refused.value.error) == (2, 1)


def test_removing_a_stranger_succeeds(home: Home) -> None:
    home.session.remove_pairing("nobody")
    assert len(home.session.list_pairings()) == 1


def test_only_admins_manage_pairings(home: Home) -> None:
    session = home.new_session(home.add_user())
    attempts = [
        session.list_pairings,
        lambda: session.add_pairing(Identity(), admin=True),
        session.remove_own_pairing,
    ]
    for attempt in attempts:
        with pytest.raises(PairingError) as refused:
            attempt()
        assert (refused.value.state, refused.value.error) == (2, p.AUTHENTICATION)
    assert len(home.session.list_pairings()) == 2


def test_removing_closes_the_removed_sessions_only(home: Home) -> None:
    user = home.add_user()
    theirs, ours = home.new_session(user), home.session
    ours.remove_pairing(user.identity.identifier)
    theirs.connection.wait_closed(5)
    assert ours.read_database().aid == 1
    with pytest.raises(PairingError):
        Session(home.camera.host, home.camera.port, user)


def test_removing_oneself_answers_then_closes(home: Home) -> None:
    session, other = home.session, home.new_session()
    session.remove_own_pairing()  # asserts the answer
    session.connection.wait_closed(5)
    other.connection.wait_closed(5)
    assert_pairable(home)


def test_removing_the_last_admin_wipes_the_users(home: Home) -> None:
    user = home.add_user()
    session = home.new_session(user)
    home.session.remove_own_pairing()
    session.connection.wait_closed(5)
    assert_pairable(home)
    with pytest.raises((PairingError, ConnectionClosed)):
        Session(home.camera.host, home.camera.port, user)


def test_pairings_without_verify_gets_470(home: Home) -> None:
    with home.connect() as connection:
        answer = p.exchange(connection, "/pairings", [(p.STATE, b"\x01"), (p.METHOD, b"\x05")])
        assert answer.status == 470
