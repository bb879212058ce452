# SPDX-License-Identifier: MIT OR Apache-2.0
"""GET /accessories: the services of an HSV camera with the formats and rights they need."""

from __future__ import annotations

import base64

import pytest
from conftest import Home

from hsv_testkit import database as db
from hsv_testkit.database import Type, short

EXPECTED: list[tuple[Type, set[str], str]] = [
    (db.IDENTIFY, {"pw"}, "bool"),
    (db.PROTOCOL_VERSION, {"pr"}, "string"),
    (db.RTP_ACTIVE, {"pr", "pw", "ev"}, "uint8"),
    (db.STREAMING_STATUS, {"pr", "ev"}, "tlv8"),
    (db.SETUP_ENDPOINTS, {"pr", "pw"}, "tlv8"),
    (db.SELECTED_RTP, {"pr", "pw"}, "tlv8"),
    (db.MOTION_DETECTED, {"pr", "ev"}, "bool"),
    (db.STATUS_ACTIVE, {"pr", "ev"}, "bool"),
    (db.STATUS_FAULT, {"pr", "ev"}, "uint8"),
    (db.EVENT_SNAPSHOTS, {"pr", "pw", "ev", "tw"}, "bool"),
    (db.CAMERA_ACTIVE, {"pr", "pw", "ev", "tw"}, "bool"),
    (db.PERIODIC_SNAPSHOTS, {"pr", "pw", "ev", "tw"}, "bool"),
    (db.INDICATOR, {"pr", "pw", "ev", "tw"}, "bool"),
    (db.RECORDING_ACTIVE, {"pr", "pw", "ev"}, "uint8"),
    (db.SUPPORTED_RECORDING, {"pr", "ev"}, "tlv8"),
    (db.SUPPORTED_VIDEO, {"pr", "ev"}, "tlv8"),
    (db.SUPPORTED_AUDIO, {"pr", "ev"}, "tlv8"),
    (db.SELECTED_RECORDING, {"pr", "pw", "ev"}, "tlv8"),
    (db.RECORDING_AUDIO, {"pr", "pw", "ev", "tw"}, "uint8"),
    (db.SUPPORTED_TRANSPORT, {"pr"}, "tlv8"),
    (db.SETUP_TRANSPORT, {"pr", "pw", "wr"}, "tlv8"),
]


@pytest.mark.parametrize(("of", "rights", "form"), EXPECTED, ids=lambda v: str(v))
def test_formats_and_rights(home: Home, of: Type, rights: set[str], form: str) -> None:
    for characteristic in home.session.database.characteristics(of):
        assert set(characteristic["perms"]) == rights
        assert characteristic["format"] == form
    assert home.session.database.has(of)


def test_shape_of_the_database(home: Home) -> None:
    base = home.session.database
    assert len(base.accessories) == 1 and base.aid == 1
    assert short(base.services()[0]["type"]) == "3E" and base.services()[0]["iid"] == 1
    iids = [service["iid"] for service in base.services()]
    for service in base.services():
        for item in service["characteristics"]:
            iids.append(item["iid"])
            assert {"iid", "type", "format", "perms"} <= set(item)
            value_expected = "pr" in item["perms"]
            selected = short(item["type"]) == "209"  # it has none before the first write
            assert ("value" in item) == value_expected or selected, item
    assert len(set(iids)) == len(iids)


def test_the_recording_service_is_linked(home: Home) -> None:
    base = home.session.database
    wanted = {base.services("129")[0]["iid"], base.services("85")[0]["iid"]}
    assert wanted <= set(base.services("204")[0].get("linked", []))


def test_values_a_hub_looks_at(home: Home) -> None:
    session = home.session
    assert session.read(db.PROTOCOL_VERSION) == "1.1.0"
    assert base64.b64decode(session.read(db.SUPPORTED_TRANSPORT)).hex() == "0103010100"
    assert session.read(db.STATUS_ACTIVE) in (1, True)
    assert session.read(db.STATUS_FAULT) == 0
    assert session.read(db.MOTION_DETECTED) in (0, False)
    assert session.read(db.RECORDING_ACTIVE) == 0
    for of in (db.EVENT_SNAPSHOTS, db.CAMERA_ACTIVE, db.PERIODIC_SNAPSHOTS, db.RTP_ACTIVE):
        assert session.read(of) in (1, True), of


def test_offers_what_hubs_select(home: Home) -> None:
    offered = home.hub().supported()
    assert offered.prebuffer_ms >= 4000 and offered.fragment_ms == 4000
    assert offered.triggers & 1
    assert {(1920, 1080, 30), (1280, 720, 30)} <= set(offered.video.attributes)
    assert 1 in offered.video.profiles
    assert len(offered.audio) == 1 and offered.audio[0][0] == 0, "AAC-LC alone"


def test_iids_survive_a_power_cycle(home: Home) -> None:
    def shape() -> list[tuple[str, int]]:
        return [
            (short(item["type"]), item["iid"])
            for service in home.session.database.services()
            for item in [service, *service["characteristics"]]
        ]

    before = shape()
    home.power_cycle()
    assert shape() == before
