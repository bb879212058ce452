# SPDX-License-Identifier: MIT OR Apache-2.0
"""The testkit's own codecs against published values, so that a red test means the camera."""

from __future__ import annotations

import base64

import pytest

from hsv_testkit import opack, tlv8
from hsv_testkit.hds import HdsKeys
from hsv_testkit.recording_config import Selected, Supported
from hsv_testkit.srp import Padding, SrpClient, find_private


@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 510, 511])
def test_tlv8_survives_the_round_trip(length: int) -> None:
    items = [(1, b"a" * length), (0, b""), (1, b"b")]
    assert tlv8.decode(tlv8.encode(items)) == items


def test_tlv8_reports_every_truncation() -> None:
    whole = tlv8.encode([(1, b"a" * 300), (2, b"b")])
    ends = {0, 257, 257 + 47}
    for length in range(len(whole)):
        if length in ends:
            tlv8.decode(whole[:length])
        else:
            with pytest.raises(tlv8.TlvError):
                tlv8.decode(whole[:length])


@pytest.mark.parametrize(
    ("value", "hexed"),
    [
        (True, "01"),
        (None, "04"),
        (-1, "07"),
        (38, "2e"),
        (39, "3027"),
        (-300, "31d4fe"),
        ("ab", "426162"),
        (b"\x01" * 33, "9121" + "01" * 33),
        ([1, 2], "d2090a"),
        ({"id": opack.Int64(1)}, "e1426964330100000000000000"),
    ],
)
def test_opack_writes_the_known_form(value: object, hexed: str) -> None:
    assert opack.encode(value).hex() == hexed
    assert opack.decode(bytes.fromhex(hexed)) == value


def test_opack_reads_forms_nobody_writes() -> None:
    assert opack.decode(bytes.fromhex("2f")) == 39
    assert opack.decode(bytes.fromhex("df090a03")) == [1, 2]
    assert opack.decode(bytes.fromhex("d2426162a0")) == ["ab", "ab"]
    assert opack.decode(bytes.fromhex("ef41610903")) == {"a": 1}


def test_hds_keys_match_the_vector() -> None:
    keys = HdsKeys.derive(bytes(range(32)), b"\xc0" * 32, b"\xa0" * 32)
    assert keys.accessory_to_controller.hex() == (
        "4cb608a43a2eafcc425fe3ca0d1ad692c8e5be3ebb3889efb3b77b31e01780d3"
    )
    assert keys.controller_to_accessory.hex() == (
        "c27d464746db36ab31d9d985e608fce849dc6ec87276681d11e5a348aaa6ea47"
    )


def test_selected_configuration_is_a_real_hubs_bytes() -> None:
    real = (
        "011d0104a00f000002080100000000000000030b01010002060104a00f0000"
        "022401010002120101010201020304200300000404a00f0000030b010280070202380403011e"
        "0314010100020f010101020100030103040440000000"
    )
    assert Selected(bitrate_kbit=800).encode().hex() == real


def test_supported_configuration_is_read() -> None:
    camera = base64.b64decode("AQSgDwAAAggBAAAAAAAAAAMLAQEAAgYBBKAPAAA=")
    video = "012c010100020b0101010201000000020102030b010200050202d00203011e0000"
    video += "030b010280070202380403011e"
    audio = "010e0101000209010101020100030103"
    read = Supported.parse(camera, bytes.fromhex(video), bytes.fromhex(audio))
    assert (read.prebuffer_ms, read.fragment_ms, read.triggers) == (4000, 4000, 1)
    assert read.video.attributes == [(1280, 720, 30), (1920, 1080, 30)]
    assert read.audio == [(0, 3)]


def test_srp_search_finds_leading_zeros() -> None:
    client = SrpClient("031-45-155", bytes(16), (12345).to_bytes(384, "big"), Padding.STRIPPED)
    find_private(client, zero_public=True, zero_shared=False)
    assert client.has_leading_zero()[0] and len(client.public) < 384
